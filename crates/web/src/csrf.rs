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

#[cfg(test)]
mod tests {
    use axum::routing::get;
    use handclasp_ambient::{ManualClock, SeededRandom};
    use handclasp_domain::Timestamp;
    use http::HeaderValue;
    use http_body_util::BodyExt;
    use tower::ServiceExt;

    use super::*;
    use crate::form::Form;
    use crate::layers::{Outer, Surface};
    use crate::look::PageContext;

    const OURS: &str = "https://link.example.com";

    #[derive(serde::Deserialize)]
    struct Name {
        name: String,
    }

    /// Stands in for the vault: tells parts apart and depends on each byte.
    fn mac(parts: &[&[u8]]) -> [u8; 32] {
        let mut all = b"key".to_vec();
        for part in parts {
            all.extend_from_slice(&part.len().to_be_bytes());
            all.extend_from_slice(part);
        }
        let digest = aws_lc_rs::digest::digest(&aws_lc_rs::digest::SHA256, &all);
        digest.as_ref().try_into().unwrap()
    }

    fn pages() -> Router {
        let origin: Origin = OURS.parse().unwrap();
        let random: SharedRandom = Arc::new(SeededRandom::new(5));
        let gate = CsrfGate::new(
            mac,
            &origin,
            CookiePolicy::of(&origin).unwrap(),
            random.clone(),
        );
        let form = get(|c: PageContext| async move {
            axum::response::Html(c.csrf.unwrap().as_str().to_owned())
        })
        .post(|Form(f): Form<Name>| async move { f.name });
        let clock = ManualClock::at(Timestamp::from_seconds(1));
        Outer::new(Surface::Pages, Arc::new(clock), random)
            .wrap(gate.wrap(Router::new().route("/", form)))
    }

    /// A browser's cookie and the token of its page.
    async fn visit(router: &Router) -> (String, String) {
        let request = Request::builder().uri("/").body(Body::empty()).unwrap();
        let response = router.clone().oneshot(request).await.unwrap();
        let cookie = response.headers()["set-cookie"].to_str().unwrap();
        assert!(cookie.starts_with("__Host-hc_browser="), "{cookie}");
        assert!(cookie.contains("; Secure") && cookie.contains("; HttpOnly"));
        let cookie = cookie.split(';').next().unwrap().to_owned();
        let token = response.into_body().collect().await.unwrap().to_bytes();
        (cookie, String::from_utf8(token.to_vec()).unwrap())
    }

    async fn post(router: &Router, headers: &[(&'static str, &str)], body: String) -> u16 {
        let mut request = Request::post("/").body(Body::from(body)).unwrap();
        request.headers_mut().insert(
            "content-type",
            HeaderValue::from_static("application/x-www-form-urlencoded"),
        );
        for (name, value) in headers {
            request
                .headers_mut()
                .insert(*name, HeaderValue::from_str(value).unwrap());
        }
        router
            .clone()
            .oneshot(request)
            .await
            .unwrap()
            .status()
            .as_u16()
    }

    #[tokio::test]
    async fn sec_fetch_site_comes_first_then_origin_then_the_token() {
        let router = pages();
        let (cookie, token) = visit(&router).await;
        let (foreign_cookie, foreign_token) = visit(&router).await;
        assert_ne!(token, foreign_token);
        let site = |value| ("sec-fetch-site", value);
        let origin = |value| ("origin", value);
        let cookie = ("cookie", cookie.as_str());
        let evil = "https://evil.example";
        let with = |token: &str| format!("name=a&_csrf={token}");
        let plain = || "name=a".to_owned();
        type Case<'a> = (Vec<(&'static str, &'a str)>, String, u16);
        let cases: Vec<Case<'_>> = vec![
            (vec![site("same-origin")], plain(), 200),
            (vec![site("none")], plain(), 200),
            (vec![site("same-origin"), origin("null")], plain(), 200),
            (
                vec![site("cross-site"), origin(OURS), cookie],
                with(&token),
                403,
            ),
            (
                vec![site("same-site"), origin(OURS), cookie],
                with(&token),
                403,
            ),
            (vec![site("what"), cookie], with(&token), 403),
            (vec![origin(OURS)], plain(), 200),
            (vec![origin(evil), cookie], with(&token), 403),
            (
                vec![origin("https://link.example.com.evil.example"), cookie],
                with(&token),
                403,
            ),
            (
                vec![origin("http://link.example.com"), cookie],
                with(&token),
                403,
            ),
            (vec![origin("null"), cookie], with(&token), 200),
            (vec![origin("null"), cookie], plain(), 403),
            (vec![cookie], with(&token), 200),
            (vec![cookie], plain(), 403),
            (vec![cookie], with(""), 403),
            (vec![cookie], with(&foreign_token), 403),
            (
                vec![cookie],
                format!("name=a&_csrf={token}&_csrf={token}"),
                403,
            ),
            (vec![("cookie", &foreign_cookie)], with(&token), 403),
            (vec![], with(&token), 403),
            (
                vec![("cookie", "__Host-hc_browser=short")],
                with(&token),
                403,
            ),
            (
                vec![cookie, ("content-type", "text/plain")],
                with(&token),
                403,
            ),
            (
                vec![cookie],
                format!("name={}&_csrf={token}", "a".repeat(70_000)),
                413,
            ),
        ];
        for (headers, body, status) in cases {
            assert_eq!(
                post(&router, &headers, body.clone()).await,
                status,
                "{headers:?} {body:.60}"
            );
        }
    }

    #[tokio::test]
    async fn a_browser_keeps_its_secret() {
        let router = pages();
        let (cookie, token) = visit(&router).await;
        let request = Request::builder()
            .uri("/")
            .header("cookie", &cookie)
            .body(Body::empty())
            .unwrap();
        let response = router.oneshot(request).await.unwrap();
        assert!(!response.headers().contains_key("set-cookie"));
        let again = response.into_body().collect().await.unwrap().to_bytes();
        assert_eq!(again, token.as_bytes());
    }
}
