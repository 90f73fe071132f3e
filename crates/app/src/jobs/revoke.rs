//! Tokens that were let go are revoked at the third party, tried again while it is down, and destroyed at last in any case.

use std::time::Duration;

use handclasp_domain::Timestamp;
use handclasp_integrations::oauth2::{Deadline, TokenKind};
use handclasp_store::credential::{self, Revocation};

use crate::credentials::{Tokens, revocation_cell};
use crate::{App, AppError};

/// A token that could not be revoked in this time is destroyed all the same.
const KEPT: Duration = Duration::from_secs(7 * 24 * 60 * 60);

/// How many are looked at in one go.
const BATCH: u32 = 50;

/// When the next attempt is made: half a minute after the first, twice as long each time, at most six hours.
fn next(attempts: i64, now: Timestamp) -> Timestamp {
    let doublings = u32::try_from(attempts.clamp(0, 10)).unwrap_or(10);
    let pause = Duration::from_secs(30).saturating_mul(1 << doublings);
    now.plus(pause.min(Duration::from_secs(6 * 60 * 60)))
}

impl App {
    /// Revokes what is due.
    pub async fn revoke_due(&self) -> Result<(), AppError> {
        for due in credential::due_revocations(&mut self.store(), self.now(), BATCH).await? {
            let until = next(due.attempts, self.now());
            let taken = self
                .store()
                .queue(
                    "take_revocation",
                    (due.clone(), until),
                    |tx, (due, until)| {
                        Box::pin(async move {
                            Ok::<_, AppError>(credential::take_revocation(tx, due, *until).await?)
                        })
                    },
                )
                .await?;
            if taken && self.revoke(&due).await? {
                self.store()
                    .queue("revoked", (due.client, due.id), |tx, (client, id)| {
                        Box::pin(async move {
                            Ok::<_, AppError>(
                                credential::delete_revocation(tx, *client, *id).await?,
                            )
                        })
                    })
                    .await?;
            }
        }
        Ok(())
    }

    /// Whether the token is done with.
    async fn revoke(&self, due: &Revocation) -> Result<bool, AppError> {
        if self.now().since(due.created) > KEPT {
            tracing::warn!(integration = %due.platform_key, "a token could not be revoked in seven days and is destroyed");
            return Ok(true);
        }
        let Some(integration) = self.catalogue().get(due.platform_key) else {
            return Ok(false);
        };
        let tokens: Tokens = self
            .vault()
            .open_json(&revocation_cell(due.client, due.id), &due.sealed)
            .map_err(|_| AppError::Internal("a token to be revoked can't be opened"))?;
        let (token, is_refresh) = tokens.to_revoke();
        let kind = if is_refresh {
            TokenKind::Refresh
        } else {
            TokenKind::Access
        };
        let client = self.oauth(due.client, integration)?;
        match client
            .revoke(self.outbound(), Deadline::start(), &token, kind)
            .await
        {
            Ok(_) => Ok(true),
            Err(failure) => {
                tracing::info!(integration = %due.platform_key, %failure, "a token is not revoked yet");
                Ok(false)
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_grow_and_end() {
        let now = Timestamp::from_seconds(0);
        let pauses: Vec<_> = [0, 1, 2, 9, 10, 99, -1]
            .map(|n| next(n, now).as_seconds())
            .into();
        assert_eq!(pauses, [30, 60, 120, 15_360, 21_600, 21_600, 30]);
    }
}
