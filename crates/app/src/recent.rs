//! What holds for a while, and may be forgotten.

use std::collections::HashMap;
use std::hash::Hash;
use std::sync::{Mutex, PoisonError};

use handclasp_domain::Timestamp;

/// How many things are remembered. Beyond that the ones that hold for the shortest time are forgotten first.
const MOST: usize = 16 * 1024;

/// Until when something holds, by what it is about. In this process alone, and bounded.
pub(crate) struct Recent<K>(Mutex<HashMap<K, Timestamp>>);

impl<K> Default for Recent<K> {
    fn default() -> Self {
        Self(Mutex::default())
    }
}

impl<K: Eq + Hash + Copy> Recent<K> {
    /// Until when it holds; none where it does not at `now`.
    pub(crate) fn until(&self, key: &K, now: Timestamp) -> Option<Timestamp> {
        let all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        all.get(key).copied().filter(|until| *until > now)
    }

    /// Remembers that it holds until then.
    pub(crate) fn set(&self, key: K, until: Timestamp, now: Timestamp) {
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if all.len() >= MOST && !all.contains_key(&key) {
            all.retain(|_, until| *until > now);
        }
        if all.len() >= MOST && !all.contains_key(&key) {
            // A quarter at once, so that this is seldom.
            let mut ends: Vec<_> = all.values().copied().collect();
            ends.sort_unstable();
            let bound = ends.get(MOST / 4).copied().unwrap_or(now);
            all.retain(|_, until| *until > bound);
        }
        all.insert(key, until);
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn it_holds_for_its_time_and_does_not_grow_for_ever() {
        let now = Timestamp::from_seconds(1_000);
        let at = |seconds| now.plus(Duration::from_secs(seconds));
        let recent = Recent::default();
        recent.set(1_u64, at(10), now);
        assert_eq!(recent.until(&1, now), Some(at(10)));
        assert_eq!(recent.until(&1, at(10)), None);
        assert_eq!(recent.until(&2, now), None);
        for key in 0..3 * MOST as u64 {
            recent.set(key, at(key + 1), now);
        }
        assert!(recent.0.lock().unwrap().len() <= MOST);
        let last = 3 * MOST as u64 - 1;
        assert_eq!(recent.until(&last, now), Some(at(last + 1)));
    }
}
