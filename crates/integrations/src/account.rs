//! Which companies a connection reaches at the third party.

use std::collections::BTreeMap;

use serde_json::Value;

use crate::call::Call;
use crate::pattern::Pattern;
use crate::provider::{ProviderText, Unintelligible, is_invisible};
use crate::template::Template;
use crate::values::Values;

/// How it is learnt which companies an authorization reaches, and what they are called.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Account {
    /// What is asked first, where the call needs something of its answer.
    pub before: Option<Before>,
    /// What is asked. None where the values are enough.
    pub call: Option<Call>,
    /// Where the companies stand in the answer (RFC 6901), where it has several; empty for the whole answer.
    pub list: Option<String>,
    /// Which entries are companies that can be connected, where not all are.
    pub only: Option<Only>,
    /// A company's id. As a template it knows what is kept of the same entry.
    pub id: Reader,
    /// Its name: the first of these that is there and not empty.
    pub name: Vec<Reader>,
    /// What else is kept of it, as `account.<name>`.
    pub keep: BTreeMap<String, Reader>,
    /// What kept values have to look like. Those that reach into a host need it.
    pub patterns: BTreeMap<String, Pattern>,
    /// The call that ends access to one company and leaves the person's others alone, where there is one.
    pub revocation: Option<Call>,
}

/// Which entries of a list are companies that can be connected: the others are passed over.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Only {
    /// Where the text stands by which they are known (RFC 6901).
    pub at: String,
    /// What it has to look like. An entry without it is none.
    pub pattern: Pattern,
}

impl Only {
    fn takes(&self, entry: &Value) -> bool {
        let text = entry.pointer(&self.at).and_then(text);
        text.is_some_and(|text| self.pattern.fits(&text))
    }
}

/// A call whose answer the next one needs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Before {
    /// What is asked.
    pub call: Call,
    /// Where the entries stand in the answer, for each of which the next call is made; the answer itself where it is no list.
    pub list: Option<String>,
    /// What is kept of an entry, as `account.<name>`.
    pub keep: BTreeMap<String, Reader>,
}

/// Where a text of an answer comes from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Reader {
    /// A place in the answer (RFC 6901), as in `/organisation/id`.
    Pointer(String),
    /// What is known already.
    Template(Template),
}

/// A company that an authorization reaches.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FoundAccount {
    /// Its id at the third party.
    pub id: String,
    /// Its name there; empty where that was not told.
    pub name: String,
    /// What is kept of it: `account.id`, `account.name` and what the declaration keeps besides.
    pub values: Values,
}

/// The most companies that are looked at. Beyond that nobody finds theirs in a list.
pub(crate) const MOST: usize = 500;
/// The most entries for which the next call is made.
pub(crate) const BEFORE_MOST: usize = 20;

impl Reader {
    /// The text; none where it is not there.
    pub(crate) fn read(&self, answer: &Value, values: &Values) -> Option<String> {
        match self {
            Self::Pointer(pointer) => answer.pointer(pointer).and_then(text),
            Self::Template(template) => template.fill(values).ok(),
        }
    }
}

/// A text or a whole number, as a text.
pub(crate) fn text(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text.clone()),
        Value::Number(number) if number.is_i64() || number.is_u64() => Some(number.to_string()),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::Array(_) | Value::Object(_) => {
            None
        }
    }
}

/// The entries of an answer: those of its list, or the answer itself.
pub(crate) fn entries<'a>(
    answer: &'a Value,
    list: Option<&str>,
) -> Result<Vec<&'a Value>, Unintelligible> {
    let Some(pointer) = list else {
        return Ok(vec![answer]);
    };
    match answer.pointer(pointer) {
        Some(Value::Array(items)) => Ok(items.iter().collect()),
        // Some answer a single one without its list.
        Some(one @ Value::Object(_)) => Ok(vec![one]),
        Some(Value::Null) | None => Ok(Vec::new()),
        Some(Value::Bool(_) | Value::Number(_) | Value::String(_)) => {
            Err(Unintelligible::NoIdentity)
        }
    }
}

/// What is kept of an entry.
pub(crate) fn kept(
    keep: &BTreeMap<String, Reader>,
    entry: &Value,
    values: &Values,
) -> Result<Values, Unintelligible> {
    let mut kept = Values::default();
    for (name, reader) in keep {
        let value = reader.read(entry, values).and_then(identifier);
        let value = value.ok_or(Unintelligible::NoIdentity)?;
        kept.set(format!("account.{name}"), value);
    }
    Ok(kept)
}

impl Account {
    /// Those entries of an answer that are companies.
    pub(crate) fn companies<'a>(
        &self,
        answer: &'a Value,
    ) -> Result<Vec<&'a Value>, Unintelligible> {
        let mut list = entries(answer, self.list.as_deref())?;
        list.retain(|entry| self.only.as_ref().is_none_or(|only| only.takes(entry)));
        Ok(list)
    }

    /// Reads one company.
    pub(crate) fn one(
        &self,
        entry: &Value,
        values: &Values,
    ) -> Result<FoundAccount, Unintelligible> {
        let mut own = kept(&self.keep, entry, values)?;
        for (name, value) in values.of("account") {
            if own.get(&format!("account.{name}")).is_none() {
                own.set(format!("account.{name}"), value);
            }
        }
        for (name, pattern) in &self.patterns {
            let kept = own.get(&format!("account.{name}")).unwrap_or_default();
            if !pattern.fits(kept) {
                return Err(Unintelligible::BadValue);
            }
        }
        let mut known = values.clone();
        known.extend(&own);
        let id = self.id.read(entry, &known).and_then(identifier);
        let id = id.ok_or(Unintelligible::NoIdentity)?;
        let name = self
            .name
            .iter()
            .find_map(|name| ProviderText::new(&name.read(entry, &known)?))
            .map(|name| name.as_str().to_owned())
            .unwrap_or_default();
        own.set("account.id", id.clone());
        Ok(FoundAccount {
            id,
            name,
            values: own,
        })
    }
}

/// An id is compared, and goes into addresses and headers, so that it is taken as it is or not at all.
fn identifier(id: String) -> Option<String> {
    let fits = (1..=300).contains(&id.len())
        && id.trim() == id
        && !id.chars().any(|c| c.is_control() || is_invisible(c));
    fits.then_some(id)
}
