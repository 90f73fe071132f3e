//! Who is next: one refresh of a connection at a time in this process, and so many of an integration.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use handclasp_domain::{ClientId, ConnectionId, PlatformKey};
use tokio::sync::{Mutex as AsyncMutex, OwnedMutexGuard, Semaphore};

/// How many connections of one integration are refreshed at once in this process. A third party that hangs has so many calls under
/// way, and no other integration is any slower for it.
pub(crate) const AT_ONCE: usize = 32;

type Key = (ClientId, ConnectionId);

/// The connections that are being refreshed, and the integrations' places.
#[derive(Default)]
pub(crate) struct Turns {
    connections: Mutex<HashMap<Key, Arc<AsyncMutex<()>>>>,
    places: Mutex<HashMap<PlatformKey, Arc<Semaphore>>>,
}

/// A connection's turn, until it is dropped.
pub(crate) struct Turn {
    // Given back before it is looked whether anybody else waits for it.
    held: Option<OwnedMutexGuard<()>>,
    key: Key,
    of: Arc<Turns>,
}

impl Turns {
    /// Waits until nobody else refreshes this connection.
    pub(crate) async fn wait(self: &Arc<Self>, key: Key) -> Turn {
        let lock = Arc::clone(
            self.connections
                .lock()
                .unwrap_or_else(PoisonError::into_inner)
                .entry(key)
                .or_default(),
        );
        // Made before waiting: whoever gives up while waiting tidies up, too.
        let mut turn = Turn {
            held: None,
            key,
            of: Arc::clone(self),
        };
        turn.held = Some(lock.lock_owned().await);
        turn
    }

    /// The places of an integration.
    pub(crate) fn places(&self, integration: PlatformKey) -> Arc<Semaphore> {
        Arc::clone(
            self.places
                .lock()
                .unwrap_or_else(PoisonError::into_inner)
                .entry(integration)
                .or_insert_with(|| Arc::new(Semaphore::new(AT_ONCE))),
        )
    }
}

impl Drop for Turn {
    fn drop(&mut self) {
        self.held = None;
        let mut all = self
            .of
            .connections
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        // Others that wait hold the lock's handle; it is handed out under this same guard only.
        if all
            .get(&self.key)
            .is_some_and(|lock| Arc::strong_count(lock) == 1)
        {
            all.remove(&self.key);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use handclasp_ambient::{SeededRandom, new_id};
    use tokio::time::timeout;

    use super::*;

    #[tokio::test]
    async fn one_after_the_other_and_nothing_is_left_behind() {
        let random = SeededRandom::new(1);
        let turns = Arc::new(Turns::default());
        let key = (new_id(&random), new_id(&random));
        let other = (key.0, new_id(&random));
        let first = turns.wait(key).await;
        let _apart = turns.wait(other).await;
        // Gives up waiting.
        let short = timeout(Duration::from_millis(5), turns.wait(key)).await;
        assert!(short.is_err());
        let second = tokio::spawn({
            let turns = Arc::clone(&turns);
            async move { drop(turns.wait(key).await) }
        });
        tokio::task::yield_now().await;
        assert!(!second.is_finished());
        drop(first);
        second.await.unwrap();
        let left: Vec<_> = turns.connections.lock().unwrap().keys().copied().collect();
        assert_eq!(left, [other]);
    }
}
