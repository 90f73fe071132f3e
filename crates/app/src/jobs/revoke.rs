//! Tokens that were let go are revoked at the third party, tried again while it is down, and destroyed at last in any case.

use std::collections::BTreeMap;
use std::time::Duration;

use futures::StreamExt;

use handclasp_domain::Timestamp;
use handclasp_integrations::Held;
use handclasp_integrations::provider::Deadline;
use handclasp_store::credential::{self, Revocation};
use tokio_util::sync::CancellationToken;

use crate::credentials::revocation_cell;
use crate::{App, AppError, Refusal};

/// A token that could not be revoked in this time is destroyed all the same.
const KEPT: Duration = Duration::from_secs(7 * 24 * 60 * 60);

/// How many are looked at in one go.
const BATCH: u32 = 50;

/// How many integrations are asked side by side. Those of one integration come one after the other, so that one that hangs keeps
/// nobody else waiting for more than its own.
const SIDE_BY_SIDE: usize = 8;

/// When the next attempt is made: half a minute after the first, twice as long each time, at most six hours.
fn next(attempts: i64, now: Timestamp) -> Timestamp {
    let doublings = u32::try_from(attempts.clamp(0, 10)).unwrap_or(10);
    let pause = Duration::from_secs(30).saturating_mul(1 << doublings);
    now.plus(pause.min(Duration::from_secs(6 * 60 * 60)))
}

/// How an attempt to revoke went.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Revoked {
    /// The token is done with.
    Done,
    /// The third party said no, or there is nobody to ask.
    Refused,
    /// The third party is out of order or can't be reached.
    Unanswered,
}

impl App {
    /// Revokes what is due, until told to stop.
    pub async fn revoke_due(&self, stop: &CancellationToken) -> Result<(), AppError> {
        let mut of_integration = BTreeMap::<_, Vec<Revocation>>::new();
        for due in credential::due_revocations(&mut self.store(), self.now(), BATCH).await? {
            of_integration
                .entry(due.platform_key)
                .or_default()
                .push(due);
        }
        futures::stream::iter(of_integration.into_values())
            .for_each_concurrent(SIDE_BY_SIDE, async |due| {
                for one in due {
                    if stop.is_cancelled() {
                        return;
                    }
                    match self.revoke_one(&one).await {
                        // Where this one got no answer the next would not either. They are still due, and come in the next round.
                        Ok(Revoked::Unanswered) => return,
                        Ok(Revoked::Done | Revoked::Refused) => {}
                        // It is due again later, and the others are not to wait for it.
                        Err(error) => {
                            tracing::warn!(%error, cause = ?error, "a token could not be revoked");
                        }
                    }
                }
            })
            .await;
        Ok(())
    }

    async fn revoke_one(&self, due: &Revocation) -> Result<Revoked, AppError> {
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
        if !taken {
            // By another replica.
            return Ok(Revoked::Done);
        }
        let revoked = self.revoke(due).await?;
        if revoked == Revoked::Done {
            self.store()
                .queue("revoked", (due.client, due.id), |tx, (client, id)| {
                    Box::pin(async move {
                        Ok::<_, AppError>(credential::delete_revocation(tx, *client, *id).await?)
                    })
                })
                .await?;
        }
        Ok(revoked)
    }

    async fn revoke(&self, due: &Revocation) -> Result<Revoked, AppError> {
        if self.now().since(due.created) > KEPT {
            tracing::warn!(integration = %due.platform_key, "a token could not be revoked in seven days and is destroyed");
            return Ok(Revoked::Done);
        }
        let Some(integration) = self.catalogue().get(due.platform_key) else {
            return Ok(Revoked::Refused);
        };
        let held: Held = self
            .vault()
            .open_json(&revocation_cell(due.client, due.id), &due.sealed)
            .map_err(|_| AppError::Internal("a token to be revoked can't be opened"))?;
        let client = match self.third_party(due.client, integration).await {
            Ok(client) => client,
            Err(AppError::Refused(Refusal::NeedsCredentials(needs))) => {
                tracing::info!(integration = %due.platform_key, %needs, "a token is not revoked yet");
                return Ok(Revoked::Refused);
            }
            Err(error) => return Err(error),
        };
        let calls = self.calls(Deadline::start());
        match client.disconnect(&calls, &held).await {
            Ok(_) => Ok(Revoked::Done),
            Err(failure) => {
                tracing::info!(integration = %due.platform_key, %failure, "a token is not revoked yet");
                Ok(if failure.is_transient() {
                    Revoked::Unanswered
                } else {
                    Revoked::Refused
                })
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
