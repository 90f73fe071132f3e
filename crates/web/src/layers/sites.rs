//! Which router answers which address.

#[cfg(test)]
mod tests;

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

use super::refusal::Refusal;
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

#[derive(Clone)]
struct Inner {
    hosts: HashMap<String, Mounts>,
    everywhere: Mounts,
    pages: Outer,
    programs: Option<Programs>,
    proxies: Proxies,
}

/// Routers by their prefixes, the longest first.
type Mounts = Vec<(String, Router)>;

/// Where programs ask, and who refuses them.
#[derive(Clone)]
struct Programs {
    /// One segment, with its slash.
    prefix: String,
    outer: Outer,
}

impl Sites {
    /// No site yet. `pages` refuses what no router answers: other hosts, and other paths.
    pub fn new(pages: Outer) -> Self {
        Self(Arc::new(Inner {
            hosts: HashMap::new(),
            everywhere: Vec::new(),
            pages,
            programs: None,
            proxies: Proxies::none(),
        }))
    }

    /// Lets `outer` refuse instead where programs ask: under `prefix` (one segment, `/api`), also where a client
    /// has misspelt it (`//api`, `/api%2f`, `/API`), and on hosts that have nothing else.
    #[must_use]
    pub fn for_programs(self, prefix: &str, outer: Outer) -> Self {
        let prefix = prefix.trim_end_matches('/').to_owned();
        self.change(|inner| inner.programs = Some(Programs { prefix, outer }))
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

    fn change(self, change: impl FnOnce(&mut Inner)) -> Self {
        let mut inner = Arc::unwrap_or_clone(self.0);
        change(&mut inner);
        Self(Arc::new(inner))
    }
}

impl Programs {
    /// Whether a path means this place, however it is written.
    fn are_meant_by(&self, path: &str) -> bool {
        let path = decoded(path);
        let mut segments = path
            .split(|byte| *byte == b'/')
            .filter(|segment| !matches!(*segment, b"" | b"."));
        segments.next().is_some_and(|first| {
            first.eq_ignore_ascii_case(self.prefix.trim_start_matches('/').as_bytes())
        })
    }
}

/// A path's bytes with its percent encodings taken away; what is none of them stays as it is.
fn decoded(path: &str) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(path.len());
    let mut rest = path;
    while let Some((before, after)) = rest.split_once('%') {
        bytes.extend_from_slice(before.as_bytes());
        let encoded = after.get(..2).and_then(|two| {
            let hex = two.bytes().all(|digit| digit.is_ascii_hexdigit());
            hex.then(|| u8::from_str_radix(two, 16).ok()).flatten()
        });
        bytes.push(encoded.unwrap_or(b'%'));
        rest = if encoded.is_some() {
            &after[2..]
        } else {
            after
        };
    }
    bytes.extend_from_slice(rest.as_bytes());
    bytes
}

fn insert(at: &mut Mounts, prefix: &str, router: Router) {
    let prefix = prefix.trim_end_matches('/').to_owned();
    at.retain(|(p, _)| *p != prefix);
    at.push((prefix, router));
    at.sort_by_key(|(p, _)| std::cmp::Reverse(p.len()));
}

fn find<'a>(at: &'a Mounts, path: &str) -> Option<&'a (String, Router)> {
    at.iter().find(|(prefix, _)| {
        path.strip_prefix(prefix.as_str())
            .is_some_and(|rest| prefix.is_empty() || rest.is_empty() || rest.starts_with('/'))
    })
}

impl Inner {
    /// The router that answers, or who refuses and why.
    fn router(&self, request: &Request) -> Result<&Router, (&Outer, Refusal)> {
        let path = request.uri().path();
        if let Some((_, router)) = find(&self.everywhere, path) {
            return Ok(router);
        }
        let Some(at) = self.mounts(request) else {
            return Err((self.refuser(path, None), Refusal::UnknownHost));
        };
        let found = find(at, path).filter(|(prefix, _)| {
            // Pages do not answer in the place of programs.
            self.programs
                .as_ref()
                .is_none_or(|programs| *prefix == programs.prefix || !programs.are_meant_by(path))
        });
        match found {
            Some((_, router)) => Ok(router),
            None => Err((self.refuser(path, Some(at)), Refusal::NotFound)),
        }
    }

    /// What stands under the request's host.
    fn mounts(&self, request: &Request) -> Option<&Mounts> {
        let mut hosts = request.headers().get_all(HOST).iter();
        let host = hosts.next().and_then(|h| h.to_str().ok())?;
        if hosts.next().is_some() {
            return None;
        }
        // In absolute form (RFC 9112, 3.2.2) the address names the host too: it has to be the same one.
        let agrees = request
            .uri()
            .authority()
            .is_none_or(|a| a.as_str().eq_ignore_ascii_case(host));
        if !agrees {
            return None;
        }
        self.hosts.get(host).or_else(|| self.hosts.get(&tidy(host)))
    }

    fn refuser(&self, path: &str, at: Option<&Mounts>) -> &Outer {
        match &self.programs {
            Some(programs)
                if programs.are_meant_by(path)
                    || at.is_some_and(|at| at.iter().all(|(p, _)| *p == programs.prefix)) =>
            {
                &programs.outer
            }
            Some(_) | None => &self.pages,
        }
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
            Ok(router) => Box::pin(tower::Service::call(&mut router.clone(), request)),
            Err((outer, refusal)) => {
                let outer = outer.clone();
                Box::pin(async move { Ok(outer.refuse(request, refusal).await) })
            }
        }
    }
}
