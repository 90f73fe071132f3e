//! What goes to the log, and how often. What fails again and again is said at once, and then once a minute with how often it was not
//! said: a log that drowns tells nothing.

use std::time::{Duration, Instant};

use handclasp_store::StoreError;

/// How often one thing is said at most.
const EVERY: Duration = Duration::from_secs(60);

/// One thing to say, not too often.
#[derive(Debug, Default)]
pub(crate) struct Seldom {
    said: Option<Instant>,
    unsaid: u64,
}

impl Seldom {
    /// How often it was not said since the last time, where it is to be said now.
    pub(crate) fn now(&mut self) -> Option<u64> {
        if self.is_fresh() {
            self.unsaid += 1;
            return None;
        }
        self.said = Some(Instant::now());
        Some(std::mem::take(&mut self.unsaid))
    }

    /// What failed works again. The next failure is said at once.
    pub(crate) fn is_over(&mut self) -> bool {
        self.unsaid = 0;
        self.said.take().is_some()
    }

    fn is_fresh(&self) -> bool {
        self.said.is_some_and(|said| said.elapsed() < EVERY)
    }
}

/// Says that something of the database failed and is tried again. That it is busy is no news.
pub(crate) fn database(seldom: &mut Seldom, error: &StoreError, what: &'static str) {
    if !matches!(error, StoreError::Overloaded { .. })
        && let Some(unsaid) = seldom.now()
    {
        tracing::warn!(%error, cause = ?error, unsaid, "{what}");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_thing_is_said_at_once_and_then_not_for_a_minute() {
        let mut seldom = Seldom::default();
        assert_eq!(seldom.now(), Some(0));
        assert_eq!((seldom.now(), seldom.now()), (None, None));
        seldom.said = Instant::now().checked_sub(EVERY);
        assert_eq!(seldom.now(), Some(2));
        assert!(seldom.is_over());
        assert!(!seldom.is_over());
        assert_eq!(seldom.now(), Some(0));
    }
}
