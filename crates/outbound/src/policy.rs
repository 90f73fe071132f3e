//! What the operator decides.

use std::collections::HashMap;
use std::net::{IpAddr, SocketAddr};

use ipnet::IpNet;
use rustls::pki_types::CertificateDer;
use url::Url;

use crate::address;
use crate::tls::BadClientCertificate;

/// What may be called, and how. The default allows the public internet over https and nothing else.
#[derive(Debug, Clone)]
pub struct Policy {
    /// Networks beyond the public internet that may be called, over http too.
    pub allowed_ranges: Vec<IpNet>,
    /// Origins whose address is settled.
    pub pins: Vec<Pin>,
    /// The `User-Agent` of requests that bring none.
    pub user_agent: String,
    /// Certificates to trust beside those that the operating system trusts: a company's own authority.
    pub extra_roots: Vec<CertificateDer<'static>>,
}

impl Default for Policy {
    fn default() -> Self {
        Self {
            allowed_ranges: Vec::new(),
            pins: Vec::new(),
            user_agent: concat!("Handclasp/", env!("CARGO_PKG_VERSION")).to_owned(),
            extra_roots: Vec::new(),
        }
    }
}

/// An origin whose requests go to one address, unresolved and unchecked: the server's own sandbox, which
/// it must reach also where its public name does not lead back to it. Requests for any other scheme, host
/// or port are judged as if there were no pin.
#[derive(Debug, Clone)]
pub struct Pin {
    /// Scheme, host and port, as in `https://link.example.com`; with no path.
    pub origin: Url,
    /// Where its requests go.
    pub address: SocketAddr,
    /// For an https origin: speak plain HTTP to `address`, as to a listener of our own behind a proxy that
    /// ends TLS. Without effect for an http origin, which is plain anyway.
    pub plain: bool,
}

/// A policy that cannot be kept.
#[derive(Debug, thiserror::Error)]
pub enum BuildError {
    /// A pin's origin is more or less than scheme, host and port.
    #[error("a pinned origin must be an http or https address without path, query or user name")]
    Pin,
    /// Two pins for one origin.
    #[error("an origin is pinned twice")]
    PinTwice,
    /// The `User-Agent` has characters that no header may have.
    #[error("the user agent has characters that a header cannot carry")]
    UserAgent,
    /// A certificate to trust is none.
    #[error("a certificate to trust cannot be read")]
    Root(#[source] rustls::Error),
    /// The certificate to show cannot be used.
    #[error(transparent)]
    ClientCertificate(#[from] BadClientCertificate),
    /// The TLS library does not start.
    #[error("TLS could not be set up")]
    Tls(#[source] rustls::Error),
}

/// Scheme, host and port, as both `url` and `http` spell them.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) struct Origin {
    pub(crate) https: bool,
    /// An IPv6 address is in brackets.
    pub(crate) host: String,
    pub(crate) port: u16,
}

impl Origin {
    /// The origin of a URL; `None` where its scheme is neither https nor http.
    pub(crate) fn of(url: &Url) -> Option<Self> {
        let https = match url.scheme() {
            "https" => true,
            "http" => false,
            _ => return None,
        };
        Some(Self {
            https,
            host: url.host_str()?.to_owned(),
            port: url.port_or_known_default()?,
        })
    }

    /// The origin of what hyper asks a connection for.
    pub(crate) fn of_uri(uri: &http::Uri) -> Option<Self> {
        let https = match uri.scheme_str() {
            Some("https") => true,
            Some("http") => false,
            _ => return None,
        };
        Some(Self {
            https,
            host: uri.host()?.to_owned(),
            port: uri.port_u16().unwrap_or(if https { 443 } else { 80 }),
        })
    }
}

impl std::fmt::Display for Origin {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let scheme = if self.https { "https" } else { "http" };
        write!(f, "{scheme}://{}:{}", self.host, self.port)
    }
}

/// Where a pinned origin's requests go.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Pinned {
    pub(crate) address: SocketAddr,
    pub(crate) tls: bool,
}

/// A policy in the form that each request is judged by.
#[derive(Debug)]
pub(crate) struct Rules {
    allowed: Vec<IpNet>,
    pins: HashMap<Origin, Pinned>,
}

impl Rules {
    pub(crate) fn new(allowed: Vec<IpNet>, list: &[Pin]) -> Result<Self, BuildError> {
        let mut pins = HashMap::new();
        for pin in list {
            let url = &pin.origin;
            let bare = matches!(url.path(), "" | "/")
                && url.query().is_none()
                && url.fragment().is_none()
                && url.username().is_empty()
                && url.password().is_none();
            let origin = Origin::of(url).filter(|_| bare).ok_or(BuildError::Pin)?;
            let pinned = Pinned {
                address: pin.address,
                tls: origin.https && !pin.plain,
            };
            if pins.insert(origin, pinned).is_some() {
                return Err(BuildError::PinTwice);
            }
        }
        Ok(Self { allowed, pins })
    }

    /// The same rules, and nothing pinned.
    pub(crate) fn without_pins(&self) -> Self {
        Self {
            allowed: self.allowed.clone(),
            pins: HashMap::new(),
        }
    }

    pub(crate) fn pin(&self, origin: &Origin) -> Option<Pinned> {
        self.pins.get(origin).copied()
    }

    /// Whether the operator allowed this address.
    pub(crate) fn allows(&self, address: IpAddr) -> bool {
        address::is_allowed(address, &self.allowed)
    }

    /// Whether the operator allowed any address at all, so that an http URL with a name may be right.
    pub(crate) fn allows_any(&self) -> bool {
        !self.allowed.is_empty()
    }
}
