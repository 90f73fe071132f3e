//! Answers.

use bytes::Bytes;
use http::HeaderMap;
use serde_json::Value;

/// What was answered.
#[derive(Debug, Clone)]
pub struct Answer {
    /// The status.
    pub status: u16,
    /// The headers.
    pub headers: HeaderMap,
    /// The body, where it is JSON; else null.
    pub json: Value,
    /// The body as it came.
    pub body: Bytes,
}

impl Answer {
    pub(crate) async fn read(response: axum::response::Response) -> Self {
        use http_body_util::BodyExt;
        let (head, body) = response.into_parts();
        let body = match body.collect().await {
            Ok(body) => body.to_bytes(),
            Err(error) => panic!("the answer's body broke off: {error}"),
        };
        Self {
            status: head.status.as_u16(),
            headers: head.headers,
            json: serde_json::from_slice(&body).unwrap_or(Value::Null),
            body,
        }
    }

    /// The body as text.
    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }

    /// A header's value; empty where it is absent.
    pub fn header(&self, name: &str) -> &str {
        let value = self.headers.get(name);
        value.and_then(|v| v.to_str().ok()).unwrap_or_default()
    }

    /// A text in the JSON body, by its pointer (RFC 6901); empty where there is none.
    pub fn at(&self, pointer: &str) -> &str {
        let value = self.json.pointer(pointer);
        value.and_then(Value::as_str).unwrap_or_default()
    }
}
