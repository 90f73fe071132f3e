//! Looks: what the database is asked about a lane, while the lane goes on.
//!
//! What is saved during a look stays known until its end, since the look may have seen the database before. And what is doubted
//! during it stays doubted.

use std::ops::Bound;

use handclasp_domain::{EventId, Timestamp};
use handclasp_store::lane::LaneKey;

use super::{Board, Job};

/// A look under way.
pub(super) struct Look {
    /// What was saved meanwhile.
    saved: Vec<EventId>,
    /// The count of fan-outs at its beginning.
    fan_outs: u64,
}

impl Board {
    /// Begins to look for what is due to a lane; how many deliveries to ask for: none where enough is in hand and it is known that
    /// there is more. `None` where it can't be looked at now.
    pub(crate) fn begin_look(&mut self, key: LaneKey) -> Option<usize> {
        if self.looks.contains_key(&key) {
            return None;
        }
        let limit = match self.lanes.get_mut(&key) {
            None => self.sizes.queue,
            Some(lane) if lane.leaving || lane.gone => return None,
            Some(lane) => {
                let capacity = self.sizes.of(lane.slow, self.queued);
                if lane.behind && lane.queue.len() * 4 > capacity {
                    0
                } else {
                    lane.behind = false;
                    // One more than there is room for, to see whether that was all.
                    lane.known.len() + capacity.saturating_sub(lane.queue.len()) + 1
                }
            }
        };
        self.note_look(key);
        Some(limit)
    }

    fn note_look(&mut self, key: LaneKey) {
        self.low.remove(&key);
        self.looks.insert(
            key,
            Look {
                saved: Vec::new(),
                fan_outs: self.fan_outs,
            },
        );
    }

    /// Whether a message is in hand already.
    pub(crate) fn knows(&self, key: LaneKey, event: EventId) -> bool {
        self.lanes
            .get(&key)
            .is_some_and(|lane| lane.known.contains(&event))
    }

    /// Ends a look that found these. `all` says whether that is everything that is due.
    pub(crate) fn end_look(&mut self, key: LaneKey, jobs: Vec<Job>, all: bool) {
        // Before what was saved meanwhile is forgotten: it may be among the jobs.
        self.offer(key, jobs, all);
        if let Some(lane) = self.lanes.get_mut(&key) {
            lane.resting = false;
        }
        self.close(key);
    }

    /// Ends a look that failed. The lane is looked at again, but not before [`Board::wake`]: what failed now fails at once again.
    pub(crate) fn abandon_look(&mut self, key: LaneKey) {
        if let Some(lane) = self.lanes.get_mut(&key) {
            lane.behind = true;
            lane.resting = true;
        }
        self.close(key);
    }

    /// Ends a look: what was saved during it is forgotten now. How many fan-outs there were at its beginning.
    fn close(&mut self, key: LaneKey) -> Option<u64> {
        let look = self.looks.remove(&key)?;
        if let Some(lane) = self.lanes.get_mut(&key) {
            for event in look.saved {
                lane.known.remove(&event);
            }
        }
        self.arrange(key);
        Some(look.fan_outs)
    }

    /// An attempt was written down: what becomes of its message is the database's to say from now on. Nothing is done where the
    /// lane left the board since and came back.
    pub(crate) fn saved(&mut self, key: LaneKey, generation: u64, event: EventId) {
        let Some(lane) = self.lanes.get_mut(&key) else {
            return;
        };
        if lane.generation != generation {
            return;
        }
        match self.looks.get_mut(&key) {
            Some(look) => look.saved.push(event),
            None => {
                lane.known.remove(&event);
            }
        }
    }

    /// The lanes to be looked at.
    pub(crate) fn take_low(&mut self) -> Vec<LaneKey> {
        std::mem::take(&mut self.low).into_iter().collect()
    }

    /// Whether a lane is to be looked at.
    pub(crate) fn has_low(&self) -> bool {
        !self.low.is_empty()
    }

    /// The database answers: every lane that is low is to be looked at, those too whose last look failed.
    pub(crate) fn wake(&mut self) {
        for (key, lane) in &mut self.lanes {
            lane.resting = false;
            let capacity = self.sizes.of(lane.slow, self.queued);
            if lane.is_low(capacity) && !self.looks.contains_key(key) {
                self.low.insert(*key);
            }
        }
    }

    /// The next lanes to be compared with the database, so many at most, in turn.
    pub(crate) fn next_to_check(&mut self, count: usize) -> Vec<LaneKey> {
        let last = self.last_checked;
        let later = match last {
            Some(last) => self.lanes.range((Bound::Excluded(last), Bound::Unbounded)),
            None => self.lanes.range::<LaneKey, _>(..),
        };
        let earlier = last.map(|last| self.lanes.range(..=last));
        let keys = later.chain(earlier.into_iter().flatten());
        let next: Vec<_> = keys.map(|(key, _)| *key).take(count).collect();
        self.last_checked = next.last().copied().or(last);
        next
    }

    /// Begins to compare with the database a lane that should know everything that is due; how many deliveries to ask for. `None`
    /// where there is nothing to compare: it is behind, or somebody looks.
    pub(crate) fn begin_check(&mut self, key: LaneKey) -> Option<usize> {
        let lane = self.lanes.get(&key)?;
        if lane.behind || lane.gone || lane.leaving || self.looks.contains_key(&key) {
            return None;
        }
        let limit = lane.known.len() + 1;
        self.note_look(key);
        Some(limit)
    }

    /// Ends a comparison with what is due according to the database, and what is due for how long was forgotten where it is not
    /// known; none where the comparison means nothing.
    pub(crate) fn end_check(
        &mut self,
        key: LaneKey,
        due: Option<(&Vec<(EventId, Timestamp)>, Timestamp)>,
    ) -> Checked {
        // What a fan-out wrote meanwhile may be still to be offered.
        let fan_outs = (!self.is_fanning_out()).then_some(self.fan_outs);
        let (mut unknown, mut forgotten) = (0, 0);
        let mut certain = false;
        if let Some(lane) = self.lanes.get(&key)
            && let Some((due, long_ago)) = due
        {
            certain = !lane.behind;
            for (_, since) in due.iter().filter(|(event, _)| !lane.known.contains(event)) {
                unknown += 1;
                forgotten += usize::from(*since <= long_ago);
            }
        }
        // Before it is closed: what was saved meanwhile is known until then.
        let began = self.close(key);
        certain &= began.is_some() && began == fan_outs;
        match (certain, unknown, forgotten) {
            (true, 0, _) => Checked::Complete,
            (true, _, 1..) => {
                self.doubt(key);
                Checked::Forgotten(forgotten)
            }
            (true, _, 0) | (false, ..) => Checked::Unclear,
        }
    }
}

/// What a comparison of a lane with the database showed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Checked {
    /// Everything that is due is known.
    Complete,
    /// There is something new, or it can't be told.
    Unclear,
    /// So much was due for a while and not known. The lane will be looked at.
    Forgotten(usize),
}
