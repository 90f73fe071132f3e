//! An integration together with what was entered for it: what every step of every protocol goes through.

use std::sync::Arc;
use std::time::Duration;

use handclasp_ambient::Random;
use handclasp_domain::{Secret, Timestamp};
use handclasp_outbound::{Outbound, Request};
use serde_json::Value;
use url::Url;

use crate::account::{BEFORE_MOST, FoundAccount, MOST, entries, kept};
use crate::call::{Call, CallAuthorization};
use crate::callback::{CallbackAnswer, CallbackQuery, Expected, RefusedCallback};
use crate::declared_error::{self, ErrorMeaning};
use crate::endpoint::SANDBOX;
use crate::fields::add_data;
use crate::held::Held;
use crate::integration::{Auth, Integration};
use crate::oauth2::{GrantedScopes, RevocationWay, Verifier};
use crate::provider::{Deadline, ProviderFailure, judge, judge_value, send, unintelligible};
use crate::registration::{ChangedEndpoints, Registration};
use crate::template::{Template, Unfilled};
use crate::values::Values;

/// What calls are made with.
#[derive(Clone, Copy)]
pub struct Calls<'a> {
    /// The guarded client.
    pub outbound: &'a Outbound,
    /// By when all of it has to be done.
    pub deadline: Deadline,
    /// The present, for what is signed.
    pub now: Timestamp,
    /// Where nonces come from.
    pub random: &'a dyn Random,
}

/// What one authorization is about.
#[derive(Debug, Clone, Copy)]
pub struct Begin<'a> {
    /// Where the person is to be sent back: one address per client and integration, registered there.
    pub redirect_uri: &'a Url,
    /// The single-use value that ties the answer to this request.
    pub state: &'a str,
    /// The request's proof key. Its challenge goes along where the third party takes one.
    pub verifier: &'a Verifier,
    /// Ties an ID token to this request (OpenID Connect Core, 3.1.2.1), where one is asked for.
    pub nonce: Option<&'a str>,
    /// What to ask for: the declaration's scopes, or the client's own.
    pub scopes: &'a [String],
    /// What the person typed, as `person.<name>`.
    pub person: &'a Values,
}

/// A person can be sent off.
#[derive(Debug, Clone)]
pub struct Begun {
    /// Where to.
    pub address: Url,
    /// What has to be known when they are back. Some of it is secret.
    pub kept: Values,
}

/// What the third party gave.
#[derive(Debug, Clone)]
pub struct Granted {
    /// What the connection holds from now on.
    pub held: Held,
    /// How long the access token lasts from now on. None where nobody knows: it is then used until it is refused.
    pub expires_in: Option<Duration>,
    /// How long the refresh token lasts from now on, where that is known.
    pub refresh_expires_in: Option<Duration>,
    /// What the person allowed.
    pub scopes: GrantedScopes,
    /// An ID token, not yet verified.
    pub id_token: Option<Secret<String>>,
}

/// What became of a revocation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Revocation {
    /// Access has ended.
    Done,
    /// The third party has no way for that; access ends when it ends.
    NotOffered,
}

/// Why there is no fresh access token.
#[derive(Debug, Clone, thiserror::Error)]
pub enum RefreshFailure {
    /// The integration has no refresh tokens.
    #[error("the integration has no refresh tokens")]
    NotOffered,
    /// The third party did not give one.
    #[error(transparent)]
    Provider(#[from] ProviderFailure),
}

/// An integration together with the registration for it. There is no other way to its endpoints with a secret in hand, so none can go
/// to changed ones.
#[derive(Debug, Clone)]
pub struct Client {
    pub(crate) integration: Arc<Integration>,
    pub(crate) registration: Registration,
}

impl Client {
    /// Puts the two together.
    ///
    /// # Errors
    /// [`ChangedEndpoints`] where the registration was entered for other endpoints.
    pub fn new(
        integration: Arc<Integration>,
        registration: Registration,
    ) -> Result<Self, ChangedEndpoints> {
        if integration.fingerprint() != registration.bound_to() {
            return Err(ChangedEndpoints);
        }
        Ok(Self {
            integration,
            registration,
        })
    }

    /// The integration.
    pub fn integration(&self) -> &Integration {
        &self.integration
    }

    /// All that is known: what a connection holds, what the operator entered, and what follows from choices.
    pub(crate) fn known(&self, own: &Values) -> Values {
        let mut values = own.clone();
        values.set(SANDBOX, self.integration.origins.sandbox());
        for (name, value) in self.registration.values() {
            values.set(format!("operator.{name}"), value.expose().clone());
        }
        for field in &self.integration.operator {
            add_data("operator", &field.name, &field.options, &mut values);
        }
        for field in &self.integration.person {
            add_data("person", &field.name, &field.options, &mut values);
        }
        for (name, value) in self.callback_values().into_iter().flatten() {
            add_data("callback", name, &value.options, &mut values);
        }
        values
    }

    fn callback_values(
        &self,
    ) -> Option<&std::collections::BTreeMap<String, crate::oauth2::CallbackValue>> {
        match &self.integration.auth {
            Auth::OAuth2Code(code) => Some(&code.callback_values),
            Auth::OAuth1(declared) => Some(&declared.callback_values),
            Auth::TokenLink(declared) => Some(&declared.callback_values),
            Auth::ClientCredentials(_)
            | Auth::Credentials
            | Auth::Delivery(_)
            | Auth::FileUpload => None,
        }
    }

    /// The client id and secret, as the operator entered them or the person did; empty where there is none.
    pub(crate) fn id_and_secret(&self, known: &Values) -> (String, Secret<String>) {
        let (id, secret) = match &self.integration.auth {
            Auth::OAuth2Code(declared) => (&declared.client_id, &None),
            Auth::ClientCredentials(declared) => (&declared.client_id, &declared.client_secret),
            Auth::OAuth1(_)
            | Auth::Credentials
            | Auth::TokenLink(_)
            | Auth::Delivery(_)
            | Auth::FileUpload => (&None, &None),
        };
        let get = |template: &Option<Template>, name: &str| match template {
            Some(template) => template.fill(known).unwrap_or_default(),
            None => known.get(name).unwrap_or_default().to_owned(),
        };
        (
            get(id, "operator.client_id"),
            Secret::new(get(secret, "operator.client_secret")),
        )
    }

    /// Where a person is sent. Makes calls for some kinds of authorization.
    ///
    /// # Errors
    /// [`ProviderFailure`]; [`Unfilled`] within it where a field is missing.
    pub async fn begin(
        &self,
        calls: &Calls<'_>,
        begin: &Begin<'_>,
    ) -> Result<Begun, ProviderFailure> {
        match &self.integration.auth {
            Auth::OAuth2Code(declared) => Ok(Begun {
                address: self.authorization_url(declared, begin)?,
                kept: Values::default(),
            }),
            Auth::OAuth1(declared) => self.request_token(declared, calls, begin).await,
            Auth::TokenLink(declared) => self.make_link(declared, calls, begin).await,
            Auth::Delivery(declared) => Ok(self.delivery_address(declared, begin)?),
            // Nobody is sent anywhere: it is granted at once.
            Auth::ClientCredentials(_) | Auth::Credentials | Auth::FileUpload => {
                Err(Unfilled::NoAddress.into())
            }
        }
    }

    /// What a callback brings. `kept` is what [`Client::begin`] gave, and what the person typed.
    ///
    /// # Errors
    /// [`RefusedCallback`] where it brings nothing that can be used.
    pub fn read_callback(
        &self,
        query: &CallbackQuery,
        kept: &Values,
    ) -> Result<CallbackAnswer, RefusedCallback> {
        let known = self.known(kept);
        let (_, secret) = self.id_and_secret(&known);
        let none = std::collections::BTreeMap::new();
        let mut expected = Expected {
            code: None,
            issuer: None,
            signature: None,
            values: self.callback_values().unwrap_or(&none),
        };
        match &self.integration.auth {
            Auth::OAuth2Code(declared) => {
                expected.code = Some(&declared.code_parameter);
                expected.issuer = declared.issuer.as_ref();
                expected.signature = declared
                    .callback_signature
                    .as_ref()
                    .map(|signature| (signature, &secret));
            }
            Auth::OAuth1(_) => {
                crate::oauth1::check_request(query, kept)?;
                expected.code = Some("oauth_verifier");
            }
            Auth::Delivery(declared) => Self::check_delivered(declared, query, kept)?,
            Auth::TokenLink(_)
            | Auth::ClientCredentials(_)
            | Auth::Credentials
            | Auth::FileUpload => {}
        }
        query.outcome(&expected, &known)
    }

    /// Fetches what the person allowed. To be called once for a callback, in a task that outlives the person's request. `kept` is as
    /// for [`Client::read_callback`].
    ///
    /// # Errors
    /// [`ProviderFailure`]. The code may be used up even so.
    pub async fn complete(
        &self,
        calls: &Calls<'_>,
        begin: &Begin<'_>,
        kept: &Values,
        answer: &CallbackAnswer,
    ) -> Result<Granted, ProviderFailure> {
        let mut own = begin.person.clone();
        own.extend(&answer.values);
        match &self.integration.auth {
            Auth::OAuth2Code(declared) => {
                let code = answer
                    .code
                    .clone()
                    .unwrap_or_else(|| Secret::new(String::new()));
                self.exchange(declared, calls, begin, &code, own).await
            }
            Auth::OAuth1(declared) => {
                let verifier = answer
                    .code
                    .clone()
                    .unwrap_or_else(|| Secret::new(String::new()));
                self.access_token(declared, calls, kept, &verifier, own)
                    .await
            }
            Auth::TokenLink(declared) => {
                let mut own = own;
                own.extend(kept);
                self.take_link(declared, calls, own).await
            }
            Auth::Delivery(_) => {
                own.extend(kept);
                Ok(self.delivered(begin, &own))
            }
            Auth::ClientCredentials(_) | Auth::Credentials | Auth::FileUpload => {
                Err(Unfilled::NoAddress.into())
            }
        }
    }

    /// What is granted without sending a person anywhere: with what they typed, or the operator entered.
    ///
    /// # Errors
    /// [`ProviderFailure`].
    pub async fn grant(
        &self,
        calls: &Calls<'_>,
        scopes: &[String],
        person: &Values,
    ) -> Result<Granted, ProviderFailure> {
        match &self.integration.auth {
            Auth::ClientCredentials(declared) => {
                self.client_credentials(declared, calls, scopes, person.clone())
                    .await
            }
            // The call that learns who it is checks it, too.
            Auth::Credentials | Auth::FileUpload => Ok(Granted {
                held: Held {
                    access_token: String::new(),
                    refresh_token: None,
                    token_type: String::new(),
                    token_secret: None,
                    values: person.clone(),
                },
                expires_in: None,
                refresh_expires_in: None,
                scopes: GrantedScopes::Enough(Vec::new()),
                id_token: None,
            }),
            Auth::OAuth2Code(_) | Auth::OAuth1(_) | Auth::TokenLink(_) | Auth::Delivery(_) => {
                Err(Unfilled::NoAddress.into())
            }
        }
    }

    /// Asks which companies an authorization reaches. Empty where the declaration knows no way to learn it.
    ///
    /// # Errors
    /// [`ProviderFailure`]; [`crate::provider::Unintelligible::NoIdentity`] where an id is not at its place. A missing name is no
    /// error, and comes as an empty text.
    pub async fn accounts(
        &self,
        calls: &Calls<'_>,
        held: &Held,
    ) -> Result<Vec<FoundAccount>, ProviderFailure> {
        let Some(account) = &self.integration.account else {
            return Ok(Vec::new());
        };
        let mut befores = vec![held.values.clone()];
        if let Some(before) = &account.before {
            let (answer, response) = self
                .ask("account", &before.call, calls, held, &held.values)
                .await?;
            befores.clear();
            let list = entries(&answer, before.list.as_deref())
                .map_err(|why| unintelligible(&response, why))?;
            for entry in list.into_iter().take(BEFORE_MOST) {
                let mut values = held.values.clone();
                let known = self.known(&values);
                let kept = kept(&before.keep, entry, &known)
                    .map_err(|why| unintelligible(&response, why))?;
                values.extend(&kept);
                befores.push(values);
            }
        }
        let mut found = Vec::new();
        for values in befores {
            let known = self.known(&values);
            let Some(call) = &account.call else {
                let nothing = Value::Null;
                let one = account.one(&nothing, &known);
                found.push(
                    one.map_err(|why| ProviderFailure::Unintelligible { status: None, why })?,
                );
                continue;
            };
            let (answer, response) = self.ask("account", call, calls, held, &values).await?;
            let list = account.companies(&answer);
            for entry in list.map_err(|why| unintelligible(&response, why))? {
                let one = account.one(entry, &known);
                found.push(one.map_err(|why| unintelligible(&response, why))?);
            }
        }
        found.truncate(MOST);
        Ok(found)
    }

    /// Fetches a fresh access token (RFC 6749, 6). At most one refresh of a connection may be under way, and a new refresh token
    /// must be stored before the access token is used. `granted` is what the person allowed, which stands where
    /// the answer says nothing.
    ///
    /// # Errors
    /// [`RefreshFailure`].
    pub async fn refresh(
        &self,
        calls: &Calls<'_>,
        held: &Held,
        redirect_uri: &Url,
        granted: &[String],
    ) -> Result<Granted, RefreshFailure> {
        match &self.integration.auth {
            Auth::OAuth2Code(declared) => {
                self.refresh_token(&declared.token, calls, held, redirect_uri, granted)
                    .await
            }
            // There is no refresh token: another is asked for as the first was.
            Auth::ClientCredentials(declared) => Ok(self
                .client_credentials(declared, calls, granted, held.values.clone())
                .await?),
            Auth::OAuth1(_)
            | Auth::Credentials
            | Auth::TokenLink(_)
            | Auth::Delivery(_)
            | Auth::FileUpload => Err(RefreshFailure::NotOffered),
        }
    }

    /// Ends access at the third party. What is ended already counts as done.
    ///
    /// # Errors
    /// [`ProviderFailure`]; a transient one is to be tried again later.
    pub async fn revoke(
        &self,
        calls: &Calls<'_>,
        held: &Held,
    ) -> Result<Revocation, ProviderFailure> {
        let way = match &self.integration.auth {
            Auth::OAuth2Code(declared) => &declared.token.revocation,
            Auth::ClientCredentials(declared) => &declared.token.revocation,
            Auth::OAuth1(declared) => &declared.revocation,
            Auth::TokenLink(declared) => &declared.revocation,
            Auth::Credentials | Auth::Delivery(_) | Auth::FileUpload => {
                return Ok(Revocation::NotOffered);
            }
        };
        let request = match way {
            RevocationWay::None => return Ok(Revocation::NotOffered),
            RevocationWay::Rfc7009 { endpoint, token } => {
                self.rfc7009(endpoint, *token, calls, held)?
            }
            RevocationWay::Call(call) => return self.end(call, calls, held).await,
        };
        let answer = send(calls.outbound, calls.deadline, request).await?;
        // Nobody looks into the body of a success (RFC 7009, 2.2).
        if answer.status.is_success() {
            return Ok(Revocation::Done);
        }
        match judge(&answer) {
            Ok(_) => Err(unintelligible(
                &answer,
                crate::provider::Unintelligible::Status,
            )),
            Err(failure) if is_already_done(&failure) => Ok(Revocation::Done),
            Err(failure) => Err(failure),
        }
    }

    /// Ends at the third party what a connection holds, and no more of what the person allowed where the third party tells these apart.
    ///
    /// # Errors
    /// [`ProviderFailure`], as of [`Client::revoke`].
    pub async fn disconnect(
        &self,
        calls: &Calls<'_>,
        held: &Held,
    ) -> Result<Revocation, ProviderFailure> {
        let account = self.integration.account.as_ref();
        if account.is_none_or(|account| account.revocation.is_none()) {
            return self.revoke(calls, held).await;
        }
        match self.revoke_account(calls, held).await {
            // Nobody chose a company. To end all would end the person's other connections.
            Err(ProviderFailure::Unfilled(_)) => Ok(Revocation::NotOffered),
            ended => ended,
        }
    }

    /// Ends access to the connected company alone: what else the same person connected at this third party stays.
    ///
    /// # Errors
    /// [`ProviderFailure`], as of [`Client::revoke`].
    pub async fn revoke_account(
        &self,
        calls: &Calls<'_>,
        held: &Held,
    ) -> Result<Revocation, ProviderFailure> {
        let account = self.integration.account.as_ref();
        match account.and_then(|account| account.revocation.as_ref()) {
            None => Ok(Revocation::NotOffered),
            Some(call) => self.end(call, calls, held).await,
        }
    }

    /// Makes a call that ends something.
    async fn end(
        &self,
        call: &Call,
        calls: &Calls<'_>,
        held: &Held,
    ) -> Result<Revocation, ProviderFailure> {
        let request = self.request("revocation", call, calls, held, &held.values)?;
        let answer = send(calls.outbound, calls.deadline, request).await?;
        match declared_error::find(&call.errors, &answer) {
            Some((error, _)) if error.means == ErrorMeaning::EndedAlready => {
                return Ok(Revocation::Done);
            }
            _ if answer.status.is_success() => return Ok(Revocation::Done),
            Some(_) | None => {}
        }
        if let Some(failure) = declared_error::failure(&call.errors, &answer) {
            return Err(failure);
        }
        match judge(&answer) {
            Ok(_) => Err(unintelligible(
                &answer,
                crate::provider::Unintelligible::Status,
            )),
            Err(failure) if is_already_done(&failure) => Ok(Revocation::Done),
            // It is answered 404 where what was to be ended is gone.
            Err(ProviderFailure::Refused {
                status: 404 | 410, ..
            }) => Ok(Revocation::Done),
            Err(failure) => Err(failure),
        }
    }

    /// The request that a declared call makes.
    pub(crate) fn request(
        &self,
        purpose: &'static str,
        call: &Call,
        calls: &Calls<'_>,
        held: &Held,
        values: &Values,
    ) -> Result<Request, ProviderFailure> {
        let mut known = self.known(values);
        known.set("access_token", held.access_token.clone());
        if let Some(refresh) = &held.refresh_token {
            known.set("refresh_token", refresh.clone());
        }
        let mut request = call.request(purpose, &known)?;
        match call.authorization {
            CallAuthorization::None => {}
            CallAuthorization::Client => self.authenticate_basic(&mut request, &known)?,
            CallAuthorization::Api => self.authorize(&mut request, calls, held, &known)?,
        }
        Ok(request)
    }

    /// Adds to a request what shows who calls, as the integration's API wants it. What the request has already stays.
    pub(crate) fn authorize(
        &self,
        request: &mut Request,
        calls: &Calls<'_>,
        held: &Held,
        known: &Values,
    ) -> Result<(), ProviderFailure> {
        let own = request.headers.clone();
        let mut known = known.clone();
        known.set("access_token", held.access_token.clone());
        let known = &known;
        match &self.integration.api {
            None if held.access_token.is_empty() => {}
            None => crate::api::bearer(request, held)?,
            // The company is not known yet where it is asked for: its headers and parameters come with it.
            Some(api) => {
                let mut api = api.clone();
                api.headers.retain(|_, value| value.fill(known).is_ok());
                api.query.retain(|_, value| value.fill(known).is_ok());
                api.authorize(request, held, known)?;
            }
        }
        if let Auth::OAuth1(declared) = &self.integration.auth {
            self.sign(declared, request, calls, held, known)?;
        }
        for (name, value) in own {
            if let Some(name) = name {
                request.headers.insert(name, value);
            }
        }
        Ok(())
    }

    /// Makes a declared call, and reads its answer.
    pub(crate) async fn ask(
        &self,
        purpose: &'static str,
        call: &Call,
        calls: &Calls<'_>,
        held: &Held,
        values: &Values,
    ) -> Result<(Value, handclasp_outbound::Response), ProviderFailure> {
        let request = self.request(purpose, call, calls, held, values)?;
        let response = send(calls.outbound, calls.deadline, request).await?;
        if let Some(failure) = declared_error::failure(&call.errors, &response) {
            return Err(failure);
        }
        let answer = judge_value(&response)?;
        Ok((answer, response))
    }
}

/// Some say of a token that they do not know any more that it is invalid, where RFC 7009, 2.2 wants a success.
fn is_already_done(failure: &ProviderFailure) -> bool {
    failure
        .error()
        .is_some_and(|error| error.has_code("invalid_token") || error.has_code("invalid_grant"))
}
