//! Addresses in declarations: templates that are fed from declared sources only.

use url::{Host, Url};

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
}

/// An address as a declaration has it, and what it comes to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Endpoint {
    template: String,
    url: Url,
}

impl Endpoint {
    /// Reads a template: an `https` address, or `{sandbox}` and a path.
    ///
    /// # Errors
    /// What is wrong, as a clause.
    pub(crate) fn parse(template: &str, origins: &Origins) -> Result<Self, &'static str> {
        let url =
            Url::parse(&fill(template, origins)?).map_err(|_| "is not an absolute address")?;
        if url.fragment().is_some() {
            return Err("must have no fragment (RFC 6749, 3.1 and 3.2)");
        }
        if !url.username().is_empty() || url.password().is_some() {
            return Err("must have no user name or password");
        }
        Ok(Self {
            template: template.to_owned(),
            url,
        })
    }

    /// The address to call.
    pub fn url(&self) -> &Url {
        &self.url
    }

    /// As declared, with its placeholders: what a registration is bound to.
    pub(crate) fn template(&self) -> &str {
        &self.template
    }

    /// Whether it is the server's own.
    pub(crate) fn is_built_in(&self) -> bool {
        self.template.starts_with("{sandbox}/")
    }

    /// The same endpoint at a fake third party, path and query kept.
    #[cfg(test)]
    pub(crate) fn moved_to(&self, origin: &Url) -> Self {
        let mut url = self.url.clone();
        url.set_scheme(origin.scheme()).unwrap();
        url.set_host(origin.host_str()).unwrap();
        url.set_port(origin.port()).unwrap();
        Self {
            template: self.template.clone(),
            url,
        }
    }
}

/// Puts the origin in the place of its placeholder, which may stand at the start only: whatever a value is,
/// it can never become a part of somebody else's address.
pub(crate) fn fill(template: &str, origins: &Origins) -> Result<String, &'static str> {
    let (origin, rest) = match template.strip_prefix("{sandbox}") {
        Some(rest) if rest.starts_with('/') => (origins.sandbox.as_str(), rest),
        Some(_) => return Err("must go on with a path after {sandbox}"),
        None => ("", template),
    };
    if rest.contains(['{', '}']) {
        return Err("has a placeholder other than {sandbox} at its start");
    }
    if rest.chars().any(|c| c.is_whitespace() || c.is_control()) {
        return Err("has a space or a control character");
    }
    if origin.is_empty() && !is_public_https(rest) {
        return Err("must be an https address with a host name");
    }
    Ok(format!("{origin}{rest}"))
}

fn is_public_https(text: &str) -> bool {
    Url::parse(text)
        .is_ok_and(|url| url.scheme() == "https" && matches!(url.host(), Some(Host::Domain(_))))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn origins() -> Origins {
        Origins::new(&Url::parse("http://localhost:8080").unwrap()).unwrap()
    }

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
    fn placeholders_stand_at_the_start_or_nowhere() {
        let at = |template| Endpoint::parse(template, &origins()).map(|e| e.url.to_string());
        assert_eq!(
            at("{sandbox}/sandbox/token").unwrap(),
            "http://localhost:8080/sandbox/token"
        );
        assert_eq!(
            at("https://a.example/token?v=2").unwrap(),
            "https://a.example/token?v=2"
        );
        for bad in [
            "{sandbox}",
            "{sandbox}.evil.example/",
            "{sandbox}@evil.example/",
            "https://{sandbox}/",
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
