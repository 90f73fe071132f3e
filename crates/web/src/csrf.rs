//! No other site's form reaches us: `Sec-Fetch-Site` first, `Origin` second, a token in the form third.
//!
//! Browsers of this decade say by `Sec-Fetch-Site` where a request comes from; older ones by `Origin`. Only
//! where both are missing does the token decide. It is a MAC over the browser's own secret, so that no
//! session is needed and nothing is stored.

use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::extract::Request;
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use handclasp_ambient::{SharedRandom, random_bytes};
use http::header::{CONTENT_TYPE, ORIGIN};
use http::{HeaderMap, HeaderName, Method};
use subtle::ConstantTimeEq;

use crate::cookies::CookiePolicy;
use crate::error::{PageError, PageErrorKind, read_body};
use crate::form::{Fields, is_form};
use crate::layers::Origin;

#[cfg(test)]
mod tests;

/// The form field that carries the token.
pub const FIELD: &str = "_csrf";
/// The cookie, without prefix, that carries the browser's secret.
pub const COOKIE: &str = "hc_browser";

const SEC_FETCH_SITE: HeaderName = HeaderName::from_static("sec-fetch-site");
const LABEL: &[u8] = b"csrf";
/// Forms without `Sec-Fetch-Site` and `Origin` are read twice, so they have to be small.
const MOST: usize = 64 * 1024;
const YEAR: Duration = Duration::from_secs(365 * 24 * 3_600);

/// Makes message authentication codes under a key of the server; every replica has the same one. The parts
/// are to be told apart from each other (length-prefixed), so that `["ab"]` is not `["a", "b"]`.
pub trait CsrfKey: Send + Sync + 'static {
    /// The code of these parts.
    fn mac(&self, parts: &[&[u8]]) -> [u8; 32];
}

impl<F> CsrfKey for F
where
    F: Fn(&[&[u8]]) -> [u8; 32] + Send + Sync + 'static,
{
    fn mac(&self, parts: &[&[u8]]) -> [u8; 32] {
        self(parts)
    }
}

/// Guards the forms of one origin. Put around a router with [`CsrfGate::wrap`], inside of its
/// [`crate::layers::Outer`]; routes that other sites do post to (a provider's `form_post` answer) stay outside
/// of it.
#[derive(Clone)]
pub struct CsrfGate(Arc<Inner>);

struct Inner {
    key: Box<dyn CsrfKey>,
    origin: String,
    cookies: CookiePolicy,
    random: SharedRandom,
}

/// The token for the forms of the page being made. In the request's extensions; [`crate::look::PageContext`]
/// carries it into the page.
#[derive(Clone, PartialEq, Eq)]
pub struct CsrfToken(Arc<str>);

impl CsrfToken {
    /// The token as it stands in the form.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl std::fmt::Debug for CsrfToken {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("CsrfToken(…)")
    }
}

/// What the headers of a request say about where it came from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Provenance {
    /// From a page of ours, or by the person's own hand.
    Ours,
    /// From another site.
    Foreign,
    /// They do not say: the token decides.
    Unknown,
}

impl CsrfGate {
    /// A gate for the pages of `origin`.
    pub fn new(
        key: impl CsrfKey,
        origin: &Origin,
        cookies: CookiePolicy,
        random: SharedRandom,
    ) -> Self {
        Self(Arc::new(Inner {
            key: Box::new(key),
            origin: origin.to_string(),
            cookies,
            random,
        }))
    }

    /// Puts the gate around a router: GET requests get a token (and the browser its secret), others are
    /// refused with a 403 page when they come from elsewhere.
    pub fn wrap(&self, router: Router) -> Router {
        let gate = self.clone();
        router.layer(axum::middleware::from_fn(
            move |request: Request, next: Next| {
                let gate = gate.clone();
                async move { gate.pass(request, next).await }
            },
        ))
    }

    /// Where a request comes from, by its headers.
    pub fn provenance(&self, headers: &HeaderMap) -> Provenance {
        let text = |name| {
            headers
                .get(name)
                .map(|v: &http::HeaderValue| v.to_str().unwrap_or("?"))
        };
        match text(SEC_FETCH_SITE) {
            Some("same-origin" | "none") => return Provenance::Ours,
            Some(_) => return Provenance::Foreign,
            None => {}
        }
        match text(ORIGIN) {
            Some(origin) if origin == self.0.origin => Provenance::Ours,
            // A page with a strict referrer policy, or a sandboxed frame of anybody's.
            Some("null") | None => Provenance::Unknown,
            Some(_) => Provenance::Foreign,
        }
    }

    fn token(&self, secret: &str) -> CsrfToken {
        let mac = self.0.key.mac(&[LABEL, secret.as_bytes()]);
        CsrfToken(URL_SAFE_NO_PAD.encode(mac).into())
    }

    async fn pass(&self, request: Request, next: Next) -> Response {
        let secret = self
            .0
            .cookies
            .read(request.headers(), COOKIE)
            .filter(|s| s.len() >= 22)
            .map(str::to_owned);
        match *request.method() {
            Method::GET | Method::HEAD | Method::OPTIONS => self.look(request, next, secret).await,
            _ => self.act(request, next, secret).await,
        }
    }

    async fn look(&self, mut request: Request, next: Next, known: Option<String>) -> Response {
        let fresh = known.is_none();
        let secret =
            known.unwrap_or_else(|| URL_SAFE_NO_PAD.encode(random_bytes::<32>(&*self.0.random)));
        request.extensions_mut().insert(self.token(&secret));
        let mut response = next.run(request).await;
        let page = response
            .headers()
            .get(CONTENT_TYPE)
            .is_some_and(|v| v.as_bytes().starts_with(b"text/html"));
        if fresh && page {
            // The alphabet of base64url always fits.
            let _always = self
                .0
                .cookies
                .put(response.headers_mut(), COOKIE, &secret, Some(YEAR));
        }
        response
    }

    async fn act(&self, mut request: Request, next: Next, secret: Option<String>) -> Response {
        let token = secret.map(|secret| self.token(&secret));
        match self.provenance(request.headers()) {
            Provenance::Ours => {}
            Provenance::Foreign => return refuse("the request comes from another site"),
            Provenance::Unknown => {
                let Some(token) = &token else {
                    return refuse("neither headers nor the browser's cookie");
                };
                request = match with_token(request, token).await {
                    Ok(request) => request,
                    Err(response) => return *response,
                };
            }
        }
        if let Some(token) = token {
            // The answer may be the form again, with what was wrong in it.
            request.extensions_mut().insert(token);
        }
        next.run(request).await
    }
}

fn refuse(why: &'static str) -> Response {
    PageError::new(PageErrorKind::Forbidden)
        .because(why)
        .into_response()
}

/// The same request, if its form carries the token.
async fn with_token(request: Request, token: &CsrfToken) -> Result<Request, Box<Response>> {
    if !is_form(request.headers()) {
        return Err(Box::new(refuse(
            "no headers, and no form that could carry a token",
        )));
    }
    let (parts, body) = request.into_parts();
    let bytes = read_body(body, MOST)
        .await
        .map_err(|e| Box::new(PageError::from(e).into_response()))?;
    let right = Fields::parse(&bytes)
        .one(FIELD)
        .ok()
        .flatten()
        .is_some_and(|given| bool::from(given.as_bytes().ct_eq(token.as_str().as_bytes())));
    if !right {
        return Err(Box::new(refuse("no headers, and a missing or wrong token")));
    }
    Ok(Request::from_parts(parts, Body::from(bytes)))
}
