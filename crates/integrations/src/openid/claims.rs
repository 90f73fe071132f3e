//! What is told about a person.

use std::fmt;

use serde_json::{Map, Value};

use crate::provider::is_invisible;

/// What OpenID Connect Core, 5.1 has a standard name for, beside `sub`.
const STANDARD: [&str; 19] = [
    "address",
    "birthdate",
    "email",
    "email_verified",
    "family_name",
    "gender",
    "given_name",
    "locale",
    "middle_name",
    "name",
    "nickname",
    "phone_number",
    "phone_number_verified",
    "picture",
    "preferred_username",
    "profile",
    "updated_at",
    "website",
    "zoneinfo",
];

/// The longest value, in bytes. Longer ones are left out rather than cut: half an address is none.
const VALUE_MAX: usize = 500;

/// What is told about a person: values by standard names, each at most 500 bytes long and with nothing in it that steers a terminal
/// or a page. Good for filling in a form, and no proof of anything.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Claims(Vec<(&'static str, String)>);

impl Claims {
    /// Name and value of each, in the order of the names.
    pub fn iter(&self) -> impl ExactSizeIterator<Item = (&'static str, &str)> {
        self.0.iter().map(|(name, value)| (*name, value.as_str()))
    }

    /// One value.
    pub fn get(&self, name: &str) -> Option<&str> {
        self.iter()
            .find(|(own, _)| *own == name)
            .map(|(_, value)| value)
    }

    /// Adds what is told. What is known already stays: the ID token is signed.
    pub(super) fn add(&mut self, members: &Map<String, Value>) {
        for name in STANDARD {
            if self.get(name).is_some() {
                continue;
            }
            if let Some(text) = members.get(name).and_then(|value| text(name, value)) {
                self.0.push((name, text));
            }
        }
        self.0.sort_by_key(|(name, _)| *name);
    }
}

/// A value as a text: an address stays the JSON object that it is (5.1.1).
fn text(name: &str, value: &Value) -> Option<String> {
    let text = match value {
        Value::String(text) => text.trim().to_owned(),
        Value::Bool(flag) => flag.to_string(),
        Value::Number(number) => number.to_string(),
        Value::Object(address) if name == "address" => {
            let is_text = |value: &Value| value.is_string();
            if !address.values().all(is_text) {
                return None;
            }
            value.to_string()
        }
        Value::Null | Value::Array(_) | Value::Object(_) => return None,
    };
    let fits = (1..=VALUE_MAX).contains(&text.len())
        && !text.chars().any(|c| c.is_control() || is_invisible(c));
    fits.then_some(text)
}

/// Shows the names alone.
impl fmt::Debug for Claims {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set()
            .entries(self.iter().map(|(name, _)| name))
            .finish()
    }
}
