//! Telling a success from the ways in which a third party says no.

use std::time::Duration;

use handclasp_outbound::Response;
use http::StatusCode;
use http::header::{CONTENT_TYPE, RETRY_AFTER};
use serde_json::{Map, Value};

use super::body::{Unintelligible, members, value};
use super::failure::ProviderFailure;
use super::text::{ProviderError, ProviderText};

/// The longest wait that a third party is believed to want.
const RETRY_AFTER_MAX: Duration = Duration::from_secs(60 * 60);

/// Tells a success, whose members it gives, from the ways in which a third party says no.
pub(crate) fn judge(answer: &Response) -> Result<Map<String, Value>, ProviderFailure> {
    judge_as(answer, members, said)
}

/// The same, where a success may be a list too.
pub(crate) fn judge_value(answer: &Response) -> Result<Value, ProviderFailure> {
    judge_as(answer, value, |value| value.as_object().and_then(said))
}

fn judge_as<T>(
    answer: &Response,
    read: fn(Option<&str>, &[u8]) -> Result<T, Unintelligible>,
    said: impl Fn(&T) -> Option<ProviderError>,
) -> Result<T, ProviderFailure> {
    let status = answer.status;
    if status.is_server_error()
        || matches!(
            status,
            StatusCode::REQUEST_TIMEOUT | StatusCode::TOO_EARLY | StatusCode::TOO_MANY_REQUESTS
        )
    {
        return Err(ProviderFailure::Unavailable {
            status: status.as_u16(),
            retry_after: retry_after(answer),
        });
    }
    if status.is_redirection() {
        return Err(unintelligible(answer, Unintelligible::Redirect));
    }
    let content_type = answer
        .headers
        .get(CONTENT_TYPE)
        .and_then(|value| value.to_str().ok())
        .map(str::to_ascii_lowercase);
    let read = read(content_type.as_deref(), &answer.body);
    if status.is_success() {
        let success = read.map_err(|why| unintelligible(answer, why))?;
        return match said(&success) {
            None => Ok(success),
            Some(error) => Err(refusal(status, error)),
        };
    }
    if status.is_client_error() {
        // The status alone is a clear no, whatever the body is.
        let error = read.ok().and_then(|answer| said(&answer));
        return Err(refusal(status, error.unwrap_or_default()));
    }
    Err(unintelligible(answer, Unintelligible::Status))
}

/// The error in an answer, where there is one. Some send `error` as null, empty or false with a success.
fn said(members: &Map<String, Value>) -> Option<ProviderError> {
    let text = |value: Option<&Value>| value.and_then(Value::as_str).and_then(ProviderText::new);
    let description = text(members.get("error_description"));
    match members.get("error")? {
        Value::Null | Value::Bool(false) => None,
        Value::String(code) if code.is_empty() => None,
        Value::String(code) => Some(ProviderError {
            code: ProviderText::new(code),
            description,
        }),
        Value::Object(error) => Some(ProviderError {
            code: text(error.get("code")).or_else(|| text(error.get("type"))),
            description: text(error.get("message")).or(description),
        }),
        Value::Bool(true) | Value::Number(_) | Value::Array(_) => Some(ProviderError {
            code: None,
            description,
        }),
    }
}

fn refusal(status: StatusCode, error: ProviderError) -> ProviderFailure {
    let status = status.as_u16();
    if error.has_code("invalid_grant") {
        ProviderFailure::GrantRefused { status, error }
    } else if error.has_code("invalid_client") || error.has_code("unauthorized_client") {
        ProviderFailure::ClientRefused { status, error }
    } else {
        ProviderFailure::Refused { status, error }
    }
}

pub(crate) fn unintelligible(answer: &Response, why: Unintelligible) -> ProviderFailure {
    ProviderFailure::Unintelligible {
        status: Some(answer.status.as_u16()),
        why,
    }
}

fn retry_after(answer: &Response) -> Option<Duration> {
    let seconds = answer
        .headers
        .get(RETRY_AFTER)?
        .to_str()
        .ok()?
        .trim()
        .parse()
        .ok()?;
    Some(Duration::from_secs(seconds).min(RETRY_AFTER_MAX))
}
