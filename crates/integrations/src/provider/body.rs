//! Reading the body of an answer, whatever it is.

use std::fmt;

use serde::de::{Deserialize, Deserializer, Error as _, MapAccess, SeqAccess, Visitor};
use serde_json::{Map, Value};

/// Why an answer cannot be understood.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Unintelligible {
    /// It is longer than an answer can be.
    #[error("the answer is too large")]
    TooLarge,
    /// It is empty.
    #[error("the answer is empty")]
    Empty,
    /// It is not UTF-8, which JSON and forms are.
    #[error("the answer is not UTF-8")]
    NotUtf8,
    /// It is a page for people.
    #[error("the answer is a page for people")]
    Html,
    /// It is neither JSON nor a form, or JSON that is broken or too deep.
    #[error("the answer is neither JSON nor a form")]
    NotJson,
    /// It is JSON, but not an object.
    #[error("the answer is not a JSON object")]
    NotAnObject,
    /// A member or field stands there twice, so that two readers may read two things.
    #[error("the answer has a member twice")]
    Repeated,
    /// It sends us elsewhere, which we do not follow: a secret would go along.
    #[error("the answer is a redirect")]
    Redirect,
    /// Its status belongs to no answer to such a request.
    #[error("the answer has a status that is none")]
    Status,
    /// There is no access token in it, or an empty one, or one that is not a text.
    #[error("there is no access token")]
    NoAccessToken,
    /// A token has characters that no token has (RFC 6749, appendix A), or is too long.
    #[error("a token has characters that no token has, or is too long")]
    BadToken,
    /// The token is of another type than `Bearer`, so that we do not know how to use it (RFC 6749, 7.1).
    #[error("the token is of a type that we do not know")]
    TokenType,
    /// The connected company's id is not where the declaration says, or cannot be one.
    #[error("the connected company's id is missing")]
    NoIdentity,
    /// A value that the integration needs is not where the declaration says, or does not fit its pattern.
    #[error("a value that is needed is missing, or does not fit its pattern")]
    BadValue,
}

const BYTE_ORDER_MARK: &[u8] = b"\xef\xbb\xbf";

/// The members of a JSON object, or the fields of a form. JSON is taken for JSON whatever the content type says, as some send it as
/// `text/html`; a form only where the content type does not speak of JSON. A byte-order mark before it is
/// passed over.
pub(crate) fn members(
    content_type: Option<&str>,
    body: &[u8],
) -> Result<Map<String, Value>, Unintelligible> {
    let body = body.strip_prefix(BYTE_ORDER_MARK).unwrap_or(body);
    let text = std::str::from_utf8(body)
        .map_err(|_| Unintelligible::NotUtf8)?
        .trim();
    match text.as_bytes().first() {
        None => Err(Unintelligible::Empty),
        Some(b'{') => json(text),
        Some(b'<') => Err(Unintelligible::Html),
        Some(b'[' | b'"' | b'-' | b'0'..=b'9') => Err(Unintelligible::NotAnObject),
        Some(_) if content_type.is_some_and(|kind| kind.contains("json")) => {
            Err(match serde_json::from_str::<Value>(text) {
                Ok(_) => Unintelligible::NotAnObject,
                Err(_) => Unintelligible::NotJson,
            })
        }
        Some(_) => form(text),
    }
}

/// The same, where the answer may be a list too.
pub(super) fn value(content_type: Option<&str>, body: &[u8]) -> Result<Value, Unintelligible> {
    let text = body.strip_prefix(BYTE_ORDER_MARK).unwrap_or(body);
    match text.trim_ascii_start().first() {
        Some(b'[') => {
            let text = std::str::from_utf8(text).map_err(|_| Unintelligible::NotUtf8)?;
            strict(text.trim())
        }
        _ => members(content_type, body).map(Value::Object),
    }
}

fn json(text: &str) -> Result<Map<String, Value>, Unintelligible> {
    match strict(text)? {
        Value::Object(members) => Ok(members),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) | Value::Array(_) => {
            Err(Unintelligible::NotAnObject)
        }
    }
}

fn strict(text: &str) -> Result<Value, Unintelligible> {
    match serde_json::from_str::<Strict>(text) {
        Ok(Strict(value)) => Ok(value),
        Err(error) if error.to_string().starts_with(TWICE) => Err(Unintelligible::Repeated),
        Err(_) => Err(Unintelligible::NotJson),
    }
}

/// A form counts as one where a field of an answer is in it: any text at all would read as a form otherwise.
fn form(text: &str) -> Result<Map<String, Value>, Unintelligible> {
    let mut fields = Map::new();
    for (name, value) in url::form_urlencoded::parse(text.as_bytes()) {
        if fields
            .insert(name.into_owned(), Value::String(value.into_owned()))
            .is_some()
        {
            return Err(Unintelligible::Repeated);
        }
    }
    if ["access_token", "oauth_token", "error"]
        .iter()
        .any(|name| fields.contains_key(*name))
    {
        Ok(fields)
    } else {
        Err(Unintelligible::NotJson)
    }
}

const TWICE: &str = "a member stands there twice";

/// JSON in which no object has a member twice. The depth is bounded by `serde_json`.
struct Strict(Value);

impl<'de> Deserialize<'de> for Strict {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(StrictVisitor).map(Self)
    }
}

struct StrictVisitor;

impl<'de> Visitor<'de> for StrictVisitor {
    type Value = Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("JSON")
    }

    fn visit_bool<E>(self, value: bool) -> Result<Value, E> {
        Ok(Value::Bool(value))
    }

    fn visit_i64<E>(self, value: i64) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_u64<E>(self, value: u64) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_f64<E>(self, value: f64) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_str<E>(self, value: &str) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_string<E>(self, value: String) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_unit<E>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Value, A::Error> {
        let mut array = Vec::new();
        while let Some(Strict(item)) = items.next_element()? {
            array.push(item);
        }
        Ok(Value::Array(array))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut entries: A) -> Result<Value, A::Error> {
        let mut object = Map::new();
        while let Some((name, Strict(value))) = entries.next_entry::<String, Strict>()? {
            if object.insert(name, value).is_some() {
                return Err(A::Error::custom(TWICE));
            }
        }
        Ok(Value::Object(object))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(body: &str) -> Result<Map<String, Value>, Unintelligible> {
        members(None, body.as_bytes())
    }

    #[test]
    fn what_is_an_object() {
        let expected = serde_json::json!({"a": [1, -2, 3.5, null, true, {"b": "c"}]});
        let text = expected.to_string();
        assert_eq!(Value::Object(read(&text).unwrap()), expected);
        assert_eq!(
            Value::Object(read(&format!("\u{feff} \n{text}\r\n")).unwrap()),
            expected
        );
        assert_eq!(
            Value::Object(members(Some("text/html"), text.as_bytes()).unwrap()),
            expected
        );
    }

    #[test]
    fn what_is_a_form() {
        let fields = read("access_token=a%20b&expires_in=3600").unwrap();
        assert_eq!(fields["access_token"], "a b");
        assert!(read("error=invalid_grant").is_ok());
        assert_eq!(read("Service busy, a=b"), Err(Unintelligible::NotJson));
        assert_eq!(
            read("access_token=a&access_token=b"),
            Err(Unintelligible::Repeated)
        );
        let as_json = members(Some("application/json; charset=utf-8"), b"access_token=a");
        assert_eq!(as_json, Err(Unintelligible::NotJson));
    }

    #[test]
    fn what_is_neither() {
        for (body, why) in [
            ("", Unintelligible::Empty),
            (" \n\u{feff}", Unintelligible::NotJson),
            ("\u{feff}", Unintelligible::Empty),
            ("<!doctype html><p>hello", Unintelligible::Html),
            ("[]", Unintelligible::NotAnObject),
            ("\"token\"", Unintelligible::NotAnObject),
            ("{", Unintelligible::NotJson),
            ("{} {}", Unintelligible::NotJson),
            ("{\"a\":1e999}", Unintelligible::NotJson),
            ("{\"a\":1,\"a\":1}", Unintelligible::Repeated),
            (
                "{\"b\":[{\"a\":1,\"\\u0061\":1}]}",
                Unintelligible::Repeated,
            ),
        ] {
            assert_eq!(read(body), Err(why), "{body}");
        }
        assert_eq!(
            members(None, b"{\"a\":\"\xff\"}"),
            Err(Unintelligible::NotUtf8)
        );
        assert_eq!(
            members(Some("application/json"), b"null"),
            Err(Unintelligible::NotAnObject)
        );
        let deep = format!("{{\"a\":{}{}}}", "[".repeat(100_000), "]".repeat(100_000));
        assert_eq!(read(&deep), Err(Unintelligible::NotJson));
    }
}
