//! The clock that tokens run out by. In the demo it can be moved on, so that nobody has to wait.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use handclasp_ambient::SharedClock;
use handclasp_domain::Timestamp;

/// How far it can be moved in all: ten years.
pub(crate) const FURTHEST: Duration = Duration::from_secs(10 * 365 * 24 * 3_600);

/// The time by which access tokens, refresh tokens and grants end. It is that of the machine, and what it was moved on by.
///
/// Codes, ID tokens and what is kept go by the machine's: others hold them against a clock of their own.
pub(crate) struct TokenClock {
    base: SharedClock,
    ahead: AtomicU64,
}

/// It would be further ahead than it may be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct TooFar;

impl TokenClock {
    pub(crate) fn new(base: SharedClock) -> Self {
        Self {
            base,
            ahead: AtomicU64::new(0),
        }
    }

    pub(crate) fn now(&self) -> Timestamp {
        self.base.now().plus(self.ahead())
    }

    /// By how much it is ahead.
    pub(crate) fn ahead(&self) -> Duration {
        Duration::from_secs(self.ahead.load(Ordering::SeqCst))
    }

    /// Moves it on. It never goes back, as tokens that ran out would work again.
    pub(crate) fn advance(&self, by: Duration) -> Result<(), TooFar> {
        self.ahead
            .fetch_update(Ordering::SeqCst, Ordering::SeqCst, |ahead| {
                let moved = ahead.checked_add(by.as_secs())?;
                (moved <= FURTHEST.as_secs()).then_some(moved)
            })
            .map(|_| ())
            .map_err(|_| TooFar)
    }
}
