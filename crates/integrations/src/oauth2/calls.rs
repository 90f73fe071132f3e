//! The calls to the third party's token, revocation and identity endpoints.

use std::time::{Duration, Instant};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use handclasp_domain::{Secret, ThirdParty};
use handclasp_outbound::{Outbound, OutboundError, Request, Response};
use http::header::{ACCEPT, AUTHORIZATION, CONTENT_TYPE};
use http::{HeaderValue, Method};
use serde_json::Value;
use url::{Url, form_urlencoded};

use super::answer::{RefreshToken, TokenAnswer, TokenType};
use super::body::Unintelligible;
use super::declaration::{ClientAuthentication, Identity, Pkce, RefreshTokens};
use super::failure::ProviderFailure;
use super::judge::{judge, unintelligible};
use super::pkce::Verifier;
use super::registration::Client;
use super::text::{ProviderText, is_invisible};

/// No answer of these endpoints is nearly as large.
const ANSWER_MAX: usize = 256 * 1024;

/// Until when the calls of one piece of work must be done. One deadline goes through all of them, so that a code's exchange with
/// the identity call after it takes no longer than the exchange alone might.
#[derive(Debug, Clone, Copy)]
pub struct Deadline(Instant);

impl Deadline {
    /// What one piece of work may take: 30 seconds.
    pub const TOTAL: Duration = Duration::from_secs(30);

    /// The usual deadline, from now.
    pub fn start() -> Self {
        Self::after(Self::TOTAL)
    }

    /// A deadline of its own kind, from now.
    pub fn after(time: Duration) -> Self {
        let now = Instant::now();
        Self(now.checked_add(time).unwrap_or(now))
    }

    fn remaining(self) -> Duration {
        self.0.saturating_duration_since(Instant::now())
    }
}

/// What a code is exchanged with.
#[derive(Debug, Clone, Copy)]
pub struct CodeExchange<'a> {
    /// The code out of the callback.
    pub code: &'a Secret<String>,
    /// The redirect URI of the authorization request, to the letter.
    pub redirect_uri: &'a Url,
    /// The request's proof key. Goes along where the third party takes one.
    pub verifier: &'a Verifier,
    /// The scopes that the authorization request asked for.
    pub scopes: &'a [String],
}

/// Which of the two tokens is revoked (RFC 7009, 2.1).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TokenKind {
    /// The access token.
    Access,
    /// The refresh token, and with it, mostly, all access tokens that came of it.
    Refresh,
}

/// What became of a revocation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Revocation {
    /// The token is not good any more.
    Done,
    /// The third party has no place for that; the token ends when it ends.
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

impl Client {
    /// Exchanges a code for tokens (RFC 6749, 4.1.3). To be called once for a code, in a task that outlives the
    /// person's request.
    ///
    /// # Errors
    /// [`ProviderFailure`]. The code may be used up even so.
    pub async fn exchange(
        &self,
        outbound: &Outbound,
        deadline: Deadline,
        exchange: &CodeExchange<'_>,
    ) -> Result<TokenAnswer, ProviderFailure> {
        let mut fields = vec![
            ("grant_type", "authorization_code"),
            ("code", exchange.code.expose().as_str()),
            ("redirect_uri", exchange.redirect_uri.as_str()),
        ];
        match self.declaration.pkce {
            Pkce::S256 => fields.push(("code_verifier", exchange.verifier.secret().expose())),
            Pkce::Unsupported => {}
        }
        self.tokens(outbound, deadline, fields, exchange.scopes)
            .await
    }

    /// Fetches a fresh access token (RFC 6749, 6). At most one refresh of a connection may be under way, and a new refresh token
    /// must be stored before the access token is used. `granted` is what the person allowed, which stands where
    /// the answer says nothing.
    ///
    /// # Errors
    /// [`RefreshFailure`].
    pub async fn refresh(
        &self,
        outbound: &Outbound,
        deadline: Deadline,
        refresh_token: &Secret<String>,
        granted: &[String],
    ) -> Result<TokenAnswer, RefreshFailure> {
        let rotate = match self.declaration.refresh_tokens {
            RefreshTokens::Rotate => true,
            RefreshTokens::Stay => false,
            RefreshTokens::None => return Err(RefreshFailure::NotOffered),
        };
        let fields = vec![
            ("grant_type", "refresh_token"),
            ("refresh_token", refresh_token.expose().as_str()),
        ];
        let answer = self.tokens(outbound, deadline, fields, granted).await?;
        if rotate && matches!(answer.refresh_token, RefreshToken::NotGiven) {
            tracing::warn!(
                integration = %self.declaration.key,
                "the integration is declared to rotate refresh tokens and gave no new one; the old one is kept"
            );
        }
        Ok(answer)
    }

    /// Makes a token useless (RFC 7009). A token that is already so counts as done.
    ///
    /// # Errors
    /// [`ProviderFailure`]; a transient one is to be tried again later.
    pub async fn revoke(
        &self,
        outbound: &Outbound,
        deadline: Deadline,
        token: &Secret<String>,
        kind: TokenKind,
    ) -> Result<Revocation, ProviderFailure> {
        let Some(endpoint) = &self.declaration.revocation_endpoint else {
            return Ok(Revocation::NotOffered);
        };
        let hint = match kind {
            TokenKind::Access => "access_token",
            TokenKind::Refresh => "refresh_token",
        };
        let fields = vec![
            ("token", token.expose().as_str()),
            ("token_type_hint", hint),
        ];
        let request = self.form("revocation", endpoint.url(), fields);
        let answer = send(outbound, deadline, request).await?;
        // Nobody looks into the body of a success (RFC 7009, 2.2).
        if answer.status.is_success() {
            return Ok(Revocation::Done);
        }
        match judge(&answer) {
            Ok(_) => Err(unintelligible(&answer, Unintelligible::Status)),
            Err(failure) if is_already_done(&failure) => Ok(Revocation::Done),
            Err(failure) => Err(failure),
        }
    }

    /// Asks who was connected. None where the declaration knows no way.
    ///
    /// # Errors
    /// [`ProviderFailure`]; [`Unintelligible::NoIdentity`] where the answer has no id at its place. A missing name
    /// is no error, and comes as an empty text.
    pub async fn identify(
        &self,
        outbound: &Outbound,
        deadline: Deadline,
        token_type: TokenType,
        access_token: &Secret<String>,
    ) -> Result<Option<ThirdParty>, ProviderFailure> {
        let (endpoint, id, name) = match &self.declaration.identity {
            None => return Ok(None),
            Some(Identity::Call { endpoint, id, name }) => (endpoint, id, name),
        };
        let mut request = Request::new("identity", Method::GET, endpoint.url().clone());
        let credentials = Secret::new(format!("{} {}", token_type.as_str(), access_token.expose()));
        request
            .headers
            .insert(AUTHORIZATION, sensitive(&credentials));
        let answer = send(outbound, deadline, request).await?;
        let members = Value::Object(judge(&answer)?);
        let id = members
            .pointer(id)
            .and_then(identifier)
            .ok_or_else(|| unintelligible(&answer, Unintelligible::NoIdentity))?;
        let name = members
            .pointer(name)
            .and_then(Value::as_str)
            .and_then(ProviderText::new)
            .map(|name| name.as_str().to_owned())
            .unwrap_or_default();
        Ok(Some(ThirdParty { id, name }))
    }

    async fn tokens(
        &self,
        outbound: &Outbound,
        deadline: Deadline,
        fields: Vec<(&str, &str)>,
        asked: &[String],
    ) -> Result<TokenAnswer, ProviderFailure> {
        let request = self.form("token", self.declaration.token_endpoint.url(), fields);
        let answer = send(outbound, deadline, request).await?;
        let members = judge(&answer)?;
        TokenAnswer::read(members, &self.declaration, asked)
            .map_err(|why| unintelligible(&answer, why))
    }

    /// A form with our authentication in the way that the third party wants it.
    fn form<'a>(
        &'a self,
        purpose: &'static str,
        url: &Url,
        mut fields: Vec<(&'a str, &'a str)>,
    ) -> Request {
        let mut request = Request::new(purpose, Method::POST, url.clone());
        let id = self.registration.client_id();
        let secret = self.registration.client_secret().expose();
        match self.declaration.client_authentication {
            ClientAuthentication::Basic => {
                request
                    .headers
                    .insert(AUTHORIZATION, sensitive(&basic(id, secret)));
            }
            ClientAuthentication::Post => {
                fields.push(("client_id", id));
                fields.push(("client_secret", secret));
            }
        }
        let form = form_urlencoded::Serializer::new(String::new())
            .extend_pairs(fields)
            .finish();
        request.headers.insert(
            CONTENT_TYPE,
            HeaderValue::from_static("application/x-www-form-urlencoded"),
        );
        request.body = Bytes::from(form);
        request
    }
}

/// HTTP Basic as RFC 6749, 2.3.1 has it: both parts encoded as in a form before they are joined.
fn basic(id: &str, secret: &str) -> Secret<String> {
    let encode = |text: &str| form_urlencoded::byte_serialize(text.as_bytes()).collect::<String>();
    let joined = Secret::new(format!("{}:{}", encode(id), encode(secret)));
    Secret::new(format!("Basic {}", STANDARD.encode(joined.expose())))
}

/// A header that shows in no log. Tokens and Basic credentials have the characters of a header only: that
/// was seen to when they came in.
fn sensitive(value: &Secret<String>) -> HeaderValue {
    let mut header =
        HeaderValue::from_str(value.expose()).unwrap_or_else(|_| HeaderValue::from_static(""));
    header.set_sensitive(true);
    header
}

async fn send(
    outbound: &Outbound,
    deadline: Deadline,
    mut request: Request,
) -> Result<Response, ProviderFailure> {
    request
        .headers
        .insert(ACCEPT, HeaderValue::from_static("application/json"));
    request.deadline = deadline.remaining();
    if request.deadline.is_zero() {
        // A kept connection could still carry it, and nobody would wait for the answer.
        return Err(OutboundError::Timeout { sent: false }.into());
    }
    request.max_body = ANSWER_MAX;
    Ok(outbound.send(request).await?)
}

/// Some say of a token that they do not know any more that it is invalid, where RFC 7009, 2.2 wants a success.
fn is_already_done(failure: &ProviderFailure) -> bool {
    failure
        .error()
        .is_some_and(|error| error.has_code("invalid_token") || error.has_code("invalid_grant"))
}

/// An id is compared, so that it is taken as it is or not at all.
fn identifier(value: &Value) -> Option<String> {
    let id = match value {
        Value::String(text) => text.clone(),
        Value::Number(number) if number.is_i64() || number.is_u64() => number.to_string(),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::Array(_) | Value::Object(_) => {
            return None;
        }
    };
    let fits = (1..=300).contains(&id.len())
        && id.trim() == id
        && !id.chars().any(|c| c.is_control() || is_invisible(c));
    fits.then_some(id)
}
