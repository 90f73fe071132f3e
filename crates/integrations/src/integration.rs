//! Integrations, as their declarations say.

use std::collections::BTreeMap;
use std::sync::Arc;

use handclasp_domain::{IntegrationId, PlatformKey, SourceId, SourceType};
use serde::Deserialize;

use crate::account::Account;
use crate::api::Api;
use crate::client_credentials::ClientCredentials;
use crate::data_type::DataType;
use crate::delivery::Delivery;
use crate::endpoint::Origins;
use crate::fields::{OperatorField, PersonField};
use crate::held::Held;
use crate::oauth1::OAuth1;
use crate::oauth2::{OAuth2Code, RefreshTokens, TokenEndpoint};
use crate::registration::Fingerprint;
use crate::surface::addresses;
use crate::token_link::TokenLink;

/// An integration: software that a company can connect, and how.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Integration {
    /// Its key, as in `gbol`.
    pub key: PlatformKey,
    /// Its name for people, as in `Xero`.
    pub name: String,
    /// What kind of software it is.
    pub source_type: SourceType,
    /// Its published id.
    pub integration_id: IntegrationId,
    /// Its published source id.
    pub source_id: SourceId,
    /// Whether it is for trying out and has no real data; offered only where the client wants such ones.
    pub sandbox: bool,
    /// Whether something in its declaration is not certain: then it is labelled so, and off until somebody switches it on.
    pub unverified: bool,
    /// Where it stands among those of its source type: lower ones first, equal ones by name.
    pub order: u16,
    /// Where an operator reads how to set it up.
    pub docs: String,
    /// Which data a connection gives access to, for the consent page.
    pub data_types: Vec<DataType>,
    /// How well it can be connected on a phone.
    pub mobile: Mobile,
    /// How it wants to be shown.
    pub brand: Brand,
    /// What a client's staff enter for it, the client id and secret first.
    pub operator: Vec<OperatorField>,
    /// What the person who connects is asked for.
    pub person: Vec<PersonField>,
    /// How a connection is authorized.
    pub auth: Auth,
    /// Which companies an authorization reaches, where there is a way to learn it.
    pub account: Option<Account>,
    /// How its API is called, where a connection gives access to one.
    pub api: Option<Api>,
    /// Where facts come from that no reference has: a field's path, and an address.
    pub sources: BTreeMap<String, String>,
    /// Its logo, an SVG document.
    pub logo: String,
    /// The origin of the server's own sandbox.
    pub(crate) origins: Origins,
    /// What identifies its endpoints, made once.
    pub(crate) fingerprint: Option<Fingerprint>,
}

impl Integration {
    /// Whether a value is one that the operator or the person may leave out.
    pub(crate) fn may_lack(&self, value: &str) -> bool {
        let optional = |source: &str, name: &str| {
            let rest = value.strip_prefix(source);
            rest.and_then(|rest| rest.strip_prefix(name))
                .is_some_and(|rest| rest.is_empty() || rest.starts_with('.'))
        };
        let mut operator = self.operator.iter().filter(|field| field.optional);
        let mut person = self.person.iter().filter(|field| field.optional);
        operator.any(|field| optional("operator.", &field.name))
            || person.any(|field| optional("person.", &field.name))
    }

    /// What lists are ordered by.
    pub(crate) fn place(&self) -> (SourceType, u16, &str, PlatformKey) {
        (self.source_type, self.order, &self.name, self.key)
    }

    /// Whether it leads to the server's own third party alone. Nobody registers there by hand: both sides derive what they need.
    pub fn is_built_in(&self) -> bool {
        self.sandbox
            && addresses(self)
                .iter()
                .all(|address| address.starts_with("{sandbox}/"))
    }

    /// Every address that it leads to, as declared: with places for values, some more than once.
    pub fn addresses(&self) -> Vec<String> {
        addresses(self)
    }

    /// What a client's staff enter for it; nothing for what is built in.
    pub fn operator_fields(&self) -> &[OperatorField] {
        if self.is_built_in() {
            return &[];
        }
        &self.operator
    }

    /// The token endpoint, where there is one.
    pub fn token_endpoint(&self) -> Option<&TokenEndpoint> {
        match &self.auth {
            Auth::OAuth2Code(declared) => Some(&declared.token),
            Auth::ClientCredentials(declared) => Some(&declared.token),
            Auth::OAuth1(_)
            | Auth::Credentials
            | Auth::TokenLink(_)
            | Auth::Delivery(_)
            | Auth::FileUpload => None,
        }
    }

    /// Whether a fresh access token can be fetched for what a connection holds.
    pub fn is_renewable(&self, held: &Held) -> bool {
        match &self.auth {
            Auth::OAuth2Code(declared) => {
                declared.token.refresh_tokens != RefreshTokens::None && held.refresh_token.is_some()
            }
            Auth::ClientCredentials(_) => true,
            Auth::OAuth1(_)
            | Auth::Credentials
            | Auth::TokenLink(_)
            | Auth::Delivery(_)
            | Auth::FileUpload => false,
        }
    }

    /// Whether revoking one token ends all that the person granted, with the tokens of later authorizations. Then tokens that new
    /// ones have replaced are left to end by themselves.
    pub fn revocation_ends_grant(&self) -> bool {
        self.token_endpoint()
            .is_some_and(|token| token.revocation_ends_grant)
    }

    /// What is asked for at the third party, unless the client set scopes of its own.
    pub fn scopes(&self) -> &[String] {
        match &self.auth {
            Auth::Delivery(declared) => &declared.scopes,
            Auth::OAuth2Code(_)
            | Auth::ClientCredentials(_)
            | Auth::OAuth1(_)
            | Auth::Credentials
            | Auth::TokenLink(_)
            | Auth::FileUpload => self.token_endpoint().map_or(&[], |token| &token.scopes),
        }
    }

    /// Without which scopes a connection is of no use.
    pub fn required_scopes(&self) -> &[String] {
        self.token_endpoint()
            .map_or(&[], |token| &token.required_scopes)
    }

    /// Whether a text can be one of its scopes (RFC 6749, 3.3).
    pub fn is_scope(&self, text: &str) -> bool {
        let separator = match &self.auth {
            Auth::Delivery(_) => Some(' '),
            Auth::OAuth2Code(_)
            | Auth::ClientCredentials(_)
            | Auth::OAuth1(_)
            | Auth::Credentials
            | Auth::TokenLink(_)
            | Auth::FileUpload => self
                .token_endpoint()
                .map(|token| token.scope_separator.as_char()),
        };
        separator.is_some_and(|separator| is_scope(text, separator))
    }
}

/// Whether a text can be a scope (RFC 6749, 3.3) where `separator` stands between scopes.
pub(crate) fn is_scope(text: &str, separator: char) -> bool {
    let allowed = |c: char| matches!(c, '!' | '#'..='[' | ']'..='~') && c != separator;
    !text.is_empty() && text.chars().all(allowed)
}

/// How a connection to an integration is authorized.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Auth {
    /// By the OAuth 2 authorization code flow (RFC 6749, 4.1).
    OAuth2Code(Arc<OAuth2Code>),
    /// By the OAuth 2 client credentials flow (RFC 6749, 4.4), with what the operator or the person gives.
    ClientCredentials(Arc<ClientCredentials>),
    /// By OAuth 1.0a (RFC 5849).
    OAuth1(Arc<OAuth1>),
    /// By a key, or a name and a password, that the person types and that a call checks.
    Credentials,
    /// By a page of the third party's that a call of ours, or an address, leads to, and that sends the person back with a token or
    /// a sign that it is done.
    TokenLink(Arc<TokenLink>),
    /// By keys that the third party's server delivers to ours while the person is at its pages.
    Delivery(Arc<Delivery>),
    /// By uploading files: there is nobody to authorize.
    FileUpload,
}

impl Auth {
    /// Whether a person is sent to pages of the third party's.
    pub const fn leaves(&self) -> bool {
        match self {
            Self::OAuth2Code(_) | Self::OAuth1(_) | Self::TokenLink(_) | Self::Delivery(_) => true,
            Self::ClientCredentials(_) | Self::Credentials | Self::FileUpload => false,
        }
    }
}

/// How well an integration can be connected on a phone.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Mobile {
    /// As on a computer.
    #[default]
    Good,
    /// The third party's pages are not made for it.
    Awkward,
    /// Not at all: it needs a program on a computer.
    None,
}

/// How an integration wants to be shown.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Brand {
    /// Its colour, as in `#13b5ea`, where it is known.
    pub color: Option<String>,
    /// What its owner demands of a button that begins a connection, and where that stands.
    pub button: Option<String>,
}
