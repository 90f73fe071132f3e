//! The API about itself.

pub(crate) mod docs;
pub(crate) mod openapi;

pub(crate) use docs::get_docs;
pub(crate) use openapi::get_openapi;

use axum::body::Bytes;
use axum::response::{IntoResponse, Response};
use handclasp_web::look::etag;
use http::header::{CACHE_CONTROL, CONTENT_TYPE, ETAG, IF_NONE_MATCH};
use http::{HeaderMap, HeaderValue, StatusCode};

/// What is made when it is first asked for, and kept: it stays the same while the program runs.
#[derive(Debug, Clone)]
pub(crate) struct Kept {
    bytes: Bytes,
    /// Its own headers: type, ETag, and those of a page.
    headers: HeaderMap,
}

impl Kept {
    pub(crate) fn new(kind: &'static str, text: String, mut headers: HeaderMap) -> Self {
        // The room that was left for it to grow would be kept too.
        let bytes = Bytes::from(text.into_boxed_str().into_boxed_bytes());
        headers.insert(CONTENT_TYPE, HeaderValue::from_static(kind));
        headers.insert(ETAG, etag(&bytes));
        // It may be kept, but is asked for again: after an update there is another.
        headers.insert(CACHE_CONTROL, HeaderValue::from_static("public, no-cache"));
        Self { bytes, headers }
    }

    /// The answer: the whole, or nothing where the caller has this very version (RFC 9110, 13.1.2).
    pub(crate) fn answer(&self, asked: &HeaderMap) -> Response {
        let known = self.headers.get(ETAG).map(HeaderValue::as_bytes);
        let is_known = |tag: &str| {
            let tag = tag.trim();
            tag == "*" || Some(tag.strip_prefix("W/").unwrap_or(tag).as_bytes()) == known
        };
        let mut theirs = asked.get_all(IF_NONE_MATCH).iter();
        if theirs.any(|tags| {
            tags.to_str()
                .is_ok_and(|tags| tags.split(',').any(is_known))
        }) {
            let mut headers = self.headers.clone();
            headers.remove(CONTENT_TYPE);
            return (StatusCode::NOT_MODIFIED, headers).into_response();
        }
        (self.headers.clone(), self.bytes.clone()).into_response()
    }
}
