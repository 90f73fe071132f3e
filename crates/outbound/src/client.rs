//! The client itself.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use http::header::{self, HeaderName, HeaderValue, USER_AGENT};
use http::{HeaderMap, Method, StatusCode};
use http_body::Body as _;
use hyper::body::Incoming;
use hyper_util::client::legacy;
use hyper_util::rt::{TokioExecutor, TokioTimer};
use tokio_rustls::TlsConnector;
use url::Url;

use crate::body::{AnswerBody, Touched, WatchedBody, read};
use crate::connect::Connector;
use crate::error::{Cause, OutboundError, UrlFault, from_hyper};
use crate::lookups::Lookups;
use crate::measure::Measured;
use crate::policy::{BuildError, Policy, Rules};
use crate::request::{Request, Response, Stream, Streamed};
use crate::resolve::{Resolver, SystemResolver};
use crate::target::check_url;
use crate::tls::{ClientCertificate, Trust};

/// How many idle connections are kept for one origin: enough for a busy consumer of webhooks, which would otherwise be called over
/// ever new ones.
const IDLE_PER_ORIGIN: usize = 64;
/// How long a connection stays idle. Below the five seconds after which common servers close theirs:
/// a request sent into a closing connection fails without anyone knowing whether it arrived.
const IDLE_FOR: Duration = Duration::from_secs(4);
/// The most that an answer's headers may take, together and in number.
const MAX_HEADER_BYTES: usize = 64 * 1024;
const MAX_HEADERS: usize = 128;

/// Headers that only the client itself sets: of the connection (RFC 9110, 7.6.1), of the body's framing, and
/// those that would make a connection mean something else than one request and one answer.
static OWN_HEADERS: [HeaderName; 12] = [
    header::CONNECTION,
    header::CONTENT_LENGTH,
    header::EXPECT,
    header::HOST,
    HeaderName::from_static("keep-alive"),
    header::PROXY_AUTHENTICATE,
    header::PROXY_AUTHORIZATION,
    HeaderName::from_static("proxy-connection"),
    header::TE,
    header::TRAILER,
    header::TRANSFER_ENCODING,
    header::UPGRADE,
];

/// The guarded HTTP client. Cheap to clone; clones share their connections.
#[derive(Clone)]
pub struct Outbound(Arc<Inner>);

struct Inner {
    client: legacy::Client<Connector, WatchedBody>,
    rules: Arc<Rules>,
    lookups: Lookups,
    trust: Trust,
    tls: TlsConnector,
    user_agent: HeaderValue,
}

impl Outbound {
    /// A client with the operating system's resolver. The first of a process reads the
    /// trusted certificates from disk.
    pub fn new(policy: Policy) -> Result<Self, BuildError> {
        Self::with_resolver(policy, Arc::new(SystemResolver))
    }

    /// A client that finds addresses in its own way: for tests. What it finds is checked all the same.
    pub fn with_resolver(policy: Policy, resolver: Arc<dyn Resolver>) -> Result<Self, BuildError> {
        let rules = Arc::new(Rules::new(policy.allowed_ranges, &policy.pins)?);
        let user_agent =
            HeaderValue::try_from(policy.user_agent.as_str()).map_err(|_| BuildError::UserAgent)?;
        let trust = Trust::new(policy.extra_roots)?;
        let tls = trust.connector(None)?;
        let lookups = Lookups::new(resolver);
        Ok(Self::build(rules, lookups, trust, tls, user_agent))
    }

    /// The same client without its pins: for addresses that customers write, which must not reach what a pin leads to. It has
    /// connections of its own, none of them to a pinned address, and its lookups take none of this client's places: names that
    /// customers let die delay nobody's tokens.
    pub fn without_pins(&self) -> Self {
        let Inner {
            client: _,
            rules,
            lookups,
            trust,
            tls,
            user_agent,
        } = &*self.0;
        Self::build(
            Arc::new(rules.without_pins()),
            lookups.apart(),
            trust.clone(),
            tls.clone(),
            user_agent.clone(),
        )
    }

    /// A client under the same policy that shows this certificate to servers that ask for one. It has
    /// connections of its own: none is ever shared with another certificate, or with none.
    pub fn with_client_certificate(&self, shown: &ClientCertificate) -> Result<Self, BuildError> {
        let Inner {
            client: _,
            rules,
            lookups,
            trust,
            tls: _,
            user_agent,
        } = &*self.0;
        Ok(Self::build(
            Arc::clone(rules),
            lookups.clone(),
            trust.clone(),
            trust.connector(Some(shown))?,
            user_agent.clone(),
        ))
    }

    fn build(
        rules: Arc<Rules>,
        lookups: Lookups,
        trust: Trust,
        tls: TlsConnector,
        user_agent: HeaderValue,
    ) -> Self {
        let connector = Connector::new(Arc::clone(&rules), lookups.clone(), tls.clone());
        let client = legacy::Client::builder(TokioExecutor::new())
            .pool_timer(TokioTimer::new())
            .pool_idle_timeout(IDLE_FOR)
            .pool_max_idle_per_host(IDLE_PER_ORIGIN)
            .http1_max_buf_size(MAX_HEADER_BYTES)
            .http1_max_headers(MAX_HEADERS)
            .build(connector);
        Self(Arc::new(Inner {
            client,
            rules,
            lookups,
            trust,
            tls,
            user_agent,
        }))
    }

    /// Judges a URL without resolving its name: scheme, user name, port, a literal address in whatever
    /// notation. For telling at once whoever saves an address; [`Outbound::send`] checks it all again, and
    /// the addresses that the name has then.
    pub fn check_url(&self, url: &Url) -> Result<(), OutboundError> {
        check_url(url, &self.0.rules)?;
        as_uri(url)?;
        Ok(())
    }

    /// Sends a request and reads the answer, all within the request's deadline. An answer is one whatever
    /// its status; redirects are not followed. Dropping the future drops the connection.
    pub async fn send(&self, request: Request) -> Result<Response, OutboundError> {
        let measured = Measured::start(request.purpose);
        let (purpose, method, deadline) =
            (request.purpose, request.method.clone(), request.deadline);
        let host = request.url.host_str().unwrap_or_default().to_owned();
        let touched = Touched::default();
        let result =
            tokio::time::timeout(deadline, self.exchange(request, touched.clone(), &measured))
                .await
                .unwrap_or_else(|_| {
                    Err(OutboundError::Timeout {
                        sent: touched.get(),
                    })
                });
        note(
            measured,
            (purpose, &method, &host),
            result.as_ref().map(|answer| answer.status),
        );
        result
    }

    /// Sends a request whose bodies are passed on as they come; until the head of the answer within its limit, from then on within
    /// those of [`AnswerBody`]. An answer is one whatever its status; redirects are not followed. Dropping the future or the answer
    /// drops the connection.
    pub async fn stream(&self, stream: Stream) -> Result<Streamed, OutboundError> {
        let Stream {
            method,
            url,
            headers,
            body,
            limits,
            purpose,
        } = stream;
        let measured = Measured::start(purpose);
        let host = url.host_str().unwrap_or_default().to_owned();
        let touched = Touched::default();
        let is_empty = body.size_hint().exact() == Some(0);
        let body = WatchedBody::stream(body, limits.max_sent, touched.clone());
        let asked = self.open((&method, &url, headers), body, is_empty, &touched);
        let result = tokio::time::timeout(limits.head, asked)
            .await
            .unwrap_or_else(|_| {
                Err(OutboundError::Timeout {
                    sent: touched.get(),
                })
            });
        note(
            measured,
            (purpose, &method, &host),
            result.as_ref().map(|answer| answer.status()),
        );
        let (head, body) = result?.into_parts();
        let until = tokio::time::Instant::now() + limits.answer;
        Ok(Streamed {
            status: head.status,
            headers: head.headers,
            body: AnswerBody::new(body, limits.max_received, limits.idle, until),
        })
    }

    async fn exchange(
        &self,
        request: Request,
        touched: Touched,
        measured: &Measured,
    ) -> Result<Response, OutboundError> {
        let (max_body, on_overflow) = (request.max_body, request.on_overflow);
        let is_empty = request.body.is_empty();
        let body = WatchedBody::new(request.body, touched.clone());
        let head = (&request.method, &request.url, request.headers);
        let answer = self.open(head, body, is_empty, &touched).await?;
        let (head, body) = answer.into_parts();
        let (body, truncated) = read(body, max_body, on_overflow).await?;
        Ok(Response {
            status: head.status,
            headers: head.headers,
            body,
            truncated,
            elapsed: measured.elapsed(),
        })
    }

    /// Sends a request and waits for the head of the answer.
    async fn open(
        &self,
        (method, url, headers): (&Method, &Url, HeaderMap),
        body: WatchedBody,
        is_empty: bool,
        touched: &Touched,
    ) -> Result<http::Response<Incoming>, OutboundError> {
        check_url(url, &self.0.rules)?;
        let uri = as_uri(url)?;
        if *method == Method::CONNECT || !is_sendable(&headers) {
            return Err(OutboundError::Unsendable);
        }
        let wants_length = is_empty && [Method::POST, Method::PUT, Method::PATCH].contains(method);
        let mut outgoing = http::Request::new(body);
        *outgoing.method_mut() = method.clone();
        *outgoing.uri_mut() = uri;
        *outgoing.headers_mut() = headers;
        outgoing
            .headers_mut()
            .entry(USER_AGENT)
            .or_insert_with(|| self.0.user_agent.clone());
        if wants_length {
            // RFC 9110, 8.6; hyper leaves it out where there is no body, and some servers answer 411 then.
            outgoing
                .headers_mut()
                .insert(header::CONTENT_LENGTH, HeaderValue::from_static("0"));
        }
        let answer = self
            .0
            .client
            .request(outgoing)
            .await
            .map_err(|error| from_hyper(&error, touched.get()))?;
        if answer.status().is_informational() {
            // 101, which nobody asked for: what follows would not be HTTP.
            return Err(OutboundError::Protocol(Cause::text("an unasked 101")));
        }
        Ok(answer)
    }
}

/// Notes in log and metrics how a request went.
fn note(
    measured: Measured,
    (purpose, method, host): (&'static str, &Method, &str),
    result: Result<StatusCode, &OutboundError>,
) {
    let elapsed = measured.elapsed();
    match result {
        Ok(status) => {
            let code = status.as_u16();
            tracing::debug!(purpose, %method, host, status = code, ?elapsed, "request answered");
            measured.answered(status);
        }
        Err(error) => {
            let cause = std::error::Error::source(error).map(tracing::field::display);
            tracing::debug!(purpose, %method, host, failure = error.label(), cause, ?elapsed, "request failed");
            measured.failed(error);
        }
    }
}

/// Shows nothing: what it holds are other people's connections.
impl fmt::Debug for Outbound {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Outbound").finish_non_exhaustive()
    }
}

fn as_uri(url: &Url) -> Result<http::Uri, OutboundError> {
    http::Uri::try_from(url.as_str()).map_err(|_| OutboundError::BadUrl(UrlFault::Form))
}

fn is_sendable(headers: &HeaderMap) -> bool {
    !OWN_HEADERS.iter().any(|name| headers.contains_key(name))
}
