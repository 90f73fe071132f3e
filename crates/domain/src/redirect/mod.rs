//! The redirect to the platform: a template with placeholders, values that nobody can trust, and one rule
//! above all: whatever the values, the result stands on an origin that the client allowed.
//!
//! The order is: refuse values with a character that a host does not allow → encode for the place → substitute once →
//! parse (WHATWG) → compare scheme, host and port with the allowed origins → send the parsed form.

mod template;
mod values;

pub use template::{RedirectRefusal, RedirectTemplate};
pub use values::{ConnectionValues, CustomParameters, Outcome, RedirectValues, is_reserved};

use url::Url;

use crate::{FieldError, check_address};

/// A scheme, host and port that a redirect may lead to. Paths are not compared.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AllowedOrigin {
    scheme: String,
    host: String,
    port: u16,
}

impl AllowedOrigin {
    /// Takes an entry of the list of allowed redirect URLs. `field` names it in an error.
    pub fn parse(field: &str, text: &str) -> Result<Self, FieldError> {
        let refuse = |problem: &str| FieldError::new(field, problem);
        check_address(text).map_err(refuse)?;
        if text.contains(['{', '}', '*']) {
            return Err(refuse(
                "must be one address in full, without placeholders and wildcards: list each origin by itself",
            ));
        }
        let url = Url::parse(text).map_err(|_| refuse("must be an absolute http or https URL"))?;
        Self::of(&url)
            .ok_or_else(|| refuse("must be an absolute http or https URL without credentials"))
    }

    /// The origin of a parsed address; none where it is not http or https, or carries credentials.
    pub fn of(url: &Url) -> Option<Self> {
        if !matches!(url.scheme(), "http" | "https")
            || !url.username().is_empty()
            || url.password().is_some()
        {
            return None;
        }
        Some(Self {
            scheme: url.scheme().to_owned(),
            host: url.host_str().filter(|host| !host.is_empty())?.to_owned(),
            port: url.port_or_known_default()?,
        })
    }
}

#[cfg(test)]
mod tests;
