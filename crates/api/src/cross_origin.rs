//! Requests from pages on other origins (CORS, <https://fetch.spec.whatwg.org/#http-cors-protocol>).
//!
//! A page may call with a company's access token, where the token's client allows the page's origin. Whoever has an API key is no page:
//! its answers carry no header that would let one read them.

use std::collections::HashMap;
use std::sync::Arc;

use axum::extract::{MatchedPath, Request, State};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use handclasp_web::error::ApiError;
use http::header::{
    ACCESS_CONTROL_ALLOW_HEADERS, ACCESS_CONTROL_ALLOW_METHODS, ACCESS_CONTROL_ALLOW_ORIGIN,
    ACCESS_CONTROL_EXPOSE_HEADERS, ACCESS_CONTROL_MAX_AGE, ACCESS_CONTROL_REQUEST_METHOD, ORIGIN,
    VARY,
};
use http::{HeaderMap, HeaderValue, Method, StatusCode};

use crate::auth::shown_token;
use crate::failure::Failure;
use crate::state::Api;
use crate::table::{Route, Verb, Who};

const REQUEST_HEADERS: HeaderValue =
    HeaderValue::from_static("Authorization, Content-Type, Idempotency-Key");
const ANSWER_HEADERS: HeaderValue = HeaderValue::from_static(
    "Idempotent-Replayed, Retry-After, X-Correlation-Id, X-Rate-Limit-Limit, X-Rate-Limit-Remaining, X-Rate-Limit-Reset",
);
const ASKED: HeaderValue = HeaderValue::from_static(
    "Origin, Access-Control-Request-Method, Access-Control-Request-Headers",
);
/// How long a browser need not ask again, in seconds: an origin that is taken off the list is refused by the request itself.
const MAX_AGE: HeaderValue = HeaderValue::from_static("600");

/// What takes a company's access token: each path with its methods.
#[derive(Clone, Default)]
pub(crate) struct Open(Arc<HashMap<String, Vec<Method>>>);

impl Open {
    /// Adds a route, where it takes a token.
    pub(crate) fn add(&mut self, path: &str, route: &Route) {
        match route.who {
            Who::Anyone | Who::May(_) => return,
            Who::Company(_) => {}
        }
        let methods: &[Method] = match route.verb {
            Verb::Get => &[Method::GET, Method::HEAD],
            Verb::Post => &[Method::POST],
            Verb::Put => &[Method::PUT],
            Verb::Patch => &[Method::PATCH],
            Verb::Delete => &[Method::DELETE],
            // A browser asks for one method, and none of those that take a token takes them all.
            Verb::Any => &[],
        };
        let all = Arc::make_mut(&mut self.0);
        all.entry(path.to_owned())
            .or_default()
            .extend_from_slice(methods);
    }

    fn methods(&self, request: &Request) -> &[Method] {
        let path = request.extensions().get::<MatchedPath>();
        let found = path.and_then(|path| self.0.get(path.as_str()));
        found.map(Vec::as_slice).unwrap_or_default()
    }
}

/// Answers preflights, refuses what a page elsewhere may not do, and lets it read the rest.
pub(crate) async fn guard(
    State((api, open)): State<(Api, Open)>,
    request: Request,
    next: Next,
) -> Response {
    let Some(origin) = origin_of(request.headers()) else {
        return next.run(request).await;
    };
    if origin.to_str().is_ok_and(|origin| api.is_at(origin)) {
        return next.run(request).await;
    }
    if let Some(method) = asked_method(&request) {
        let methods = open.methods(&request);
        if !methods.contains(&method) {
            return next.run(request).await;
        }
        return match known(&api, &origin).await {
            Ok(true) => preflight(origin, methods),
            Ok(false) => next.run(request).await,
            Err(failure) => failure.into_response(),
        };
    }
    // An expired token is told so in a way that its page can read.
    let Some(token) = shown_token(request.headers(), &api) else {
        return next.run(request).await;
    };
    let allowed = match origin.to_str() {
        Ok(origin) => api.allows_origin(token.client, origin).await,
        Err(_) => Ok(false),
    };
    match allowed {
        Ok(true) => {
            let mut answer = next.run(request).await;
            let headers = answer.headers_mut();
            headers.insert(ACCESS_CONTROL_ALLOW_ORIGIN, origin);
            headers.insert(ACCESS_CONTROL_EXPOSE_HEADERS, ANSWER_HEADERS);
            headers.append(VARY, HeaderValue::from_static("Origin"));
            answer
        }
        Ok(false) => ApiError::forbidden(
            "A company's access token can be used by pages of the origins in the CORS settings only.",
        )
        .into_response(),
        Err(error) => Failure::from(error).into_response(),
    }
}

/// The origin that a browser names. Two are none, and none is allowed then.
fn origin_of(headers: &HeaderMap) -> Option<HeaderValue> {
    let mut all = headers.get_all(ORIGIN).iter();
    match (all.next(), all.next()) {
        (Some(only), None) => Some(only.clone()),
        (Some(_), Some(_)) => Some(HeaderValue::from_static("null")),
        (None, _) => None,
    }
}

/// The method that a preflight asks for; none where the request is no preflight.
fn asked_method(request: &Request) -> Option<Method> {
    if request.method() != Method::OPTIONS {
        return None;
    }
    let asked = request.headers().get(ACCESS_CONTROL_REQUEST_METHOD)?;
    Method::from_bytes(asked.as_bytes()).ok()
}

async fn known(api: &Api, origin: &HeaderValue) -> Result<bool, Failure> {
    match origin.to_str() {
        Ok(origin) => Ok(api.knows_origin(origin).await?),
        Err(_) => Ok(false),
    }
}

fn preflight(origin: HeaderValue, methods: &[Method]) -> Response {
    let methods: Vec<&str> = methods.iter().map(Method::as_str).collect();
    let mut answer = StatusCode::NO_CONTENT.into_response();
    let headers = answer.headers_mut();
    headers.insert(ACCESS_CONTROL_ALLOW_ORIGIN, origin);
    if let Ok(methods) = HeaderValue::try_from(methods.join(", ")) {
        headers.insert(ACCESS_CONTROL_ALLOW_METHODS, methods);
    }
    headers.insert(ACCESS_CONTROL_ALLOW_HEADERS, REQUEST_HEADERS);
    headers.insert(ACCESS_CONTROL_MAX_AGE, MAX_AGE);
    headers.insert(VARY, ASKED);
    answer
}
