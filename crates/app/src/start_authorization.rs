//! The person is sent to the third party.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use handclasp_ambient::random_bytes;
use handclasp_domain::{
    AttemptId, AttemptState, CallbackTurn, ClientId, CompanyId, ConnectionId, ConsentId, Id,
};
use handclasp_integrations::Values;
use handclasp_integrations::oauth2::Verifier;
use handclasp_store::attempt::{self, AuthorizationRequest};
use handclasp_store::connection;
use handclasp_store::consent::{self, Consent};
use handclasp_store::journey::{self, Parameters};
use handclasp_vault::Cell;
use serde::{Deserialize, Serialize};
use url::Url;
use zeroize::Zeroize;

use crate::choose_integration::another_active;
use crate::journeys::PageOf;
use crate::{App, AppError, Browser, Caller, Refusal};

/// Where an authorization is started from.
#[derive(Debug, Clone)]
pub enum Origin {
    /// A journey through Link, with the consent that the person just gave, and the page on which that was.
    Journey(ConsentGiven, PageOf),
    /// The connection's own address, with what that said. No consent, event or change comes of it.
    Direct(Parameters),
}

/// What the person accepted.
#[derive(Debug, Clone)]
pub struct ConsentGiven {
    /// The exact text that was shown.
    pub text: String,
    /// Its version.
    pub text_version: String,
    /// Its language.
    pub locale: String,
    /// What may be read, as it was shown.
    pub data_types: Vec<String>,
    /// Who asked, as it was shown.
    pub asked_by: String,
    /// The browser's user agent.
    pub user_agent: String,
}

/// An authorization to be started.
#[derive(Debug, Clone)]
pub struct StartAuthorization {
    /// The company.
    pub company: CompanyId,
    /// The connection.
    pub connection: ConnectionId,
    /// Where from.
    pub origin: Origin,
}

/// What an attempt keeps to itself. Sealed, and destroyed when the attempt is over.
#[derive(Serialize, Deserialize)]
pub(crate) struct AttemptSecrets {
    /// The random part of the OAuth `state`.
    pub(crate) state: String,
    /// The PKCE verifier.
    pub(crate) verifier: String,
    /// What is asked for. No secret, but what was asked is what the answer is measured by, whatever is set meanwhile.
    pub(crate) scopes: Vec<String>,
    /// What the person typed, as `person.<name>`.
    #[serde(default)]
    pub(crate) person: Values,
    /// What has to be known when they are back.
    #[serde(default)]
    pub(crate) kept: Values,
    /// Where they are sent.
    #[serde(default)]
    pub(crate) address: Option<String>,
    /// Whether all is known that is needed to go.
    #[serde(default)]
    pub(crate) is_prepared: bool,
}

impl Drop for AttemptSecrets {
    fn drop(&mut self) {
        self.state.zeroize();
        self.verifier.zeroize();
    }
}

/// 192 bits: nobody guesses a state.
const STATE_SECRET: usize = 24;

/// How long the attempt's id is in a state.
const STATE_ID: usize = 22;

/// The OAuth `state`: the attempt's id, so that it is found, and its secret, so that it is believed. It has letters, digits, hyphens
/// and underscores alone: some third parties clean what they bring back of everything else.
pub(crate) fn state_text(id: AttemptId, secrets: &AttemptSecrets) -> String {
    format!(
        "{}{}",
        URL_SAFE_NO_PAD.encode(id.uuid().as_bytes()),
        secrets.state
    )
}

/// Takes a `state` apart.
pub(crate) fn parse_state(text: &str) -> Option<(AttemptId, &str)> {
    let (id, secret) = text.split_at_checked(STATE_ID)?;
    let mut bytes = [0; 16];
    let length = URL_SAFE_NO_PAD.decode_slice(id, &mut bytes).ok()?;
    (length == bytes.len()).then(|| (AttemptId::from_uuid(uuid::Uuid::from_bytes(bytes)), secret))
}

pub(crate) fn secrets_cell(client: ClientId, id: AttemptId) -> Cell {
    Cell {
        client: Some(client),
        table: "authorization_request",
        row: id.uuid(),
        column: "sealed",
    }
}

impl App {
    /// Starts an authorization: from here on the browser has an attempt, whose address is
    /// [`App::authorization_url`].
    pub async fn start_authorization(
        &self,
        caller: &Caller,
        browser: Browser,
        start: StartAuthorization,
    ) -> Result<AuthorizationRequest, AppError> {
        let client = caller.client;
        let found = self
            .connection(client, start.company, start.connection)
            .await?
            .connection;
        let integration = self.integration(found.platform_key)?.clone();
        let setting = self.check_enabled(client, &integration).await?;
        let id: AttemptId = self.id();
        let secrets = AttemptSecrets {
            state: URL_SAFE_NO_PAD.encode(random_bytes::<STATE_SECRET>(&**self.random())),
            verifier: Verifier::draw(&**self.random()).secret().expose().clone(),
            scopes: setting
                .and_then(|setting| setting.scopes)
                .unwrap_or_else(|| integration.scopes().to_vec()),
            person: Values::default(),
            kept: Values::default(),
            address: None,
            is_prepared: false,
        };
        let now = self.now();
        let (parameters, journey) = match start.origin {
            Origin::Direct(parameters) => (parameters, None),
            Origin::Journey(given, page) => {
                let beginning = self.beginning(client, start.company, browser, page);
                let consent = self.consent(caller, &found, given);
                (Parameters::default(), Some((beginning, consent)))
            }
        };
        let new = AuthorizationRequest {
            client,
            id,
            company: start.company,
            connection: start.connection,
            platform_key: found.platform_key,
            journey: None,
            browser: browser.0,
            parameters,
            sealed: self
                .vault()
                .seal_json(&secrets_cell(client, id), &secrets)
                .map_err(|_| AppError::Internal("an attempt's secrets can't be sealed"))?,
            state: AttemptState::Started,
            created: now,
        };
        self.store()
            .write(
                "start_authorization",
                (self.clone(), integration, new, journey),
                |tx, (app, integration, new, journey)| {
                    Box::pin(async move {
                        let (client, company) = (new.client, new.company);
                        let there = connection::of_company(tx, client, company).await?;
                        let Some(wanted) = there.iter().find(|held| held.id == new.connection)
                        else {
                            return Err(AppError::NotFound("connection"));
                        };
                        if let Some(active) = another_active(&there, wanted) {
                            return Err(Refusal::AnotherActive(active).into());
                        }
                        let mut new = new.clone();
                        if let Some((beginning, consent)) = journey {
                            let journey = beginning.journey(tx).await?;
                            if !app.is_shown(integration, &journey.parameters) {
                                return Err(Refusal::NotEnabled.into());
                            }
                            new.journey = Some(journey.id);
                            // The rest is the journey's to know; this one goes to the third party.
                            new.parameters
                                .sandbox_scenario
                                .clone_from(&journey.parameters.sandbox_scenario);
                            consent::insert(tx, consent).await?;
                            journey::acted(tx, client, journey.id, new.connection, None, "")
                                .await?;
                        }
                        attempt::insert(tx, &new).await?;
                        Ok(new)
                    })
                },
            )
            .await
    }

    fn consent(
        &self,
        caller: &Caller,
        connection: &handclasp_domain::Connection,
        given: ConsentGiven,
    ) -> Consent {
        let client = caller.client;
        let mac = |what: &str, value: &str| {
            let client = client.uuid();
            self.secrets()
                .consents
                .mac(&[client.as_bytes(), what.as_bytes(), value.as_bytes()])
        };
        Consent {
            client,
            company: connection.company,
            id: self.logged_id::<ConsentId>(),
            connection: connection.id,
            platform_key: connection.platform_key,
            text: given.text,
            text_version: given.text_version,
            locale: given.locale,
            data_types: given.data_types,
            asked_by: given.asked_by,
            address_mac: mac("address", caller.address.as_deref().unwrap_or_default()),
            user_agent_mac: mac("user agent", &given.user_agent),
            at: self.now(),
            // What the text says: it lasts until the person ends it.
            expires_at: None,
        }
    }

    /// Finds an attempt that this browser started for this company.
    pub async fn attempt(
        &self,
        client: ClientId,
        company: CompanyId,
        id: AttemptId,
        browser: Browser,
    ) -> Result<AuthorizationRequest, AppError> {
        attempt::find(&mut self.store(), client, id)
            .await?
            .filter(|found| found.browser == browser.0 && found.company == company)
            .ok_or(AppError::NotFound("attempt"))
    }

    /// The address at the third party to which an attempt leads; none once the attempt is past its start or has run out, and before
    /// [`App::prepare`] knew it.
    pub fn authorization_url(
        &self,
        attempt: &AuthorizationRequest,
    ) -> Result<Option<Url>, AppError> {
        let turn = attempt.state.on_callback(attempt.created, self.now());
        if turn != CallbackTurn::Take {
            return Ok(None);
        }
        let secrets = self.attempt_secrets(attempt)?;
        let address = secrets.address.as_deref().map(Url::parse).transpose();
        address.map_err(|_| AppError::Internal("an attempt leads nowhere"))
    }

    pub(crate) fn attempt_secrets(
        &self,
        attempt: &AuthorizationRequest,
    ) -> Result<AttemptSecrets, AppError> {
        self.vault()
            .open_json(&secrets_cell(attempt.client, attempt.id), &attempt.sealed)
            .map_err(|_| AppError::Internal("an attempt's secrets can't be opened"))
    }
}

#[cfg(test)]
mod tests {
    use handclasp_ambient::{SeededRandom, new_id};

    use super::*;

    #[test]
    fn a_state_reads_back() {
        let id = new_id(&SeededRandom::new(3));
        let secrets = AttemptSecrets {
            state: "s".repeat(32),
            verifier: String::new(),
            scopes: Vec::new(),
            person: Values::default(),
            kept: Values::default(),
            address: None,
            is_prepared: false,
        };
        let text = state_text(id, &secrets);
        assert_eq!(parse_state(&text), Some((id, secrets.state.as_str())));
        for bad in ["", ".", "AAAA.x", "no-dot", &format!("A{text}")] {
            assert_eq!(parse_state(bad), None, "{bad}");
        }
    }
}
