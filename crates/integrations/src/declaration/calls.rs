//! Calls, accounts and APIs, read and checked.

use std::collections::BTreeMap;

use http::Method;
use serde::Deserialize;
use serde_json::Value;
use toml::Spanned;

use super::DeclarationError;
use super::check::{Check, RawTexts};
use super::fields::{check_name, reach_of};
use crate::account::{Account, Before, Only, Reader};
use crate::api::{Api, ApiAuthorization};
use crate::call::{Call, CallAuthorization, CallBody, JsonTemplate};
use crate::declared_error::{DeclaredError, ErrorMeaning};
use crate::pattern::Pattern;
use crate::template::{Names, Reach, Template};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RawCall {
    method: Option<Spanned<String>>,
    endpoint: Spanned<String>,
    #[serde(default)]
    authorization: CallAuthorization,
    #[serde(default)]
    headers: RawTexts,
    form: Option<RawTexts>,
    json: Option<Spanned<toml::Value>>,
    #[serde(default)]
    errors: Vec<RawError>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RawError {
    at: Spanned<String>,
    pattern: Spanned<String>,
    means: Spanned<ErrorMeaning>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawOnly {
    at: Spanned<String>,
    pattern: Spanned<String>,
}

/// One place or several, of which the first that has something counts.
#[derive(Deserialize)]
#[serde(untagged)]
enum Places {
    One(String),
    Several(Vec<String>),
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RawBefore {
    call: RawCall,
    list: Option<Spanned<String>>,
    #[serde(default)]
    keep: RawTexts,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RawAccount {
    before: Option<RawBefore>,
    call: Option<RawCall>,
    list: Option<Spanned<String>>,
    only: Option<RawOnly>,
    id: Spanned<String>,
    name: Option<Spanned<Places>>,
    #[serde(default)]
    keep: RawTexts,
    revocation: Option<RawCall>,
    #[serde(default)]
    patterns: RawTexts,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RawApi {
    base: Spanned<String>,
    #[serde(default)]
    authorization: RawAuthorization,
    #[serde(default)]
    headers: RawTexts,
    #[serde(default)]
    query: RawTexts,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
enum RawAuthorization {
    #[default]
    Bearer,
    Basic {
        user: Spanned<String>,
        password: Spanned<String>,
    },
    Header {
        name: Spanned<String>,
        value: Spanned<String>,
    },
    Query {
        name: Spanned<String>,
        value: Spanned<String>,
    },
    #[serde(rename = "oauth1")]
    OAuth1,
}

impl RawCall {
    pub(super) fn check(self, check: &Check<'_>, names: &Names) -> Result<Call, DeclarationError> {
        self.check_as(check, names, false)
    }

    /// The same of a call that ends something.
    pub(super) fn check_end(
        self,
        check: &Check<'_>,
        names: &Names,
    ) -> Result<Call, DeclarationError> {
        self.check_as(check, names, true)
    }

    fn check_as(
        self,
        check: &Check<'_>,
        names: &Names,
        ends: bool,
    ) -> Result<Call, DeclarationError> {
        let body = match (self.form, self.json) {
            (None, None) => CallBody::Empty,
            (Some(form), None) => CallBody::Form(check.parameters("form", &form, names)?),
            (None, Some(json)) => CallBody::Json(json_template(check, &json, names)?),
            (Some(_), Some(json)) => {
                return Err(check.error(&json, "json", "cannot stand beside a form"));
            }
        };
        let method = match &self.method {
            None if body == CallBody::Empty => Method::GET,
            None => Method::POST,
            Some(method) => [Method::GET, Method::POST, Method::PUT, Method::DELETE]
                .into_iter()
                .find(|known| known.as_str() == method.get_ref())
                .ok_or_else(|| check.error(method, "method", "must be GET, POST, PUT or DELETE"))?,
        };
        Ok(Call {
            method,
            endpoint: check.endpoint("endpoint", &self.endpoint, names)?,
            authorization: self.authorization,
            headers: check.headers(&self.headers, names)?,
            body,
            errors: errors(check, &self.errors, ends)?,
        })
    }
}

/// What refusals mean. `ends` says whether what they refuse ends something.
pub(super) fn errors(
    check: &Check<'_>,
    errors: &[RawError],
    ends: bool,
) -> Result<Vec<DeclaredError>, DeclarationError> {
    let mut checked = Vec::new();
    for error in errors {
        let means = *error.means.get_ref();
        if means == ErrorMeaning::EndedAlready && !ends {
            let problem = "is only for calls that end access";
            return Err(check.error(&error.means, "errors.means", problem));
        }
        checked.push(DeclaredError {
            at: check.pointer("errors.at", &error.at, false)?,
            pattern: check.one_pattern("errors.pattern", &error.pattern)?,
            means,
        });
    }
    Ok(checked)
}

fn json_template(
    check: &Check<'_>,
    json: &Spanned<toml::Value>,
    names: &Names,
) -> Result<JsonTemplate, DeclarationError> {
    template_of(json.get_ref(), names).map_err(|problem| check.error(json, "json", problem))
}

fn template_of(value: &toml::Value, names: &Names) -> Result<JsonTemplate, String> {
    Ok(match value {
        toml::Value::String(text) => JsonTemplate::Text(Template::parse(text, names)?),
        toml::Value::Integer(number) => JsonTemplate::Fixed(Value::from(*number)),
        toml::Value::Float(number) => JsonTemplate::Fixed(Value::from(*number)),
        toml::Value::Boolean(flag) => JsonTemplate::Fixed(Value::Bool(*flag)),
        toml::Value::Datetime(instant) => JsonTemplate::Fixed(Value::from(instant.to_string())),
        toml::Value::Array(items) => JsonTemplate::List(
            items
                .iter()
                .map(|item| template_of(item, names))
                .collect::<Result<_, _>>()?,
        ),
        toml::Value::Table(members) => JsonTemplate::Object(
            members
                .iter()
                .map(|(name, member)| Ok((name.clone(), template_of(member, names)?)))
                .collect::<Result<_, String>>()?,
        ),
    })
}

impl RawBefore {
    /// What is kept is known as `<source>.<name>` from here on.
    pub(super) fn check(
        self,
        check: &Check<'_>,
        source: &str,
        names: &mut Names,
    ) -> Result<Before, DeclarationError> {
        let before = Before {
            call: self.call.check(&check.within("call"), names)?,
            list: list(check, self.list.as_ref())?,
            keep: keep(check, &self.keep, names)?,
        };
        for name in before.keep.keys() {
            names.add(format!("{source}.{name}"), Reach::Rest);
        }
        Ok(before)
    }
}

impl RawAccount {
    pub(super) fn check(
        self,
        check: &Check<'_>,
        names: &mut Names,
    ) -> Result<Account, DeclarationError> {
        let check = check.within("account");
        // Some take the token in the address or the body, and not in a header.
        let mut given = names.and(&["access_token"]);
        let before = match self.before {
            None => None,
            Some(before) => Some(before.check(&check.within("before"), "account", &mut given)?),
        };
        let call = match self.call {
            None => None,
            Some(call) => Some(call.check(&check.within("call"), &given)?),
        };
        for name in before.iter().flat_map(|before| before.keep.keys()) {
            names.add(format!("account.{name}"), Reach::Rest);
        }
        let kept = keep(&check, &self.keep, names)?;
        for name in kept.keys() {
            names.add(format!("account.{name}"), Reach::Rest);
        }
        let mut patterns = BTreeMap::new();
        for (name, text) in &self.patterns {
            let field = format!("patterns.{}", name.get_ref());
            if names
                .reach(&format!("account.{}", name.get_ref()))
                .is_none()
            {
                return Err(check.error(name, &field, "is of a value that is not kept"));
            }
            let pattern = Pattern::parse(text.get_ref())
                .map_err(|problem| check.error(text, &field, problem))?;
            let is_address = pattern.as_str().starts_with("https://");
            let reach = reach_of(true, is_address);
            names.add(format!("account.{}", name.get_ref()), reach);
            patterns.insert(name.get_ref().clone(), pattern);
        }
        let mut account = Account {
            before,
            call,
            list: list(&check, self.list.as_ref())?,
            only: match &self.only {
                None => None,
                Some(only) => Some(Only {
                    at: check.pointer("only.at", &only.at, false)?,
                    pattern: check.one_pattern("only.pattern", &only.pattern)?,
                }),
            },
            id: reader(&check, "id", &self.id, names)?,
            name: match self.name {
                None => Vec::new(),
                Some(places) => names_of(&check, places, names)?,
            },
            keep: kept,
            patterns,
            revocation: None,
        };
        names.add("account.id", Reach::Rest);
        if let Some(call) = self.revocation {
            let names = names.and(&["access_token", "refresh_token"]);
            account.revocation = Some(call.check_end(&check.within("revocation"), &names)?);
        }
        Ok(account)
    }
}

fn names_of(
    check: &Check<'_>,
    places: Spanned<Places>,
    names: &Names,
) -> Result<Vec<Reader>, DeclarationError> {
    let span = places.span();
    let texts = match places.into_inner() {
        Places::One(text) => vec![text],
        Places::Several(texts) => texts,
    };
    let read = |text| reader(check, "name", &Spanned::new(span.clone(), text), names);
    texts.into_iter().map(read).collect()
}

fn list(
    check: &Check<'_>,
    list: Option<&Spanned<String>>,
) -> Result<Option<String>, DeclarationError> {
    list.map(|pointer| check.pointer("list", pointer, true))
        .transpose()
}

fn keep(
    check: &Check<'_>,
    keep: &RawTexts,
    names: &Names,
) -> Result<BTreeMap<String, Reader>, DeclarationError> {
    let mut checked = BTreeMap::new();
    for (name, from) in keep {
        check_name(check, name)?;
        let reader = reader(check, &format!("keep.{}", name.get_ref()), from, names)?;
        checked.insert(name.get_ref().clone(), reader);
    }
    Ok(checked)
}

/// A place in the answer where it begins with a slash, otherwise a template.
pub(super) fn reader(
    check: &Check<'_>,
    field: &str,
    text: &Spanned<String>,
    names: &Names,
) -> Result<Reader, DeclarationError> {
    if text.get_ref().starts_with('/') {
        check.pointer(field, text, false).map(Reader::Pointer)
    } else if text.get_ref().contains('{') {
        check.template(field, text, names).map(Reader::Template)
    } else {
        let problem =
            "must be a JSON pointer (RFC 6901), as in /organisation/id, or have a placeholder";
        Err(check.error(text, field, problem))
    }
}

impl RawApi {
    pub(super) fn check(self, check: &Check<'_>, names: &Names) -> Result<Api, DeclarationError> {
        let check = check.within("api");
        let names = names.and(&["access_token"]);
        let authorization = match &self.authorization {
            RawAuthorization::Bearer => ApiAuthorization::Bearer,
            RawAuthorization::Basic { user, password } => ApiAuthorization::Basic {
                user: check.template("authorization.basic.user", user, &names)?,
                password: check.template("authorization.basic.password", password, &names)?,
            },
            RawAuthorization::Header { name, value } => ApiAuthorization::Header {
                name: check.header("authorization.header.name", name)?,
                value: check.template("authorization.header.value", value, &names)?,
            },
            RawAuthorization::Query { name, value } => {
                check.parameter("authorization.query.name", name)?;
                ApiAuthorization::Query {
                    name: name.get_ref().clone(),
                    value: check.template("authorization.query.value", value, &names)?,
                }
            }
            RawAuthorization::OAuth1 => ApiAuthorization::OAuth1,
        };
        let base = check.endpoint("base", &self.base, &names)?;
        if base.template().contains('?') {
            return Err(check.error(&self.base, "base", "must have no query"));
        }
        Ok(Api {
            base,
            authorization,
            headers: check.headers(&self.headers, &names)?,
            query: check.parameters("query", &self.query, &names)?,
        })
    }
}
