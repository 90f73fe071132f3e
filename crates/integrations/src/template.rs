//! Texts with places for values.

use std::collections::BTreeMap;
use std::fmt;

use url::form_urlencoded;

use crate::values::Values;

/// A text of a declaration with places for values, as in `{person.shop}`; `{{` and `}}` stand for braces. What stands in them is known when it is used.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Template {
    text: String,
    parts: Vec<Part>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Part {
    Literal(String),
    Value { name: String, place: Place },
}

/// Where in a text a value stands, which decides what it may be and how it is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Place {
    /// At the beginning of an address: scheme, host and port, perhaps a path.
    Origin,
    /// In the host of an address.
    Host,
    /// In the path of an address.
    Path,
    /// In the query of an address.
    Query,
    /// Anywhere else: as it is.
    Text,
}

/// What may stand in a template, and where: every name that a declaration declares or that the protocol gives.
#[derive(Debug, Clone, Default)]
pub(crate) struct Names(BTreeMap<String, Reach>);

/// How far into an address a value reaches.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Reach {
    /// Not into its host: it may be anything.
    Rest,
    /// Into its host, as a pattern says what it may be.
    Host,
    /// It is an address itself: a declared one, or one that fits a pattern.
    Origin,
}

impl Names {
    pub(crate) fn add(&mut self, name: impl Into<String>, reach: Reach) {
        self.0.insert(name.into(), reach);
    }

    pub(crate) fn reach(&self, name: &str) -> Option<Reach> {
        self.0.get(name).copied()
    }

    /// The same names, and these, which reach into no host.
    pub(crate) fn and(&self, more: &[&str]) -> Self {
        let mut names = self.clone();
        for name in more {
            names.add(*name, Reach::Rest);
        }
        names
    }
}

/// A place in a template could not be filled.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Unfilled {
    /// The value is not known.
    #[error("`{0}` is not known")]
    Missing(String),
    /// The value cannot stand there.
    #[error("`{0}` cannot stand where it is to stand")]
    Unfit(String),
    /// What came of it all is no address.
    #[error("what comes of the template is no address")]
    NoAddress,
}

impl Template {
    /// A text that is no address.
    ///
    /// # Errors
    /// What is wrong, as a clause.
    pub(crate) fn parse(text: &str, names: &Names) -> Result<Self, String> {
        Self::read(text, names, |_| Place::Text)
    }

    /// An address: each value's place follows from what stands before it.
    pub(crate) fn parse_address(text: &str, names: &Names) -> Result<Self, String> {
        if text.chars().any(|c| c.is_whitespace() || c.is_control()) {
            return Err("has a space or a control character".to_owned());
        }
        let template = Self::read(text, names, place_after)?;
        template.check_origin()?;
        Ok(template)
    }

    fn read(
        text: &str,
        names: &Names,
        place_after: impl Fn(&str) -> Place,
    ) -> Result<Self, String> {
        let mut parts = Vec::new();
        let mut rest = text;
        while let Some(open) = rest.find(['{', '}']) {
            // Braces that are doubled stand for themselves.
            if let Some(doubled @ ("{{" | "}}")) = rest.get(open..open + 2) {
                parts.push(Part::Literal(rest[..=open].to_owned()));
                rest = &rest[open + doubled.len()..];
                continue;
            }
            if rest[open..].starts_with('}') {
                return Err("has a `}` without a `{`".to_owned());
            }
            if open > 0 {
                parts.push(Part::Literal(rest[..open].to_owned()));
            }
            let inner = &rest[open + 1..];
            let close = inner.find('}').ok_or("has a `{` without a `}`")?;
            let name = &inner[..close];
            let reach = names
                .reach(name)
                .ok_or_else(|| format!("has the placeholder `{name}`, which is not declared"))?;
            let before = &text[..text.len() - rest.len() + open];
            let place = place_after(before);
            let needed = match place {
                Place::Origin => Reach::Origin,
                Place::Host => Reach::Host,
                Place::Path | Place::Query | Place::Text => Reach::Rest,
            };
            if reach < needed {
                return Err(format!(
                    "has `{name}` in its host, which could lead anywhere: it needs a pattern, or options with addresses"
                ));
            }
            parts.push(Part::Value {
                name: name.to_owned(),
                place,
            });
            rest = &inner[close + 1..];
        }
        if !rest.is_empty() {
            parts.push(Part::Literal(rest.to_owned()));
        }
        Ok(Self {
            text: text.to_owned(),
            parts,
        })
    }

    /// What an address may begin with: `https://` and a host that no value can move elsewhere, or a value that is an address.
    fn check_origin(&self) -> Result<(), String> {
        let mut parts = self.parts.iter();
        match parts.next() {
            Some(Part::Value {
                place: Place::Origin,
                ..
            }) => match parts.next() {
                None => Ok(()),
                Some(Part::Literal(rest)) if rest.starts_with(['/', '?']) => Ok(()),
                Some(_) => {
                    Err("must go on with a path after the address that it begins with".to_owned())
                }
            },
            Some(Part::Literal(begin)) if begin.starts_with("https://") => self.check_host(),
            _ => Err("must begin with https://, or with a value that is an address".to_owned()),
        }
    }

    /// A host with a value in it ends with what is declared: at least two labels.
    fn check_host(&self) -> Result<(), String> {
        let last = self.parts.iter().rposition(|part| {
            matches!(
                part,
                Part::Value {
                    place: Place::Host,
                    ..
                }
            )
        });
        let Some(last) = last else {
            return Ok(());
        };
        let after = match self.parts.get(last + 1) {
            Some(Part::Literal(text)) => text.split(['/', '?', ':']).next().unwrap_or_default(),
            _ => "",
        };
        let labels = after.strip_prefix('.').unwrap_or_default();
        if labels.split('.').filter(|label| !label.is_empty()).count() < 2 {
            return Err(
                "has a host that ends with a value: a domain of the third party's must follow it"
                    .to_owned(),
            );
        }
        Ok(())
    }

    /// As it is declared.
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// The names of its values.
    pub(crate) fn names(&self) -> impl Iterator<Item = &str> {
        self.parts.iter().filter_map(|part| match part {
            Part::Literal(_) => None,
            Part::Value { name, .. } => Some(name.as_str()),
        })
    }

    /// The text with its values.
    ///
    /// # Errors
    /// [`Unfilled`] where one is missing, or cannot stand where it is to.
    pub fn fill(&self, values: &Values) -> Result<String, Unfilled> {
        let mut filled = String::with_capacity(self.text.len() + 32);
        for part in &self.parts {
            match part {
                Part::Literal(text) => filled.push_str(text),
                Part::Value { name, place } => {
                    let value = values
                        .get(name)
                        .ok_or_else(|| Unfilled::Missing(name.clone()))?;
                    place
                        .write(value, &mut filled)
                        .ok_or_else(|| Unfilled::Unfit(name.clone()))?;
                }
            }
        }
        Ok(filled)
    }
}

impl fmt::Display for Template {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

/// Where a value stands in an address that begins so.
fn place_after(before: &str) -> Place {
    let Some((_, authority)) = before.split_once("://") else {
        return match before {
            "" => Place::Origin,
            _ if before.contains('?') => Place::Query,
            _ => Place::Path,
        };
    };
    if authority.contains('?') {
        Place::Query
    } else if authority.contains('/') {
        Place::Path
    } else {
        Place::Host
    }
}

impl Place {
    fn write(self, value: &str, into: &mut String) -> Option<()> {
        match self {
            Self::Text => {
                // A header and a line of a form have neither.
                if value.contains(['\r', '\n', '\0']) {
                    return None;
                }
                into.push_str(value);
            }
            Self::Query => into.extend(form_urlencoded::byte_serialize(value.as_bytes())),
            Self::Path => {
                if value.is_empty() || value == "." || value == ".." {
                    return None;
                }
                handclasp_domain::percent_encode(value, into);
            }
            Self::Host => {
                let is_label = |label: &str| {
                    !label.is_empty()
                        && !label.starts_with('-')
                        && !label.ends_with('-')
                        && label
                            .bytes()
                            .all(|b| b.is_ascii_alphanumeric() || b == b'-')
                };
                // A host has none: who has underscores in account numbers, as NetSuite in `1234567_SB1`, writes hyphens there.
                let value = value.replace('_', "-");
                if value.len() > 200 || !value.split('.').all(is_label) {
                    return None;
                }
                into.push_str(&value.to_ascii_lowercase());
            }
            Self::Origin => into.push_str(value.trim_end_matches('/')),
        }
        Some(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names() -> Names {
        let mut names = Names::default();
        names.add("person.shop", Reach::Host);
        names.add("callback.realm", Reach::Rest);
        names.add("token.api", Reach::Origin);
        names
    }

    #[test]
    fn values_are_written_as_their_places_want_them() {
        let values: Values = [
            ("person.shop", "Acme-1"),
            ("callback.realm", "a/b ?&é"),
            ("token.api", "https://eu.acme.example/"),
        ]
        .into_iter()
        .collect();
        for (template, expected) in [
            (
                "https://{person.shop}.acme.example/{callback.realm}",
                "https://acme-1.acme.example/a%2Fb%20%3F%26%C3%A9",
            ),
            (
                "https://acme.example/?r={callback.realm}",
                "https://acme.example/?r=a%2Fb+%3F%26%C3%A9",
            ),
            (
                "{token.api}/v1/{person.shop}",
                "https://eu.acme.example/v1/Acme-1",
            ),
        ] {
            let template = Template::parse_address(template, &names()).unwrap();
            assert_eq!(template.fill(&values).unwrap(), expected);
        }
        let netsuite = Template::parse_address("https://{person.shop}.acme.example/", &names());
        let account = [("person.shop", "1234567_SB1")].into_iter().collect();
        assert_eq!(
            netsuite.unwrap().fill(&account).unwrap(),
            "https://1234567-sb1.acme.example/"
        );
        let text = Template::parse("Client {callback.realm}", &names()).unwrap();
        assert_eq!(text.fill(&values).unwrap(), "Client a/b ?&é");
        let text = Template::parse("{{ me {{ id }} {person.shop}}}", &names()).unwrap();
        assert_eq!(text.fill(&values).unwrap(), "{ me { id } Acme-1}");
    }

    #[test]
    fn nothing_leads_elsewhere() {
        for bad in [
            "https://{callback.realm}.acme.example/",
            "https://{person.shop}/",
            "https://{person.shop}.com/",
            "https://acme.{person.shop}/",
            "https://{person.shop}.acme.example:{callback.realm}/",
            "{callback.realm}/x",
            "{person.shop}/x",
            "{token.api}.evil.example/",
            "http://acme.example/",
            "acme.example",
            "https://acme.example/{nobody}",
            "https://acme.example/{",
            "https://acme.example/}",
            "https://acme.example/a b",
        ] {
            assert!(Template::parse_address(bad, &names()).is_err(), "{bad}");
        }
    }

    #[test]
    fn values_that_do_not_fit_are_refused() {
        let host =
            Template::parse_address("https://{person.shop}.acme.example/", &names()).unwrap();
        for bad in [
            "",
            "a b",
            "a/",
            "a@b",
            "-a",
            "a-",
            "a..b",
            "é",
            "a:1",
            "evil.example/",
        ] {
            let values: Values = [("person.shop", bad)].into_iter().collect();
            assert_eq!(
                host.fill(&values),
                Err(Unfilled::Unfit("person.shop".into())),
                "{bad}"
            );
        }
        let path =
            Template::parse_address("https://acme.example/{callback.realm}/x", &names()).unwrap();
        for bad in ["", ".", ".."] {
            let values: Values = [("callback.realm", bad)].into_iter().collect();
            assert!(path.fill(&values).is_err(), "{bad}");
        }
        assert_eq!(
            path.fill(&Values::default()),
            Err(Unfilled::Missing("callback.realm".into()))
        );
    }
}
