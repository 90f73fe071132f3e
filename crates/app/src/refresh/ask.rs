//! The refresh itself: one at a time, and what its answer means.

use std::time::Duration;

use handclasp_integrations::provider::{Deadline, ProviderFailure};
use handclasp_integrations::{Granted, Held, RefreshFailure};
use handclasp_store::Engine;
use handclasp_store::credential::{self, Claim, SealedCredential};
use handclasp_store::refresh::{self, Seen};
use tokio::time::timeout;

use super::Refreshed;
use super::schedule::{again, has_ended};
use crate::callback::SAVING;
use crate::deauthorize::Ended;
use crate::{App, AppError};

/// How long a claim of a live replica is respected: the call, and what saving its result may take at the worst.
const CLAIMED: Duration = Duration::from_secs(30 + 30 + SAVING.as_secs());

/// A holder that shows no life is believed to be dead only after this: a process that has just started shows none yet.
const BENEFIT: Duration = Duration::from_secs(10);

/// How long is waited for another replica's result, and for one of the integration's places.
const WAIT: Duration = Duration::from_secs(25);

/// What the third party made of the refresh token.
enum Told {
    /// It gave tokens.
    Given(Box<Granted>),
    /// It does not take the refresh token any more.
    Ended(ProviderFailure),
    /// There is no refresh token to ask with.
    NothingToAskWith,
    /// It said no, or nothing.
    NotNow {
        transient: bool,
        unreachable: bool,
        asked: Option<Duration>,
    },
}

impl App {
    /// Refreshes what was seen, unless that is there no more. Runs to its end whatever becomes of who wanted it.
    pub(super) async fn refresh(&self, seen: Seen) -> Result<Refreshed, AppError> {
        let _turn = self.turns().wait((seen.client, seen.connection)).await;
        let Some(held) = self.as_seen(seen).await? else {
            return Ok(Refreshed::Anew);
        };
        if let Some(wait) = self.is_pausing(&held) {
            return Ok(Refreshed::NotNow {
                wait,
                unreachable: false,
            });
        }
        let places = self.turns().places(held.platform_key);
        let Ok(Ok(_place)) = timeout(WAIT, places.acquire_owned()).await else {
            return Ok(Refreshed::NotNow {
                wait: Duration::from_secs(2),
                unreachable: true,
            });
        };
        let held = match self.claimed(held).await? {
            Ok(held) => held,
            Err(refreshed) => return Ok(refreshed),
        };
        let tokens = self.open_tokens(&held)?;
        let told = self.ask(&held, &tokens).await;
        self.settle(&held, &tokens, told).await
    }

    /// The credential, where it is still the one that was seen.
    async fn as_seen(&self, seen: Seen) -> Result<Option<SealedCredential>, AppError> {
        let held = credential::find(&mut self.store(), seen.client, seen.connection).await?;
        Ok(held.filter(|held| held.version == seen.version))
    }

    /// After a failure: how long nobody asks again.
    fn is_pausing(&self, held: &SealedCredential) -> Option<Duration> {
        let now = self.now();
        // While somebody asks, `due_at` is about that. A claim that is kept in doubt ends when it is due.
        let asking = held
            .claim
            .is_some_and(|claim| Some(claim.until) != held.due_at);
        let next = held.due_at.filter(|_| held.failures > 0 && !asking)?;
        (next > now).then(|| next.since(now))
    }

    /// Claims the credential, or waits for the result of whoever has. On SQLite there is nobody else.
    async fn claimed(
        &self,
        mut held: SealedCredential,
    ) -> Result<Result<SealedCredential, Refreshed>, AppError> {
        match self.store().engine() {
            Engine::Sqlite => return Ok(Ok(held)),
            Engine::Postgres => {}
        }
        let seen = Seen::from(&held);
        let mut pause = Duration::from_millis(20);
        let mut waited = Duration::ZERO;
        loop {
            let now = self.now();
            let claim = Claim {
                by: self.replica(),
                at: now,
                until: now.plus(CLAIMED),
            };
            let look_again = now.plus(BENEFIT + Duration::from_secs(2));
            let input = (seen, claim, look_again, now.minus(BENEFIT));
            let taken = self
                .store()
                .queue("claim_credential", input, |tx, input| {
                    let (seen, claim, look_again, dead) = *input;
                    Box::pin(async move {
                        Ok::<_, AppError>(refresh::claim(tx, seen, claim, look_again, dead).await?)
                    })
                })
                .await?;
            if taken {
                return Ok(Ok(held));
            }
            let Some(now_held) = self.as_seen(seen).await? else {
                return Ok(Err(Refreshed::Anew));
            };
            held = now_held;
            if let Some(wait) = self.is_pausing(&held) {
                // It did not go well there.
                return Ok(Err(Refreshed::NotNow {
                    wait,
                    unreachable: false,
                }));
            }
            if waited >= WAIT {
                return Ok(Err(Refreshed::NotNow {
                    wait: Duration::from_secs(2),
                    unreachable: true,
                }));
            }
            tokio::time::sleep(pause).await;
            waited += pause;
            pause = (pause * 2).min(Duration::from_millis(500));
        }
    }

    /// The call. No transaction is open.
    async fn ask(&self, held: &SealedCredential, tokens: &Held) -> Told {
        let client = match self.integration(held.platform_key) {
            Ok(integration) => self.third_party(held.client, integration).await,
            Err(error) => Err(error),
        };
        let client = client.and_then(|client| {
            let redirect_uri = self.redirect_uri(held.client, held.platform_key)?;
            Ok((client, redirect_uri))
        });
        let (client, redirect_uri) = match client {
            Ok(both) => both,
            Err(error) => {
                tracing::warn!(connection = %held.connection, %error, cause = ?error, "a token can't be refreshed");
                let transient = matches!(error, AppError::Store(_));
                return Told::NotNow {
                    transient,
                    unreachable: false,
                    asked: None,
                };
            }
        };
        let granted = held.scopes.split_whitespace().map(str::to_owned);
        let granted: Vec<_> = granted.collect();
        let calls = self.calls(Deadline::start());
        match client
            .refresh(&calls, tokens, &redirect_uri, &granted)
            .await
        {
            Ok(answer) => Told::Given(Box::new(answer)),
            Err(RefreshFailure::NotOffered) => Told::NothingToAskWith,
            Err(RefreshFailure::Provider(failure)) => self.judged(held, failure),
        }
    }

    fn judged(&self, held: &SealedCredential, failure: ProviderFailure) -> Told {
        let transient = failure.is_transient();
        let (unreachable, asked) = match &failure {
            ProviderFailure::GrantRefused { .. } => return Told::Ended(failure),
            ProviderFailure::Unavailable { retry_after, .. } => (false, *retry_after),
            ProviderFailure::Unreachable(_) => (true, None),
            ProviderFailure::ClientRefused { .. }
            | ProviderFailure::Refused { .. }
            | ProviderFailure::Forbidden(_)
            | ProviderFailure::Unfilled(_)
            | ProviderFailure::Unintelligible { .. } => (false, None),
        };
        tracing::warn!(
            connection = %held.connection, integration = %held.platform_key, failures = held.failures + 1, %failure,
            "a token could not be refreshed"
        );
        Told::NotNow {
            transient,
            unreachable,
            asked,
        }
    }

    async fn settle(
        &self,
        held: &SealedCredential,
        tokens: &Held,
        told: Told,
    ) -> Result<Refreshed, AppError> {
        let (outcome, refreshed) = match told {
            Told::Given(answer) => {
                self.save_renewed(held, tokens, &answer).await?;
                ("renewed", Refreshed::Anew)
            }
            Told::Ended(failure) => match self.doubtful_until(held) {
                None => {
                    self.end_access(held, Ended::refused(&failure, tokens, self.now()))
                        .await?;
                    ("ended", Refreshed::Anew)
                }
                Some(until) => {
                    tracing::warn!(connection = %held.connection, "a refusal is not believed yet: a replica died that may have been given other tokens");
                    self.note_doubt(held, until).await?;
                    let wait = until.since(self.now());
                    let unreachable = false;
                    ("doubted", Refreshed::NotNow { wait, unreachable })
                }
            },
            Told::NothingToAskWith if has_ended(held, self.now()) => {
                self.end_access(held, Ended::expired(self.now())).await?;
                ("ended", Refreshed::Anew)
            }
            Told::NothingToAskWith => {
                self.note_failure(held, held.expires_at).await?;
                let wait = Duration::from_secs(60);
                let unreachable = false;
                ("nothing", Refreshed::NotNow { wait, unreachable })
            }
            Told::NotNow {
                transient,
                unreachable,
                asked,
            } => {
                let now = self.now();
                let next = again(held.failures, transient, asked, now, &**self.random());
                self.note_failure(held, Some(next)).await?;
                let wait = next.since(now);
                match transient {
                    true => ("failed", Refreshed::NotNow { wait, unreachable }),
                    false => ("refused", Refreshed::Refused),
                }
            }
        };
        let integration = held.platform_key.to_string();
        metrics::counter!("handclasp_refreshes_total", "integration" => integration, "outcome" => outcome)
            .increment(1);
        Ok(refreshed)
    }

    /// Where the claim was taken over from a replica that is dead: until when it might still save what it was given, as one that
    /// only lost the database for a while would. Until then the third party's no may be about a token that it has replaced.
    fn doubtful_until(&self, held: &SealedCredential) -> Option<handclasp_domain::Timestamp> {
        let claim = held.claim.filter(|claim| claim.until > self.now())?;
        Some(claim.until)
    }
}
