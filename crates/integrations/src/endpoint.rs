//! Addresses in declarations.

use url::{Host, Url};

use crate::template::{Names, Reach, Template, Unfilled};
use crate::values::Values;

/// Where the origins come from that a declaration cannot know. So far the one of the server's own sandbox.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Origins {
    sandbox: String,
}

/// A setting that must be an origin is none.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error(
    "must be an http or https address with a host, and with no path, query, fragment or user name"
)]
pub struct NotAnOrigin;

/// The name of the sandbox's origin in templates.
pub(crate) const SANDBOX: &str = "sandbox";

impl Origins {
    /// With `sandbox` as the origin at which the server offers its built-in third party, as in
    /// `http://localhost:8080`.
    ///
    /// # Errors
    /// [`NotAnOrigin`] where the address says more than scheme, host and port.
    pub fn new(sandbox: &Url) -> Result<Self, NotAnOrigin> {
        let bare = matches!(sandbox.scheme(), "http" | "https")
            && sandbox.has_host()
            && sandbox.path() == "/"
            && sandbox.query().is_none()
            && sandbox.fragment().is_none()
            && sandbox.username().is_empty()
            && sandbox.password().is_none();
        if !bare {
            return Err(NotAnOrigin);
        }
        Ok(Self {
            sandbox: sandbox.origin().ascii_serialization(),
        })
    }

    /// The sandbox's origin.
    pub(crate) fn sandbox(&self) -> &str {
        &self.sandbox
    }
}

/// An address as a declaration has it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Endpoint(Template);

impl Endpoint {
    /// Reads a template: an `https` address, or a value that is one and a path.
    ///
    /// # Errors
    /// What is wrong, as a clause.
    pub(crate) fn parse(template: &str, names: &Names) -> Result<Self, String> {
        let parsed = Template::parse_address(template, names)?;
        // A sample says whether it can be an address at all.
        let sample: Values = parsed
            .names()
            .map(|name| match names.reach(name) {
                Some(Reach::Origin) => (name.to_owned(), "https://a.example"),
                Some(Reach::Host | Reach::Rest) | None => (name.to_owned(), "a"),
            })
            .collect();
        let url = parsed
            .fill(&sample)
            .map_err(|error| error.to_string())
            .and_then(|text| {
                Url::parse(&text).map_err(|_| "is not an absolute address".to_owned())
            })?;
        if url.fragment().is_some() {
            return Err("must have no fragment (RFC 6749, 3.1 and 3.2)".to_owned());
        }
        if !url.username().is_empty() || url.password().is_some() {
            return Err("must have no user name or password".to_owned());
        }
        if !matches!(url.host(), Some(Host::Domain(_))) {
            return Err("must have a host with a name".to_owned());
        }
        Ok(Self(parsed))
    }

    /// The address.
    ///
    /// # Errors
    /// [`Unfilled`] where a value is missing, or what comes of it is no address that can be called.
    pub fn url(&self, values: &Values) -> Result<Url, Unfilled> {
        let url = Url::parse(&self.0.fill(values)?).map_err(|_| Unfilled::NoAddress)?;
        let is_plain = url.fragment().is_none()
            && url.username().is_empty()
            && url.password().is_none()
            && matches!(url.scheme(), "https" | "http");
        is_plain.then_some(url).ok_or(Unfilled::NoAddress)
    }

    /// As declared, with its placeholders: what a registration is bound to.
    pub fn template(&self) -> &str {
        self.0.as_str()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_sandbox_is_an_origin_and_nothing_more() {
        for good in ["http://localhost:8080", "https://hub.example/"] {
            assert!(Origins::new(&Url::parse(good).unwrap()).is_ok(), "{good}");
        }
        for bad in [
            "http://localhost/a",
            "http://localhost/?a",
            "http://localhost/#",
            "http://a@localhost",
            "http://:b@localhost",
            "ftp://localhost",
            "data:text/plain,a",
        ] {
            assert_eq!(
                Origins::new(&Url::parse(bad).unwrap()),
                Err(NotAnOrigin),
                "{bad}"
            );
        }
    }

    #[test]
    fn an_address_is_one_that_can_be_called() {
        let mut names = Names::default();
        names.add(SANDBOX, Reach::Origin);
        let values: Values = [(SANDBOX, "http://localhost:8080")].into_iter().collect();
        let at = |template: &str| {
            let endpoint = Endpoint::parse(template, &names)?;
            endpoint
                .url(&values)
                .map(|url| url.to_string())
                .map_err(|error| error.to_string())
        };
        assert_eq!(
            at("{sandbox}/sandbox/token").unwrap(),
            "http://localhost:8080/sandbox/token"
        );
        assert_eq!(
            at("https://a.example/token?v=2").unwrap(),
            "https://a.example/token?v=2"
        );
        for bad in [
            "{sandbox}.evil.example/",
            "{sandbox}@evil.example/",
            "https://{sandbox}.a.example/x{",
            "https://a.example/{shop}",
            "{shop}/token",
            "http://a.example/token",
            "https://127.0.0.1/token",
            "https://[::1]/token",
            "https://a.example/#b",
            "https://u:p@a.example/",
            "{sandbox}/a b",
            "/token",
            "",
            "javascript:alert(1)",
            "https://a.example/\ntoken",
        ] {
            assert!(at(bad).is_err(), "{bad}");
        }
    }
}
