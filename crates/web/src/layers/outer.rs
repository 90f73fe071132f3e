//! The outermost layer of a router.

use std::future::Future;
use std::panic::AssertUnwindSafe;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::{Duration, Instant};

use axum::Router;
use axum::body::Body;
use axum::extract::{MatchedPath, Request};
use axum::response::Response;
use futures::FutureExt;
use handclasp_ambient::{SharedClock, SharedRandom, new_logged_id};
use handclasp_domain::CorrelationId;
use http::header::{ACCEPT_LANGUAGE, CONNECTION, CONTENT_LENGTH, EXPECT};
use http::{HeaderName, HeaderValue, StatusCode};
use http_body::Body as _;
use http_body_util::BodyExt;
use tracing::Instrument;

use super::MAX_BODY;
use super::body::Bounded;
use super::current::{CURRENT, Current};
use super::headers::{self, Nonce};
use super::limits::{self, Gate};
use super::problem;
use super::refusal::Refusal;
use crate::error::{ApiError, PageError, PageErrorKind};
use crate::i18n::{Languages, Localizer};

const CORRELATION: HeaderName = HeaderName::from_static("x-correlation-id");

/// A body over its limit is read and thrown away up to this many bytes before the refusal, as many clients
/// look for an answer only when they have sent everything.
const DRAIN: usize = 4 * MAX_BODY;
const DRAIN_TIME: Duration = Duration::from_secs(2);

/// Whom a router answers: it decides the form of errors and the headers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Surface {
    /// Programs: JSON errors.
    Api,
    /// People: pages with a strict content security policy.
    Pages,
    /// The operator's programs, which ask for probes and metrics every few seconds: errors as for programs, figures
    /// of its own, and no access log unless one debugs.
    Operator,
}

impl Surface {
    fn name(self) -> &'static str {
        match self {
            Self::Api => "api",
            Self::Pages => "pages",
            Self::Operator => "operator",
        }
    }
}

/// What one request may take.
#[derive(Debug, Clone, Copy)]
pub struct OuterLimits {
    /// The most bytes of a body.
    pub body: usize,
    /// From the request's head to the last byte of its body.
    pub body_time: Duration,
    /// From the request's head to the answer's head; then 503.
    pub request_time: Duration,
}

impl Default for OuterLimits {
    fn default() -> Self {
        Self {
            body: MAX_BODY,
            body_time: Duration::from_secs(15),
            request_time: Duration::from_secs(40),
        }
    }
}

/// What a page's handler is told about its request; it is in the request's extensions. See
/// [`crate::look::PageContext`], which carries it into a page.
#[derive(Debug, Clone, Copy)]
pub struct PageFacts {
    /// The reference that a person can pass on.
    pub correlation: CorrelationId,
    /// The nonce of this answer's policy.
    pub nonce: Nonce,
    /// The language that the browser asks for.
    pub localizer: Localizer,
}

/// The outermost layer of a router: gives each request its correlation id (header `X-Correlation-Id`, request
/// extension, tracing span), keeps the limits, catches panics, writes the access log and sets the security
/// headers. It also answers unknown paths and wrong methods in the surface's form.
///
/// Metrics are registered when it is made, so install the recorder first.
#[derive(Clone)]
pub struct Outer(Arc<Inner>);

#[derive(Clone)]
struct Inner {
    surface: Surface,
    clock: SharedClock,
    random: SharedRandom,
    limits: OuterLimits,
    exception: Option<(&'static str, OuterLimits)>,
    hsts: bool,
    gate: Option<Arc<dyn Gate>>,
    duration: metrics::Histogram,
    /// By the first digit of the status.
    answers: [metrics::Counter; 6],
}

impl Outer {
    /// For a surface, with the default limits and without HSTS.
    pub fn new(surface: Surface, clock: SharedClock, random: SharedRandom) -> Self {
        let name = surface.name();
        let class = ["0xx", "1xx", "2xx", "3xx", "4xx", "5xx"];
        Self(Arc::new(Inner {
            surface,
            clock,
            random,
            limits: OuterLimits::default(),
            exception: None,
            hsts: false,
            gate: None,
            duration: metrics::histogram!("handclasp_http_request_seconds", "surface" => name),
            answers: class.map(|class| {
                metrics::counter!("handclasp_http_answers_total", "surface" => name, "status" => class)
            }),
        }))
    }

    /// With other limits.
    #[must_use]
    pub fn with_limits(self, limits: OuterLimits) -> Self {
        self.with(|inner| inner.limits = limits)
    }

    /// With other limits on one route, named by the whole of its pattern.
    #[must_use]
    pub fn with_limits_on(self, route: &'static str, limits: OuterLimits) -> Self {
        self.with(|inner| inner.exception = Some((route, limits)))
    }

    /// With `Strict-Transport-Security` on every answer: for a surface whose address is `https`.
    #[must_use]
    pub fn with_hsts(self, hsts: bool) -> Self {
        self.with(|inner| inner.hsts = hsts)
    }

    /// With limits on requests, which every answer then tells.
    #[must_use]
    pub fn with_gate(self, gate: impl Gate) -> Self {
        self.with(|inner| inner.gate = Some(Arc::new(gate)))
    }

    fn with(self, change: impl FnOnce(&mut Inner)) -> Self {
        let mut inner = Arc::unwrap_or_clone(self.0);
        change(&mut inner);
        Self(Arc::new(inner))
    }

    /// Puts the layer around a router and answers its unknown paths and wrong methods. The last thing done to
    /// a router.
    pub fn wrap(&self, router: Router) -> Router {
        match self.0.surface {
            Surface::Api | Surface::Operator => router
                .fallback(|| async { ApiError::not_found("There is nothing at this address.") })
                .method_not_allowed_fallback(|| async { ApiError::method_not_allowed("") }),
            Surface::Pages => router
                .fallback(|| async { PageError::new(PageErrorKind::NotFound) })
                .method_not_allowed_fallback(|| async {
                    PageError::new(PageErrorKind::MethodNotAllowed)
                }),
        }
        .layer(self.clone())
    }

    /// Answers a request with a refusal of this surface, all headers included: for what is in front of the
    /// routers.
    pub(crate) async fn refuse(&self, request: Request, refusal: Refusal) -> Response {
        let surface = self.0.surface;
        let mut service = OuterService {
            inner: tower::service_fn(move |_: Request| async move {
                Ok::<_, std::convert::Infallible>(refusal.answer(surface))
            }),
            outer: self.0.clone(),
        };
        match tower::Service::call(&mut service, request).await {
            Ok(response) => response,
            Err(never) => match never {},
        }
    }
}

impl<S> tower::Layer<S> for Outer {
    type Service = OuterService<S>;

    fn layer(&self, inner: S) -> OuterService<S> {
        OuterService {
            inner,
            outer: self.0.clone(),
        }
    }
}

/// A service within [`Outer`].
#[derive(Clone)]
pub struct OuterService<S> {
    inner: S,
    outer: Arc<Inner>,
}

impl<S> tower::Service<Request> for OuterService<S>
where
    S: tower::Service<Request, Response = Response, Error = std::convert::Infallible>,
    S::Future: Send + 'static,
{
    type Response = Response;
    type Error = S::Error;
    type Future = Pin<Box<dyn Future<Output = Result<Response, S::Error>> + Send>>;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.inner.poll_ready(context)
    }

    fn call(&mut self, mut request: Request) -> Self::Future {
        let outer = self.outer.clone();
        let begun = Instant::now();
        let correlation: CorrelationId = new_logged_id(&*outer.clock, &*outer.random);
        let facts = outer.page_facts(correlation, &request);
        let seen = Seen {
            method: request.method().clone(),
            route: request.extensions().get::<MatchedPath>().cloned(),
            facts,
            problem: problem::is_wanted(request.headers()),
        };
        request.extensions_mut().insert(correlation);
        if let Some(facts) = facts {
            request.extensions_mut().insert(facts);
        }
        let span = tracing::info_span!("request", correlation = %correlation);
        let entered = outer.gate.as_ref().map(|gate| gate.enter(&request));
        let standing = match entered {
            None => None,
            Some(Ok(standing)) => Some(standing),
            Some(Err(over)) => {
                let current = Current::new(correlation, Some(over.standing));
                let refuse = async move {
                    let refusal = Refusal::TooMany(over.wait).answer(outer.surface);
                    Ok(outer.finish(&seen, begun, refusal))
                };
                return Box::pin(CURRENT.scope(current, refuse.instrument(span)));
            }
        };
        let current = Current::new(correlation, standing);

        let limits = outer.limits_of(&request);
        let limit = limits.body;
        let declared = request
            .headers()
            .get(CONTENT_LENGTH)
            .and_then(|v| v.to_str().ok()?.parse::<u64>().ok());
        if declared.is_some_and(|length| length > limit as u64) {
            let refuse = async move {
                // Who asks first is answered before the body, which then never comes. Reading it would say "go on".
                let whole = !asks_first(&request) && drain(request.into_body()).await;
                let refusal = Refusal::TooLarge(limit).answer(outer.surface);
                let mut response = outer.finish(&seen, begun, refusal);
                if !whole {
                    let close = HeaderValue::from_static("close");
                    response.headers_mut().insert(CONNECTION, close);
                }
                Ok(response)
            };
            return Box::pin(CURRENT.scope(current, refuse.instrument(span)));
        }
        if !request.body().is_end_stream() {
            let time = limits.body_time;
            request = request.map(|body| Body::new(Bounded::new(body, limit, time)));
        }

        // The call itself may panic too, not only its future.
        let called = std::panic::catch_unwind(AssertUnwindSafe(|| self.inner.call(request)));
        let answer = async move {
            let answered = match called {
                Err(_) => Err(Refusal::Panicked),
                Ok(future) => {
                    let guarded = AssertUnwindSafe(future).catch_unwind();
                    match tokio::time::timeout(limits.request_time, guarded).await {
                        Ok(Ok(Ok(response))) => Ok(response),
                        Ok(Ok(Err(never))) => match never {},
                        Ok(Err(_)) => Err(Refusal::Panicked),
                        Err(_) => Err(Refusal::TooLong),
                    }
                }
            };
            let response = answered.unwrap_or_else(|refusal| {
                tracing::warn!(?refusal, "request cut short");
                refusal.answer(outer.surface)
            });
            Ok(outer.finish(&seen, begun, response))
        };
        Box::pin(CURRENT.scope(current, answer.instrument(span)))
    }
}

/// What is kept of a request for its end.
struct Seen {
    method: http::Method,
    route: Option<MatchedPath>,
    facts: Option<PageFacts>,
    /// Whether errors are to bear the name of RFC 9457.
    problem: bool,
}

impl Inner {
    fn limits_of(&self, request: &Request) -> OuterLimits {
        match (&self.exception, request.extensions().get::<MatchedPath>()) {
            (Some((route, limits)), Some(matched)) if matched.as_str() == *route => *limits,
            (Some(_) | None, _) => self.limits,
        }
    }

    fn page_facts(&self, correlation: CorrelationId, request: &Request) -> Option<PageFacts> {
        match self.surface {
            Surface::Api | Surface::Operator => None,
            Surface::Pages => Some(PageFacts {
                correlation,
                nonce: Nonce::draw(&*self.random),
                localizer: Languages::embedded().accepting(
                    request
                        .headers()
                        .get(ACCEPT_LANGUAGE)
                        .and_then(|v| v.to_str().ok()),
                ),
            }),
        }
    }

    fn finish(&self, seen: &Seen, begun: Instant, mut response: Response) -> Response {
        if let Some(facts) = &seen.facts
            && let Some(error) = response.extensions_mut().remove::<PageError>()
        {
            response = error.render(facts, &response);
        }
        if let Some(correlation) = super::current::correlation() {
            let mut text = [0; uuid::fmt::Hyphenated::LENGTH];
            let text = handclasp_domain::Id::uuid(correlation)
                .as_hyphenated()
                .encode_lower(&mut text);
            if let Ok(value) = HeaderValue::from_str(text) {
                response.headers_mut().insert(CORRELATION, value);
            }
        }
        problem::name(&mut response, seen.problem);
        if self.gate.is_some()
            && let Some(standing) = super::current::standing()
        {
            limits::tell(response.headers_mut(), standing);
        }
        let nonce = seen.facts.as_ref().map(|f| &f.nonce);
        headers::set(response.headers_mut(), self.surface, nonce, self.hsts);
        self.note(seen, begun, response.status());
        response
    }

    fn note(&self, seen: &Seen, begun: Instant, status: StatusCode) {
        let took = begun.elapsed();
        self.duration.record(took.as_secs_f64());
        if let Some(counter) = self.answers.get(usize::from(status.as_u16() / 100)) {
            counter.increment(1);
        }
        // The route's pattern and not the address: an address can be a capability.
        let route = seen.route.as_ref().map_or("-", MatchedPath::as_str);
        let (surface, status) = (self.surface.name(), status.as_u16());
        let micros = u64::try_from(took.as_micros()).unwrap_or(u64::MAX);
        // A level is part of an event's place in the program, hence two of them.
        match self.surface {
            Surface::Api | Surface::Pages => tracing::info!(
                target: "handclasp::access",
                surface, method = %seen.method, route, status, micros, "answered"
            ),
            Surface::Operator => tracing::debug!(
                target: "handclasp::access",
                surface, method = %seen.method, route, status, micros, "answered"
            ),
        }
    }
}

/// Whether the client waits for a word before it sends the body (RFC 9110, 10.1.1).
fn asks_first(request: &Request) -> bool {
    let expected = request.headers().get(EXPECT);
    expected.is_some_and(|value| value.as_bytes().eq_ignore_ascii_case(b"100-continue"))
}

/// Reads a body and throws it away; whether that was all of it.
async fn drain(mut body: Body) -> bool {
    let read = async {
        let mut left = DRAIN;
        while let Some(frame) = body.frame().await {
            let Ok(frame) = frame else { return false };
            let length = frame.data_ref().map_or(0, bytes::Bytes::len);
            match left.checked_sub(length) {
                Some(rest) => left = rest,
                None => return false,
            }
        }
        true
    };
    // Past the time the refusal goes out all the same.
    tokio::time::timeout(DRAIN_TIME, read)
        .await
        .unwrap_or(false)
}
