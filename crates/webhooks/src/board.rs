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
mod tests;
