//! The calls to the third party once a person is back, or has typed what is needed. No transaction is open.

use std::sync::Arc;

use handclasp_domain::{FailureKind, Secret, ThirdParty, Timestamp};
use handclasp_integrations::oauth2::{GrantedScopes, Verifier};
use handclasp_integrations::provider::{Deadline, ProviderFailure};
use handclasp_integrations::{
    Begin, CallbackQuery, Client, FoundAccount, Held, Integration, Values,
};
use handclasp_store::attempt::AuthorizationRequest;
use handclasp_store::connection;
use handclasp_store::credential::SealedCredential;
use serde::{Deserialize, Serialize};

use super::outcome::{Failed, Granted};
use crate::credentials::Unwanted;
use crate::refresh::Life;
use crate::start_authorization::{AttemptSecrets, secrets_cell, state_text};
use crate::{App, AppError, Refusal};

/// What an exchange comes to.
pub(super) enum Exchanged {
    /// It is known which company was connected.
    Granted(Box<Granted>),
    /// There are several: the person says which. What was found, sealed, and the tokens for the revocation queue.
    Several(Vec<u8>, Unwanted),
}

/// What is kept while the person chooses. Sealed in the attempt's own cell. Fields may be added, never renamed or taken away.
#[derive(Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Choice {
    pub(crate) held: Held,
    pub(crate) scopes: String,
    /// When the access token ends, in microseconds since 1970.
    pub(crate) expires_at: Option<i64>,
    /// When the refresh token does.
    #[serde(default)]
    pub(crate) lapses_at: Option<i64>,
    pub(crate) accounts: Vec<Account>,
}

/// A company to choose.
#[derive(Serialize, Deserialize)]
pub(crate) struct Account {
    pub(crate) id: String,
    pub(crate) name: String,
    pub(crate) values: Values,
}

impl App {
    /// Fetches what the person allowed, and asks who it is.
    pub(super) async fn exchange(
        &self,
        attempt: &AuthorizationRequest,
        integration: &Arc<Integration>,
        query: Option<&CallbackQuery>,
    ) -> Result<Result<Exchanged, Failed>, AppError> {
        let client = match self.third_party(attempt.client, integration).await {
            Ok(client) => client,
            // Taken away while the person was at the third party.
            Err(AppError::Refused(Refusal::NeedsCredentials(needs))) => {
                tracing::warn!(attempt = %attempt.id, integration = %integration.key, %needs, "an authorization failed");
                return Ok(Err(Failed::because(FailureKind::NotSetUp, 409)));
            }
            Err(error) => return Err(error),
        };
        let secrets = self.attempt_secrets(attempt)?;
        let deadline = Deadline::start();
        let failed = |failure: ProviderFailure| {
            tracing::warn!(attempt = %attempt.id, integration = %integration.key, %failure, "an authorization failed");
            Failed::because(failure.kind(), failure.status_code()).saying(failure.status_text())
        };
        let granted = match query {
            Some(query) => {
                self.by_callback(attempt, &client, &secrets, query, deadline)
                    .await?
            }
            None => {
                let calls = self.calls(deadline);
                client
                    .grant(&calls, &secrets.scopes, &secrets.person)
                    .await
                    .map_err(&failed)
            }
        };
        let granted = match granted {
            Ok(granted) => granted,
            Err(failed) => return Ok(Err(failed)),
        };
        let now = self.now();
        // Sealed at once: whatever stops the authorization from here on, these tokens are revoked.
        let unwanted = self.unwanted(attempt, integration, &granted.held)?;
        if let GrantedScopes::TooFew { missing, .. } = &granted.scopes {
            tracing::warn!(attempt = %attempt.id, ?missing, "too little was allowed");
            let failed = Failed::because(FailureKind::TooFewScopes, 403);
            return Ok(Err(failed.revoking(unwanted)));
        }
        let accounts = match client.accounts(&self.calls(deadline), &granted.held).await {
            Ok(accounts) => accounts,
            Err(failure) => return Ok(Err(failed(failure).revoking(unwanted))),
        };
        if integration.account.is_some() && accounts.is_empty() {
            tracing::warn!(attempt = %attempt.id, "there is no company to connect");
            let failed = Failed::because(FailureKind::NoCompany, 404);
            return Ok(Err(failed.revoking(unwanted)));
        }
        let life = Life::of(&granted, now);
        let choice = Choice {
            scopes: granted.scopes.granted().join(" "),
            expires_at: life.expires_at.map(Timestamp::as_micros),
            lapses_at: life.lapses_at.map(Timestamp::as_micros),
            held: granted.held,
            accounts: accounts.into_iter().map(Account::from).collect(),
        };
        match self.chosen(attempt, &choice).await? {
            Chosen::Nobody => Ok(Ok(Exchanged::Granted(Box::new(self.granted(
                attempt,
                integration,
                &choice,
                None,
            )?)))),
            Chosen::One(index) => {
                let account = choice.accounts.get(index);
                Ok(Ok(Exchanged::Granted(Box::new(self.granted(
                    attempt,
                    integration,
                    &choice,
                    account,
                )?))))
            }
            Chosen::Open => {
                let sealed = self
                    .vault()
                    .seal_json(&secrets_cell(attempt.client, attempt.id), &choice)
                    .map_err(|_| AppError::Internal("a choice can't be sealed"))?;
                Ok(Ok(Exchanged::Several(sealed, unwanted)))
            }
        }
    }

    async fn by_callback(
        &self,
        attempt: &AuthorizationRequest,
        client: &Client,
        secrets: &AttemptSecrets,
        query: &CallbackQuery,
        deadline: Deadline,
    ) -> Result<Result<handclasp_integrations::Granted, Failed>, AppError> {
        let mut kept = secrets.person.clone();
        kept.extend(&secrets.kept);
        let answer = match client.read_callback(query, &kept) {
            Ok(answer) => answer,
            Err(refused) => {
                tracing::info!(attempt = %attempt.id, ?refused, "a callback that brings nothing");
                let failed = Failed::because(refused.kind(), refused.status_code());
                return Ok(Err(failed.saying(refused.status_text())));
            }
        };
        let begin = Begin {
            redirect_uri: &self.redirect_uri(attempt.client, attempt.platform_key)?,
            state: &state_text(attempt.id, secrets),
            verifier: &Verifier::from_stored(Secret::new(secrets.verifier.clone())),
            nonce: None,
            scopes: &secrets.scopes,
            person: &secrets.person,
        };
        let calls = self.calls(deadline);
        let granted = client.complete(&calls, &begin, &kept, &answer).await;
        Ok(granted.map_err(|failure| {
            tracing::warn!(attempt = %attempt.id, integration = %attempt.platform_key, %failure, "an authorization failed");
            Failed::because(failure.kind(), failure.status_code()).saying(failure.status_text())
        }))
    }

    /// Which company is meant, where nobody has to be asked: the only one, or the one that the connection holds already.
    async fn chosen(
        &self,
        attempt: &AuthorizationRequest,
        choice: &Choice,
    ) -> Result<Chosen, AppError> {
        match choice.accounts.len() {
            0 => return Ok(Chosen::Nobody),
            1 => return Ok(Chosen::One(0)),
            _ => {}
        }
        let there =
            connection::of_company(&mut self.store(), attempt.client, attempt.company).await?;
        let held = there.iter().find(|held| held.id == attempt.connection);
        let held = held.and_then(|held| held.third_party.as_ref());
        let index = held.and_then(|held| choice.accounts.iter().position(|one| one.id == held.id));
        Ok(index.map_or(Chosen::Open, Chosen::One))
    }

    /// What becomes the connection's, with this company.
    pub(crate) fn granted(
        &self,
        attempt: &AuthorizationRequest,
        integration: &Integration,
        choice: &Choice,
        account: Option<&Account>,
    ) -> Result<Granted, AppError> {
        let now = self.now();
        let mut held = choice.held.clone();
        if let Some(account) = account {
            held.values.extend(&account.values);
        }
        let life = Life {
            expires_at: choice.expires_at.map(Timestamp::from_micros),
            lapses_at: choice.lapses_at.map(Timestamp::from_micros),
        };
        let renewable = integration.is_renewable(&held);
        Ok(Granted {
            third_party: account.map(|account| ThirdParty {
                id: account.id.clone(),
                name: account.name.clone(),
            }),
            credential: SealedCredential {
                client: attempt.client,
                connection: attempt.connection,
                company: attempt.company,
                platform_key: attempt.platform_key,
                sealed: self.seal_held(attempt.client, attempt.connection, &held)?,
                scopes: choice.scopes.clone(),
                expires_at: life.expires_at,
                lapses_at: life.lapses_at,
                due_at: life.due_at(now, renewable, &**self.random()),
                failures: 0,
                claim: None,
                updated: now,
                version: now.as_micros(),
            },
            unwanted: self.unwanted(attempt, integration, &held)?,
            held,
        })
    }
}

/// Which company is meant.
enum Chosen {
    /// There is none to be known.
    Nobody,
    /// This one.
    One(usize),
    /// The person has to say.
    Open,
}

impl From<FoundAccount> for Account {
    fn from(found: FoundAccount) -> Self {
        Self {
            id: found.id,
            name: found.name,
            values: found.values,
        }
    }
}
