//! The queue in front of a thread: two lanes, bounded.

use std::collections::VecDeque;
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use crate::db::Lane;

/// Work that waits, the interactive lane before the background lane.
pub(super) struct Lanes<T> {
    state: Mutex<State<T>>,
    arrived: Condvar,
    limit: usize,
}

struct State<T> {
    interactive: VecDeque<T>,
    background: VecDeque<T>,
    /// Threads that sleep in [`Lanes::wait`]: waking nobody would cost a system call each time.
    sleeping: usize,
    closed: bool,
}

/// Why work was not taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Refused {
    /// The lane is full.
    Full,
    /// The store was closed.
    Closed,
}

impl<T> Lanes<T> {
    /// `limit` counts for each lane.
    pub(super) fn new(limit: usize) -> Self {
        Self {
            state: Mutex::new(State {
                interactive: VecDeque::new(),
                background: VecDeque::new(),
                sleeping: 0,
                closed: false,
            }),
            arrived: Condvar::new(),
            limit,
        }
    }

    fn state(&self) -> MutexGuard<'_, State<T>> {
        // Nothing that could panic halfway runs under this lock.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Takes work in, or refuses it at once.
    pub(super) fn push(&self, lane: Lane, work: T) -> Result<(), Refused> {
        let mut state = self.state();
        if state.closed {
            return Err(Refused::Closed);
        }
        let queue = match lane {
            Lane::Interactive => &mut state.interactive,
            Lane::Background => &mut state.background,
        };
        if queue.len() >= self.limit {
            return Err(Refused::Full);
        }
        queue.push_back(work);
        let wake = state.sleeping > 0;
        drop(state);
        if wake {
            self.arrived.notify_one();
        }
        Ok(())
    }

    /// The next piece of work, waiting for it. Background work is handed out only after `patience` in which no interactive work
    /// came. None when the queue is closed and empty.
    pub(super) fn wait(&self, patience: Duration) -> Option<(Lane, T)> {
        let mut state = self.state();
        let mut patient = !patience.is_zero();
        loop {
            let background = !patient || state.closed;
            if let Some(work) = state.next(background) {
                return Some(work);
            }
            if state.closed {
                return None;
            }
            state.sleeping += 1;
            if patient && !state.background.is_empty() {
                let waited = self.arrived.wait_timeout(state, patience);
                let (woken, timeout) = waited.unwrap_or_else(PoisonError::into_inner);
                state = woken;
                patient = !timeout.timed_out();
            } else {
                state = self
                    .arrived
                    .wait(state)
                    .unwrap_or_else(PoisonError::into_inner);
            }
            state.sleeping -= 1;
        }
    }

    /// The next piece of work, if there is one; of background work only where that is asked for.
    pub(super) fn next(&self, background: bool) -> Option<(Lane, T)> {
        self.state().next(background)
    }

    /// The next piece of background work, if there is one, whatever else waits.
    pub(super) fn next_background(&self) -> Option<T> {
        self.state().background.pop_front()
    }

    /// Takes no more work. What was taken is still handed out.
    pub(super) fn close(&self) {
        self.state().closed = true;
        self.arrived.notify_all();
    }
}

impl<T> State<T> {
    fn next(&mut self, background: bool) -> Option<(Lane, T)> {
        if let Some(work) = self.interactive.pop_front() {
            return Some((Lane::Interactive, work));
        }
        if !background {
            return None;
        }
        let work = self.background.pop_front()?;
        Some((Lane::Background, work))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn interactive_work_goes_first_and_each_lane_is_bounded() {
        let lanes = Lanes::new(2);
        for (lane, work) in [
            (Lane::Background, 1),
            (Lane::Background, 2),
            (Lane::Interactive, 3),
        ] {
            lanes.push(lane, work).unwrap();
        }
        assert_eq!(lanes.push(Lane::Background, 4), Err(Refused::Full));
        lanes.push(Lane::Interactive, 5).unwrap();
        assert_eq!(lanes.next_background(), Some(1));
        lanes.push(Lane::Background, 1).unwrap();
        assert_eq!(lanes.next(true), Some((Lane::Interactive, 3)));
        assert_eq!(lanes.next(false), Some((Lane::Interactive, 5)));
        assert_eq!(lanes.next(false), None);
        // Nothing interactive comes: background work has its turn after a while.
        let waited = lanes.wait(Duration::from_millis(1));
        assert_eq!(waited, Some((Lane::Background, 2)));
        lanes.close();
        assert_eq!(lanes.push(Lane::Interactive, 6), Err(Refused::Closed));
        let left: Vec<_> = std::iter::from_fn(|| lanes.wait(Duration::MAX)).collect();
        assert_eq!(left, [(Lane::Background, 1)]);
    }
}
