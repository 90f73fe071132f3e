//! Old attempts, journeys and grants of the built-in third party are deleted.

use std::time::Duration;

use handclasp_domain::ATTEMPT_LIFETIME;
use handclasp_store::{attempt, journey, sandbox};

use crate::journeys::JOURNEY_LIFETIME;
use crate::{App, AppError};

/// How many rows one transaction deletes at most: others get their turn in between.
const BATCH: u32 = 500;

/// Attempts are kept for a day beyond their life, so that a late or repeated callback still finds its result.
const ATTEMPT_KEPT: Duration = Duration::from_secs(24 * 60 * 60);

impl App {
    /// Deletes what is of no more use, and erases what is due to be erased.
    pub async fn tidy(&self) -> Result<(), AppError> {
        let attempts = self.now().minus(ATTEMPT_LIFETIME).minus(ATTEMPT_KEPT);
        let journeys = self.now().minus(JOURNEY_LIFETIME);
        let grants = self.now().minus(sandbox::KEPT);
        let before = (attempts, journeys, grants);
        loop {
            let deleted = self
                .store()
                .queue("purge", before, |tx, (attempts, journeys, grants)| {
                    Box::pin(async move {
                        let gone = attempt::purge(tx, *attempts, BATCH).await?
                            + journey::purge(tx, *journeys, BATCH).await?
                            + sandbox::purge(tx, *grants, BATCH).await?;
                        Ok::<_, AppError>(gone)
                    })
                })
                .await?;
            if deleted == 0 {
                break;
            }
        }
        self.erase_due().await
    }
}
