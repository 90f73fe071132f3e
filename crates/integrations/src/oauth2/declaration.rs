//! What a declaration says about an authorization code flow.

use std::collections::BTreeMap;

use handclasp_domain::PlatformKey;
use serde::Deserialize;
use toml::Spanned;

use crate::declaration::{DeclarationError, Source};
use crate::endpoint::{Endpoint, Origins, fill};

/// How a third party does the authorization code flow (RFC 6749, 4.1), as declared.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OAuth2Code {
    /// The integration that it belongs to.
    pub key: PlatformKey,
    /// Where the person is sent.
    pub authorization_endpoint: Endpoint,
    /// Where codes and refresh tokens are exchanged.
    pub token_endpoint: Endpoint,
    /// Where tokens are revoked (RFC 7009), where there is such a place.
    pub revocation_endpoint: Option<Endpoint>,
    /// The issuer, where the third party has one: compared as a plain string.
    pub issuer: Option<Issuer>,
    /// How the token and revocation endpoints know us.
    pub client_authentication: ClientAuthentication,
    /// Whether the third party takes PKCE (RFC 7636).
    pub pkce: Pkce,
    /// What is asked for, unless the client set scopes of its own.
    pub scopes: Vec<String>,
    /// Without which of them a connection is of no use.
    pub required_scopes: Vec<String>,
    /// What stands between scopes.
    pub scope_separator: ScopeSeparator,
    /// Further parameters of the authorization address, as in `prompt=consent`.
    pub authorize_parameters: BTreeMap<String, String>,
    /// Which callback parameters are kept, as in `realmId`. They are not authenticated: whoever sends a person
    /// to the callback chooses them.
    pub callback_values: Vec<String>,
    /// Whether there are refresh tokens, and what becomes of a used one.
    pub refresh_tokens: RefreshTokens,
    /// Whether revoking one token ends all that the person granted, with the tokens of later authorizations. Then tokens that new ones
    /// have replaced are left to end by themselves.
    pub revocation_ends_grant: bool,
    /// How the connected company's id and name are learnt.
    pub identity: Option<Identity>,
}

/// An authorization server's issuer identifier (RFC 8414, 2).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Issuer {
    pub(super) template: String,
    pub(super) value: String,
    /// Whether every callback carries it as `iss` (RFC 9207): then a callback without is refused.
    pub in_callback: bool,
}

impl Issuer {
    /// The identifier.
    pub fn as_str(&self) -> &str {
        &self.value
    }
}

/// How the token and revocation endpoints know us (RFC 6749, 2.3.1).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ClientAuthentication {
    /// By HTTP Basic, `client_secret_basic`.
    Basic,
    /// By two fields of the form, `client_secret_post`.
    Post,
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

/// How the connected company's id and name are learnt.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Identity {
    /// By a GET with the access token, answered with a JSON object.
    Call {
        /// Where.
        endpoint: Endpoint,
        /// Where the id stands in the answer (RFC 6901), as in `/organisation/id`: a string or a whole number.
        id: String,
        /// Where the name stands.
        name: String,
    },
}

/// Parameters that the protocol itself sets. A declaration must not.
const RESERVED: &[&str] = &[
    "client_id",
    "client_secret",
    "code",
    "code_challenge",
    "code_challenge_method",
    "error",
    "error_description",
    "error_uri",
    "iss",
    "nonce",
    "redirect_uri",
    "request",
    "request_uri",
    "response_mode",
    "response_type",
    "scope",
    "state",
];

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct RawOAuth2Code {
    authorization_endpoint: Spanned<String>,
    token_endpoint: Spanned<String>,
    revocation_endpoint: Option<Spanned<String>>,
    issuer: Option<Spanned<String>>,
    issuer_in_callback: Option<Spanned<bool>>,
    client_authentication: ClientAuthentication,
    pkce: Pkce,
    scopes: Vec<Spanned<String>>,
    #[serde(default)]
    required_scopes: Vec<Spanned<String>>,
    #[serde(default)]
    scope_separator: ScopeSeparator,
    #[serde(default)]
    authorize_parameters: BTreeMap<Spanned<String>, String>,
    #[serde(default)]
    callback_values: Vec<Spanned<String>>,
    refresh_tokens: RefreshTokens,
    #[serde(default)]
    revocation_ends_grant: bool,
    identity: Option<RawIdentity>,
}

#[derive(Deserialize)]
#[serde(rename_all = "snake_case")]
enum RawIdentity {
    Call(RawCall),
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawCall {
    endpoint: Spanned<String>,
    id: Spanned<String>,
    name: Spanned<String>,
}

/// Checks the fields of one table, and knows what errors in it are called.
struct Check<'a> {
    source: &'a Source<'a>,
    origins: &'a Origins,
    sandbox: bool,
}

impl Check<'_> {
    fn error<T>(&self, at: &Spanned<T>, field: &str, problem: &str) -> DeclarationError {
        self.source
            .error(at.span(), format!("auth.oauth2_code.{field}"), problem)
    }

    fn endpoint(
        &self,
        field: &str,
        template: &Spanned<String>,
    ) -> Result<Endpoint, DeclarationError> {
        self.placeholder(field, template)?;
        Endpoint::parse(template.get_ref(), self.origins)
            .map_err(|problem| self.error(template, field, problem))
    }

    /// Only what is built in may speak of the server's own origin.
    fn placeholder(&self, field: &str, template: &Spanned<String>) -> Result<(), DeclarationError> {
        if template.get_ref().starts_with("{sandbox}") && !self.sandbox {
            return Err(self.error(
                template,
                field,
                "may start with {sandbox} only where sandbox = true",
            ));
        }
        Ok(())
    }

    fn issuer(
        &self,
        template: &Spanned<String>,
        in_callback: bool,
    ) -> Result<Issuer, DeclarationError> {
        self.placeholder("issuer", template)?;
        let value = fill(template.get_ref(), self.origins)
            .map_err(|problem| self.error(template, "issuer", problem))?;
        Ok(Issuer {
            template: template.get_ref().clone(),
            value,
            in_callback,
        })
    }

    fn scopes(
        &self,
        field: &str,
        scopes: Vec<Spanned<String>>,
        separator: char,
    ) -> Result<Vec<String>, DeclarationError> {
        for scope in &scopes {
            let text = scope.get_ref();
            // The characters of RFC 6749, 3.3.
            let allowed = |c: char| matches!(c, '!' | '#'..='[' | ']'..='~') && c != separator;
            if text.is_empty() || !text.chars().all(allowed) {
                return Err(self.error(scope, field, "has what is no scope"));
            }
        }
        Ok(scopes.into_iter().map(Spanned::into_inner).collect())
    }

    fn name(&self, field: &str, name: &Spanned<String>) -> Result<(), DeclarationError> {
        let text = name.get_ref();
        let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | '.' | '[' | ']');
        if text.is_empty() || text.len() > 60 || !text.chars().all(plain) {
            return Err(self.error(name, field, "has what is no parameter name"));
        }
        if RESERVED.contains(&text.as_str()) {
            return Err(self.error(
                name,
                field,
                &format!("must not name `{text}`, which the protocol sets or reads itself"),
            ));
        }
        Ok(())
    }

    fn pointer(&self, field: &str, pointer: Spanned<String>) -> Result<String, DeclarationError> {
        let text = pointer.get_ref();
        let tildes_escape = text
            .split('~')
            .skip(1)
            .all(|rest| rest.starts_with(['0', '1']));
        if !text.starts_with('/') || !tildes_escape {
            return Err(self.error(
                &pointer,
                field,
                "must be a JSON pointer (RFC 6901), as in /organisation/id",
            ));
        }
        Ok(pointer.into_inner())
    }
}

impl RawOAuth2Code {
    pub(crate) fn check(
        self,
        key: PlatformKey,
        sandbox: bool,
        source: &Source<'_>,
        origins: &Origins,
    ) -> Result<OAuth2Code, DeclarationError> {
        let check = Check {
            source,
            origins,
            sandbox,
        };

        let in_callback = self
            .issuer_in_callback
            .as_ref()
            .is_some_and(|at| *at.get_ref());
        let issuer = match (&self.issuer, &self.issuer_in_callback) {
            (Some(template), _) => Some(check.issuer(template, in_callback)?),
            (None, Some(at)) => {
                return Err(check.error(at, "issuer_in_callback", "needs an issuer"));
            }
            (None, None) => None,
        };

        let separator = self.scope_separator.as_char();
        for required in &self.required_scopes {
            if !self
                .scopes
                .iter()
                .any(|scope| scope.get_ref() == required.get_ref())
            {
                return Err(check.error(
                    required,
                    "required_scopes",
                    "names one that `scopes` does not",
                ));
            }
        }
        for name in self.authorize_parameters.keys() {
            check.name("authorize_parameters", name)?;
        }
        for name in &self.callback_values {
            check.name("callback_values", name)?;
        }

        let identity = match self.identity {
            None => None,
            Some(RawIdentity::Call(call)) => Some(Identity::Call {
                endpoint: check.endpoint("identity.call.endpoint", &call.endpoint)?,
                id: check.pointer("identity.call.id", call.id)?,
                name: check.pointer("identity.call.name", call.name)?,
            }),
        };
        Ok(OAuth2Code {
            key,
            authorization_endpoint: check
                .endpoint("authorization_endpoint", &self.authorization_endpoint)?,
            token_endpoint: check.endpoint("token_endpoint", &self.token_endpoint)?,
            revocation_endpoint: self
                .revocation_endpoint
                .as_ref()
                .map(|template| check.endpoint("revocation_endpoint", template))
                .transpose()?,
            issuer,
            client_authentication: self.client_authentication,
            pkce: self.pkce,
            scopes: check.scopes("scopes", self.scopes, separator)?,
            required_scopes: check.scopes("required_scopes", self.required_scopes, separator)?,
            scope_separator: self.scope_separator,
            authorize_parameters: self
                .authorize_parameters
                .into_iter()
                .map(|(name, value)| (name.into_inner(), value))
                .collect(),
            callback_values: self
                .callback_values
                .into_iter()
                .map(Spanned::into_inner)
                .collect(),
            refresh_tokens: self.refresh_tokens,
            revocation_ends_grant: self.revocation_ends_grant,
            identity,
        })
    }
}

#[cfg(test)]
impl OAuth2Code {
    /// The same declaration with all endpoints at a fake third party.
    pub(super) fn moved_to(&self, origin: &url::Url) -> Self {
        let mut moved = self.clone();
        moved.authorization_endpoint = self.authorization_endpoint.moved_to(origin);
        moved.token_endpoint = self.token_endpoint.moved_to(origin);
        moved.revocation_endpoint = self
            .revocation_endpoint
            .as_ref()
            .map(|endpoint| endpoint.moved_to(origin));
        moved.identity = self.identity.as_ref().map(|identity| match identity {
            Identity::Call { endpoint, id, name } => Identity::Call {
                endpoint: endpoint.moved_to(origin),
                id: id.clone(),
                name: name.clone(),
            },
        });
        moved
    }
}
