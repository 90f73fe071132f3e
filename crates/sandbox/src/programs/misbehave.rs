//! The token endpoint as third parties should not be, and some are.

use std::convert::Infallible;
use std::io;
use std::time::Duration;

use axum::body::{Body, Bytes};
use axum::response::{IntoResponse, Response};
use futures::{StreamExt, stream};
use http::header::CONTENT_TYPE;
use http::{HeaderValue, StatusCode};
use serde_json::{Map, Value, json};
use url::form_urlencoded::Serializer;

use super::error::{OAuthError, json_response};
use crate::scenario::{Chosen, Instead, Shape};

/// How long a body is that is too long for everybody: 100 MB.
const OVERSIZED: usize = 100 * 1024 * 1024;
const CHUNK: usize = 64 * 1024;

/// For how many seconds a byte comes each second. Nobody should wait so long.
const TRICKLE: usize = 60;

const JSON: HeaderValue = HeaderValue::from_static("application/json");

/// The answer that stands in place of tokens.
pub(super) fn instead(what: Instead, chosen: Chosen) -> Response {
    let seconds = chosen.told().unwrap_or_default();
    match what {
        Instead::ServerError => {
            // No JSON, as from a server that is down behind its proxy.
            (StatusCode::INTERNAL_SERVER_ERROR, "Internal Server Error\n").into_response()
        }
        Instead::Unavailable => OAuthError::Unavailable(seconds).into_response(),
        Instead::RateLimited => OAuthError::TooMany(seconds).into_response(),
        Instead::ErrorWith200 => json_response(&json!({
            "error": "server_error",
            "error_description": "an error with the status of a success",
        })),
        Instead::Html => {
            let kind = HeaderValue::from_static("text/html; charset=utf-8");
            let page = "<!doctype html><title>Maintenance</title><h1>Back in a moment</h1>\n";
            ([(CONTENT_TYPE, kind)], page).into_response()
        }
        Instead::Oversized => {
            let start = stream::iter([Bytes::from_static(b"{\"padding\":\"")]);
            let chunk = Bytes::from(vec![b'x'; CHUNK]);
            let rest = stream::repeat(chunk).take(OVERSIZED / CHUNK);
            let end = stream::iter([Bytes::from_static(b"\"}")]);
            let body = start.chain(rest).chain(end).map(Ok::<_, Infallible>);
            ([(CONTENT_TYPE, JSON)], Body::from_stream(body)).into_response()
        }
        Instead::Trickle => {
            let body = stream::iter(0..TRICKLE).then(|at| async move {
                tokio::time::sleep(Duration::from_secs(1)).await;
                let byte: &'static [u8] = if at == 0 { b"{" } else { b" " };
                Ok::<_, Infallible>(Bytes::from_static(byte))
            });
            ([(CONTENT_TYPE, JSON)], Body::from_stream(body)).into_response()
        }
        Instead::Reset => broken_off(),
    }
}

/// An answer that ends in the middle of its first word.
pub(super) fn broken_off() -> Response {
    let body = stream::iter([
        Ok(Bytes::from_static(b"{\"access_tok")),
        Err(io::Error::from(io::ErrorKind::ConnectionReset)),
    ]);
    ([(CONTENT_TYPE, JSON)], Body::from_stream(body)).into_response()
}

/// The answer with these members, in an odd form.
pub(super) fn shaped(shape: Shape, mut members: Map<String, Value>) -> Response {
    let mut set = |name: &str, value: Value| {
        members.insert(name.to_owned(), value);
    };
    match shape {
        Shape::ExpiresText => set("expires_in", "3600".into()),
        Shape::ExpiresFloat => set("expires_in", 3_600.5.into()),
        Shape::ExpiresZero => set("expires_in", 0.into()),
        Shape::ExpiresNull => set("expires_in", Value::Null),
        Shape::ExpiresHuge => set("expires_in", u64::MAX.into()),
        Shape::RefreshEmpty => set("refresh_token", "".into()),
        Shape::ExpiresMissing => {
            members.shift_remove("expires_in");
        }
        Shape::RefreshMissing => {
            members.shift_remove("refresh_token");
        }
        Shape::Form => return as_form(&members),
        Shape::ByteOrderMark => {
            let text = format!("\u{feff}{}", Value::Object(members));
            return ([(CONTENT_TYPE, JSON)], text).into_response();
        }
    }
    json_response(&members.into())
}

fn as_form(members: &Map<String, Value>) -> Response {
    let mut form = Serializer::new(String::new());
    for (name, value) in members {
        match value {
            Value::String(text) => form.append_pair(name, text),
            Value::Null
            | Value::Bool(_)
            | Value::Number(_)
            | Value::Array(_)
            | Value::Object(_) => form.append_pair(name, &value.to_string()),
        };
    }
    let kind = HeaderValue::from_static("application/x-www-form-urlencoded");
    ([(CONTENT_TYPE, kind)], form.finish()).into_response()
}

impl Shape {
    /// Whether the refresh token of the request is used up. Where no other comes in its place, it goes on (RFC 6749, 6).
    pub(super) const fn rotates(self) -> bool {
        match self {
            Self::RefreshMissing | Self::RefreshEmpty => false,
            Self::ExpiresText
            | Self::ExpiresFloat
            | Self::ExpiresZero
            | Self::ExpiresNull
            | Self::ExpiresMissing
            | Self::ExpiresHuge
            | Self::Form
            | Self::ByteOrderMark => true,
        }
    }
}
