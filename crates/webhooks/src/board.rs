//! What this process has in hand: lanes with their next messages, and who may be sent to now.
//!
//! One consumer must never delay another. Each lane has a width, how many messages are on their way to it at once, which
//! shrinks when the consumer does not answer. Lanes with room take turns. And those that were slow to answer last time share half of
//! all places, however many they are, so that the other half is there for the rest.

use std::collections::{BTreeSet, HashMap, HashSet, VecDeque};
use std::sync::Arc;
use std::time::{Duration, Instant};

use bytes::Bytes;
use handclasp_domain::{EventId, Timestamp};
use handclasp_store::lane::LaneKey;
use url::Url;

use crate::sign::SigningKey;

/// A message, rendered once for all its consumers.
#[derive(Debug)]
pub(crate) struct Message {
    /// The event, and the `webhook-id`.
    pub(crate) id: EventId,
    /// When it happened.
    pub(crate) at: Timestamp,
    /// What is sent.
    pub(crate) body: Bytes,
}

/// A message that is due to one consumer.
#[derive(Debug, Clone)]
pub(crate) struct Job {
    pub(crate) message: Arc<Message>,
    /// How often it was tried.
    pub(crate) attempts: u32,
}

/// A consumer as messages are sent to it.
#[derive(Debug)]
pub(crate) struct Outlet {
    pub(crate) url: Url,
    pub(crate) key: SigningKey,
    /// What the two were made of, to see when that changes.
    pub(crate) source: (String, Vec<u8>),
}

/// A job to do now. Ended by [`Board::done`].
#[derive(Debug, Clone)]
pub(crate) struct Work {
    pub(crate) lane: LaneKey,
    pub(crate) outlet: Arc<Outlet>,
    pub(crate) job: Job,
    generation: u64,
    was_slow: bool,
}

/// How a consumer took an attempt.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Manner {
    /// It answered, or refused, at once.
    Near,
    /// It answered, or refused, with the delay of a long way.
    Far,
    /// It answered after a while.
    Slow,
    /// It did not answer in time.
    Silent,
    /// It wants nothing more, ever.
    Gone,
}

/// How many messages a lane holds, beside those on their way.
const QUEUE: usize = 512;
/// The same for a consumer that was slow, and for any when all lanes together hold too many.
const SHORT_QUEUE: usize = 16;
/// How many messages all lanes hold before each keeps to the short queue.
const QUEUED_MOST: usize = 8 * 1024;
/// How many are on their way to one consumer at first, and at most.
const FIRST_WIDTH: usize = 8;
const WIDEST: usize = 32;

struct Lane {
    outlet: Arc<Outlet>,
    generation: u64,
    queue: VecDeque<Job>,
    /// What is queued, on its way, or not yet saved. The database shows all of it as still due.
    known: HashSet<EventId>,
    in_flight: usize,
    width: usize,
    slow: bool,
    /// Whether it stands in a ring.
    ready: bool,
    /// Whether the database has more that is due.
    backlog: bool,
    /// While the database is being looked at, what is saved stays known: the look may have seen it before.
    looking: bool,
    saved_meanwhile: Vec<EventId>,
    /// Whether something had no room during the look, which may not have seen it.
    overflowed: bool,
    leaving: bool,
    /// Whether a fan-out is under way that will bring messages, and told nobody to look for them.
    pinned: bool,
    busy_until: Instant,
}

impl Lane {
    fn has_work(&self) -> bool {
        !self.queue.is_empty() && self.in_flight < self.width
    }

    fn capacity(&self, queued: usize) -> usize {
        if self.slow || queued >= QUEUED_MOST {
            SHORT_QUEUE
        } else {
            QUEUE
        }
    }
}

/// The lanes of this process.
pub(crate) struct Board {
    lanes: HashMap<LaneKey, Lane>,
    /// Lanes with work to start, in turn: those that answer, and those that were slow.
    ring: VecDeque<LaneKey>,
    slow_ring: VecDeque<LaneKey>,
    most: usize,
    running: usize,
    running_slow: usize,
    queued: usize,
    generations: u64,
    /// Lanes whose queue runs low while the database has more.
    low: Vec<LaneKey>,
    slow_turn: bool,
}

impl Board {
    /// A board that sends `most` messages at once.
    pub(crate) fn new(most: usize) -> Self {
        Self {
            lanes: HashMap::new(),
            ring: VecDeque::new(),
            slow_ring: VecDeque::new(),
            most: most.max(2),
            running: 0,
            running_slow: 0,
            queued: 0,
            generations: 0,
            low: Vec::new(),
            slow_turn: false,
        }
    }

    /// Whether a lane is here.
    pub(crate) fn has(&self, key: LaneKey) -> bool {
        self.lanes.contains_key(&key)
    }

    /// The lanes that are here.
    pub(crate) fn keys(&self) -> Vec<LaneKey> {
        self.lanes.keys().copied().collect()
    }

    /// How the messages to a consumer are made, if it is here.
    pub(crate) fn outlet(&self, key: LaneKey) -> Option<Arc<Outlet>> {
        self.lanes.get(&key).map(|lane| Arc::clone(&lane.outlet))
    }

    /// Takes a lane in, or notes how its consumer changed.
    pub(crate) fn adopt(&mut self, key: LaneKey, outlet: Arc<Outlet>) {
        self.generations += 1;
        let generation = self.generations;
        self.lanes
            .entry(key)
            .and_modify(|lane| lane.outlet = Arc::clone(&outlet))
            .or_insert_with(|| Lane {
                outlet,
                generation,
                queue: VecDeque::new(),
                known: HashSet::new(),
                in_flight: 0,
                width: FIRST_WIDTH,
                slow: false,
                ready: false,
                backlog: false,
                looking: false,
                saved_meanwhile: Vec::new(),
                overflowed: false,
                leaving: false,
                pinned: false,
                busy_until: Instant::now(),
            });
    }

    /// How many more messages a lane takes.
    pub(crate) fn room(&self, key: LaneKey) -> usize {
        self.lanes.get(&key).map_or(QUEUE, |lane| {
            lane.capacity(self.queued).saturating_sub(lane.queue.len())
        })
    }

    /// Queues messages that are due. What the lane knows already is left out; what it has no room for is found in the
    /// database later.
    pub(crate) fn offer(&mut self, key: LaneKey, jobs: impl IntoIterator<Item = Job>) {
        let Some(lane) = self.lanes.get_mut(&key) else {
            return;
        };
        for job in jobs {
            if lane.leaving || lane.queue.len() >= lane.capacity(self.queued) {
                lane.backlog = true;
                lane.overflowed = true;
                break;
            }
            if lane.known.insert(job.message.id) {
                lane.queue.push_back(job);
                self.queued += 1;
            }
        }
        lane.busy_until = Instant::now();
        self.line_up(key);
        self.check_low(key);
    }

    /// Notes a lane whose queue runs low while the database has more.
    fn check_low(&mut self, key: LaneKey) {
        if let Some(lane) = self.lanes.get(&key)
            && lane.backlog
            && !lane.looking
            && lane.queue.len() * 4 <= lane.capacity(self.queued)
            && !self.low.contains(&key)
        {
            self.low.push(key);
        }
    }

    /// Keeps the lanes that are here from leaving until [`Board::unpin`], since they will be brought something; which they are.
    pub(crate) fn pin(&mut self) -> BTreeSet<LaneKey> {
        let staying = self.lanes.iter_mut().filter(|(_, lane)| !lane.leaving);
        staying
            .map(|(key, lane)| {
                lane.pinned = true;
                *key
            })
            .collect()
    }

    /// Lets lanes leave again. Where what they were to be brought may be in the database without having been brought, they are
    /// looked at.
    pub(crate) fn unpin(&mut self, brought: bool) {
        for (key, lane) in &mut self.lanes {
            if std::mem::take(&mut lane.pinned) && !brought {
                lane.backlog = true;
                self.low.push(*key);
            }
        }
    }

    /// Puts a lane with work into its ring.
    fn line_up(&mut self, key: LaneKey) {
        let Some(lane) = self.lanes.get_mut(&key) else {
            return;
        };
        if !lane.ready && lane.has_work() {
            lane.ready = true;
            if lane.slow {
                self.slow_ring.push_back(key);
            } else {
                self.ring.push_back(key);
            }
        }
    }

    /// The next job, where a place is free for it.
    pub(crate) fn take(&mut self) -> Option<Work> {
        while self.running < self.most {
            let slow_may = self.running_slow < self.most / 2 && !self.slow_ring.is_empty();
            self.slow_turn = slow_may && (!self.slow_turn || self.ring.is_empty());
            let ring = if self.slow_turn {
                &mut self.slow_ring
            } else {
                &mut self.ring
            };
            let key = ring.pop_front()?;
            let Some(lane) = self.lanes.get_mut(&key) else {
                continue;
            };
            lane.ready = false;
            if lane.slow != self.slow_turn {
                // It changed its ways since it was put here.
                self.line_up(key);
                continue;
            }
            if !lane.has_work() {
                continue;
            }
            let Some(job) = lane.queue.pop_front() else {
                continue;
            };
            lane.in_flight += 1;
            let work = Work {
                lane: key,
                outlet: Arc::clone(&lane.outlet),
                job,
                generation: lane.generation,
                was_slow: lane.slow,
            };
            self.queued -= 1;
            self.running += 1;
            self.running_slow += usize::from(work.was_slow);
            self.line_up(key);
            self.check_low(key);
            return Some(work);
        }
        None
    }

    /// An attempt was made; its message stays known until [`Board::saved`].
    pub(crate) fn done(&mut self, work: &Work, manner: Manner) {
        self.running = self.running.saturating_sub(1);
        self.running_slow = self.running_slow.saturating_sub(usize::from(work.was_slow));
        let Some(lane) = self.lanes.get_mut(&work.lane) else {
            return;
        };
        if lane.generation != work.generation {
            return;
        }
        lane.in_flight = lane.in_flight.saturating_sub(1);
        lane.busy_until = Instant::now();
        match manner {
            Manner::Near => lane.slow = false,
            Manner::Far => {
                lane.slow = false;
                // More at once helps where most of the time is the way's.
                lane.width = (lane.width + 1).min(WIDEST);
            }
            Manner::Slow => lane.slow = true,
            Manner::Silent => {
                lane.slow = true;
                lane.width = (lane.width / 2).max(1);
            }
            Manner::Gone => {}
        }
        let keep = match manner {
            Manner::Gone => 0,
            Manner::Near | Manner::Far | Manner::Slow | Manner::Silent => lane.capacity(0),
        };
        while lane.queue.len() > keep
            && let Some(dropped) = lane.queue.pop_back()
        {
            lane.known.remove(&dropped.message.id);
            lane.backlog = manner != Manner::Gone;
            self.queued -= 1;
        }
        self.line_up(work.lane);
    }

    /// An attempt was written down: what becomes of its message is the database's to say from now on.
    pub(crate) fn saved(&mut self, key: LaneKey, event: EventId) {
        let Some(lane) = self.lanes.get_mut(&key) else {
            return;
        };
        if lane.looking {
            lane.saved_meanwhile.push(event);
        } else {
            lane.known.remove(&event);
        }
    }

    /// Begins to look for what is due to a lane; how many deliveries to ask for: none where enough is in hand and it is known that
    /// there is more. `None` where somebody looks already.
    pub(crate) fn begin_look(&mut self, key: LaneKey) -> Option<usize> {
        let room = self.room(key);
        let Some(lane) = self.lanes.get_mut(&key) else {
            return Some(QUEUE);
        };
        if lane.looking || lane.leaving {
            return None;
        }
        lane.looking = true;
        lane.overflowed = false;
        if lane.backlog && lane.queue.len() * 4 > lane.capacity(self.queued) {
            return Some(0);
        }
        // One more than there is room for, to see whether that was all.
        Some(lane.known.len() + room + 1)
    }

    /// Whether a message is in hand already.
    pub(crate) fn knows(&self, key: LaneKey, event: EventId) -> bool {
        self.lanes
            .get(&key)
            .is_some_and(|lane| lane.known.contains(&event))
    }

    /// Ends a look. `more` says whether the database has more than was asked for.
    pub(crate) fn end_look(&mut self, key: LaneKey, jobs: Vec<Job>, more: bool) {
        if let Some(lane) = self.lanes.get_mut(&key) {
            lane.backlog = more || lane.overflowed;
        }
        self.offer(key, jobs);
        self.abandon_look(key);
    }

    /// Ends a look that found nothing out.
    pub(crate) fn abandon_look(&mut self, key: LaneKey) {
        if let Some(lane) = self.lanes.get_mut(&key) {
            lane.looking = false;
            for event in lane.saved_meanwhile.drain(..) {
                lane.known.remove(&event);
            }
        }
        self.check_low(key);
    }

    /// The lanes that ran low since this was last asked.
    pub(crate) fn take_low(&mut self) -> Vec<LaneKey> {
        std::mem::take(&mut self.low)
    }

    /// Whether a lane ran low.
    pub(crate) fn has_low(&self) -> bool {
        !self.low.is_empty()
    }

    /// Lets a lane go, with all that was queued for it.
    pub(crate) fn remove(&mut self, key: LaneKey) {
        if let Some(lane) = self.lanes.remove(&key) {
            self.queued -= lane.queue.len();
        }
    }

    /// Lets all lanes go.
    pub(crate) fn clear(&mut self) {
        self.lanes.clear();
        self.ring.clear();
        self.slow_ring.clear();
        self.low.clear();
        self.queued = 0;
    }

    /// The lanes that have had nothing to do for a while. They take nothing more until they are removed.
    pub(crate) fn leave_idle(&mut self, idle: Duration) -> Vec<LaneKey> {
        self.lanes
            .iter_mut()
            .filter(|(_, lane)| {
                lane.known.is_empty()
                    && !lane.looking
                    && !lane.backlog
                    && !lane.pinned
                    && lane.busy_until.elapsed() > idle
            })
            .map(|(key, lane)| {
                lane.leaving = true;
                *key
            })
            .collect()
    }

    /// How many messages are on their way.
    pub(crate) fn running(&self) -> usize {
        self.running
    }
}

#[cfg(test)]
mod tests {
    use handclasp_domain::{ClientId, ConsumerId, Id, Secret};
    use uuid::Uuid;

    use super::*;

    fn key(number: u128) -> LaneKey {
        LaneKey {
            client: ClientId::from_uuid(Uuid::nil()),
            consumer: ConsumerId::from_uuid(Uuid::from_u128(number)),
        }
    }

    fn outlet() -> Arc<Outlet> {
        let secret = Secret::new(format!("whsec_{}", "A".repeat(32)));
        Arc::new(Outlet {
            url: "https://example.com/".parse().unwrap(),
            key: SigningKey::new(&secret).unwrap(),
            source: (String::new(), Vec::new()),
        })
    }

    fn job(number: u128) -> Job {
        Job {
            message: Arc::new(Message {
                id: EventId::from_uuid(Uuid::from_u128(number)),
                at: Timestamp::from_micros(0),
                body: Bytes::new(),
            }),
            attempts: 0,
        }
    }

    fn board(most: usize, lanes: u128, jobs: u128) -> Board {
        let mut board = Board::new(most);
        for lane in 0..lanes {
            board.adopt(key(lane), outlet());
            board.offer(key(lane), (0..jobs).map(job));
        }
        board
    }

    fn take_all(board: &mut Board) -> Vec<Work> {
        std::iter::from_fn(|| board.take()).collect()
    }

    #[test]
    fn lanes_take_turns_and_keep_their_width() {
        let mut board = board(100, 2, 50);
        let taken = take_all(&mut board);
        assert_eq!(taken.len(), 2 * FIRST_WIDTH);
        let order: Vec<_> = taken.iter().map(|work| work.lane).collect();
        assert_eq!(order[..4], [key(0), key(1), key(0), key(1)]);
        board.done(&taken[0], Manner::Near);
        assert_eq!(take_all(&mut board).len(), 1, "one place freed");
        board.done(&taken[1], Manner::Far);
        assert_eq!(take_all(&mut board).len(), 2, "one freed, one wider");
    }

    #[test]
    fn silent_consumers_leave_half_of_the_places_to_the_others() {
        // Twenty consumers that never answer, in the places of ten.
        let mut board = board(80, 20, 50);
        let first = take_all(&mut board);
        assert_eq!(first.len(), 80, "nobody knows yet that they are silent");
        for work in &first {
            board.done(work, Manner::Silent);
        }
        // Whatever they have, they get half of the places from now on, and one each at most.
        let again = take_all(&mut board);
        assert!(again.len() <= 40, "{}", again.len());
        board.adopt(key(99), outlet());
        board.offer(key(99), (0..50).map(job));
        let healthy = take_all(&mut board);
        assert_eq!(healthy.len(), FIRST_WIDTH);
        assert!(healthy.iter().all(|work| work.lane == key(99)));
    }

    #[test]
    fn a_silent_consumer_keeps_few_messages_in_memory() {
        let mut board = board(4, 1, 500);
        let work = board.take().unwrap();
        assert!(board.queued > 400);
        board.done(&work, Manner::Silent);
        assert_eq!(board.queued, SHORT_QUEUE);
        assert_eq!(board.lanes[&key(0)].known.len(), SHORT_QUEUE + 1);
        assert!(board.lanes[&key(0)].backlog);
    }

    #[test]
    fn a_message_is_never_taken_twice_while_it_is_known() {
        let mut board = board(100, 1, 3);
        let taken = take_all(&mut board);
        assert_eq!(taken.len(), 3);
        board.offer(key(0), (0..3).map(job));
        assert!(board.take().is_none(), "on its way");
        assert!(board.begin_look(key(0)).is_some());
        assert!(board.begin_look(key(0)).is_none(), "one look at a time");
        for work in &taken {
            board.done(work, Manner::Near);
            board.saved(key(0), work.job.message.id);
        }
        // The look saw the database as it was before the saving.
        board.end_look(key(0), (0..3).map(job).collect(), false);
        assert!(board.take().is_none(), "saved while looking");
        assert!(board.begin_look(key(0)).is_some());
        board.end_look(key(0), vec![job(1)], false);
        assert!(board.take().is_some(), "due again");
    }

    #[test]
    fn what_does_not_fit_is_looked_for_when_the_queue_runs_low() {
        let mut board = board(1000, 1, QUEUE as u128 + 10);
        let mut taken = 0;
        while !board.has_low() {
            let work = board.take().unwrap();
            board.done(&work, Manner::Near);
            taken += 1;
        }
        assert!((QUEUE / 2..QUEUE).contains(&taken), "{taken}");
        assert_eq!(board.take_low(), [key(0)]);
    }

    #[test]
    fn a_full_lane_is_not_filled_again() {
        let mut board = board(100, 1, QUEUE as u128 + 1);
        assert_eq!(board.begin_look(key(0)), Some(0));
        board.end_look(key(0), Vec::new(), true);
        while !board.has_low() {
            let work = board.take().unwrap();
            board.done(&work, Manner::Near);
        }
        let limit = board.begin_look(key(0)).unwrap();
        assert!(limit > QUEUE, "what is known is due as well: {limit}");
    }

    #[test]
    fn a_consumer_that_is_gone_gets_nothing_more() {
        let mut board = board(100, 1, 50);
        let taken = take_all(&mut board);
        board.done(&taken[0], Manner::Gone);
        assert!(board.take().is_none());
        assert_eq!(board.queued, 0);
    }

    #[test]
    fn results_for_a_lane_that_went_and_came_back_do_not_count() {
        let mut board = board(100, 1, 1);
        let work = board.take().unwrap();
        board.remove(key(0));
        board.adopt(key(0), outlet());
        board.done(&work, Manner::Silent);
        assert_eq!(board.running(), 0);
        assert_eq!(board.lanes[&key(0)].width, FIRST_WIDTH);
    }

    #[test]
    fn what_comes_during_a_look_without_room_is_looked_for_again() {
        let mut board = board(100, 1, QUEUE as u128);
        assert!(board.begin_look(key(0)).is_some());
        // Written after the look saw the database, and more than there is room for.
        board.offer(key(0), [job(10_000)]);
        board.end_look(key(0), Vec::new(), false);
        while !board.has_low() {
            let work = board.take().unwrap();
            board.done(&work, Manner::Near);
        }
    }

    #[test]
    fn a_pinned_lane_stays_and_is_looked_at_where_nothing_was_brought() {
        let mut board = board(100, 1, 0);
        std::thread::sleep(Duration::from_millis(2));
        assert_eq!(board.pin(), BTreeSet::from([key(0)]));
        assert!(board.leave_idle(Duration::ZERO).is_empty());
        board.unpin(false);
        assert_eq!(board.take_low(), [key(0)]);
        assert_eq!(board.begin_look(key(0)), Some(QUEUE + 1));
        board.end_look(key(0), Vec::new(), false);
        board.pin();
        board.unpin(true);
        assert!(!board.has_low());
        std::thread::sleep(Duration::from_millis(2));
        assert_eq!(board.leave_idle(Duration::from_millis(1)), [key(0)]);
        assert!(board.pin().is_empty(), "it is leaving");
    }

    #[test]
    fn idle_lanes_leave_and_busy_ones_stay() {
        let mut board = board(100, 2, 1);
        let taken = take_all(&mut board);
        board.done(&taken[0], Manner::Near);
        board.saved(taken[0].lane, taken[0].job.message.id);
        std::thread::sleep(Duration::from_millis(2));
        let idle = board.leave_idle(Duration::from_millis(1));
        assert_eq!(idle, [taken[0].lane]);
        board.offer(idle[0], [job(9)]);
        assert!(board.take().is_none(), "it is leaving");
    }
}
