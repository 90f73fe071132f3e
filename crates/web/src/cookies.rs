//! Cookies: `__Host-`, `Secure`, `HttpOnly`, `SameSite=Lax`, `Path=/`.
//!
//! Lax, since Strict would lose the session on the way back from a third party. Over plain http on loopback
//! the prefix and `Secure` are dropped, as browsers would not keep the cookie otherwise; nowhere else.

use std::time::Duration;

use http::header::{COOKIE, SET_COOKIE};
use http::{HeaderMap, HeaderValue};

use crate::layers::Origin;

const PREFIX: &str = "__Host-";

/// How the cookies of one origin are written and read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CookiePolicy {
    secure: bool,
}

/// Pages cannot have cookies over plain http beyond this machine: everybody between would see them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("pages need https, except on this machine (localhost, 127.0.0.1, [::1])")]
pub struct PlainHttp;

/// A cookie that cannot be written: its name or value has a character outside RFC 6265's grammar.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a cookie's name or value has a character that cookies cannot carry")]
pub struct NotACookie;

impl CookiePolicy {
    /// The policy of an origin.
    ///
    /// # Errors
    /// Where the origin is plain http and not this machine's.
    pub fn of(origin: &Origin) -> Result<Self, PlainHttp> {
        if origin.is_https() {
            Ok(Self { secure: true })
        } else if origin.is_loopback() {
            Ok(Self { secure: false })
        } else {
            Err(PlainHttp)
        }
    }

    /// A `Set-Cookie` value. `name` is bare, without the prefix. Without `max_age` it lasts as long as the
    /// browser's session.
    ///
    /// # Errors
    /// Where name or value cannot stand in a cookie.
    pub fn set(
        self,
        name: &str,
        value: &str,
        max_age: Option<Duration>,
    ) -> Result<HeaderValue, NotACookie> {
        if name.is_empty() || !name.bytes().all(token) || !value.bytes().all(octet) {
            return Err(NotACookie);
        }
        let mut text = String::with_capacity(name.len() + value.len() + 80);
        if self.secure {
            text.push_str(PREFIX);
        }
        text.push_str(name);
        text.push('=');
        text.push_str(value);
        text.push_str("; Path=/; HttpOnly; SameSite=Lax");
        if self.secure {
            text.push_str("; Secure");
        }
        if let Some(age) = max_age {
            text.push_str("; Max-Age=");
            text.push_str(&age.as_secs().to_string());
        }
        let mut header = HeaderValue::try_from(text).map_err(|_| NotACookie)?;
        header.set_sensitive(true);
        Ok(header)
    }

    /// A `Set-Cookie` value that removes a cookie.
    ///
    /// # Errors
    /// Where the name cannot be a cookie's.
    pub fn clear(self, name: &str) -> Result<HeaderValue, NotACookie> {
        self.set(name, "", Some(Duration::ZERO))
    }

    /// Adds a cookie to an answer's headers.
    ///
    /// # Errors
    /// As [`CookiePolicy::set`].
    pub fn put(
        self,
        headers: &mut HeaderMap,
        name: &str,
        value: &str,
        max_age: Option<Duration>,
    ) -> Result<(), NotACookie> {
        headers.append(SET_COOKIE, self.set(name, value, max_age)?);
        Ok(())
    }

    /// The value of a cookie. None where it is missing, and where it came twice with different values, as
    /// then somebody else has set one of them.
    pub fn read<'h>(self, headers: &'h HeaderMap, name: &str) -> Option<&'h str> {
        let mut found = None;
        for pair in headers
            .get_all(COOKIE)
            .iter()
            .filter_map(|v| v.to_str().ok())
            .flat_map(|v| v.split(';'))
        {
            let Some((key, value)) = pair.trim().split_once('=') else {
                continue;
            };
            let bare = if self.secure {
                match key.strip_prefix(PREFIX) {
                    Some(bare) => bare,
                    None => continue,
                }
            } else {
                key
            };
            if bare == name {
                match found {
                    Some(before) if before != value => return None,
                    _ => found = Some(value),
                }
            }
        }
        found
    }
}

/// A character of a token (RFC 9110, 5.6.2).
fn token(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte)
}

/// A character of a cookie's value (RFC 6265, 4.1.1).
fn octet(byte: u8) -> bool {
    matches!(byte, 0x21 | 0x23..=0x2B | 0x2D..=0x3A | 0x3C..=0x5B | 0x5D..=0x7E)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn policy(origin: &str) -> Result<CookiePolicy, PlainHttp> {
        CookiePolicy::of(&origin.parse().unwrap())
    }

    #[test]
    fn only_loopback_goes_without_secure() {
        for origin in ["https://link.example.com", "https://localhost:8443"] {
            let cookie = policy(origin).unwrap().set("j", "abc", None).unwrap();
            assert_eq!(
                cookie, "__Host-j=abc; Path=/; HttpOnly; SameSite=Lax; Secure",
                "{origin}"
            );
        }
        for origin in [
            "http://localhost:3000",
            "http://127.0.0.1:3000",
            "http://[::1]:80",
        ] {
            let cookie = policy(origin)
                .unwrap()
                .set("j", "abc", Some(Duration::from_secs(60)))
                .unwrap();
            assert_eq!(
                cookie, "j=abc; Path=/; HttpOnly; SameSite=Lax; Max-Age=60",
                "{origin}"
            );
        }
        for origin in [
            "http://link.example.com",
            "http://10.0.0.1",
            "http://notlocalhost",
        ] {
            assert_eq!(policy(origin), Err(PlainHttp), "{origin}");
        }
    }

    #[test]
    fn an_unprefixed_cookie_is_not_read_under_https() {
        let mut headers = HeaderMap::new();
        headers.insert(COOKIE, HeaderValue::from_static("j=evil; __Host-j=good"));
        assert_eq!(
            policy("https://a.example").unwrap().read(&headers, "j"),
            Some("good")
        );
        assert_eq!(
            policy("http://localhost").unwrap().read(&headers, "j"),
            Some("evil")
        );
        headers.append(COOKIE, HeaderValue::from_static("__Host-j=other"));
        assert_eq!(
            policy("https://a.example").unwrap().read(&headers, "j"),
            None
        );
    }

    #[test]
    fn nothing_can_be_smuggled_into_a_cookie() {
        let policy = policy("https://a.example").unwrap();
        for (name, value) in [
            ("a", "b; Domain=x"),
            ("a", "b\r\nX: y"),
            ("a=b", "c"),
            ("", "c"),
            ("a", "ü"),
        ] {
            assert_eq!(
                policy.set(name, value, None),
                Err(NotACookie),
                "{name} {value}"
            );
        }
        assert!(
            policy
                .clear("a")
                .unwrap()
                .to_str()
                .unwrap()
                .ends_with("Max-Age=0")
        );
    }
}
