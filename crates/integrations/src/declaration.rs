//! `integration.toml`: what it may say, and how it is checked.

use std::ops::Range;
use std::sync::Arc;

use handclasp_domain::{IntegrationId, PlatformKey, SourceId, SourceType};
use serde::Deserialize;
use toml::Spanned;

use crate::api::Api;
use crate::data_type::DataType;
use crate::endpoint::{Endpoint, Origins};
use crate::oauth2::{OAuth2Code, RawOAuth2Code};

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
    /// Where it stands among those of its source type: lower ones first, equal ones by name.
    pub order: u16,
    /// Where an operator reads how to set it up.
    pub docs: String,
    /// Which data a connection gives access to, for the consent page.
    pub data_types: Vec<DataType>,
    /// How a connection is authorized.
    pub auth: Auth,
    /// Its API, where calls can be passed on to it.
    pub api: Option<Api>,
    /// Its logo, an SVG document.
    pub logo: String,
}

impl Integration {
    /// What lists are ordered by.
    pub(crate) fn place(&self) -> (SourceType, u16, &str, PlatformKey) {
        (self.source_type, self.order, &self.name, self.key)
    }
}

/// How a connection to an integration is authorized.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Auth {
    /// By the OAuth 2 authorization code flow (RFC 6749, 4.1).
    OAuth2Code(Arc<OAuth2Code>),
}

/// A declaration is wrong. Shows as `file:line: field: problem`.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{file}:{line}: {field}: {problem}")]
pub struct DeclarationError {
    /// Which file.
    pub file: String,
    /// Which line, from 1.
    pub line: usize,
    /// Which field, with the tables that it stands in; `integration.toml` where it is about the whole.
    pub field: String,
    /// What is wrong, as a clause.
    pub problem: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Raw {
    key: Spanned<String>,
    name: Spanned<String>,
    source_type: SourceType,
    integration_id: IntegrationId,
    source_id: SourceId,
    #[serde(default)]
    sandbox: bool,
    order: u16,
    docs: Spanned<String>,
    data_types: Spanned<Vec<DataType>>,
    auth: RawAuth,
    api: Option<RawApi>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawApi {
    base: Spanned<String>,
}

impl RawApi {
    fn check(
        self,
        sandbox: bool,
        source: &Source<'_>,
        origins: &Origins,
    ) -> Result<Api, DeclarationError> {
        let error = |problem: &str| source.error(self.base.span(), "api.base", problem);
        if self.base.get_ref().starts_with("{sandbox}") && !sandbox {
            return Err(error("may start with {sandbox} only where sandbox = true"));
        }
        let base = Endpoint::parse(self.base.get_ref(), origins).map_err(error)?;
        Api::new(base).map_err(error)
    }
}

#[derive(Deserialize)]
#[serde(rename_all = "snake_case")]
enum RawAuth {
    #[serde(rename = "oauth2_code")]
    OAuth2Code(Box<RawOAuth2Code>),
}

/// A file being checked: turns places in it into lines.
pub(crate) struct Source<'a> {
    file: &'a str,
    text: &'a str,
}

impl Source<'_> {
    /// An error at `span`.
    pub(crate) fn error(
        &self,
        span: Range<usize>,
        field: impl Into<String>,
        problem: impl Into<String>,
    ) -> DeclarationError {
        let before = self.text.as_bytes().get(..span.start).unwrap_or_default();
        DeclarationError {
            file: self.file.to_owned(),
            line: 1 + before.iter().filter(|byte| **byte == b'\n').count(),
            field: field.into(),
            problem: problem.into(),
        }
    }
}

/// Reads one declaration. `file` is its name for messages.
pub(crate) fn parse(
    file: &str,
    text: &str,
    logo: &str,
    origins: &Origins,
) -> Result<Integration, DeclarationError> {
    let source = Source { file, text };
    let raw = read(&source)?;

    let key_at = raw.key.span();
    let spelled = raw.key.into_inner();
    let key = spelled
        .parse::<PlatformKey>()
        .ok()
        .filter(|key| key.as_str() == spelled)
        .ok_or_else(|| source.error(key_at, "key", "must be four lower-case letters"))?;

    let name = raw.name.get_ref();
    if name.trim() != name
        || name.is_empty()
        || name.chars().count() > 60
        || name.contains(char::is_control)
    {
        return Err(source.error(
            raw.name.span(),
            "name",
            "must have 1 to 60 characters, with no space at either end",
        ));
    }
    if !raw.docs.get_ref().starts_with("https://") || url::Url::parse(raw.docs.get_ref()).is_err() {
        return Err(source.error(raw.docs.span(), "docs", "must be an https address"));
    }
    let data_types = raw.data_types.get_ref();
    if data_types.is_empty() {
        return Err(source.error(raw.data_types.span(), "data_types", "names no data"));
    }
    if (1..data_types.len()).any(|i| data_types[..i].contains(&data_types[i])) {
        return Err(source.error(raw.data_types.span(), "data_types", "names one twice"));
    }

    let auth = match raw.auth {
        RawAuth::OAuth2Code(declared) => Auth::OAuth2Code(Arc::new(declared.check(
            key,
            raw.sandbox,
            &source,
            origins,
        )?)),
    };
    let api = raw
        .api
        .map(|api| api.check(raw.sandbox, &source, origins))
        .transpose()?;
    Ok(Integration {
        key,
        name: raw.name.into_inner(),
        source_type: raw.source_type,
        integration_id: raw.integration_id,
        source_id: raw.source_id,
        sandbox: raw.sandbox,
        order: raw.order,
        docs: raw.docs.into_inner(),
        data_types: raw.data_types.into_inner(),
        auth,
        api,
        logo: logo.to_owned(),
    })
}

fn read(source: &Source<'_>) -> Result<Raw, DeclarationError> {
    const WHOLE: &str = "integration.toml";
    let syntax = |error: &toml::de::Error| {
        source.error(error.span().unwrap_or_default(), WHOLE, error.message())
    };
    let document = toml::Deserializer::parse(source.text).map_err(|error| syntax(&error))?;
    serde_path_to_error::deserialize(document).map_err(|error| {
        // A value with a place is read through a wrapper whose made-up names nobody wrote.
        let path = error
            .path()
            .iter()
            .map(ToString::to_string)
            .filter(|part| !part.starts_with("$__serde_spanned"))
            .collect::<Vec<_>>()
            .join(".")
            .replace(".[", "[");
        let field = if path.is_empty() || path == "." {
            WHOLE.to_owned()
        } else {
            path
        };
        let inner = error.inner();
        source.error(inner.span().unwrap_or_default(), field, inner.message())
    })
}
