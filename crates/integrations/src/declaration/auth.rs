//! The kinds of authorization, read and checked.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde::Deserialize;
use toml::Spanned;

use super::DeclarationError;
use super::calls::{RawBefore, RawCall, reader};
use super::check::{Check, RawTexts};
use super::delivery::RawDelivery;
use super::fields::{RawChoice, Registers, add, choices, reach_of};
use super::token::{RawRevocation, RawToken, scopes};
use crate::account::Reader;
use crate::client_credentials::ClientCredentials;
use crate::integration::Auth;
use crate::oauth1::{OAuth1, SignatureMethod};
use crate::oauth2::{
    CallbackSignature, CallbackValue, Issuer, OAuth2Code, OpenId, Pkce, ResponseMode,
    RevocationWay, SignedText, SigningAlgorithm,
};
use crate::template::{Names, Reach};
use crate::token_link::{Address, TokenLink};

/// Parameters that the protocol itself sets and reads. A declaration must not keep them.
const RESERVED: &[&str] = &[
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
#[serde(rename_all = "snake_case")]
pub(super) enum RawAuth {
    #[serde(rename = "oauth2_code")]
    OAuth2Code(Box<RawOAuth2Code>),
    #[serde(rename = "oauth2_client_credentials")]
    ClientCredentials(Box<RawClientCredentials>),
    #[serde(rename = "oauth1")]
    OAuth1(Box<RawOAuth1>),
    Credentials(RawNothing),
    TokenLink(Box<RawTokenLink>),
    Delivery(Box<RawDelivery>),
    FileUpload(RawNothing),
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RawNothing {}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RawOAuth2Code {
    client_id: Option<Spanned<String>>,
    authorization_endpoint: Spanned<String>,
    token: RawToken,
    issuer: Option<Spanned<String>>,
    issuer_in_callback: Option<Spanned<bool>>,
    pkce: Pkce,
    #[serde(default)]
    authorize_parameters: RawTexts,
    #[serde(default)]
    authorize_without: Vec<Spanned<String>>,
    redirect_uri: Option<Spanned<String>>,
    code_parameter: Option<Spanned<String>>,
    #[serde(default)]
    response_mode: ResponseMode,
    #[serde(default)]
    callback_values: BTreeMap<Spanned<String>, RawCallbackValue>,
    callback_signature: Option<RawSignature>,
    openid: Option<RawOpenId>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RawCallbackValue {
    pattern: Option<Spanned<String>>,
    #[serde(default)]
    required: bool,
    equals: Option<Spanned<String>>,
    #[serde(default)]
    options: Vec<RawChoice>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawSignature {
    parameter: Spanned<String>,
    over: SignedText,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawOpenId {
    jwks: Spanned<String>,
    algorithms: Vec<SigningAlgorithm>,
    userinfo: Option<Spanned<String>>,
    scopes: Vec<Spanned<String>>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RawClientCredentials {
    token: RawToken,
    client_id: Option<Spanned<String>>,
    client_secret: Option<Spanned<String>>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RawOAuth1 {
    request_endpoint: Spanned<String>,
    authorization_endpoint: Spanned<String>,
    token_endpoint: Spanned<String>,
    signature: SignatureMethod,
    realm: Option<Spanned<String>>,
    #[serde(default)]
    callback_values: BTreeMap<Spanned<String>, RawCallbackValue>,
    revocation: Option<RawRevocation>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RawTokenLink {
    before: Option<RawBefore>,
    create: Option<RawCall>,
    address: Spanned<String>,
    address_pattern: Option<Spanned<String>>,
    #[serde(default)]
    keep: RawTexts,
    #[serde(default)]
    callback_values: BTreeMap<Spanned<String>, RawCallbackValue>,
    after: Option<RawBefore>,
    exchange: Option<RawCall>,
    token: Option<Spanned<String>>,
    token_lifetime: Option<Spanned<String>>,
    revocation: Option<RawRevocation>,
    #[serde(default)]
    registers: bool,
}

impl RawAuth {
    /// What a client's staff have to register at the third party.
    pub(super) fn registers(&self) -> Registers {
        let of_token = |token: &RawToken| match (token.needs_id(), token.needs_secret()) {
            (_, true) => Registers::IdAndSecret,
            (true, false) => Registers::Id,
            (false, false) => Registers::Nothing,
        };
        match self {
            Self::OAuth2Code(declared) if declared.client_id.is_some() => {
                if declared.token.needs_secret() {
                    Registers::Secret
                } else {
                    Registers::Nothing
                }
            }
            // The person is sent there by our id, however the token endpoint knows us.
            Self::OAuth2Code(declared) if !declared.token.needs_secret() => Registers::Id,
            Self::OAuth2Code(_) => Registers::IdAndSecret,
            // What the person gives nobody registers.
            Self::ClientCredentials(declared) if declared.client_id.is_some() => Registers::Nothing,
            Self::ClientCredentials(declared) => of_token(&declared.token),
            Self::OAuth1(_) => Registers::IdAndSecret,
            Self::TokenLink(declared) if declared.registers => Registers::IdAndSecret,
            Self::TokenLink(_) | Self::Delivery(_) | Self::Credentials(_) | Self::FileUpload(_) => {
                Registers::Nothing
            }
        }
    }

    pub(super) const fn is_upload(&self) -> bool {
        matches!(self, Self::FileUpload(_))
    }

    /// Afterwards the names of all that an authorization brings are known.
    pub(super) fn check(
        self,
        check: &Check<'_>,
        names: &mut Names,
    ) -> Result<Auth, DeclarationError> {
        Ok(match self {
            Self::OAuth2Code(declared) => {
                let check = check.within("auth.oauth2_code");
                Auth::OAuth2Code(Arc::new(declared.check(&check, names)?))
            }
            Self::ClientCredentials(declared) => {
                let check = check.within("auth.oauth2_client_credentials");
                Auth::ClientCredentials(Arc::new(declared.check(&check, names)?))
            }
            Self::OAuth1(declared) => {
                let check = check.within("auth.oauth1");
                Auth::OAuth1(Arc::new(declared.check(&check, names)?))
            }
            Self::Credentials(RawNothing {}) => Auth::Credentials,
            Self::TokenLink(declared) => {
                let check = check.within("auth.token_link");
                Auth::TokenLink(Arc::new(declared.check(&check, names)?))
            }
            Self::Delivery(declared) => {
                let check = check.within("auth.delivery");
                Auth::Delivery(Arc::new(declared.check(&check, names)?))
            }
            Self::FileUpload(RawNothing {}) => Auth::FileUpload,
        })
    }
}

impl RawOAuth2Code {
    fn check(self, check: &Check<'_>, names: &mut Names) -> Result<OAuth2Code, DeclarationError> {
        let in_callback = self
            .issuer_in_callback
            .as_ref()
            .is_some_and(|at| *at.get_ref());
        let issuer = match (&self.issuer, &self.issuer_in_callback) {
            (Some(template), _) => {
                // An issuer is an address, and is compared as a text.
                check.endpoint("issuer", template, names)?;
                Some(Issuer {
                    value: check.template("issuer", template, names)?,
                    in_callback,
                })
            }
            (None, Some(at)) => {
                return Err(check.error(at, "issuer_in_callback", "needs an issuer"));
            }
            (None, None) => None,
        };
        let authorization_endpoint = check.endpoint(
            "authorization_endpoint",
            &self.authorization_endpoint,
            names,
        )?;
        let client_id = self
            .client_id
            .as_ref()
            .map(|template| check.template("client_id", template, names))
            .transpose()?;
        let redirect_uri = self
            .redirect_uri
            .as_ref()
            .map(|template| check.template("redirect_uri", template, names))
            .transpose()?;
        let given = names.and(&["redirect_uri", "state", "scopes"]);
        let authorize_parameters =
            check.parameters("authorize_parameters", &self.authorize_parameters, &given)?;
        for name in &self.authorize_without {
            let known = ["client_id", "redirect_uri", "response_type", "scope"];
            if !known.contains(&name.get_ref().as_str()) {
                let problem = format!("must be one of {}", known.join(", "));
                return Err(check.error(name, "authorize_without", problem));
            }
        }
        for name in self.authorize_parameters.keys() {
            let is_own = match name.get_ref().as_str() {
                "state" | "code_challenge" | "code_challenge_method" | "redirect_uri" => true,
                // Some want one where no ID token is used.
                "nonce" => self.openid.is_some(),
                _ => false,
            };
            if is_own {
                let problem = format!(
                    "must not set `{}`, which the protocol sets itself",
                    name.get_ref()
                );
                return Err(check.error(name, "authorize_parameters", problem));
            }
        }
        let callback_values = callback_values(check, self.callback_values, names)?;
        if let Some(signature) = &self.callback_signature {
            check.parameter("callback_signature.parameter", &signature.parameter)?;
        }
        let token = self.token.check(check, names)?;
        let openid = match self.openid {
            None => None,
            Some(openid) => {
                if issuer.is_none() {
                    return Err(check.error(&openid.jwks, "openid", "needs an issuer"));
                }
                Some(OpenId {
                    jwks: check.endpoint("openid.jwks", &openid.jwks, names)?,
                    algorithms: openid.algorithms.clone(),
                    userinfo: openid
                        .userinfo
                        .as_ref()
                        .map(|endpoint| check.endpoint("openid.userinfo", endpoint, names))
                        .transpose()?,
                    scopes: scopes(
                        check,
                        "openid.scopes",
                        openid.scopes,
                        token.scope_separator.as_char(),
                    )?,
                })
            }
        };
        Ok(OAuth2Code {
            client_id,
            authorization_endpoint,
            token,
            issuer,
            pkce: self.pkce,
            authorize_parameters,
            authorize_without: self
                .authorize_without
                .into_iter()
                .map(Spanned::into_inner)
                .collect(),
            redirect_uri,
            code_parameter: self
                .code_parameter
                .map_or_else(|| "code".to_owned(), Spanned::into_inner),
            response_mode: self.response_mode,
            callback_values,
            callback_signature: self.callback_signature.map(|signature| CallbackSignature {
                parameter: signature.parameter.into_inner(),
                over: signature.over,
            }),
            openid,
        })
    }
}

impl RawClientCredentials {
    fn check(
        self,
        check: &Check<'_>,
        names: &mut Names,
    ) -> Result<ClientCredentials, DeclarationError> {
        let template = |field: &str, text: &Option<Spanned<String>>, names: &Names| {
            text.as_ref()
                .map(|text| check.template(field, text, names))
                .transpose()
        };
        Ok(ClientCredentials {
            client_id: template("client_id", &self.client_id, names)?,
            client_secret: template("client_secret", &self.client_secret, names)?,
            token: self.token.check(check, names)?,
        })
    }
}

impl RawOAuth1 {
    fn check(self, check: &Check<'_>, names: &mut Names) -> Result<OAuth1, DeclarationError> {
        let request_endpoint = check.endpoint("request_endpoint", &self.request_endpoint, names)?;
        let authorization_endpoint = check.endpoint(
            "authorization_endpoint",
            &self.authorization_endpoint,
            names,
        )?;
        let realm = self
            .realm
            .as_ref()
            .map(|realm| check.template("realm", realm, names))
            .transpose()?;
        let callback_values = callback_values(check, self.callback_values, names)?;
        Ok(OAuth1 {
            request_endpoint,
            authorization_endpoint,
            token_endpoint: check.endpoint("token_endpoint", &self.token_endpoint, names)?,
            signature: self.signature,
            realm,
            callback_values,
            revocation: match self.revocation {
                None => RevocationWay::None,
                Some(revocation) => revocation.check(check, names)?,
            },
        })
    }
}

impl RawTokenLink {
    fn check(self, check: &Check<'_>, names: &mut Names) -> Result<TokenLink, DeclarationError> {
        let before = match self.before {
            None => None,
            Some(before) => Some(before.check(&check.within("before"), "step", names)?),
        };
        let given = names.and(&["return_url", "state"]);
        let create = match self.create {
            None => None,
            Some(call) => Some(call.check(&check.within("create"), &given)?),
        };
        let address = if self.address.get_ref().starts_with('/') {
            if create.is_none() {
                let problem = "is a place in an answer, and there is no `create` call";
                return Err(check.error(&self.address, "address", problem));
            }
            let pattern = check.pattern("address_pattern", self.address_pattern.as_ref())?;
            let pattern = pattern
                .filter(|pattern| pattern.as_str().starts_with("https://"))
                .ok_or_else(|| {
                    let problem = "is answered, so that `address_pattern` must say what it may be, from https:// on";
                    check.error(&self.address, "address", problem)
                })?;
            Address::Answered {
                at: check.pointer("address", &self.address, false)?,
                pattern,
            }
        } else {
            let mut given = given.clone();
            for name in self.keep.keys() {
                given.add(format!("link.{}", name.get_ref()), Reach::Rest);
            }
            Address::Made(check.endpoint("address", &self.address, &given)?)
        };
        let mut keep = BTreeMap::new();
        for (name, from) in &self.keep {
            super::fields::check_name(check, name)?;
            let field = format!("keep.{}", name.get_ref());
            keep.insert(name.get_ref().clone(), reader(check, &field, from, names)?);
            names.add(format!("link.{}", name.get_ref()), Reach::Rest);
        }
        let callback_values = callback_values(check, self.callback_values, names)?;
        let after = match self.after {
            None => None,
            Some(after) => Some(after.check(&check.within("after"), "step", names)?),
        };
        let exchange = match self.exchange {
            None => None,
            Some(call) => Some(call.check(&check.within("exchange"), names)?),
        };
        let token = self
            .token
            .as_ref()
            .map(|token| reader(check, "token", token, names))
            .transpose()?;
        if let (Some(Reader::Pointer(_)), None, Some(at)) = (&token, &exchange, &self.token) {
            let problem = "is a place in an answer, and there is no `exchange` call";
            return Err(check.error(at, "token", problem));
        }
        Ok(TokenLink {
            before,
            create,
            address,
            keep,
            callback_values,
            after,
            exchange,
            token,
            token_lifetime: check.duration("token_lifetime", self.token_lifetime.as_ref())?,
            revocation: match self.revocation {
                None => RevocationWay::None,
                Some(revocation) => revocation.check(check, names)?,
            },
        })
    }
}

/// The values that a callback brings. Their names are known from here on.
fn callback_values(
    check: &Check<'_>,
    values: BTreeMap<Spanned<String>, RawCallbackValue>,
    names: &mut Names,
) -> Result<BTreeMap<String, CallbackValue>, DeclarationError> {
    let mut checked = BTreeMap::new();
    for (name, value) in values {
        check.parameter("callback_values", &name)?;
        let text = name.get_ref().clone();
        if RESERVED.contains(&text.as_str()) {
            let problem =
                format!("must not name `{text}`, which the protocol sets or reads itself");
            return Err(check.error(&name, "callback_values", problem));
        }
        let field = format!("callback_values.{text}");
        let own = check.within(&field);
        let pattern = check.pattern(&format!("{field}.pattern"), value.pattern.as_ref())?;
        let equals = value
            .equals
            .as_ref()
            .map(|equals| check.template(&format!("{field}.equals"), equals, names))
            .transpose()?;
        let options = choices(&own, value.options)?;
        let is_address = pattern
            .as_ref()
            .is_some_and(|pattern| pattern.as_str().starts_with("https://"));
        let reach = reach_of(pattern.is_some(), is_address);
        add(names, "callback", &text, reach, &options);
        checked.insert(
            text,
            CallbackValue {
                pattern,
                required: value.required,
                equals,
                options,
            },
        );
    }
    Ok(checked)
}
