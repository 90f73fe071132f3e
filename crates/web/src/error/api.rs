//! The one error body of the API.

use std::borrow::Cow;
use std::time::Duration;

use axum::response::{IntoResponse, Response};
use http::header::{ALLOW, CONTENT_TYPE, RETRY_AFTER, WWW_AUTHENTICATE};
use http::{HeaderMap, HeaderValue, StatusCode};
use serde::Serialize;

use crate::layers::current;

/// What the `service` field says: which part of the server answered.
const SERVICE: &str = "PublicApi";

/// One thing that was wrong with what was sent.
#[derive(Debug, Clone, Serialize, PartialEq, Eq)]
#[serde(rename_all = "camelCase")]
pub struct FieldError {
    /// The field, as a path: `tags.region`, `results[3].name`.
    pub item_id: Option<String>,
    /// What is wrong with it, in a sentence for a developer.
    pub message: String,
    /// The rule that it broke: `Length`, `Type`, `Format`.
    pub validator_name: Option<String>,
}

impl FieldError {
    /// A fault of the field `item_id` against the rule `validator_name`.
    pub fn new(
        item_id: impl Into<String>,
        message: impl Into<String>,
        validator_name: impl Into<String>,
    ) -> Self {
        Self {
            item_id: Some(item_id.into()),
            message: message.into(),
            validator_name: Some(validator_name.into()),
        }
    }
}

/// An error as the API tells it. Built by the function for its status; the body's shape is
/// `{statusCode, service, error, correlationId, validation, canBeRetried, detailedErrorCode}`, and beside these the members of
/// RFC 9457: `{type, title, status, detail, instance}`. The correlation id is that of the request being answered.
///
/// The text is public. A private cause goes into [`ApiError::because`], which only the log sees.
#[derive(Debug)]
pub struct ApiError(Box<Inner>);

#[derive(Debug)]
struct Inner {
    status: StatusCode,
    error: Cow<'static, str>,
    validation: Vec<FieldError>,
    can_be_retried: bool,
    detailed_error_code: u32,
    headers: HeaderMap,
    cause: Option<String>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Body<'a> {
    status_code: u16,
    service: &'static str,
    error: &'a str,
    correlation_id: String,
    validation: Option<Validation<'a>>,
    can_be_retried: &'static str,
    detailed_error_code: u32,
    // The same once more, by the names of RFC 9457.
    #[serde(rename = "type")]
    kind: &'static str,
    title: &'static str,
    status: u16,
    detail: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    instance: Option<String>,
}

/// A problem that says no more than its status and its detail (RFC 9457, 4.2.1). There are no pages about single kinds of errors,
/// and an address that leads nowhere would be worse than none.
const KIND: &str = "about:blank";

/// Marks an answer whose body is an error's, in its extensions.
#[derive(Debug, Clone, Copy)]
pub struct ErrorBody;

#[derive(Serialize)]
struct Validation<'a> {
    errors: &'a [FieldError],
    warnings: [(); 0],
}

impl ApiError {
    /// An error of any status. Prefer the functions below.
    pub fn new(status: StatusCode, error: impl Into<Cow<'static, str>>) -> Self {
        Self(Box::new(Inner {
            status,
            error: error.into(),
            validation: Vec::new(),
            can_be_retried: false,
            detailed_error_code: 0,
            headers: HeaderMap::new(),
            cause: None,
        }))
    }

    /// 400: what was sent is wrong, and sending it again will not help.
    pub fn bad_request(error: impl Into<Cow<'static, str>>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, error)
    }

    /// 400 that names the one field that is wrong.
    pub fn bad_field(
        item_id: impl Into<String>,
        message: impl Into<String>,
        validator_name: impl Into<String>,
    ) -> Self {
        let field = FieldError::new(item_id, message, validator_name);
        Self::bad_request(field.message.clone()).with_validation([field])
    }

    /// 401: no key, or not a good one. Names Basic as the way to authenticate (RFC 9110, 11.6.1).
    pub fn unauthorized() -> Self {
        Self::new(
            StatusCode::UNAUTHORIZED,
            "Unauthorized: send a valid API key in the Authorization header.",
        )
        .with_header(
            WWW_AUTHENTICATE,
            HeaderValue::from_static("Basic realm=\"api\", charset=\"UTF-8\""),
        )
    }

    /// 403: the key is good, and not for this.
    pub fn forbidden(error: impl Into<Cow<'static, str>>) -> Self {
        Self::new(StatusCode::FORBIDDEN, error)
    }

    /// 404. Say the same for what is another client's as for what does not exist.
    pub fn not_found(error: impl Into<Cow<'static, str>>) -> Self {
        Self::new(StatusCode::NOT_FOUND, error)
    }

    /// The 405 status, where `allow` lists what the address takes: `GET, HEAD`. Give an empty text where the router adds the
    /// header itself.
    pub fn method_not_allowed(allow: &'static str) -> Self {
        let error = Self::new(
            StatusCode::METHOD_NOT_ALLOWED,
            "This address does not take this method: see the Allow header.",
        );
        if allow.is_empty() {
            error
        } else {
            error.with_header(ALLOW, HeaderValue::from_static(allow))
        }
    }

    /// 408: the request's body did not arrive in time.
    pub fn request_timeout() -> Self {
        Self::new(
            StatusCode::REQUEST_TIMEOUT,
            "The request did not arrive in time.",
        )
        .retriable()
    }

    /// 409: it clashes with how things stand.
    pub fn conflict(error: impl Into<Cow<'static, str>>) -> Self {
        Self::new(StatusCode::CONFLICT, error)
    }

    /// 413: the body is larger than `limit` bytes.
    pub fn payload_too_large(limit: usize) -> Self {
        Self::new(
            StatusCode::PAYLOAD_TOO_LARGE,
            format!("The request's body is larger than {limit} bytes."),
        )
    }

    /// 415: the body is not of the type that `expected` names.
    pub fn unsupported_media_type(expected: &str) -> Self {
        Self::new(
            StatusCode::UNSUPPORTED_MEDIA_TYPE,
            format!("The request's Content-Type has to be {expected}."),
        )
    }

    /// 422: understood, and impossible, as another request under the same idempotency key is.
    pub fn unprocessable(error: impl Into<Cow<'static, str>>) -> Self {
        Self::new(StatusCode::UNPROCESSABLE_ENTITY, error)
    }

    /// 421: this server does not answer to that host name (RFC 9110, 15.5.20).
    pub fn misdirected() -> Self {
        Self::new(
            StatusCode::MISDIRECTED_REQUEST,
            "This server does not answer to the host name that was asked for.",
        )
    }

    /// 429: too many requests; the wait is rounded up to whole seconds.
    pub fn too_many(retry_after: Duration) -> Self {
        Self::new(
            StatusCode::TOO_MANY_REQUESTS,
            "You have made too many requests in a given amount of time; please retry later.",
        )
        .retriable()
        .after(retry_after)
    }

    /// 500. The cause is for the log alone.
    pub fn internal(cause: impl std::fmt::Display) -> Self {
        Self::new(
            StatusCode::INTERNAL_SERVER_ERROR,
            "Something went wrong on the server. Quote the correlation id when you report it.",
        )
        .because(cause)
    }

    /// 501: belongs to the contract and is not part of this product.
    pub fn not_implemented(error: impl Into<Cow<'static, str>>) -> Self {
        Self::new(StatusCode::NOT_IMPLEMENTED, error)
    }

    /// 503: overloaded, or what is needed is away; come back after `retry_after`.
    pub fn overloaded(retry_after: Duration) -> Self {
        Self::new(
            StatusCode::SERVICE_UNAVAILABLE,
            "The server cannot take this right now; please retry shortly.",
        )
        .retriable()
        .after(retry_after)
    }

    /// Adds what was wrong, field by field.
    #[must_use]
    pub fn with_validation(mut self, errors: impl IntoIterator<Item = FieldError>) -> Self {
        self.0.validation.extend(errors);
        self
    }

    /// Sets the code that programs may branch on; 0 means none.
    #[must_use]
    pub fn with_code(mut self, detailed_error_code: u32) -> Self {
        self.0.detailed_error_code = detailed_error_code;
        self
    }

    /// Says that the same request may succeed later.
    #[must_use]
    pub fn retriable(mut self) -> Self {
        self.0.can_be_retried = true;
        self
    }

    /// Adds a header to the answer.
    #[must_use]
    pub fn with_header(mut self, name: http::HeaderName, value: HeaderValue) -> Self {
        self.0.headers.insert(name, value);
        self
    }

    /// Notes the private cause, which is logged with the correlation id and never shown.
    #[must_use]
    pub fn because(mut self, cause: impl std::fmt::Display) -> Self {
        self.0.cause = Some(cause.to_string());
        self
    }

    /// The status that it answers with.
    pub fn status(&self) -> StatusCode {
        self.0.status
    }

    /// Says that the same request may succeed after so long, rounded up to whole seconds.
    #[must_use]
    pub fn retry_after(self, wait: Duration) -> Self {
        self.retriable().after(wait)
    }

    fn after(self, wait: Duration) -> Self {
        let seconds = wait.as_secs() + u64::from(wait.subsec_nanos() > 0);
        self.with_header(RETRY_AFTER, HeaderValue::from(seconds.max(1)))
    }
}

impl IntoResponse for ApiError {
    fn into_response(self) -> Response {
        let inner = *self.0;
        if let Some(cause) = &inner.cause {
            if inner.status.is_server_error() {
                tracing::error!(status = inner.status.as_u16(), cause, "request failed");
            } else {
                tracing::debug!(status = inner.status.as_u16(), cause, "request refused");
            }
        }
        let correlation = current::correlation();
        let body = Body {
            status_code: inner.status.as_u16(),
            service: SERVICE,
            error: &inner.error,
            correlation_id: correlation.map_or_else(String::new, |id| id.to_string()),
            validation: (!inner.validation.is_empty()).then_some(Validation {
                errors: &inner.validation,
                warnings: [],
            }),
            can_be_retried: if inner.can_be_retried {
                "True"
            } else {
                "False"
            },
            detailed_error_code: inner.detailed_error_code,
            kind: KIND,
            title: inner.status.canonical_reason().unwrap_or_default(),
            status: inner.status.as_u16(),
            detail: &inner.error,
            instance: correlation.map(|id| format!("urn:uuid:{id}")),
        };
        let body = serde_json::to_vec(&body).unwrap_or_default();
        let mut response = (inner.status, body).into_response();
        response.extensions_mut().insert(ErrorBody);
        let headers = response.headers_mut();
        headers.extend(inner.headers);
        headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
        response
    }
}
