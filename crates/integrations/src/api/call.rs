//! A call that is passed on, and its answer.

use std::fmt;
use std::time::{Duration, UNIX_EPOCH};

use bytes::Bytes;
use handclasp_domain::Timestamp;
use handclasp_outbound::{AnswerBody, OutboundError, Stream, StreamBody, StreamLimits};
use http::header::{CONTENT_TYPE, RETRY_AFTER};
use http::{HeaderMap, Method, StatusCode};
use http_body_util::{BodyExt, Full};
use url::{Url, form_urlencoded};

use super::headers::{NotPassedOn, incoming, outgoing};
use super::path::{BadPath, below};
use super::{Api, ApiAuthorization};
use crate::client::{Calls, Client};
use crate::held::Held;
use crate::integration::Auth;
use crate::provider::ProviderFailure;
use crate::template::{Template, Unfilled};

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

/// Why an answer did not come.
#[derive(Debug, thiserror::Error)]
pub enum NotSent {
    /// What shows who calls can't be made of what is known.
    #[error("the call can't be authorized: {0}")]
    Unauthorized(ProviderFailure),
    /// On the way.
    #[error(transparent)]
    Outbound(#[from] OutboundError),
}

impl Client {
    /// The address of the integration's API for what a connection holds; none where none is declared.
    ///
    /// # Errors
    /// [`Unfilled`] where the address has a part that is not known.
    pub fn api_base(&self, held: &Held) -> Result<Option<Url>, Unfilled> {
        let Some(api) = &self.integration.api else {
            return Ok(None);
        };
        api.base.url(&self.known(&held.values)).map(Some)
    }

    /// Checks a call, and puts it below `base`, which is [`Client::api_base`].
    ///
    /// # Errors
    /// [`BadCall`].
    pub fn call(&self, base: &Url, request: Request) -> Result<Call, BadCall> {
        let query = match (&self.integration.api, request.query) {
            (Some(api), Some(query)) => without(&query, &api.own_parameters()),
            (Some(_) | None, None) => None,
            (None, query) => query,
        };
        let url = below(base, &request.path, query.as_deref())?;
        // An echo of the request is one of the token, too.
        if [Method::TRACE, Method::CONNECT].contains(&request.method) {
            return Err(NotPassedOn::Method.into());
        }
        let headers = outgoing(&request.headers)?;
        let is_signed = matches!(self.integration.auth, Auth::OAuth1(_));
        if is_signed && is_form(&headers) && matches!(request.body, Body::Stream(_)) {
            return Err(NotPassedOn::LongForm.into());
        }
        Ok(Call {
            headers,
            method: request.method,
            url,
            body: request.body,
        })
    }

    /// Makes a call with what a connection holds. What is declared of each call takes the place of what the caller wrote: he can't
    /// reach another company with it.
    ///
    /// # Errors
    /// [`NotSent`].
    pub async fn pass_on(
        &self,
        calls: &Calls<'_>,
        held: &Held,
        call: Call,
    ) -> Result<Answer, NotSent> {
        let (request, body) = self
            .authorized(calls, held, call)
            .map_err(NotSent::Unauthorized)?;
        let answer = calls
            .outbound
            .stream(Stream {
                method: request.method,
                url: request.url,
                headers: request.headers,
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

    /// The request of a call, with what shows who calls.
    pub(crate) fn authorized(
        &self,
        calls: &Calls<'_>,
        held: &Held,
        call: Call,
    ) -> Result<(handclasp_outbound::Request, StreamBody), ProviderFailure> {
        let mut request = handclasp_outbound::Request::new("proxy", call.method, call.url);
        request.headers = call.headers;
        let body = match call.body {
            Body::Whole(bytes) => {
                request.body = bytes.clone();
                Full::new(bytes)
                    .map_err(|never| match never {})
                    .boxed_unsync()
            }
            Body::Stream(body) => body,
        };
        let mut known = self.known(&held.values);
        known.set("access_token", held.access_token.clone());
        if let Some(api) = &self.integration.api {
            let mut api = api.clone();
            let is_sent = |_: &String, value: &mut Template| match value.fill(&known) {
                // What the operator or the person left out, as they may.
                Err(Unfilled::Missing(name)) => !self.integration.may_lack(&name),
                Err(Unfilled::Unfit(_) | Unfilled::NoAddress) | Ok(_) => true,
            };
            api.headers.retain(is_sent);
            api.query.retain(is_sent);
            api.authorize(&mut request, held, &known)?;
        }
        if let Auth::OAuth1(declared) = &self.integration.auth {
            self.sign(declared, &mut request, calls, held, &known)?;
        }
        Ok((request, body))
    }
}

impl Api {
    /// The parameters of a query that are the declaration's to set.
    fn own_parameters(&self) -> Vec<&str> {
        let authorization = match &self.authorization {
            ApiAuthorization::Query { name, .. } => Some(name.as_str()),
            ApiAuthorization::Bearer
            | ApiAuthorization::Basic { .. }
            | ApiAuthorization::Header { .. }
            | ApiAuthorization::OAuth1 => None,
        };
        let declared = self.query.keys().map(String::as_str);
        declared.chain(authorization).collect()
    }
}

/// A query without the parameters of these names, and otherwise as it was spelled.
fn without(query: &str, names: &[&str]) -> Option<String> {
    let is_kept = |pair: &&str| {
        let name = form_urlencoded::parse(pair.as_bytes()).next();
        !name.is_some_and(|(name, _)| names.contains(&&*name))
    };
    let kept: Vec<_> = query.split('&').filter(is_kept).collect();
    (!kept.is_empty()).then(|| kept.join("&"))
}

fn is_form(headers: &HeaderMap) -> bool {
    headers.get(CONTENT_TYPE).is_some_and(|kind| {
        let form = b"application/x-www-form-urlencoded";
        kind.as_bytes()
            .get(..form.len())
            .is_some_and(|start| start.eq_ignore_ascii_case(form))
    })
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
    use http::HeaderValue;

    use super::*;
    use crate::Values;
    use crate::provider::Deadline;
    use crate::tests::{ACME, With, client, declared, outbound};

    #[test]
    fn what_is_declared_can_not_be_said_otherwise() {
        let without = |query| without(query, &["company", "key"]);
        for (query, kept) in [
            ("a=1&company=2", Some("a=1")),
            ("c%6Fmpany=2&a=%2F+b&key", Some("a=%2F+b")),
            ("company=2&company=3", None),
            ("Company=2&a", Some("Company=2&a")),
            ("&&", Some("&&")),
        ] {
            assert_eq!(without(query).as_deref(), kept, "{query}");
        }
    }

    #[test]
    fn what_may_be_left_out_and_was_is_not_sent() {
        let text = format!(
            "{ACME}\n[[person]]\nname = \"base\"\nkind = \"database\"\noptional = true\n\n\
             [api]\nbase = \"https://api.acme.example/v1\"\nheaders = {{ X-Base = \"{{person.base}}\" }}\n"
        );
        let client = client(declared(&text));
        let with = With::new(outbound());
        let calls = with.calls(Deadline::start());
        let sent = |values: Values| {
            let held = Held {
                access_token: "acc3ss".to_owned(),
                refresh_token: None,
                token_type: "Bearer".to_owned(),
                token_secret: None,
                values,
            };
            let request = Request {
                method: Method::GET,
                path: "x".to_owned(),
                query: None,
                headers: HeaderMap::new(),
                body: Body::Whole(Bytes::new()),
            };
            let base = client.api_base(&held).unwrap().unwrap();
            let call = client.call(&base, request).unwrap();
            let (request, _) = client.authorized(&calls, &held, call).unwrap();
            request.headers.get("x-base").cloned()
        };
        assert_eq!(sent(Values::default()), None);
        let mut typed = Values::default();
        typed.set("person.base", "books");
        assert_eq!(sent(typed), Some(HeaderValue::from_static("books")));
    }

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
