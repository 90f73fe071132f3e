//! Names being looked up: each by one lookup at a time, whoever asks for it.
//!
//! A lookup of a dead name lasts for as long as the system's resolver wants, often longer than any caller waits, and takes a
//! thread meanwhile. What keeps one such name from stopping the others: however many ask for it, it takes one place; and nobody
//! waits long, neither for an answer nor for a place.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use futures::FutureExt;
use futures::future::{BoxFuture, Shared};
use tokio::sync::{Semaphore, oneshot};
use tokio::time::timeout;

use crate::error::Cause;
use crate::resolve::Resolver;

/// What a lookup found.
type Found = Result<Vec<IpAddr>, Cause>;
/// A lookup that any number of callers wait for.
type Lookup = Shared<BoxFuture<'static, Found>>;

/// How much is waited for.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Limits {
    /// How many names are looked up at once. Each takes a thread.
    pub(crate) names: usize,
    /// How long a name waits for a place, when all are taken.
    pub(crate) place: Duration,
    /// How long an answer is waited for, with the wait for a place. Longer than the five seconds after which the system's resolver
    /// asks again, so that one lost packet is no failure.
    pub(crate) answer: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            names: 256,
            place: Duration::from_secs(2),
            answer: Duration::from_secs(7),
        }
    }
}

/// The lookups of a client, and of those that were made from it. Cheap to clone; clones are one.
#[derive(Clone)]
pub(crate) struct Lookups(Arc<Inner>);

struct Inner {
    resolver: Arc<dyn Resolver>,
    limits: Limits,
    places: Semaphore,
    running: Mutex<HashMap<String, Lookup>>,
}

impl Lookups {
    pub(crate) fn new(resolver: Arc<dyn Resolver>) -> Self {
        Self::with_limits(resolver, Limits::default())
    }

    fn with_limits(resolver: Arc<dyn Resolver>, limits: Limits) -> Self {
        Self(Arc::new(Inner {
            resolver,
            limits,
            places: Semaphore::new(limits.names),
            running: Mutex::default(),
        }))
    }

    /// Lookups by the same resolver that neither wait for these nor take their places.
    pub(crate) fn apart(&self) -> Self {
        Self::with_limits(Arc::clone(&self.0.resolver), self.0.limits)
    }

    /// The addresses of a name.
    pub(crate) async fn find(&self, host: &str) -> Found {
        self.join(host).await
    }

    /// The lookup of a name that runs, or a new one.
    fn join(&self, host: &str) -> Lookup {
        let mut running = self.0.running();
        if let Some(lookup) = running.get(host) {
            return lookup.clone();
        }
        let (told, answer) = oneshot::channel();
        let entry = Entry {
            lookups: self.clone(),
            host: host.to_owned(),
        };
        // In a task of its own, which goes on when nobody waits any more: the place is taken until the lookup's end.
        tokio::spawn(async move {
            let found = entry.lookups.look_up(entry.host.clone()).await;
            drop(entry);
            drop(told.send(found));
        });
        let limit = self.0.limits.answer;
        let lookup = async move {
            match timeout(limit, answer).await {
                Ok(Ok(found)) => found,
                Ok(Err(_)) => Err(Cause::text("the lookup was broken off")),
                // All who come until it ends are told so too, at once.
                Err(_) => Err(Cause::text("no name server answered in time")),
            }
        };
        let lookup = lookup.boxed().shared();
        running.insert(host.to_owned(), lookup.clone());
        lookup
    }

    /// One lookup, from a place to its end.
    async fn look_up(&self, host: String) -> Found {
        let place = timeout(self.0.limits.place, self.0.places.acquire());
        let Ok(Ok(_place)) = place.await else {
            return Err(Cause::text("too many names are being looked up"));
        };
        let found = self.0.resolver.resolve(host).await;
        found.map_err(|error| Cause::of(&error))
    }
}

impl Inner {
    fn running(&self) -> MutexGuard<'_, HashMap<String, Lookup>> {
        self.running.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A lookup's entry among those that run. Gone with the lookup, however that ends.
struct Entry {
    lookups: Lookups,
    host: String,
}

impl Drop for Entry {
    fn drop(&mut self) {
        self.lookups.0.running().remove(&self.host);
    }
}

#[cfg(test)]
mod tests {
    use std::time::Instant;

    use futures::future::join_all;
    use tokio::sync::watch;

    use super::*;
    use crate::resolve::Resolving;

    /// Names that begin with `dead` are looked up until told otherwise; all others are found at once.
    struct Names {
        asked: Mutex<Vec<String>>,
        end: watch::Sender<bool>,
    }

    impl Names {
        fn new() -> Arc<Self> {
            Arc::new(Self {
                asked: Mutex::default(),
                end: watch::Sender::new(false),
            })
        }

        fn asked(&self) -> usize {
            self.asked.lock().unwrap().len()
        }

        /// Lookups of this many places. The answer's limit is short, the place's shorter.
        fn lookups(self: &Arc<Self>, names: usize) -> Lookups {
            Lookups::with_limits(
                Arc::clone(self) as _,
                Limits {
                    names,
                    place: Duration::from_millis(50),
                    answer: Duration::from_millis(200),
                },
            )
        }
    }

    impl Resolver for Names {
        fn resolve(&self, host: String) -> Resolving {
            self.asked.lock().unwrap().push(host.clone());
            let mut end = self.end.subscribe();
            Box::pin(async move {
                assert!(host != "broken.example", "on purpose");
                if host.starts_with("dead") {
                    end.wait_for(|ended| *ended).await.unwrap();
                }
                Ok(vec![IpAddr::from([192, 0, 2, 1])])
            })
        }
    }

    fn cause(found: Found) -> String {
        found.unwrap_err().to_string()
    }

    #[tokio::test]
    async fn a_dead_name_takes_one_place_however_many_ask_for_it() {
        let names = Names::new();
        let lookups = names.lookups(2);
        let asking = {
            let lookups = lookups.clone();
            tokio::spawn(
                async move { join_all((0..500).map(|_| lookups.find("dead.example"))).await },
            )
        };
        tokio::task::yield_now().await;
        for number in 0..100 {
            let found = lookups.find(&format!("name-{number}.example")).await;
            assert_eq!(found.unwrap().len(), 1);
        }
        for found in asking.await.unwrap() {
            assert_eq!(cause(found), "no name server answered in time");
        }
        // It is still being looked up. Who comes now is not kept waiting, and begins no second lookup.
        let began = Instant::now();
        let late = lookups.find("dead.example").await;
        assert_eq!(cause(late), "no name server answered in time");
        assert!(began.elapsed() < Duration::from_millis(100));
        assert_eq!(names.asked(), 101);
        // Once it has ended the name is looked up anew.
        names.end.send_replace(true);
        while lookups.0.running().contains_key("dead.example") {
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
        lookups.find("dead.example").await.unwrap();
        assert_eq!(names.asked(), 102);
    }

    #[tokio::test]
    async fn a_place_is_waited_for_a_little_and_given_back_at_the_lookups_end_alone() {
        let names = Names::new();
        let (lookups, others) = {
            let lookups = names.lookups(3);
            (lookups.clone(), lookups.apart())
        };
        let dead = ["dead-1.example", "dead-2.example", "dead-3.example"];
        join_all(dead.map(|name| lookups.find(name))).await;
        // Everyone who asked has gone, and the places are still taken.
        let refused = lookups.find("name.example").await;
        assert_eq!(cause(refused), "too many names are being looked up");
        // Lookups apart have places of their own, and look for themselves.
        others.find("name.example").await.unwrap();
        let apart = others.find("dead-1.example");
        assert_eq!(cause(apart.await), "no name server answered in time");
        assert_eq!(names.asked(), 5);
        names.end.send_replace(true);
        while lookups.0.places.available_permits() < 3 {
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
        lookups.find("name.example").await.unwrap();
    }

    #[tokio::test]
    async fn what_was_found_is_not_kept_and_a_resolver_that_panics_takes_nothing_with_it() {
        let names = Names::new();
        let lookups = names.lookups(1);
        for _ in 0..3 {
            let broken = lookups.find("broken.example").await;
            assert_eq!(cause(broken), "the lookup was broken off");
            lookups.find("name.example").await.unwrap();
        }
        assert_eq!(names.asked(), 6);
    }
}
