//! Companies.

use std::collections::BTreeMap;
use std::fmt;

use serde::{Deserialize, Serialize};

use crate::text::{is_control, is_one_line, parse_name};
use crate::{ClientId, CompanyId, FieldError, Products, Timestamp};

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
    /// The products that are enabled for it.
    pub products: Products,
    /// The company that it belongs to.
    pub parent: Option<CompanyId>,
    /// When it was created.
    pub created: Timestamp,
    /// The name, at that time, of the API key or the staff user that created it; none where that had none.
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
        parse_name(text).map(Self)
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

/// The control characters that a description may have: it is the one text of several lines.
const DESCRIPTION_CONTROLS: [char; 3] = ['\n', '\r', '\t'];

/// Checks a description.
pub fn parse_description(text: Option<&str>) -> Result<Option<String>, FieldError> {
    match text {
        None => Ok(None),
        Some(text) if text.chars().count() > DESCRIPTION_MAX => Err(FieldError::new(
            "description",
            format!("must have at most {DESCRIPTION_MAX} characters"),
        )),
        Some(text)
            if text
                .chars()
                .any(|c| is_control(c) && !DESCRIPTION_CONTROLS.contains(&c)) =>
        {
            Err(FieldError::new(
                "description",
                "must not have control characters but tabs and line breaks",
            ))
        }
        Some(text) => Ok(Some(text.to_owned())),
    }
}

/// A company's labels: at most ten, keys of 1 to 27 characters, values of up to 100, no control characters, each key once.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Tags(BTreeMap<String, String>);

/// The most labels that a company has.
const TAGS_MAX: usize = 10;

impl Tags {
    /// Takes labels, as pairs of a key and a value.
    pub fn parse(pairs: impl IntoIterator<Item = (String, String)>) -> Result<Self, FieldError> {
        let mut tags = BTreeMap::new();
        for (key, value) in pairs {
            if !(1..=27).contains(&key.chars().count()) {
                return Err(FieldError::new("tags", "keys must have 1 to 27 characters"));
            }
            if !is_one_line(&key) {
                return Err(FieldError::new(
                    "tags",
                    "keys must not have control characters",
                ));
            }
            let refuse = |problem| Err(FieldError::new(format!("tags.{key}"), problem));
            if value.chars().count() > 100 {
                return refuse("must have at most 100 characters");
            }
            if !is_one_line(&value) {
                return refuse("must not have control characters");
            }
            if tags.contains_key(&key) {
                return refuse("is given twice");
            }
            if tags.len() == TAGS_MAX {
                return Err(FieldError::new("tags", "must have at most 10 entries"));
            }
            tags.insert(key, value);
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
    fn descriptions_have_several_lines_and_no_other_control_characters() {
        let text = "one\r\n\ttwo";
        assert_eq!(parse_description(Some(text)).unwrap().unwrap(), text);
        for bad in ["\0", "\u{7}", "\u{1b}[1m", "\u{7f}", "\u{9b}", "a\u{2028}b"] {
            let error = parse_description(Some(bad)).unwrap_err();
            assert_eq!(error.field, "description");
        }
    }

    #[test]
    fn tags_are_bounded() {
        let many = |count| Tags::parse((0..count).map(|n: u8| (n.to_string(), String::new())));
        assert!(many(10).is_ok());
        assert_eq!(many(11).unwrap_err().field, "tags");
        let one = |k: &str, v: &str| Tags::parse([(k.into(), v.into())]);
        assert!(one("k", "").is_ok());
        assert!(one("", "v").is_err());
        assert!(one(&"k".repeat(28), "v").is_err());
        assert_eq!(one("k", &"v".repeat(101)).unwrap_err().field, "tags.k");
        for bad in ["\0", "\n", "\t", "\u{7f}", "\u{85}", "\u{2028}", "\u{2029}"] {
            assert_eq!(one(bad, "v").unwrap_err().field, "tags");
            assert_eq!(one("k", bad).unwrap_err().field, "tags.k");
        }
        let twice = Tags::parse(["a", "b", "a"].map(|key| (key.into(), String::new())));
        assert_eq!(twice.unwrap_err().field, "tags.a");
        assert!(one("region", "eu:west").unwrap().has_pair("region:eu:west"));
        assert!(!one("region", "eu").unwrap().has_pair("region:eu:west"));
    }
}
