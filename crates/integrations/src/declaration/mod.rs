//! `integration.toml`: what it may say, and how it is checked.
//!
//! ```text
//! raw*.rs: what serde reads ─► check.rs, fields.rs, auth.rs, calls.rs: what holds of it ─► Integration
//! ```
//! What values are known where grows on the way: an authorization address knows the operator's and the person's, the token endpoint
//! the callback's too, the API all of them. A template that names one too early is refused.

mod auth;
mod calls;
mod check;
mod delivery;
mod fields;
mod token;

use std::collections::BTreeMap;
use std::ops::Range;

use handclasp_domain::{IntegrationId, PlatformKey, SourceId, SourceType};
use serde::Deserialize;
use toml::Spanned;

use self::auth::RawAuth;
use self::calls::{RawAccount, RawApi};
use self::check::Check;
use self::fields::{RawOperatorField, RawPersonField};
use crate::data_type::DataType;
use crate::endpoint::{Origins, SANDBOX};
use crate::integration::{Auth, Brand, Integration, Mobile};
use crate::template::{Names, Reach};

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
    #[serde(default)]
    unverified: bool,
    order: u16,
    docs: Spanned<String>,
    data_types: Spanned<Vec<DataType>>,
    #[serde(default)]
    mobile: Mobile,
    #[serde(default)]
    brand: RawBrand,
    #[serde(default)]
    operator: Vec<RawOperatorField>,
    #[serde(default)]
    person: Vec<RawPersonField>,
    auth: RawAuth,
    account: Option<RawAccount>,
    api: Option<RawApi>,
    #[serde(default)]
    sources: BTreeMap<Spanned<String>, Spanned<String>>,
}

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct RawBrand {
    color: Option<Spanned<String>>,
    button: Option<Spanned<String>>,
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
    let key = check_key(&source, raw.key)?;
    // Files may be of anything.
    let is_upload = raw.auth.is_upload();
    check_head(&source, &raw.name, &raw.docs, &raw.data_types, is_upload)?;
    let brand = check_brand(&source, raw.brand)?;
    let sources = check_sources(&source, raw.sources)?;

    let mut names = Names::default();
    if raw.sandbox {
        // Only what is built in may speak of the server's own origin.
        names.add(SANDBOX, Reach::Origin);
    }
    let operator = fields::operator(raw.operator, raw.auth.registers(), &source, &mut names)?;
    let person = fields::person(raw.person, &source, &mut names)?;
    let check = Check::new(&source);
    let auth = raw.auth.check(&check, &mut names)?;
    let account = raw
        .account
        .map(|account| account.check(&check, &mut names))
        .transpose()?;
    let api = raw.api.map(|api| api.check(&check, &names)).transpose()?;
    let integration = Integration {
        key,
        name: raw.name.into_inner(),
        source_type: raw.source_type,
        integration_id: raw.integration_id,
        source_id: raw.source_id,
        sandbox: raw.sandbox,
        unverified: raw.unverified,
        order: raw.order,
        docs: raw.docs.into_inner(),
        data_types: raw.data_types.into_inner(),
        mobile: raw.mobile,
        brand,
        operator,
        person,
        auth,
        account,
        api,
        sources,
        logo: logo.to_owned(),
        origins: origins.clone(),
        fingerprint: None,
    };
    whole(&source, &integration)?;
    let fingerprint = Some(integration.fingerprint());
    Ok(Integration {
        fingerprint,
        ..integration
    })
}

/// What holds of a declaration as a whole.
fn whole(source: &Source<'_>, integration: &Integration) -> Result<(), DeclarationError> {
    let problem = match &integration.auth {
        Auth::Credentials if integration.person.is_empty() => {
            "asks the person for nothing, so that there is nothing to authorize with"
        }
        Auth::Credentials
            if integration
                .account
                .as_ref()
                .is_none_or(|it| it.call.is_none()) =>
        {
            "has no call of an account, by which what the person types is checked"
        }
        Auth::FileUpload if integration.api.is_some() => "has no API to call",
        Auth::OAuth2Code(_)
        | Auth::ClientCredentials(_)
        | Auth::OAuth1(_)
        | Auth::Credentials
        | Auth::TokenLink(_)
        | Auth::Delivery(_)
        | Auth::FileUpload => return Ok(()),
    };
    Err(source.error(0..0, "integration.toml", problem))
}

fn check_key(source: &Source<'_>, key: Spanned<String>) -> Result<PlatformKey, DeclarationError> {
    let at = key.span();
    let spelled = key.into_inner();
    spelled
        .parse::<PlatformKey>()
        .ok()
        .filter(|key| key.as_str() == spelled)
        .ok_or_else(|| source.error(at, "key", "must be four lower-case letters"))
}

fn check_head(
    source: &Source<'_>,
    name: &Spanned<String>,
    docs: &Spanned<String>,
    data_types: &Spanned<Vec<DataType>>,
    is_upload: bool,
) -> Result<(), DeclarationError> {
    let text = name.get_ref();
    if text.trim() != text
        || text.is_empty()
        || text.chars().count() > 60
        || text.contains(char::is_control)
    {
        return Err(source.error(
            name.span(),
            "name",
            "must have 1 to 60 characters, with no space at either end",
        ));
    }
    if !is_https(docs.get_ref()) {
        return Err(source.error(docs.span(), "docs", "must be an https address"));
    }
    let types = data_types.get_ref();
    if types.is_empty() && !is_upload {
        return Err(source.error(data_types.span(), "data_types", "names no data"));
    }
    if (1..types.len()).any(|i| types[..i].contains(&types[i])) {
        return Err(source.error(data_types.span(), "data_types", "names one twice"));
    }
    Ok(())
}

fn check_brand(source: &Source<'_>, brand: RawBrand) -> Result<Brand, DeclarationError> {
    if let Some(color) = &brand.color {
        let digits = color.get_ref().strip_prefix('#').unwrap_or_default();
        if digits.len() != 6
            || !digits
                .bytes()
                .all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f'))
        {
            let problem = "must be six hexadecimal digits in lower case, as in #13b5ea";
            return Err(source.error(color.span(), "brand.color", problem));
        }
    }
    Ok(Brand {
        color: brand.color.map(Spanned::into_inner),
        button: brand.button.map(Spanned::into_inner),
    })
}

fn check_sources(
    source: &Source<'_>,
    sources: BTreeMap<Spanned<String>, Spanned<String>>,
) -> Result<BTreeMap<String, String>, DeclarationError> {
    for (field, address) in &sources {
        if !is_https(address.get_ref()) {
            let field = format!("sources.{}", field.get_ref());
            return Err(source.error(address.span(), field, "must be an https address"));
        }
    }
    Ok(sources
        .into_iter()
        .map(|(field, address)| (field.into_inner(), address.into_inner()))
        .collect())
}

fn is_https(text: &str) -> bool {
    text.starts_with("https://") && url::Url::parse(text).is_ok()
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

#[cfg(test)]
mod tests;
