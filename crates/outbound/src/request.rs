//! What is asked and what comes back.

use std::fmt;
use std::time::Duration;

use bytes::Bytes;
use http::{HeaderMap, Method, StatusCode};
use url::Url;

use crate::body::{AnswerBody, StreamBody};

/// A request. Its `Debug` shows neither path nor query, headers or body.
#[derive(Clone)]
pub struct Request {
    /// The method; not `CONNECT`.
    pub method: Method,
    /// Where to. A fragment is not sent.
    pub url: Url,
    /// Headers. `Host`, `Content-Length` and those of the connection are the client's own to set.
    pub headers: HeaderMap,
    /// The body; empty for none.
    pub body: Bytes,
    /// How long all of it may take, from resolving the name to the last byte of the answer.
    pub deadline: Duration,
    /// How many bytes of the answer's body are kept.
    pub max_body: usize,
    /// What becomes of a longer one.
    pub on_overflow: Overflow,
    /// What the request is for: a label of the metrics. Few and fixed words, as `webhook` or `token`.
    pub purpose: &'static str,
}

impl Request {
    /// A request without headers and body that may take 30 seconds and whose answer may have 1 MiB.
    pub fn new(purpose: &'static str, method: Method, url: Url) -> Self {
        Self {
            method,
            url,
            headers: HeaderMap::new(),
            body: Bytes::new(),
            deadline: Duration::from_secs(30),
            max_body: 1 << 20,
            on_overflow: Overflow::Fail,
            purpose,
        }
    }
}

impl fmt::Debug for Request {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Request")
            .field("purpose", &self.purpose)
            .field("method", &self.method)
            .field("host", &self.url.host_str())
            .field("body", &self.body.len())
            .finish_non_exhaustive()
    }
}

/// A request whose body and whose answer's body are passed on as they come. Its `Debug` shows neither path nor query, headers or body.
pub struct Stream {
    /// The method; not `CONNECT`.
    pub method: Method,
    /// Where to. A fragment is not sent.
    pub url: Url,
    /// Headers. `Host`, `Content-Length` and those of the connection are the client's own to set.
    pub headers: HeaderMap,
    /// The body. Where its length is known it is announced.
    pub body: StreamBody,
    /// What it may take.
    pub limits: StreamLimits,
    /// What the request is for: a label of the metrics.
    pub purpose: &'static str,
}

/// What a [`Stream`] may take.
#[derive(Debug, Clone, Copy)]
pub struct StreamLimits {
    /// From resolving the name to the head of the answer, and with it mostly to the end of the request's body.
    pub head: Duration,
    /// How long the answer's body may be silent.
    pub idle: Duration,
    /// From the head of the answer to its last byte.
    pub answer: Duration,
    /// How many bytes the request's body may have.
    pub max_sent: u64,
    /// How many bytes the answer's body may have.
    pub max_received: u64,
}

impl fmt::Debug for Stream {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Stream")
            .field("purpose", &self.purpose)
            .field("method", &self.method)
            .field("host", &self.url.host_str())
            .finish_non_exhaustive()
    }
}

/// The head of an answer, whatever its status, and its body to be read. Its `Debug` shows neither headers nor body.
pub struct Streamed {
    /// The status.
    pub status: StatusCode,
    /// The headers.
    pub headers: HeaderMap,
    /// The body.
    pub body: AnswerBody,
}

impl fmt::Debug for Streamed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Streamed")
            .field("status", &self.status)
            .finish_non_exhaustive()
    }
}

/// What becomes of an answer whose body is longer than the request allows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Overflow {
    /// The request fails with [`crate::OutboundError::TooLarge`].
    Fail,
    /// The rest is not read, the connection is closed, [`Response::truncated`] is set.
    Truncate,
}

/// An answer, whatever its status; a redirect is an answer like any other. Its `Debug` shows neither headers nor body.
#[derive(Clone)]
pub struct Response {
    /// The status.
    pub status: StatusCode,
    /// The headers.
    pub headers: HeaderMap,
    /// The body as it came: what is compressed stays so. At most `max_body` bytes.
    pub body: Bytes,
    /// Whether the body was longer.
    pub truncated: bool,
    /// How long it took.
    pub elapsed: Duration,
}

impl fmt::Debug for Response {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Response")
            .field("status", &self.status)
            .field("body", &self.body.len())
            .field("truncated", &self.truncated)
            .field("elapsed", &self.elapsed)
            .finish_non_exhaustive()
    }
}
