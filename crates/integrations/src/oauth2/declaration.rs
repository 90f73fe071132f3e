//! What a declaration says about an authorization code flow.

use std::collections::BTreeMap;
use std::time::Duration;

use serde::Deserialize;

use crate::call::Call;
use crate::declared_error::DeclaredError;
use crate::endpoint::Endpoint;
use crate::pattern::Pattern;
use crate::template::Template;

/// How a third party does the authorization code flow (RFC 6749, 4.1), as declared.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OAuth2Code {
    /// The client id, where the person gives it and not the operator.
    pub client_id: Option<Template>,
    /// Where the person is sent.
    pub authorization_endpoint: Endpoint,
    /// The token endpoint, and how it is talked to.
    pub token: TokenEndpoint,
    /// The issuer, where the third party has one: compared as a plain string.
    pub issuer: Option<Issuer>,
    /// Whether the third party takes PKCE (RFC 7636).
    pub pkce: Pkce,
    /// Further parameters of the authorization address, as in `prompt=consent`. One that the protocol sets itself is replaced; one
    /// whose value may be left out and was is not sent.
    pub authorize_parameters: BTreeMap<String, Template>,
    /// Parameters of the protocol that this third party does not take in the authorization address.
    pub authorize_without: Vec<String>,
    /// What stands for the callback's address, where the third party knows it by another name: it is sent as `redirect_uri`.
    pub redirect_uri: Option<Template>,
    /// What the code is called in the callback.
    pub code_parameter: String,
    /// How the answer comes back with the person.
    pub response_mode: ResponseMode,
    /// Which callback parameters are kept, as `callback.<name>`. They are not authenticated: whoever sends a person to the callback
    /// chooses them.
    pub callback_values: BTreeMap<String, CallbackValue>,
    /// How the callback is signed, where it is.
    pub callback_signature: Option<CallbackSignature>,
    /// How people are known by an ID token, where they are.
    pub openid: Option<OpenId>,
}

/// A token endpoint, and how it is talked to: shared by the flows of OAuth 2.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TokenEndpoint {
    /// Where codes are exchanged.
    pub endpoint: Endpoint,
    /// Where refresh tokens are, if elsewhere.
    pub refresh_endpoint: Option<Endpoint>,
    /// How we are known there.
    pub client_authentication: ClientAuthentication,
    /// The same for refreshes, if otherwise.
    pub refresh_client_authentication: Option<ClientAuthentication>,
    /// Who a signed assertion is by (`iss`), if not by the client id.
    pub assertion_issuer: Option<Template>,
    /// Whom a signed assertion is for (`aud`), if not for the endpoint.
    pub assertion_audience: Option<Template>,
    /// How requests are written.
    pub body: TokenBody,
    /// Further parameters of each request.
    pub parameters: BTreeMap<String, Template>,
    /// Further parameters of the request that exchanges a code.
    pub exchange_parameters: BTreeMap<String, Template>,
    /// Further parameters of the request that refreshes.
    pub refresh_parameters: BTreeMap<String, Template>,
    /// Further headers of each request.
    pub headers: BTreeMap<String, Template>,
    /// Where things stand in the answer.
    pub answer: AnswerPlaces,
    /// What is asked for, unless the client set scopes of its own.
    pub scopes: Vec<String>,
    /// Without which of them a connection is of no use.
    pub required_scopes: Vec<String>,
    /// What stands between scopes.
    pub scope_separator: ScopeSeparator,
    /// Whether there are refresh tokens, and what becomes of a used one.
    pub refresh_tokens: RefreshTokens,
    /// How long an access token lasts where the answer does not say so.
    pub access_token_lifetime: Option<Duration>,
    /// How long a refresh token lasts from its last use on, where the answer does not say so.
    pub refresh_token_lifetime: Option<Duration>,
    /// How access is ended there.
    pub revocation: RevocationWay,
    /// Whether revoking one token ends all that the person granted, with the tokens of later authorizations.
    pub revocation_ends_grant: bool,
    /// What refusals mean there that are not in the words of RFC 6749.
    pub errors: Vec<DeclaredError>,
    /// What this third party does that no other does.
    pub quirks: Vec<Quirk>,
}

/// Where things stand in a token answer (RFC 6901), beyond where RFC 6749 has them.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct AnswerPlaces {
    /// The access token.
    pub access_token: Option<String>,
    /// The refresh token.
    pub refresh_token: Option<String>,
    /// When the access token ends, as an instant.
    pub expires_at: Option<ExpiresAt>,
    /// For how many seconds the refresh token lasts.
    pub refresh_expires_in: Option<String>,
    /// When the refresh token ends, as an instant.
    pub refresh_expires_at: Option<ExpiresAt>,
    /// What else is kept, as `token.<name>`.
    pub keep: BTreeMap<String, TokenValue>,
}

/// When a token ends, as an instant.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ExpiresAt {
    /// Where it stands.
    pub at: String,
    /// How it is written.
    pub form: InstantForm,
}

/// How an instant is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum InstantForm {
    /// As in `2026-03-01T12:00:00Z` (RFC 3339).
    Rfc3339,
    /// Seconds since 1970, perhaps with a fraction, which is left out.
    Unix,
}

/// A value of a token answer that is kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TokenValue {
    /// Where it stands.
    pub at: String,
    /// What it has to look like. Values that reach into a host need it.
    pub pattern: Option<Pattern>,
    /// Whether the authorization is of no use without it.
    pub required: bool,
}

/// A callback parameter that is kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CallbackValue {
    /// What it has to look like. Values that reach into a host need it.
    pub pattern: Option<Pattern>,
    /// Whether the authorization is of no use without it.
    pub required: bool,
    /// What it has to be the same as: something that was known before.
    pub equals: Option<Template>,
    /// What it may be, and what follows from each.
    pub options: Vec<crate::fields::Choice>,
}

/// How a callback is signed: with HMAC-SHA256 under the client secret, in hexadecimal digits.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CallbackSignature {
    /// The parameter that has it.
    pub parameter: String,
    /// What is signed.
    pub over: SignedText,
}

/// What a callback's signature is made over.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SignedText {
    /// The other parameters, sorted by their names, as a query in which all but the unreserved characters are percent-encoded.
    SortedQuery,
}

/// An ID token that comes with the tokens (OpenID Connect Core, 2), and where it is verified.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OpenId {
    /// The keys that it is signed with.
    pub jwks: Endpoint,
    /// With which algorithms.
    pub algorithms: Vec<SigningAlgorithm>,
    /// Where more is told about the person.
    pub userinfo: Option<Endpoint>,
    /// What has to be asked for besides, so that an ID token comes with what it may say.
    pub scopes: Vec<String>,
}

/// An algorithm for signatures (RFC 7518, 3.1). Those with a shared secret and none at all are not taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
pub enum SigningAlgorithm {
    /// RSA with SHA-256.
    RS256,
    /// RSA with SHA-384.
    RS384,
    /// RSA with SHA-512.
    RS512,
    /// RSA-PSS with SHA-256.
    PS256,
    /// ECDSA on P-256 with SHA-256.
    ES256,
    /// ECDSA on P-384 with SHA-384.
    ES384,
    /// Ed25519.
    EdDSA,
}

/// An authorization server's issuer identifier (RFC 8414, 2).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Issuer {
    /// The identifier, with the places that it has.
    pub value: Template,
    /// Whether every callback carries it as `iss` (RFC 9207): then a callback without is refused.
    pub in_callback: bool,
}

/// How the token and revocation endpoints know us (RFC 6749, 2.3.1).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ClientAuthentication {
    /// By HTTP Basic, `client_secret_basic`.
    Basic,
    /// By HTTP Basic without encoding the two parts first, as before RFC 6749.
    BasicUnencoded,
    /// By two fields of the form, `client_secret_post`.
    Post,
    /// By both at once.
    BasicAndPost,
    /// By our id alone.
    IdOnly,
    /// By a signed assertion, `private_key_jwt` (RFC 7523, 2.2). The client secret is the private key, as PEM.
    PrivateKeyJwt,
    /// Not at all.
    None,
}

impl ClientAuthentication {
    /// Whether it needs a client secret.
    pub const fn needs_secret(self) -> bool {
        match self {
            Self::Basic
            | Self::BasicUnencoded
            | Self::Post
            | Self::BasicAndPost
            | Self::PrivateKeyJwt => true,
            Self::IdOnly | Self::None => false,
        }
    }

    pub(crate) const fn as_str(self) -> &'static str {
        match self {
            Self::Basic => "basic",
            Self::BasicUnencoded => "basic_unencoded",
            Self::Post => "post",
            Self::BasicAndPost => "basic_and_post",
            Self::IdOnly => "id_only",
            Self::PrivateKeyJwt => "private_key_jwt",
            Self::None => "none",
        }
    }
}

/// How requests to the token endpoint are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TokenBody {
    /// As a form (RFC 6749, 4.1.3).
    #[default]
    Form,
    /// As a JSON object.
    Json,
}

/// How the answer comes back with the person.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ResponseMode {
    /// In the query of the callback.
    #[default]
    Query,
    /// As a form that is posted to the callback (OAuth 2.0 Form Post Response Mode).
    FormPost,
}

/// Whether the third party takes PKCE.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
pub enum Pkce {
    /// With SHA-256, the only method that we use.
    S256,
    /// It does not, and some break when they get it.
    #[serde(rename = "unsupported")]
    Unsupported,
}

/// What stands between scopes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ScopeSeparator {
    /// A space, as RFC 6749, 3.3 has it.
    #[default]
    Space,
    /// A comma.
    Comma,
}

impl ScopeSeparator {
    /// The character.
    pub const fn as_char(self) -> char {
        match self {
            Self::Space => ' ',
            Self::Comma => ',',
        }
    }
}

/// Whether there are refresh tokens, and what becomes of a used one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RefreshTokens {
    /// Each use gives a new one and ends the old one. An answer that brings none is kept working with the
    /// old one, and logged, for the declaration or the third party is wrong then.
    Rotate,
    /// One is used again and again. Should an answer bring a new one, that is the one to use from then on.
    Stay,
    /// There are none: an access token lasts until it is revoked, or the person signs in again.
    None,
}

/// How access is ended at the third party.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum RevocationWay {
    /// There is no way: a token ends when it ends.
    None,
    /// As RFC 7009 has it.
    Rfc7009 {
        /// Where.
        endpoint: Endpoint,
        /// Which token ends what is to be ended.
        token: RevokedToken,
    },
    /// By a call of its own.
    Call(Box<Call>),
}

/// Which token is shown to end access.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RevokedToken {
    /// The refresh token, where there is one, and with it, mostly, all that came of it.
    #[default]
    Refresh,
    /// The access token.
    Access,
}

/// What one third party does and no other, so that it is no field of the format. Each has a test.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Quirk {
    /// Requests to the token endpoint have no `grant_type` (Clover).
    NoGrantType,
    /// Refreshing earlier than half a minute before the end is refused (Exact Online).
    RefreshOnlyAtTheEnd,
    /// The token that revokes stands in the query, not in the form (Zoho).
    RevokeInQuery,
}
