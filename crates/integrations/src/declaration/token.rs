//! Token endpoints, read and checked.

use std::collections::BTreeMap;

use serde::Deserialize;
use toml::Spanned;

use super::DeclarationError;
use super::calls::{RawCall, RawError, errors};
use super::check::{Check, RawTexts};
use super::fields::{check_name, reach_of};
use crate::integration::is_scope;
use crate::oauth2::{
    AnswerPlaces, ClientAuthentication, ExpiresAt, InstantForm, Quirk, RefreshTokens,
    RevocationWay, RevokedToken, ScopeSeparator, TokenBody, TokenEndpoint, TokenValue,
};
use crate::template::{Names, Reach};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RawToken {
    endpoint: Spanned<String>,
    refresh_endpoint: Option<Spanned<String>>,
    client_authentication: ClientAuthentication,
    refresh_client_authentication: Option<ClientAuthentication>,
    assertion_issuer: Option<Spanned<String>>,
    assertion_audience: Option<Spanned<String>>,
    #[serde(default)]
    body: TokenBody,
    #[serde(default)]
    parameters: RawTexts,
    #[serde(default)]
    exchange_parameters: RawTexts,
    #[serde(default)]
    refresh_parameters: RawTexts,
    #[serde(default)]
    headers: RawTexts,
    #[serde(default)]
    answer: RawAnswer,
    #[serde(default)]
    scopes: Vec<Spanned<String>>,
    #[serde(default)]
    required_scopes: Vec<Spanned<String>>,
    #[serde(default)]
    scope_separator: ScopeSeparator,
    refresh_tokens: RefreshTokens,
    access_token_lifetime: Option<Spanned<String>>,
    refresh_token_lifetime: Option<Spanned<String>>,
    revocation: Option<RawRevocation>,
    #[serde(default)]
    revocation_ends_grant: bool,
    #[serde(default)]
    errors: Vec<RawError>,
    #[serde(default)]
    quirks: Vec<Quirk>,
}

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct RawAnswer {
    access_token: Option<Spanned<String>>,
    refresh_token: Option<Spanned<String>>,
    expires_at: Option<RawExpiresAt>,
    refresh_expires_in: Option<Spanned<String>>,
    refresh_expires_at: Option<RawExpiresAt>,
    #[serde(default)]
    keep: BTreeMap<Spanned<String>, RawTokenValue>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawExpiresAt {
    at: Spanned<String>,
    form: InstantForm,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RawTokenValue {
    at: Spanned<String>,
    pattern: Option<Spanned<String>>,
    #[serde(default)]
    required: bool,
}

#[derive(Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub(super) enum RawRevocation {
    Rfc7009 {
        endpoint: Spanned<String>,
        #[serde(default)]
        token: RevokedToken,
    },
    Call(Box<RawCall>),
}

impl RawTokenValue {
    pub(super) const fn is_required(&self) -> bool {
        self.required
    }
}

impl RawToken {
    pub(super) const fn needs_secret(&self) -> bool {
        self.client_authentication.needs_secret()
    }

    pub(super) const fn needs_id(&self) -> bool {
        !matches!(self.client_authentication, ClientAuthentication::None)
    }

    /// Afterwards the names of what the answer brings are known.
    pub(super) fn check(
        self,
        check: &Check<'_>,
        names: &mut Names,
    ) -> Result<TokenEndpoint, DeclarationError> {
        let check = check.within("token");
        let separator = self.scope_separator.as_char();
        for required in &self.required_scopes {
            let is_asked = |scope: &Spanned<String>| scope.get_ref() == required.get_ref();
            if !self.scopes.iter().any(is_asked) {
                let problem = "names one that `scopes` does not";
                return Err(check.error(required, "required_scopes", problem));
            }
        }
        let claim = |field: &str, text: &Option<Spanned<String>>, names: &Names| match text {
            None => Ok(None),
            Some(text) if self.client_authentication != ClientAuthentication::PrivateKeyJwt => {
                Err(check.error(text, field, "is of a signed assertion, and there is none"))
            }
            Some(text) => check.template(field, text, names).map(Some),
        };
        let assertion_issuer = claim("assertion_issuer", &self.assertion_issuer, names)?;
        let assertion_audience = claim("assertion_audience", &self.assertion_audience, names)?;
        let given = names.and(&["redirect_uri"]);
        let endpoint = check.endpoint("endpoint", &self.endpoint, names)?;
        let parameters = check.parameters("parameters", &self.parameters, &given)?;
        let exchange_parameters =
            check.parameters("exchange_parameters", &self.exchange_parameters, &given)?;
        let headers = check.headers(&self.headers, names)?;
        let answer = self.answer.check(&check.within("answer"), names)?;
        // From here on what the answer brought is known.
        let given = names.and(&["redirect_uri", "access_token"]);
        let refresh_endpoint = self
            .refresh_endpoint
            .as_ref()
            .map(|template| check.endpoint("refresh_endpoint", template, names))
            .transpose()?;
        let refresh_parameters =
            check.parameters("refresh_parameters", &self.refresh_parameters, &given)?;
        let revocation = match self.revocation {
            None => RevocationWay::None,
            Some(revocation) => revocation.check(&check, names)?,
        };
        Ok(TokenEndpoint {
            endpoint,
            refresh_endpoint,
            client_authentication: self.client_authentication,
            refresh_client_authentication: self.refresh_client_authentication,
            assertion_issuer,
            assertion_audience,
            body: self.body,
            parameters,
            exchange_parameters,
            refresh_parameters,
            headers,
            answer,
            scopes: scopes(&check, "scopes", self.scopes, separator)?,
            required_scopes: scopes(&check, "required_scopes", self.required_scopes, separator)?,
            scope_separator: self.scope_separator,
            refresh_tokens: self.refresh_tokens,
            access_token_lifetime: check
                .duration("access_token_lifetime", self.access_token_lifetime.as_ref())?,
            refresh_token_lifetime: check.duration(
                "refresh_token_lifetime",
                self.refresh_token_lifetime.as_ref(),
            )?,
            revocation,
            revocation_ends_grant: self.revocation_ends_grant,
            errors: errors(&check, &self.errors, false)?,
            quirks: self.quirks,
        })
    }
}

impl RawAnswer {
    fn check(self, check: &Check<'_>, names: &mut Names) -> Result<AnswerPlaces, DeclarationError> {
        let place = |field: &str, pointer: &Option<Spanned<String>>| {
            pointer
                .as_ref()
                .map(|pointer| check.pointer(field, pointer, false))
                .transpose()
        };
        let keep = kept(check, "token", self.keep, names)?;
        let instant = |field: &str, expires: &Option<RawExpiresAt>| {
            let Some(expires) = expires else {
                return Ok(None);
            };
            let at = check.pointer(&format!("{field}.at"), &expires.at, false)?;
            let form = expires.form;
            Ok(Some(ExpiresAt { at, form }))
        };
        Ok(AnswerPlaces {
            access_token: place("access_token", &self.access_token)?,
            refresh_token: place("refresh_token", &self.refresh_token)?,
            expires_at: instant("expires_at", &self.expires_at)?,
            refresh_expires_at: instant("refresh_expires_at", &self.refresh_expires_at)?,
            refresh_expires_in: place("refresh_expires_in", &self.refresh_expires_in)?,
            keep,
        })
    }
}

/// What is kept. It is known as `<source>.<name>` from here on.
pub(super) fn kept(
    check: &Check<'_>,
    source: &str,
    values: BTreeMap<Spanned<String>, RawTokenValue>,
    names: &mut Names,
) -> Result<BTreeMap<String, TokenValue>, DeclarationError> {
    let mut keep = BTreeMap::new();
    for (name, value) in values {
        check_name(check, &name)?;
        let field = format!("keep.{}", name.get_ref());
        let pattern = check.pattern(&format!("{field}.pattern"), value.pattern.as_ref())?;
        let is_address = pattern
            .as_ref()
            .is_some_and(|pattern| pattern.as_str().starts_with("https://"));
        names.add(
            format!("{source}.{}", name.get_ref()),
            reach_of(pattern.is_some(), is_address),
        );
        let kept = TokenValue {
            at: check.pointer(&format!("{field}.at"), &value.at, false)?,
            pattern,
            required: value.required,
        };
        keep.insert(name.into_inner(), kept);
    }
    Ok(keep)
}

impl RawRevocation {
    pub(super) fn check(
        self,
        check: &Check<'_>,
        names: &Names,
    ) -> Result<RevocationWay, DeclarationError> {
        // Access is ended when all is known, the company too.
        let mut names = names.and(&["access_token", "refresh_token"]);
        names.add("account.id", Reach::Rest);
        Ok(match self {
            Self::Rfc7009 { endpoint, token } => RevocationWay::Rfc7009 {
                endpoint: check.endpoint("revocation.rfc7009.endpoint", &endpoint, &names)?,
                token,
            },
            Self::Call(call) => {
                let check = check.within("revocation.call");
                RevocationWay::Call(Box::new(call.check_end(&check, &names)?))
            }
        })
    }
}

pub(super) fn scopes(
    check: &Check<'_>,
    field: &str,
    scopes: Vec<Spanned<String>>,
    separator: char,
) -> Result<Vec<String>, DeclarationError> {
    for scope in &scopes {
        if !is_scope(scope.get_ref(), separator) {
            return Err(check.error(scope, field, "has what is no scope"));
        }
    }
    Ok(scopes.into_iter().map(Spanned::into_inner).collect())
}
