//! Companies.

use std::collections::BTreeMap;
use std::fmt;

use serde::{Deserialize, Serialize};

use crate::{ClientId, CompanyId, FieldError, Timestamp};

/// One of the client's customers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Company {
    /// Whose customer it is.
    pub client: ClientId,
    /// Its id, which is part of its Link URL.
    pub id: CompanyId,
    /// The client's own reference for it. Not shown in Link.
    pub name: CompanyName,
    /// The client's notes.
    pub description: Option<String>,
    /// The client's labels.
    pub tags: Tags,
    /// When it was created.
    pub created: Timestamp,
    /// The staff user who created it; none where it came through the API.
    pub created_by: Option<String>,
    /// When its data was last read through the server.
    pub last_sync: Option<Timestamp>,
}

/// A company's name: 1 to 255 characters in any script, trimmed, without control characters.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct CompanyName(String);

impl CompanyName {
    /// Takes a name, trimming it.
    pub fn parse(text: &str) -> Result<Self, FieldError> {
        let trimmed = text.trim();
        if !(1..=255).contains(&trimmed.chars().count()) {
            return Err(FieldError::new("name", "must have 1 to 255 characters"));
        }
        if trimmed.chars().any(char::is_control) {
            return Err(FieldError::new("name", "must not have control characters"));
        }
        Ok(Self(trimmed.to_owned()))
    }

    /// The name.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// A name as it was stored, which was checked when it came in.
    pub fn from_stored(text: String) -> Self {
        Self(text)
    }
}

impl fmt::Display for CompanyName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// The longest description, in characters. The contract sets none; this keeps a row in bounds.
pub const DESCRIPTION_MAX: usize = 4_000;

/// Checks a description.
pub fn parse_description(text: Option<&str>) -> Result<Option<String>, FieldError> {
    match text {
        None => Ok(None),
        Some(text) if text.chars().count() > DESCRIPTION_MAX => Err(FieldError::new(
            "description",
            format!("must have at most {DESCRIPTION_MAX} characters"),
        )),
        Some(text) if text.contains('\0') => Err(FieldError::new(
            "description",
            "must not have a NUL character",
        )),
        Some(text) => Ok(Some(text.to_owned())),
    }
}

/// A company's labels: at most ten, keys of 1 to 27 characters, values of up to 100.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Tags(BTreeMap<String, String>);

impl Tags {
    /// Takes labels.
    pub fn parse(tags: BTreeMap<String, String>) -> Result<Self, FieldError> {
        if tags.len() > 10 {
            return Err(FieldError::new("tags", "must have at most 10 entries"));
        }
        for (key, value) in &tags {
            if !(1..=27).contains(&key.chars().count()) {
                return Err(FieldError::new("tags", "keys must have 1 to 27 characters"));
            }
            if value.chars().count() > 100 {
                return Err(FieldError::new(
                    format!("tags.{key}"),
                    "must have at most 100 characters",
                ));
            }
            if key.chars().chain(value.chars()).any(|c| c == '\0') {
                return Err(FieldError::new("tags", "must not have a NUL character"));
            }
        }
        Ok(Self(tags))
    }

    /// The labels, by key.
    pub fn as_map(&self) -> &BTreeMap<String, String> {
        &self.0
    }

    /// Whether a `key:value` pair, as webhook consumers name them, is among the labels.
    pub fn has_pair(&self, pair: &str) -> bool {
        self.0.iter().any(|(key, value)| {
            pair.strip_prefix(key.as_str())
                .and_then(|rest| rest.strip_prefix(':'))
                == Some(value)
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_may_be_in_any_script() {
        for good in ["Müller & Söhne GmbH", "شركة النور", "株式会社", "id-42"] {
            assert_eq!(CompanyName::parse(good).unwrap().as_str(), good);
        }
        assert_eq!(CompanyName::parse("  a ").unwrap().as_str(), "a");
        assert!(CompanyName::parse(&"é".repeat(255)).is_ok());
        for bad in ["", "   ", "a\nb", "a\u{0}", "a\u{85}b", &"é".repeat(256)] {
            assert_eq!(CompanyName::parse(bad).unwrap_err().field, "name");
        }
    }

    #[test]
    fn tags_are_bounded() {
        let many: BTreeMap<_, _> = (0..11).map(|n| (n.to_string(), String::new())).collect();
        assert!(Tags::parse(many).is_err());
        let one = |k: &str, v: &str| Tags::parse(BTreeMap::from([(k.into(), v.into())]));
        assert!(one("k", "").is_ok());
        assert!(one("", "v").is_err());
        assert!(one(&"k".repeat(28), "v").is_err());
        assert_eq!(one("k", &"v".repeat(101)).unwrap_err().field, "tags.k");
        assert!(one("region", "eu:west").unwrap().has_pair("region:eu:west"));
        assert!(!one("region", "eu").unwrap().has_pair("region:eu:west"));
    }
}
