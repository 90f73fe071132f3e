//! The person comes back from the third party.
//!
//! Three steps: a transaction that takes the attempt, calls to the third party without any, a transaction that saves how it
//! went. From the first on the work runs in a task of its own: a browser that goes away loses nothing. A second callback, here or
//! on another replica, makes no call; it waits for the row and shows what the first one found.

mod exchange;
mod outcome;

use std::time::Duration;

use handclasp_domain::redirect::Outcome;
use handclasp_domain::{
    AttemptState, CallbackTurn, ClientId, Command, FailureKind, PlatformKey, ReplicaId,
};
use handclasp_integrations::oauth2::ResponseMode;
use handclasp_integrations::{Auth, CallbackQuery, Integration};
use handclasp_store::attempt::{self, AuthorizationRequest};
use subtle::ConstantTimeEq;
use tracing::Instrument;

pub(crate) use self::exchange::Choice;
use self::exchange::Exchanged;
pub use self::outcome::outcome_of;
pub(crate) use self::outcome::{Failed, Granted};
use self::outcome::{fail_in, note, try_to_link};
use crate::start_authorization::parse_state;
use crate::{App, AppError, Browser, Caller, while_raced};

/// How long a callback waits for another one's result.
const WAIT: Duration = Duration::from_secs(30);

/// How long a result is saved again while the database is busy or gone.
pub(crate) const SAVING: Duration = Duration::from_secs(5 * 60);

/// What a callback is answered with.
#[derive(Debug, Clone)]
pub enum CallbackAnswer {
    /// The attempt is over: show its result.
    Over(AuthorizationRequest),
    /// Another callback is still at it.
    Running(AuthorizationRequest),
    /// The person took too long: offer to start again.
    TooLate(AuthorizationRequest),
    /// Not this browser's, or nobody's. No call was made and nothing has changed.
    Foreign,
}

impl App {
    /// Whether an integration sends people back with a form, and not with the parameters in the address.
    pub fn is_called_back_by_form(&self, platform_key: PlatformKey) -> bool {
        let integration = self.catalogue().get(platform_key);
        integration.is_some_and(|integration| match &integration.auth {
            Auth::OAuth2Code(declared) => declared.response_mode == ResponseMode::FormPost,
            Auth::ClientCredentials(_)
            | Auth::OAuth1(_)
            | Auth::Credentials
            | Auth::TokenLink(_)
            | Auth::Delivery(_)
            | Auth::FileUpload => false,
        })
    }

    /// Takes a callback. `browser` is the one whose cookie came with it.
    pub async fn take_callback(
        &self,
        caller: &Caller,
        platform_key: PlatformKey,
        query: CallbackQuery,
        browser: Option<Browser>,
    ) -> Result<CallbackAnswer, AppError> {
        let client = caller.client;
        let Some(found) = self
            .attempt_of(client, platform_key, &query, browser)
            .await?
        else {
            return Ok(CallbackAnswer::Foreign);
        };
        match found.state.on_callback(found.created, self.now()) {
            CallbackTurn::Show => Ok(CallbackAnswer::Over(found)),
            CallbackTurn::TooLate => Ok(CallbackAnswer::TooLate(found)),
            CallbackTurn::Wait => self.wait_for(found).await,
            CallbackTurn::Take => {
                let (app, caller, attempt) = (self.clone(), caller.clone(), found.clone());
                // Taking is in the task, too: an attempt that is taken and then forgotten would be lost.
                let work = async move {
                    if !app.take(&attempt).await? {
                        return Ok(());
                    }
                    let result = app.complete(&caller, &attempt, Some(&query)).await;
                    app.attempts_finished().notify_waiters();
                    result
                };
                // In the request's span: what it logs carries the request's correlation.
                let task = self.tasks().spawn(work.in_current_span());
                match task.await {
                    Ok(Ok(())) => self.wait_for(found).await,
                    Ok(Err(error)) => Err(error),
                    Err(_) => Err(AppError::Internal("the exchange ended before its end")),
                }
            }
        }
    }

    /// The attempt that a callback belongs to: known by its state, begun in this very browser, for this integration.
    async fn attempt_of(
        &self,
        client: ClientId,
        platform_key: PlatformKey,
        query: &CallbackQuery,
        browser: Option<Browser>,
    ) -> Result<Option<AuthorizationRequest>, AppError> {
        let Some(integration) = self.catalogue().get(platform_key) else {
            return Ok(None);
        };
        let state = integration.state_of(query).and_then(parse_state);
        let (Some((id, secret)), Some(browser)) = (state, browser) else {
            return Ok(None);
        };
        let found = attempt::find(&mut self.store(), client, id).await?;
        let Some(found) = found.filter(|found| {
            found.platform_key == platform_key && bool::from(found.browser.ct_eq(&browser.0))
        }) else {
            return Ok(None);
        };
        // Once it is over its secrets are gone: then the browser's cookie alone tells, and all there is to see is the result.
        if !found.sealed.is_empty() {
            let secrets = self.attempt_secrets(&found)?;
            if !bool::from(secrets.state.as_bytes().ct_eq(secret.as_bytes())) {
                return Ok(None);
            }
        }
        Ok(Some(found))
    }

    pub(crate) async fn take(&self, found: &AuthorizationRequest) -> Result<bool, AppError> {
        let input = (found.client, found.id, self.replica(), self.now());
        self.store()
            .write("take_attempt", input, |tx, (client, id, by, at)| {
                Box::pin(async move { Ok(attempt::take(tx, *client, *id, *by, *at).await?) })
            })
            .await
    }

    /// Waits until an attempt that somebody else holds is over.
    async fn wait_for(&self, held: AuthorizationRequest) -> Result<CallbackAnswer, AppError> {
        let mut pause = Duration::from_millis(25);
        let mut waited = Duration::ZERO;
        let mut now = held;
        loop {
            let finished = self.attempts_finished().notified();
            let Some(found) = attempt::find(&mut self.store(), now.client, now.id).await? else {
                return Ok(CallbackAnswer::Foreign);
            };
            now = found;
            if now.state.is_over() {
                return Ok(CallbackAnswer::Over(now));
            }
            if waited >= WAIT {
                return Ok(CallbackAnswer::Running(now));
            }
            // Told at once where the exchange runs here; found by looking where it runs elsewhere.
            let _either = tokio::time::timeout(pause, finished).await;
            waited += pause;
            pause = (pause * 2).min(Duration::from_millis(500));
        }
    }

    /// Ends an attempt whose holder is dead: its code may be used up, so there is nothing to do but to try again from the start.
    pub(crate) async fn bury(&self, held: &AuthorizationRequest) -> Result<(), AppError> {
        let AttemptState::Exchanging { by, .. } = held.state else {
            return Ok(());
        };
        let caller = Caller::system(held.client);
        let integration = self.integration(held.platform_key)?.clone();
        let failure = Failed::because(FailureKind::Interrupted, 503);
        while_raced(|| self.save_failure(&caller, held, Some(by), &integration, &failure)).await?;
        self.attempts_finished().notify_waiters();
        Ok(())
    }

    /// Finds out how it went, and saves it. Runs to its end whatever becomes of the request. There is no callback where nobody was
    /// sent anywhere.
    pub(crate) async fn complete(
        &self,
        caller: &Caller,
        attempt: &AuthorizationRequest,
        query: Option<&CallbackQuery>,
    ) -> Result<(), AppError> {
        let integration = self.integration(attempt.platform_key)?.clone();
        let result = self.exchange(attempt, &integration, query).await?;
        let by = self.replica();
        self.while_unsaved(|| async {
            match &result {
                Ok(Exchanged::Granted(granted)) => {
                    self.save_success(caller, attempt, &integration, granted, Some(by))
                        .await
                }
                Ok(Exchanged::Several(sealed, unwanted)) => {
                    self.save_choice(attempt, by, sealed, unwanted).await
                }
                Err(failed) => {
                    self.save_failure(caller, attempt, Some(by), &integration, failed)
                        .await
                }
            }
        })
        .await?;
        self.events_written().notify_one();
        Ok(())
    }

    /// Saves what can't be asked for again: the code or the refresh token is used up, so that a database that is busy or gone for a
    /// moment must not cost the connection. `save` looks first whether that was done already.
    pub(crate) async fn while_unsaved<F>(&self, mut save: impl FnMut() -> F) -> Result<(), AppError>
    where
        F: Future<Output = Result<(), AppError>>,
    {
        let mut pause = Duration::from_millis(50);
        let mut waited = Duration::ZERO;
        loop {
            match while_raced(&mut save).await {
                Err(AppError::Store(error)) if waited < SAVING && error.may_be_repeated() => {
                    tracing::warn!(%error, "what a third party gave is not saved yet");
                }
                result => return result,
            }
            tokio::time::sleep(pause).await;
            waited += pause;
            pause = (pause * 2).min(Duration::from_secs(2));
        }
    }

    /// Links the connection, or says why it can't be: found out in the transaction, so that nobody can come between.
    pub(crate) async fn save_success(
        &self,
        caller: &Caller,
        attempt: &AuthorizationRequest,
        integration: &Integration,
        granted: &Granted,
        // Who holds the attempt; nobody where the person has just chosen.
        by: Option<ReplicaId>,
    ) -> Result<(), AppError> {
        let authorize = Command::Authorize {
            third_party: granted.third_party.clone(),
            hold_back: false,
        };
        let mut link = self.change(
            caller,
            attempt.company,
            attempt.connection,
            integration,
            authorize,
        );
        let (client, connection) = (attempt.client, attempt.connection);
        let ends_grant = integration.revocation_ends_grant();
        let replaced = self
            .replaced(client, connection, &granted.held, ends_grant)
            .await?;
        link.credential = Some((granted.credential.clone(), replaced));
        let fail = self.change(
            caller,
            attempt.company,
            attempt.connection,
            integration,
            Command::Fail,
        );
        let input = (attempt.clone(), by, link, fail, granted.unwanted.clone());
        self.store()
            .write(
                "complete_authorization",
                input,
                |tx, (attempt, by, link, fail, unwanted)| {
                    Box::pin(async move {
                        let (client, id) = (attempt.client, attempt.id);
                        match attempt::find(tx, client, id).await?.map(|now| now.state) {
                            Some(AttemptState::Exchanging { by: holder, .. })
                                if Some(holder) == *by => {}
                            Some(AttemptState::Choosing) if by.is_none() => {}
                            // Saved already, by a commit whose answer was lost.
                            Some(AttemptState::Completed) => return Ok(()),
                            // Taken for dead and buried, or deleted: what the person was told stands.
                            Some(
                                AttemptState::Started
                                | AttemptState::Exchanging { .. }
                                | AttemptState::Choosing
                                | AttemptState::Failed(_)
                                | AttemptState::Expired,
                            )
                            | None => {
                                return unwanted.queue(tx).await;
                            }
                        }
                        match try_to_link(tx, attempt, link).await? {
                            Ok(()) => {
                                let over = AttemptState::Completed;
                                attempt::finish(tx, client, id, *by, &over).await?;
                                note(tx, attempt, Some(Outcome::Linked), "").await
                            }
                            Err(failed) => {
                                let failed = failed.revoking(unwanted.clone());
                                fail_in(tx, attempt, *by, fail, &failed).await
                            }
                        }
                    })
                },
            )
            .await
    }

    pub(crate) async fn save_failure(
        &self,
        caller: &Caller,
        attempt: &AuthorizationRequest,
        by: Option<ReplicaId>,
        integration: &Integration,
        failed: &Failed,
    ) -> Result<(), AppError> {
        let fail = self.change(
            caller,
            attempt.company,
            attempt.connection,
            integration,
            Command::Fail,
        );
        let input = (attempt.clone(), by, fail, failed.clone());
        self.store()
            .write(
                "fail_authorization",
                input,
                |tx, (attempt, by, fail, failed)| {
                    Box::pin(async move { fail_in(tx, attempt, *by, fail, failed).await })
                },
            )
            .await?;
        self.events_written().notify_one();
        Ok(())
    }
}
