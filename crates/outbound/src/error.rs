//! How a request fails.

use std::error::Error;
use std::fmt;
use std::io;
use std::sync::Arc;

/// Why a request has no answer. Its text is a short sentence that may be shown to whoever set the address
/// up; what lies behind it is in `source()`, for the log. Neither holds a path, a query, a header or a body.
#[derive(Debug, Clone, thiserror::Error)]
pub enum OutboundError {
    /// The address, or one of those that its name resolves to, is not public and not allowed by the operator.
    #[error("The address leads to a private or reserved network, which is not allowed.")]
    RefusedAddress,
    /// The URL is none that this client calls.
    #[error("{0}")]
    BadUrl(UrlFault),
    /// The request has a method (`CONNECT`) or a header (`Host`, `Content-Length`, `Connection` …) that
    /// only the client itself may set.
    #[error("The request has a method or a header that must not be sent.")]
    Unsendable,
    /// The name does not resolve.
    #[error("The host name could not be resolved.")]
    Resolve(#[source] Cause),
    /// No connection came about.
    #[error("The server could not be connected to.")]
    Connect(#[source] Cause),
    /// The server did not prove who it is, or speaks no TLS.
    #[error(
        "No secure connection could be made: the server's certificate or its TLS is not valid."
    )]
    Tls(#[source] Cause),
    /// The answer was not there, whole, by the deadline; or no connection within the ten seconds it may take.
    #[error("The server did not answer in time.")]
    Timeout {
        /// Whether the request may have reached the server.
        sent: bool,
    },
    /// The answer's headers have more than 64 KiB or 128 lines, or its body more than the request allowed.
    #[error("The server's answer is too large.")]
    TooLarge,
    /// The request's own body broke off, or was larger than the request allows.
    #[error("The request's own body ended before its end.")]
    RequestBody,
    /// The connection broke.
    #[error("The server broke the connection off.")]
    Reset {
        /// Whether the request may have reached the server.
        sent: bool,
        /// What broke.
        #[source]
        cause: Cause,
    },
    /// What came back is not HTTP/1.1.
    #[error("The server's answer is not valid HTTP.")]
    Protocol(#[source] Cause),
}

impl OutboundError {
    /// Whether certainly nothing of the request reached the other side, so that sending it again cannot
    /// do a thing twice.
    pub fn is_before_send(&self) -> bool {
        match self {
            Self::RefusedAddress
            | Self::BadUrl(_)
            | Self::Unsendable
            | Self::Resolve(_)
            | Self::Connect(_)
            | Self::Tls(_) => true,
            Self::Timeout { sent } | Self::Reset { sent, .. } => !sent,
            Self::TooLarge | Self::RequestBody | Self::Protocol(_) => false,
        }
    }

    /// A short name for metrics and stored attempts; it does not change between versions.
    pub fn label(&self) -> &'static str {
        match self {
            Self::RefusedAddress => "refused_address",
            Self::BadUrl(_) => "bad_url",
            Self::Unsendable => "unsendable",
            Self::Resolve(_) => "resolve",
            Self::Connect(_) => "connect",
            Self::Tls(_) => "tls",
            Self::Timeout { .. } => "timeout",
            Self::TooLarge => "too_large",
            Self::RequestBody => "request_body",
            Self::Reset { .. } => "reset",
            Self::Protocol(_) => "protocol",
        }
    }
}

/// What is wrong with a URL. Its text is the public sentence.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum UrlFault {
    /// Neither `https` nor `http`.
    #[error("The address must begin with https://.")]
    Scheme,
    /// `http`, and the host is not within the ranges that the operator allowed.
    #[error("The address must begin with https://; http:// is not allowed for this host.")]
    PlainHttp,
    /// It has a user name or password.
    #[error("The address must not contain a user name or password.")]
    UserInfo,
    /// Its port is 0.
    #[error("The address has a port that cannot be called.")]
    Port,
    /// It is longer than 8,192 characters, or has a character that cannot be sent.
    #[error("The address is too long or has characters that cannot be sent.")]
    Form,
}

/// What lies behind a failure: for logs, not for people outside.
#[derive(Debug, Clone)]
pub struct Cause(Arc<str>);

impl Cause {
    /// An error and all that lies behind it, in one line.
    pub(crate) fn of(error: &dyn Error) -> Self {
        let mut text = error.to_string();
        let mut next = error.source();
        while let Some(error) = next {
            text.push_str(": ");
            text.push_str(&error.to_string());
            next = error.source();
        }
        Self(text.into())
    }

    pub(crate) fn text(text: &str) -> Self {
        Self(text.into())
    }
}

impl fmt::Display for Cause {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl Error for Cause {}

/// Makes an error of what hyper says; `sent` is whether the request may have left.
pub(crate) fn from_hyper(error: &(dyn Error + 'static), sent: bool) -> OutboundError {
    let mut next = Some(error);
    while let Some(inner) = next {
        if let Some(ours) = inner.downcast_ref::<OutboundError>() {
            return ours.clone();
        }
        if let Some(hyper) = inner.downcast_ref::<hyper::Error>() {
            if hyper.is_parse_too_large() {
                return OutboundError::TooLarge;
            }
            if hyper.is_parse() {
                return OutboundError::Protocol(Cause::of(error));
            }
        }
        if let Some(io) = inner.downcast_ref::<io::Error>()
            && is_malformed(io)
        {
            return OutboundError::Protocol(Cause::of(error));
        }
        next = inner.source();
    }
    OutboundError::Reset {
        sent,
        cause: Cause::of(error),
    }
}

/// Whether hyper could make nothing of a body's chunks. What TLS says once a connection stands (that a
/// client certificate was wanted, say) is the other side's breaking off.
fn is_malformed(error: &io::Error) -> bool {
    let of_tls = error
        .get_ref()
        .is_some_and(|inner| inner.is::<rustls::Error>());
    matches!(
        error.kind(),
        io::ErrorKind::InvalidInput | io::ErrorKind::InvalidData
    ) && !of_tls
}
