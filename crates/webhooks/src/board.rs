//! What this process has in hand: lanes with their next messages, and who may be sent to now.
//!
//! One consumer must never delay another. Each lane has a width, how many messages are on their way to it at once, which
//! shrinks when the consumer does not answer. Lanes with room take turns. And those that were slow to answer last time share half of
//! all places, however many they are, so that the other half is there for the rest.
//!
//! The board must not forget what the database says is due, since nobody else looks for what it has in hand. So a lane is either
//! known to hold all of it, or it is `behind` and will be looked at. Whatever leaves anything out says so ([`Board::offer`]), whoever
//! is not certain doubts ([`Board::doubt`]), and only the beginning of a look takes it back: `looks`.

mod looks;
mod work;

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet, VecDeque};
use std::sync::Arc;
use std::time::{Duration, Instant};

use handclasp_domain::EventId;
use handclasp_store::lane::LaneKey;

use crate::Options;
pub(crate) use looks::Checked;
use looks::Look;
pub(crate) use work::{Job, Manner, Message, Outlet, Work};

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
    /// Whether the database may have something due that is not known here.
    behind: bool,
    /// Whether a look failed: the next one waits for [`Board::wake`].
    resting: bool,
    /// Whether the consumer wants nothing more, which is not written down yet.
    gone: bool,
    leaving: bool,
    busy_until: Instant,
}

impl Lane {
    fn has_work(&self) -> bool {
        !self.queue.is_empty() && self.in_flight < self.width && !self.gone
    }

    /// Whether it is to be looked at, where it has room for so many.
    fn is_low(&self, capacity: usize) -> bool {
        let wanted = self.behind && !self.resting && !self.leaving && !self.gone;
        wanted && self.queue.len() * 4 <= capacity
    }

    fn is_idle(&self, idle: Duration) -> bool {
        let busy = self.behind || self.leaving || self.gone || !self.known.is_empty();
        !busy && self.busy_until.elapsed() > idle
    }
}

/// How many messages a lane holds, beside those on their way.
#[derive(Debug, Clone, Copy)]
struct Sizes {
    queue: usize,
    short_queue: usize,
    crowded: usize,
}

impl Sizes {
    fn of(self, slow: bool, queued: usize) -> usize {
        if slow || queued >= self.crowded {
            self.short_queue
        } else {
            self.queue
        }
    }
}

/// The lanes of this process.
pub(crate) struct Board {
    lanes: BTreeMap<LaneKey, Lane>,
    /// Lanes with work to start, in turn: those that answer, and those that were slow.
    ring: VecDeque<LaneKey>,
    slow_ring: VecDeque<LaneKey>,
    sizes: Sizes,
    most: usize,
    running: usize,
    running_slow: usize,
    queued: usize,
    generations: u64,
    /// Lanes to be looked at: they are behind and their queue runs low.
    low: BTreeSet<LaneKey>,
    /// The looks under way.
    looks: HashMap<LaneKey, Look>,
    /// How many fan-outs began and ended; odd while one is under way.
    fan_outs: u64,
    /// The lane that was compared with the database last.
    last_checked: Option<LaneKey>,
    slow_turn: bool,
}

impl Board {
    /// An empty board.
    pub(crate) fn new(options: &Options) -> Self {
        Self {
            lanes: BTreeMap::new(),
            ring: VecDeque::new(),
            slow_ring: VecDeque::new(),
            sizes: Sizes {
                queue: options.queue.max(1),
                short_queue: options.short_queue.max(1),
                crowded: options.crowded,
            },
            most: options.most.max(2),
            running: 0,
            running_slow: 0,
            queued: 0,
            generations: 0,
            low: BTreeSet::new(),
            looks: HashMap::new(),
            fan_outs: 0,
            last_checked: None,
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
                behind: false,
                resting: false,
                gone: false,
                leaving: false,
                busy_until: Instant::now(),
            });
    }

    /// How many more messages a lane takes.
    pub(crate) fn room(&self, key: LaneKey) -> usize {
        self.lanes.get(&key).map_or(self.sizes.queue, |lane| {
            self.capacity(lane).saturating_sub(lane.queue.len())
        })
    }

    fn capacity(&self, lane: &Lane) -> usize {
        self.sizes.of(lane.slow, self.queued)
    }

    /// Queues messages that are due. What the lane knows already is left out. What it has no room for is found in the database
    /// later, as is what the caller left out: `all` says whether that is nothing.
    pub(crate) fn offer(&mut self, key: LaneKey, jobs: impl IntoIterator<Item = Job>, all: bool) {
        let Some(lane) = self.lanes.get_mut(&key) else {
            return;
        };
        lane.behind |= !all;
        for job in jobs {
            if lane.leaving || lane.queue.len() >= self.sizes.of(lane.slow, self.queued) {
                lane.behind = true;
                break;
            }
            if lane.known.insert(job.message.id) {
                lane.queue.push_back(job);
                self.queued += 1;
            }
        }
        lane.busy_until = Instant::now();
        self.arrange(key);
    }

    /// Notes that the database may have something for a lane that is not known here.
    pub(crate) fn doubt(&mut self, key: LaneKey) {
        if let Some(lane) = self.lanes.get_mut(&key) {
            lane.behind = true;
            self.arrange(key);
        }
    }

    /// After any change of a lane: puts it into its ring where it has work, and among those to be looked at where it is low.
    fn arrange(&mut self, key: LaneKey) {
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
        let capacity = self.sizes.of(lane.slow, self.queued);
        if lane.is_low(capacity) && !self.looks.contains_key(&key) {
            self.low.insert(key);
        }
    }

    /// Begins a fan-out. What it writes for the lanes answered here will be offered to them; where it may not have been, they are
    /// to be doubted. Until its end no lane leaves.
    pub(crate) fn begin_fan_out(&mut self) -> BTreeSet<LaneKey> {
        self.fan_outs += 1;
        let staying = self.lanes.iter().filter(|(_, lane)| !lane.leaving);
        staying.map(|(key, _)| *key).collect()
    }

    /// Ends a fan-out: everything was offered or doubted.
    pub(crate) fn end_fan_out(&mut self) {
        self.fan_outs += 1;
    }

    fn is_fanning_out(&self) -> bool {
        self.fan_outs % 2 == 1
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
                self.arrange(key);
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
            self.arrange(key);
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
        let keep = self.sizes.of(lane.slow, 0);
        self.shorten(work.lane, keep);
        self.arrange(work.lane);
    }

    /// Drops what is queued for a lane beyond so many.
    fn shorten(&mut self, key: LaneKey, keep: usize) {
        let Some(lane) = self.lanes.get_mut(&key) else {
            return;
        };
        while lane.queue.len() > keep
            && let Some(dropped) = lane.queue.pop_back()
        {
            lane.known.remove(&dropped.message.id);
            lane.behind = true;
            self.queued -= 1;
        }
    }

    /// The consumer said that it wants nothing more: nothing is sent to it until that is written down. See [`Board::heard`].
    pub(crate) fn mute(&mut self, work: &Work) {
        if let Some(lane) = self.lanes.get_mut(&work.lane)
            && lane.generation == work.generation
        {
            lane.gone = true;
        }
    }

    /// It was written down that a consumer wants nothing more, or could not be. The database is asked which.
    pub(crate) fn heard(&mut self, key: LaneKey) {
        self.shorten(key, 0);
        if let Some(lane) = self.lanes.get_mut(&key) {
            lane.gone = false;
        }
        self.doubt(key);
    }

    /// Lets all lanes go.
    pub(crate) fn clear(&mut self) {
        self.lanes.clear();
        self.ring.clear();
        self.slow_ring.clear();
        self.low.clear();
        self.queued = 0;
    }

    /// Lets a lane go, with all that was queued for it, and ends a look at it.
    pub(crate) fn remove(&mut self, key: LaneKey) {
        self.looks.remove(&key);
        self.low.remove(&key);
        if let Some(lane) = self.lanes.remove(&key) {
            self.queued -= lane.queue.len();
        }
    }

    /// Lanes that have had nothing to do for a while.
    pub(crate) fn idle(&self, idle: Duration) -> Vec<LaneKey> {
        let keys = self.lanes.keys().copied();
        keys.filter(|key| self.is_idle(*key, idle)).collect()
    }

    fn is_idle(&self, key: LaneKey, idle: Duration) -> bool {
        let lane = self.lanes.get(&key);
        lane.is_some_and(|lane| lane.is_idle(idle)) && !self.looks.contains_key(&key)
    }

    /// Lets those of the lanes go that still have nothing to do: they take nothing more until they are removed, or stay after all.
    pub(crate) fn leave(&mut self, mut keys: Vec<LaneKey>, idle: Duration) -> Vec<LaneKey> {
        keys.retain(|key| !self.is_fanning_out() && self.is_idle(*key, idle));
        for key in &keys {
            if let Some(lane) = self.lanes.get_mut(key) {
                lane.leaving = true;
            }
        }
        keys
    }

    /// Lanes that were to leave do not, or perhaps did: they are looked at.
    pub(crate) fn stay(&mut self, keys: &[LaneKey]) {
        for key in keys {
            if let Some(lane) = self.lanes.get_mut(key) {
                lane.leaving = false;
            }
            self.doubt(*key);
        }
    }

    /// How many messages are on their way.
    pub(crate) fn running(&self) -> usize {
        self.running
    }
}

#[cfg(test)]
mod tests;
