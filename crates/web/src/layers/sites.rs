//! Which router answers which address.

use std::collections::HashMap;
use std::convert::Infallible;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use axum::Router;
use axum::extract::Request;
use axum::response::Response;
use http::header::HOST;

use super::outer::Refusal;
use super::{Outer, Proxies};

/// An address of ours: scheme, host and port, as `https://link.example.com`.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Origin {
    https: bool,
    /// As browsers write it in `Host`: lower case, no default port.
    authority: String,
    loopback: bool,
}

/// Why a text is no address of ours.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum OriginError {
    /// It is no URL.
    #[error("not a URL: {0}")]
    NotAUrl(#[from] url::ParseError),
    /// It is neither `http` nor `https`.
    #[error("an address has to begin with http:// or https://")]
    Scheme,
    /// It has a path, a query, a fragment or a user.
    #[error("an address has a host and at most a port, and nothing else")]
    TooMuch,
}

impl std::str::FromStr for Origin {
    type Err = OriginError;

    fn from_str(text: &str) -> Result<Self, OriginError> {
        let url = url::Url::parse(text)?;
        let https = match url.scheme() {
            "https" => true,
            "http" => false,
            _ => return Err(OriginError::Scheme),
        };
        let bare = matches!(url.path(), "" | "/")
            && url.query().is_none()
            && url.fragment().is_none()
            && url.username().is_empty()
            && url.password().is_none();
        if !bare {
            return Err(OriginError::TooMuch);
        }
        let (loopback, host) = match url.host() {
            Some(url::Host::Domain(name)) => (
                name == "localhost" || name.ends_with(".localhost"),
                name.to_owned(),
            ),
            Some(url::Host::Ipv4(ip)) => (ip.is_loopback(), ip.to_string()),
            Some(url::Host::Ipv6(ip)) => (ip.is_loopback(), format!("[{ip}]")),
            None => return Err(OriginError::TooMuch),
        };
        let authority = url
            .port()
            .map_or_else(|| host.clone(), |port| format!("{host}:{port}"));
        Ok(Self {
            https,
            authority,
            loopback,
        })
    }
}

impl std::fmt::Display for Origin {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let scheme = if self.https { "https" } else { "http" };
        write!(f, "{scheme}://{}", self.authority)
    }
}

impl Origin {
    /// Whether it is reached over TLS, here or at a proxy in front.
    pub fn is_https(&self) -> bool {
        self.https
    }

    /// Whether it is an address of this machine.
    pub fn is_loopback(&self) -> bool {
        self.loopback
    }

    /// Host and port as in a `Host` header.
    pub fn authority(&self) -> &str {
        &self.authority
    }
}

/// The routers of the server, each under an origin and a path prefix. A request goes to the router with the
/// longest matching prefix under its `Host`; the prefix is not taken off, routers name their paths in full. A
/// `Host` that is none of ours is a 421, on loopback too, so that no other name (DNS rebinding) reaches us.
#[derive(Clone)]
pub struct Sites(Arc<Inner>);

struct Inner {
    hosts: HashMap<String, Vec<(String, Router)>>,
    everywhere: Vec<(String, Router)>,
    unknown: Outer,
    proxies: Proxies,
}

impl Sites {
    /// No site yet. `unknown` answers for hosts that are none of ours.
    pub fn new(unknown: Outer) -> Self {
        Self(Arc::new(Inner {
            hosts: HashMap::new(),
            everywhere: Vec::new(),
            unknown,
            proxies: Proxies::none(),
        }))
    }

    /// Adds a router under an origin and a prefix (`/api`, or `/` for the rest). A prefix matches whole
    /// segments: `/api` is not in `/apis`.
    #[must_use]
    pub fn mount(self, origin: &Origin, prefix: &str, router: Router) -> Self {
        self.change(|inner| {
            let at = inner.hosts.entry(origin.authority.clone()).or_default();
            insert(at, prefix, router);
        })
    }

    /// Adds a router that answers whatever the host: for `/healthz` and `/readyz`, which probes ask for by
    /// address.
    #[must_use]
    pub fn everywhere(self, prefix: &str, router: Router) -> Self {
        self.change(|inner| insert(&mut inner.everywhere, prefix, router))
    }

    /// Believes these proxies who the client is. Without, nobody is believed.
    #[must_use]
    pub fn behind(self, proxies: Proxies) -> Self {
        self.change(|inner| inner.proxies = proxies)
    }

    fn refuse(
        &self,
        request: Request,
        refusal: Refusal,
    ) -> <Self as tower::Service<Request>>::Future {
        let unknown = self.0.unknown.clone();
        Box::pin(async move { Ok(unknown.refuse(request, refusal).await) })
    }

    fn change(self, change: impl FnOnce(&mut Inner)) -> Self {
        let mut inner = Arc::try_unwrap(self.0).unwrap_or_else(|shared| Inner {
            hosts: shared.hosts.clone(),
            everywhere: shared.everywhere.clone(),
            unknown: shared.unknown.clone(),
            proxies: shared.proxies.clone(),
        });
        change(&mut inner);
        Self(Arc::new(inner))
    }
}

fn insert(at: &mut Vec<(String, Router)>, prefix: &str, router: Router) {
    let prefix = prefix.trim_end_matches('/').to_owned();
    at.retain(|(p, _)| *p != prefix);
    at.push((prefix, router));
    at.sort_by_key(|(p, _)| std::cmp::Reverse(p.len()));
}

fn find<'a>(at: &'a [(String, Router)], path: &str) -> Option<&'a Router> {
    at.iter()
        .find(|(prefix, _)| {
            path.strip_prefix(prefix.as_str())
                .is_some_and(|rest| prefix.is_empty() || rest.is_empty() || rest.starts_with('/'))
        })
        .map(|(_, router)| router)
}

impl Inner {
    fn router(&self, request: &Request) -> Result<Option<&Router>, ()> {
        let path = request.uri().path();
        if let Some(router) = find(&self.everywhere, path) {
            return Ok(Some(router));
        }
        let mut hosts = request.headers().get_all(HOST).iter();
        let host = hosts.next().and_then(|h| h.to_str().ok()).ok_or(())?;
        if hosts.next().is_some() {
            return Err(());
        }
        // In absolute form (RFC 9112, 3.2.2) the address names the host too: it has to be the same one.
        let agrees = request
            .uri()
            .authority()
            .is_none_or(|a| a.as_str().eq_ignore_ascii_case(host));
        if !agrees {
            return Err(());
        }
        let at = match self.hosts.get(host) {
            Some(at) => at,
            None => self.hosts.get(&tidy(host)).ok_or(())?,
        };
        Ok(find(at, path))
    }
}

/// A host as [`Origin`] writes it: lower case, without the default port.
fn tidy(host: &str) -> String {
    let host = host.to_ascii_lowercase();
    match host
        .strip_suffix(":443")
        .or_else(|| host.strip_suffix(":80"))
    {
        Some(bare) => bare.to_owned(),
        None => host,
    }
}

impl tower::Service<Request> for Sites {
    type Response = Response;
    type Error = Infallible;
    type Future = Pin<Box<dyn Future<Output = Result<Response, Infallible>> + Send>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, mut request: Request) -> Self::Future {
        self.0.proxies.name_the_client(&mut request);
        match self.0.router(&request) {
            Ok(Some(router)) => Box::pin(tower::Service::call(&mut router.clone(), request)),
            Ok(None) => self.refuse(request, Refusal::NotFound),
            Err(()) => self.refuse(request, Refusal::UnknownHost),
        }
    }
}
