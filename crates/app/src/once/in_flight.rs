//! The idempotency keys that requests of this process run under.

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::sync::{Arc, Mutex, PoisonError};

use handclasp_domain::ClientId;

use super::RequestKey;

/// At most this many run at once.
const MOST: usize = 10_000;

type Whose = (ClientId, RequestKey);

/// The keys in flight.
#[derive(Default)]
pub(crate) struct InFlight(Mutex<Running>);

#[derive(Default)]
struct Running {
    by_key: HashMap<Whose, Held>,
    /// So that nobody gives back what is another's by now.
    claims: u64,
}

struct Held {
    number: u64,
    fingerprint: [u8; 32],
}

/// What came of asking for a key.
pub(super) enum Claimed {
    /// Nobody else runs under it.
    Mine(Claim),
    /// The same request runs.
    Running,
    /// Another request runs.
    Another,
    /// Too many run.
    Full,
}

/// A key that nobody else gets until this is released or dropped.
pub(super) struct Claim {
    keys: Arc<InFlight>,
    whose: Whose,
    number: u64,
}

impl InFlight {
    pub(super) fn claim(this: &Arc<Self>, whose: Whose, fingerprint: [u8; 32]) -> Claimed {
        let mut running = this.0.lock().unwrap_or_else(PoisonError::into_inner);
        let running = &mut *running;
        let full = running.by_key.len() >= MOST;
        match running.by_key.entry(whose) {
            Entry::Occupied(held) if held.get().fingerprint == fingerprint => Claimed::Running,
            Entry::Occupied(_) => Claimed::Another,
            Entry::Vacant(_) if full => Claimed::Full,
            Entry::Vacant(free) => {
                running.claims += 1;
                let number = running.claims;
                free.insert(Held {
                    number,
                    fingerprint,
                });
                Claimed::Mine(Claim {
                    keys: Arc::clone(this),
                    whose,
                    number,
                })
            }
        }
    }
}

impl Claim {
    pub(super) fn release(&self) {
        let mut running = self.keys.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Entry::Occupied(held) = running.by_key.entry(self.whose)
            && held.get().number == self.number
        {
            held.remove();
        }
    }
}

impl Drop for Claim {
    fn drop(&mut self) {
        self.release();
    }
}

#[cfg(test)]
mod tests {
    use handclasp_ambient::{SeededRandom, new_id};

    use super::*;

    const KEY: &str = "8e03978e-40d5-43e8-bc93-6894a57f9324";

    #[test]
    fn a_key_is_one_requests_until_it_is_given_back() {
        let keys = Arc::new(InFlight::default());
        let key = RequestKey::parse(KEY).unwrap();
        let random = SeededRandom::new(1);
        let (one, two): (ClientId, ClientId) = (new_id(&random), new_id(&random));
        let claim = |client, fingerprint| InFlight::claim(&keys, (client, key), [fingerprint; 32]);
        let Claimed::Mine(first) = claim(one, 1) else {
            panic!("nobody had it");
        };
        assert!(matches!(claim(one, 1), Claimed::Running));
        assert!(matches!(claim(one, 2), Claimed::Another));
        assert!(matches!(claim(two, 1), Claimed::Mine(_)));
        first.release();
        let Claimed::Mine(second) = claim(one, 2) else {
            panic!("it was given back");
        };
        // What was given back is not given back again.
        drop(first);
        assert!(matches!(claim(one, 2), Claimed::Running));
        drop(second);
        assert!(keys.0.lock().unwrap().by_key.is_empty());
    }

    #[test]
    fn so_many_run_at_most() {
        let keys = Arc::new(InFlight::default());
        let key = RequestKey::parse(KEY).unwrap();
        let random = SeededRandom::new(1);
        let claims: Vec<_> = (0..=MOST)
            .map(|_| InFlight::claim(&keys, (new_id(&random), key), [1; 32]))
            .collect();
        assert!(matches!(claims.last(), Some(Claimed::Full)));
        assert_eq!(keys.0.lock().unwrap().by_key.len(), MOST);
    }
}
