//! Attempts whose exchange nobody will finish become failed, so that the person reads what happened and can try again.

use std::time::Duration;

use handclasp_domain::{ATTEMPT_LIFETIME, EXCHANGE_LIMIT};
use handclasp_store::attempt::{self, Abandoned};

use crate::{App, AppError, Caller};

/// A holder that shows no life is believed to be dead only after this: a process that has just started shows none yet.
const BENEFIT: Duration = Duration::from_secs(10);

/// How many are looked at in one go.
const BATCH: u32 = 100;

impl App {
    /// Ends the attempts in which nobody chose a company in time. What was fetched is revoked.
    pub async fn end_unchosen(&self) -> Result<(), AppError> {
        let before = self.now().minus(ATTEMPT_LIFETIME);
        for found in attempt::unchosen(&mut self.store(), before, BATCH).await? {
            let caller = Caller::system(found.client);
            if let Err(error) = self.end_choice(&caller, &found).await {
                // The others are not to wait for it.
                tracing::warn!(attempt = %found.id, %error, cause = ?error, "it could not be ended");
            }
        }
        Ok(())
    }

    /// Ends the attempts of processes that are gone.
    pub async fn bury_abandoned(&self) -> Result<(), AppError> {
        let now = self.now();
        let which = Abandoned {
            by: self.replica(),
            now,
            of_the_dead: now.minus(BENEFIT),
            of_anybody: now.minus(EXCHANGE_LIMIT),
        };
        for held in attempt::abandoned(&mut self.store(), which, BATCH).await? {
            tracing::warn!(attempt = %held.id, "whoever exchanged this attempt is gone; it has failed");
            if let Err(error) = self.bury(&held).await {
                // The others are not to wait for it.
                tracing::warn!(attempt = %held.id, %error, cause = ?error, "it could not be ended");
            }
        }
        Ok(())
    }
}
