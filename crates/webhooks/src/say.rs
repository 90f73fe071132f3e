//! What goes to the log, and how often. What fails again and again is said at once, and then once a minute with how often it was not
//! said: a log that drowns tells nothing.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use handclasp_store::StoreError;
use handclasp_store::delivery::{Attempt, DeliveryState};
use handclasp_store::lane::LaneKey;

/// How often one thing is said at most.
const EVERY: Duration = Duration::from_secs(60);
/// Above how many remembered consumers those are forgotten that were not spoken of for a while.
const REMEMBERED: usize = 4096;

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

/// Which consumers do not take their messages: a line a minute for each at most, and one for what is given up. Nothing in it is
/// secret: neither the address nor what was sent or answered.
#[derive(Debug, Default)]
pub(crate) struct Failures(Mutex<HashMap<LaneKey, Failing>>);

#[derive(Debug, Default)]
struct Failing {
    attempts: Seldom,
    given_up: Seldom,
}

impl Failures {
    /// Says how an attempt went, where it failed.
    pub(crate) fn note(&self, attempt: &Attempt) {
        if attempt.state == DeliveryState::Success {
            return;
        }
        let (client, consumer) = (attempt.lane.client, attempt.lane.consumer);
        let (event, number, outcome) = (attempt.event, attempt.number, attempt.outcome);
        let status = attempt.status;
        let mut failures = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if failures.len() >= REMEMBERED {
            failures
                .retain(|_, failing| failing.attempts.is_fresh() || failing.given_up.is_fresh());
        }
        let failing = failures.entry(attempt.lane).or_default();
        match attempt.next {
            Some(next) => {
                if let Some(unsaid) = failing.attempts.now() {
                    tracing::info!(
                        %client, %consumer, %event, attempt = number, outcome, status, %next, unsaid,
                        "a webhook did not arrive and is tried again"
                    );
                }
            }
            None => {
                if let Some(unsaid) = failing.given_up.now() {
                    tracing::warn!(
                        %client, %consumer, %event, attempt = number, outcome, status, unsaid,
                        "a webhook did not arrive and is given up"
                    );
                }
            }
        }
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
