//! What a person types before, or instead of, going to the third party.

use std::collections::BTreeMap;

use handclasp_domain::{AttemptState, CallbackTurn, Secret};
use handclasp_integrations::oauth2::Verifier;
use handclasp_integrations::provider::{Deadline, ProviderFailure};
use handclasp_integrations::{Begin, FieldProblem, PersonField, Values};
use handclasp_store::attempt::{self, AuthorizationRequest};
use tracing::Instrument;
use url::Url;

use crate::callback::Failed;
use crate::start_authorization::{AttemptSecrets, secrets_cell, state_text};
use crate::{App, AppError, Caller, while_raced};

/// What comes of what a person typed.
#[derive(Debug, Clone)]
pub enum Prepared {
    /// They can go to the third party, at this address: [`App::authorization_url`] has it from now on.
    Go(Url),
    /// It is over already, or being looked at: show the result.
    Result,
    /// Some of it can't be right, by the fields' names.
    Mistakes(BTreeMap<String, FieldProblem>),
}

impl App {
    /// What the person is asked for; nothing where nothing is, or it is known already.
    pub fn asked_fields(
        &self,
        attempt: &AuthorizationRequest,
    ) -> Result<Vec<PersonField>, AppError> {
        if attempt.state != AttemptState::Started || self.attempt_secrets(attempt)?.is_prepared {
            return Ok(Vec::new());
        }
        Ok(self.integration(attempt.platform_key)?.person.clone())
    }

    /// Takes what a person typed, by the fields' names, and goes as far as can be gone without them.
    pub async fn prepare(
        &self,
        caller: &Caller,
        attempt: &AuthorizationRequest,
        typed: &BTreeMap<String, String>,
    ) -> Result<Prepared, AppError> {
        let turn = attempt.state.on_callback(attempt.created, self.now());
        if turn != CallbackTurn::Take {
            return Ok(Prepared::Result);
        }
        let integration = self.integration(attempt.platform_key)?.clone();
        let mut person = Values::default();
        let mut mistakes = BTreeMap::new();
        for field in &integration.person {
            let text = typed.get(&field.name).map_or("", String::as_str);
            match field.read(text) {
                Ok(Some(value)) => person.set(format!("person.{}", field.name), value),
                Ok(None) => {}
                Err(problem) => {
                    mistakes.insert(field.name.clone(), problem);
                }
            }
        }
        if !mistakes.is_empty() {
            return Ok(Prepared::Mistakes(mistakes));
        }
        let mut secrets = self.attempt_secrets(attempt)?;
        secrets.person = person;
        secrets.is_prepared = true;
        if !integration.auth.leaves() {
            return self.grant(caller, attempt, secrets).await;
        }
        match self.begin(attempt, &secrets).await? {
            Ok(begun) => {
                secrets.address = Some(begun.address.to_string());
                secrets.kept = begun.kept;
                self.save_secrets(attempt, &secrets).await?;
                Ok(Prepared::Go(begun.address))
            }
            Err(failure) => {
                let failed = Failed::because(failure.kind(), failure.status_code())
                    .saying(failure.status_text());
                self.fail_before(caller, attempt, &failed).await?;
                Ok(Prepared::Result)
            }
        }
    }

    /// Where the person is sent. May call the third party.
    async fn begin(
        &self,
        attempt: &AuthorizationRequest,
        secrets: &AttemptSecrets,
    ) -> Result<Result<handclasp_integrations::Begun, ProviderFailure>, AppError> {
        let integration = self.integration(attempt.platform_key)?;
        let client = self.third_party(attempt.client, integration).await?;
        let begin = Begin {
            redirect_uri: &self.redirect_uri(attempt.client, attempt.platform_key)?,
            state: &state_text(attempt.id, secrets),
            verifier: &Verifier::from_stored(Secret::new(secrets.verifier.clone())),
            nonce: None,
            scopes: &secrets.scopes,
            person: &secrets.person,
        };
        let begun = client.begin(&self.calls(Deadline::start()), &begin).await;
        if let Err(failure) = &begun {
            tracing::warn!(attempt = %attempt.id, integration = %integration.key, %failure, "an authorization could not begin");
        }
        Ok(begun)
    }

    /// Connects with what was typed alone: in a task, as after a callback.
    async fn grant(
        &self,
        caller: &Caller,
        attempt: &AuthorizationRequest,
        secrets: AttemptSecrets,
    ) -> Result<Prepared, AppError> {
        let mut attempt = attempt.clone();
        attempt.sealed = self.save_secrets(&attempt, &secrets).await?;
        let (app, caller) = (self.clone(), caller.clone());
        let work = async move {
            if !app.take(&attempt).await? {
                return Ok(());
            }
            let result = app.complete(&caller, &attempt, None).await;
            app.attempts_finished().notify_waiters();
            result
        };
        match self.tasks().spawn(work.in_current_span()).await {
            Ok(Ok(())) => Ok(Prepared::Result),
            Ok(Err(error)) => Err(error),
            Err(_) => Err(AppError::Internal("the check ended before its end")),
        }
    }

    /// Saves a failure before anybody was sent anywhere.
    async fn fail_before(
        &self,
        caller: &Caller,
        attempt: &AuthorizationRequest,
        failed: &Failed,
    ) -> Result<(), AppError> {
        if !self.take(attempt).await? {
            return Ok(());
        }
        let integration = self.integration(attempt.platform_key)?.clone();
        let by = Some(self.replica());
        while_raced(|| self.save_failure(caller, attempt, by, &integration, failed)).await
    }

    /// Seals an attempt's secrets anew. An attempt that is past its start keeps what it has.
    async fn save_secrets(
        &self,
        attempt: &AuthorizationRequest,
        secrets: &AttemptSecrets,
    ) -> Result<Vec<u8>, AppError> {
        let sealed = self
            .vault()
            .seal_json(&secrets_cell(attempt.client, attempt.id), secrets)
            .map_err(|_| AppError::Internal("an attempt's secrets can't be sealed"))?;
        let input = (attempt.client, attempt.id, sealed.clone());
        self.store()
            .write("prepare_attempt", input, |tx, (client, id, sealed)| {
                Box::pin(async move {
                    Ok::<_, AppError>(attempt::prepare(tx, *client, *id, sealed).await?)
                })
            })
            .await?;
        Ok(sealed)
    }

    /// Whether an attempt that has just been started needs nothing but that the person goes.
    pub async fn go_on(
        &self,
        caller: &Caller,
        attempt: &AuthorizationRequest,
    ) -> Result<Option<Prepared>, AppError> {
        let integration = self.integration(attempt.platform_key)?;
        if !integration.person.is_empty() {
            return Ok(None);
        }
        self.prepare(caller, attempt, &BTreeMap::new())
            .await
            .map(Some)
    }
}
