//! Attempts that nobody came back to expire; old ones, old journeys, answers that are given no more and grants of the built-in third
//! party are deleted.

use std::time::Duration;

use futures::future::BoxFuture;
use handclasp_domain::{ATTEMPT_LIFETIME, Timestamp};
use handclasp_store::{StoreError, Tx, attempt, journey, kept_answer, sandbox};

use crate::journeys::JOURNEY_LIFETIME;
use crate::{App, AppError};

/// How many rows one transaction deletes at most: others get their turn in between.
const BATCH: u32 = 500;

/// Attempts are kept for a day beyond their life, so that a late or repeated callback still finds its result.
const ATTEMPT_KEPT: Duration = Duration::from_secs(24 * 60 * 60);

impl App {
    /// Deletes what is of no more use, and erases what is due to be erased.
    pub async fn tidy(&self) -> Result<(), AppError> {
        let expired = self.now().minus(ATTEMPT_LIFETIME);
        let attempts = self.now().minus(ATTEMPT_LIFETIME).minus(ATTEMPT_KEPT);
        let journeys = self.now().minus(JOURNEY_LIFETIME);
        let grants = self.now().minus(sandbox::KEPT);
        self.in_batches("expire_attempts", expired, |tx, before| {
            Box::pin(attempt::expire(tx, *before, BATCH))
        })
        .await?;
        self.in_batches("purge_attempts", attempts, |tx, before| {
            Box::pin(attempt::purge(tx, *before, BATCH))
        })
        .await?;
        self.in_batches("purge_journeys", journeys, |tx, before| {
            Box::pin(journey::purge(tx, *before, BATCH))
        })
        .await?;
        self.in_batches("purge_grants", grants, |tx, before| {
            Box::pin(sandbox::purge(tx, *before, BATCH))
        })
        .await?;
        if let Some(oldest) = sandbox::beyond(&mut self.store(), sandbox::KEPT_MOST).await? {
            // Visitors made more than there is room for: the oldest go, whatever they are still good for.
            self.in_batches("purge_grants_beyond", oldest, |tx, before| {
                Box::pin(sandbox::purge(tx, *before, BATCH))
            })
            .await?;
        }
        let ended = self.now().minus(sandbox::ENDED_KEPT);
        self.in_batches("purge_ended_grants", ended, |tx, before| {
            Box::pin(sandbox::purge_ended(tx, *before, BATCH))
        })
        .await?;
        self.in_batches("purge_kept_answers", self.now(), |tx, now| {
            Box::pin(kept_answer::purge(tx, *now, BATCH))
        })
        .await?;
        self.erase_due().await
    }

    /// Runs a step until there is less than a whole batch to do.
    async fn in_batches<F>(
        &self,
        name: &'static str,
        before: Timestamp,
        step: F,
    ) -> Result<(), AppError>
    where
        F: for<'a> Fn(&'a mut Tx, &'a Timestamp) -> BoxFuture<'a, Result<u64, StoreError>>
            + Send
            + Sync
            + Copy
            + 'static,
    {
        while self.store().queue(name, before, step).await? >= u64::from(BATCH) {}
        Ok(())
    }
}
