//! A call that is passed on, and its answer.

use std::fmt;
use std::time::{Duration, UNIX_EPOCH};

use bytes::Bytes;
use handclasp_domain::{Secret, Timestamp};
use handclasp_outbound::{AnswerBody, Outbound, OutboundError, Stream, StreamBody, StreamLimits};
use http::header::{AUTHORIZATION, RETRY_AFTER};
use http::{HeaderMap, HeaderValue, Method, StatusCode};
use http_body_util::{BodyExt, Full};
use url::Url;

use super::headers::{NotPassedOn, incoming, outgoing};
use super::{Api, BadPath};

/// The most bytes that the body of a call may have: 32 MiB.
pub const BODY_MOST: u64 = 32 << 20;

/// What a call may take.
const LIMITS: StreamLimits = StreamLimits {
    // Below the time after which the server gives its own caller up.
    head: Duration::from_secs(50),
    idle: Duration::from_secs(30),
    answer: Duration::from_secs(15 * 60),
    max_sent: BODY_MOST,
    max_received: 512 << 20,
};

/// The longest wait that a third party is believed to want.
const WAIT_MOST: Duration = Duration::from_secs(60 * 60);

/// A call, checked.
pub struct Call {
    method: Method,
    url: Url,
    headers: HeaderMap,
    body: Body,
}

/// A call's body.
pub enum Body {
    /// All of it, so that it can be sent again.
    Whole(Bytes),
    /// As it comes.
    Stream(StreamBody),
}

/// A call as the caller wrote it.
pub struct Request {
    /// The method.
    pub method: Method,
    /// The path after the base, without the slash between, as it stood in the request's target.
    pub path: String,
    /// The query, as it stood there.
    pub query: Option<String>,
    /// All headers.
    pub headers: HeaderMap,
    /// The body.
    pub body: Body,
}

/// Why a call is not made.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum BadCall {
    /// Its path.
    #[error(transparent)]
    Path(#[from] BadPath),
    /// What it asks for.
    #[error(transparent)]
    NotPassedOn(#[from] NotPassedOn),
}

impl Api {
    /// Checks a call.
    pub fn call(&self, request: Request) -> Result<Call, BadCall> {
        let url = self.url(&request.path, request.query.as_deref())?;
        // An echo of the request is one of the token, too.
        if [Method::TRACE, Method::CONNECT].contains(&request.method) {
            return Err(NotPassedOn::Method.into());
        }
        Ok(Call {
            headers: outgoing(&request.headers)?,
            method: request.method,
            url,
            body: request.body,
        })
    }
}

impl Call {
    /// The same call once more; none where its body is read only once.
    pub fn again(&self) -> Option<Self> {
        match &self.body {
            Body::Whole(bytes) => Some(Self {
                method: self.method.clone(),
                url: self.url.clone(),
                headers: self.headers.clone(),
                body: Body::Whole(bytes.clone()),
            }),
            Body::Stream(_) => None,
        }
    }

    /// Makes the call with an access token.
    pub async fn send(
        self,
        outbound: &Outbound,
        token_type: &str,
        access_token: &Secret<String>,
    ) -> Result<Answer, OutboundError> {
        let mut headers = self.headers;
        let credentials = Secret::new(format!("{token_type} {}", access_token.expose()));
        // Tokens have the characters of a header only: that was seen to when they came in.
        let mut shown =
            HeaderValue::from_str(credentials.expose()).map_err(|_| OutboundError::Unsendable)?;
        shown.set_sensitive(true);
        headers.insert(AUTHORIZATION, shown);
        let body = match self.body {
            Body::Whole(bytes) => Full::new(bytes)
                .map_err(|never| match never {})
                .boxed_unsync(),
            Body::Stream(body) => body,
        };
        let answer = outbound
            .stream(Stream {
                method: self.method,
                url: self.url,
                headers,
                body,
                limits: LIMITS,
                purpose: "proxy",
            })
            .await?;
        Ok(Answer {
            wait: retry_after(&answer.headers),
            status: answer.status,
            headers: incoming(&answer.headers),
            body: answer.body,
        })
    }
}

/// Shows neither path nor headers.
impl fmt::Debug for Call {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Call")
            .field("method", &self.method)
            .field("host", &self.url.host_str())
            .finish_non_exhaustive()
    }
}

/// What the third party answered, fit to be passed on.
#[derive(Debug)]
pub struct Answer {
    /// The status.
    pub status: StatusCode,
    /// The headers that come back.
    pub headers: HeaderMap,
    /// The body.
    pub body: AnswerBody,
    wait: Option<Wait>,
}

/// When the third party wants to be called again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Wait {
    For(Duration),
    Until(Timestamp),
}

impl Answer {
    /// Whether the third party did not take the access token.
    pub fn refused_the_token(&self) -> bool {
        self.status == StatusCode::UNAUTHORIZED
    }

    /// How long the third party wants not to be called, where it says so with 429 or 503; at most an hour.
    pub fn asks_to_wait(&self, now: Timestamp) -> Option<Duration> {
        match self.status {
            StatusCode::TOO_MANY_REQUESTS | StatusCode::SERVICE_UNAVAILABLE => {}
            _ => return None,
        }
        let wait = match self.wait? {
            Wait::For(time) => time,
            Wait::Until(at) => at.since(now),
        };
        (!wait.is_zero()).then(|| wait.min(WAIT_MOST))
    }
}

/// Seconds or a date (RFC 9110, 10.2.3).
fn retry_after(headers: &HeaderMap) -> Option<Wait> {
    let text = headers.get(RETRY_AFTER)?.to_str().ok()?.trim();
    if let Ok(seconds) = text.parse() {
        return Some(Wait::For(Duration::from_secs(seconds)));
    }
    let date = httpdate::parse_http_date(text).ok()?;
    let seconds = date.duration_since(UNIX_EPOCH).ok()?.as_secs();
    Some(Wait::Until(Timestamp::from_seconds(
        i64::try_from(seconds).ok()?,
    )))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waits_in_both_spellings() {
        let wait = |text: &str| {
            let mut headers = HeaderMap::new();
            headers.insert(RETRY_AFTER, HeaderValue::from_str(text).unwrap());
            retry_after(&headers)
        };
        assert_eq!(wait("30"), Some(Wait::For(Duration::from_secs(30))));
        assert_eq!(
            wait("Thu, 01 Jan 1970 00:01:00 GMT"),
            Some(Wait::Until(Timestamp::from_seconds(60)))
        );
        for none in ["", "-1", "soon", "1.5", "99999999999999999999999"] {
            assert_eq!(wait(none), None, "{none}");
        }
    }
}
