//! Extractors of the API: every refusal has the one error body and names the field.

use axum::body::Body;
use axum::extract::{FromRequest, FromRequestParts, Path, Request};
use bytes::{Bytes, BytesMut};
use http::header::CONTENT_TYPE;
use http::request::Parts;
use http::{HeaderMap, StatusCode};
use http_body_util::BodyExt;
use serde::de::DeserializeOwned;

use super::ApiError;
use super::mistake::{wrong_field, wrong_json};
use crate::layers::{BodyFault, MAX_BODY};

/// A JSON body. Unknown fields are ignored; a wrong type, a missing field and what is not JSON are a 400 that
/// names the place and repeats nothing of what was sent; so is what is nested too deep. Another content type is a 415, more than the
/// limit a 413.
#[derive(Debug, Clone, Copy)]
pub struct ApiJson<T>(pub T);

/// The query. A wrong value is a 400 that names the parameter; so is a known parameter given twice.
#[derive(Debug, Clone, Copy)]
pub struct ApiQuery<T>(pub T);

/// The address's own parameters. What does not parse (an id that is no UUID) is a 404: there is no such thing.
#[derive(Debug, Clone, Copy)]
pub struct ApiPath<T>(pub T);

/// Why a body could not be read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum BodyError {
    /// It is larger than allowed.
    #[error("the body is too large")]
    TooLarge,
    /// It came too slowly.
    #[error("the body did not arrive in time")]
    TooSlow,
    /// The connection broke, or the encoding did.
    #[error("the body could not be read")]
    Broken,
}

impl From<BodyError> for ApiError {
    fn from(error: BodyError) -> Self {
        match error {
            BodyError::TooLarge => Self::payload_too_large(MAX_BODY),
            BodyError::TooSlow => Self::request_timeout(),
            BodyError::Broken => Self::bad_request("The request's body could not be read."),
        }
    }
}

/// Reads a whole body of at most `limit` bytes.
///
/// # Errors
/// Says whether it was too large, too slow or broken.
pub async fn read_body(mut body: Body, limit: usize) -> Result<Bytes, BodyError> {
    let mut first: Option<Bytes> = None;
    let mut rest = BytesMut::new();
    while let Some(frame) = body.frame().await {
        let frame = frame.map_err(|e| BodyFault::of(&e))?;
        let Ok(data) = frame.into_data() else {
            continue;
        };
        let so_far = first.as_ref().map_or(0, Bytes::len) + rest.len();
        if so_far + data.len() > limit {
            return Err(BodyError::TooLarge);
        }
        // Nearly every body comes in one piece, which is then handed on as it is.
        match first {
            None => first = Some(data),
            Some(_) => rest.extend_from_slice(&data),
        }
    }
    let first = first.unwrap_or_default();
    if rest.is_empty() {
        return Ok(first);
    }
    let mut whole = BytesMut::with_capacity(first.len() + rest.len());
    whole.extend_from_slice(&first);
    whole.extend_from_slice(&rest);
    Ok(whole.freeze())
}

fn is_json(headers: &HeaderMap) -> bool {
    let mut said = headers.get_all(CONTENT_TYPE).iter();
    // Of two it can't be known which is meant.
    let (Some(only), None) = (said.next(), said.next()) else {
        return false;
    };
    let Ok(value) = only.to_str() else {
        return false;
    };
    let mut parts = value.split(';');
    let essence = parts.next().unwrap_or_default().trim();
    let Some((kind, subtype)) = essence.split_once('/') else {
        return false;
    };
    if !parts.all(is_no_other_charset) {
        return false;
    }
    kind.eq_ignore_ascii_case("application")
        && (subtype.eq_ignore_ascii_case("json")
            || subtype
                .len()
                .checked_sub(5)
                .and_then(|at| subtype.get(at..))
                .is_some_and(|end| end.eq_ignore_ascii_case("+json")))
}

/// JSON is UTF-8 (RFC 8259, 8.1). Other parameters mean nothing.
fn is_no_other_charset(parameter: &str) -> bool {
    match parameter.split_once('=') {
        Some((name, value)) if name.trim().eq_ignore_ascii_case("charset") => {
            let value = value.trim().trim_matches('"');
            ["utf-8", "utf8", "us-ascii"]
                .iter()
                .any(|one| value.eq_ignore_ascii_case(one))
        }
        Some(_) | None => true,
    }
}

impl<T> ApiJson<T>
where
    T: DeserializeOwned,
{
    /// Reads a body's bytes, as the extractor does.
    ///
    /// # Errors
    /// A 400 that names the place.
    pub fn parse(bytes: &[u8]) -> Result<T, ApiError> {
        if is_too_deep(bytes) {
            return Err(ApiError::bad_request(format!(
                "The request's body is nested more than {DEPTH_MAX} levels deep."
            )));
        }
        let mut json = serde_json::Deserializer::from_slice(bytes);
        let value = serde_path_to_error::deserialize(&mut json).map_err(|error| {
            match error.inner().classify() {
                serde_json::error::Category::Data => wrong_json(error.path(), error.inner()),
                serde_json::error::Category::Syntax
                | serde_json::error::Category::Eof
                | serde_json::error::Category::Io => not_json(error.inner()),
            }
        })?;
        json.end().map_err(|e| not_json(&e))?;
        Ok(value)
    }
}

/// The deepest nesting of a JSON body. What nobody reads (an unknown field) counts too, as the parser sets it no limit.
const DEPTH_MAX: usize = 128;

fn is_too_deep(json: &[u8]) -> bool {
    let (mut depth, mut in_text) = (0_usize, false);
    let mut bytes = json.iter();
    while let Some(byte) = bytes.next() {
        match (byte, in_text) {
            (b'"', _) => in_text = !in_text,
            (b'\\', true) => {
                bytes.next();
            }
            (b'[' | b'{', false) if depth == DEPTH_MAX => return true,
            (b'[' | b'{', false) => depth += 1,
            (b']' | b'}', false) => depth = depth.saturating_sub(1),
            _ => {}
        }
    }
    false
}

fn not_json(error: &serde_json::Error) -> ApiError {
    ApiError::bad_request(format!("The request's body is not valid JSON: {error}."))
}

impl<T, S> FromRequest<S> for ApiJson<T>
where
    T: DeserializeOwned,
    S: Send + Sync,
{
    type Rejection = ApiError;

    async fn from_request(request: Request, _: &S) -> Result<Self, ApiError> {
        if !is_json(request.headers()) {
            return Err(ApiError::unsupported_media_type("application/json"));
        }
        let bytes = read_body(request.into_body(), MAX_BODY).await?;
        Self::parse(&bytes).map(Self)
    }
}

impl<T, S> FromRequestParts<S> for ApiQuery<T>
where
    T: DeserializeOwned,
    S: Send + Sync,
{
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, ApiError> {
        let query = parts.uri.query().unwrap_or_default();
        let pairs = url::form_urlencoded::parse(query.as_bytes());
        let query = serde_urlencoded::Deserializer::new(pairs);
        serde_path_to_error::deserialize(query)
            .map(Self)
            .map_err(|error| wrong_field(error.path(), &error.inner().to_string()))
    }
}

impl<T, S> FromRequestParts<S> for ApiPath<T>
where
    T: DeserializeOwned + Send,
    S: Send + Sync,
{
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, ApiError> {
        Path::from_request_parts(parts, state)
            .await
            .map(|Path(value)| Self(value))
            .map_err(|rejection| {
                // Anything else than a value that does not fit is a route and a handler that do not match.
                if axum::response::IntoResponse::into_response(rejection).status()
                    == StatusCode::BAD_REQUEST
                {
                    ApiError::not_found("There is nothing at this address.")
                } else {
                    ApiError::internal("a route's parameters do not fit its handler")
                }
            })
    }
}
