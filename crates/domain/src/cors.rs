//! Origins whose pages may call the API from a browser.

use std::fmt;

use url::{Host, Url};

use crate::check_address;

/// An origin as browsers write it into `Origin`: scheme, host, and a port where it is not the scheme's own.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CorsOrigin(String);

impl CorsOrigin {
    /// Takes an origin that somebody allows: https, or http on the own machine, where nobody listens in between. The error is a clause
    /// that says what to change.
    pub fn parse(text: &str) -> Result<Self, &'static str> {
        const FORM: &str = "must be scheme, host and at most a port, as https://www.example.com";
        check_address(text)?;
        if text.contains('*') {
            return Err(
                "must be one origin in full, without wildcards: list each origin by itself",
            );
        }
        let url = Url::parse(text).map_err(|_| FORM)?;
        let plain = match url.scheme() {
            "https" => false,
            "http" => true,
            _ => return Err("must begin with https://"),
        };
        let bare = url.path() == "/"
            && url.query().is_none()
            && url.fragment().is_none()
            && url.username().is_empty()
            && url.password().is_none()
            && !text.contains('@');
        let host = url.host().filter(|_| bare).ok_or(FORM)?;
        if plain && !is_this_machine(&host) {
            return Err("must begin with https://; http:// is for localhost alone");
        }
        Ok(Self(url.origin().ascii_serialization()))
    }

    /// The text, as in a header.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for CorsOrigin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

fn is_this_machine(host: &Host<&str>) -> bool {
    match host {
        Host::Domain(name) => *name == "localhost" || name.ends_with(".localhost"),
        Host::Ipv4(address) => address.is_loopback(),
        Host::Ipv6(address) => address.is_loopback(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_origin_is_kept_as_browsers_send_it() {
        for (given, kept) in [
            ("https://www.example.com", "https://www.example.com"),
            ("https://www.example.com/", "https://www.example.com"),
            ("HTTPS://WWW.Example.com:443", "https://www.example.com"),
            ("https://example.com:8443", "https://example.com:8443"),
            ("https://müller.example", "https://xn--mller-kva.example"),
            ("http://localhost:3000", "http://localhost:3000"),
            ("http://app.localhost", "http://app.localhost"),
            ("http://127.0.0.1:80", "http://127.0.0.1"),
            ("http://[::1]:3000", "http://[::1]:3000"),
        ] {
            assert_eq!(CorsOrigin::parse(given).unwrap().as_str(), kept, "{given}");
        }
    }

    #[test]
    fn what_is_no_origin_is_refused() {
        for bad in [
            "",
            "*",
            "null",
            "example.com",
            "//example.com",
            "https://",
            "https://*.example.com",
            "https://example.com/path",
            "https://example.com//",
            "https://example.com?",
            "https://example.com/#",
            "https://user@example.com",
            "https://user:password@example.com",
            "https://@example.com",
            "https://example.com\\@evil.example",
            "https://exa mple.com",
            " https://example.com",
            "https://example.com\n",
            "https://example.com:99999",
            "http://example.com",
            "http://localhost.example.com",
            "http://10.0.0.1",
            "ftp://example.com",
            "file:///etc/passwd",
            "javascript:alert(1)",
            "data:text/html,x",
            "blob:https://example.com/x",
        ] {
            assert!(CorsOrigin::parse(bad).is_err(), "{bad}");
        }
    }
}
