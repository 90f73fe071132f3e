//! Requests to a router.

use std::sync::Arc;

use axum::Router;
use axum::body::Body;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use http::header::{AUTHORIZATION, CONTENT_TYPE};
use http::{HeaderValue, Method, Request};
use serde_json::Value;
use tower::ServiceExt;

use crate::Answer;
use crate::contract::contract;
use crate::openapi::OpenApi;

/// Sends requests to a router without a socket: the whole router, with its layers.
#[derive(Clone)]
pub struct Http {
    router: Router,
    authorization: Option<HeaderValue>,
    contract: Option<&'static str>,
    own: Option<(&'static str, Arc<OpenApi>)>,
}

impl Http {
    /// Requests without a key.
    pub fn new(router: Router) -> Self {
        Self {
            router,
            authorization: None,
            contract: None,
            own: None,
        }
    }

    /// The same with every answer held against the contract, whose paths begin after `prefix` (as `/api`).
    #[must_use]
    pub fn held_to_contract(&self, prefix: &'static str) -> Self {
        Self {
            contract: Some(prefix),
            ..self.clone()
        }
    }

    /// The same with every answer held against the server's own document too.
    #[must_use]
    pub fn held_to(&self, prefix: &'static str, own: Arc<OpenApi>) -> Self {
        Self {
            own: Some((prefix, own)),
            ..self.clone()
        }
    }

    /// The same with another API key, sent as `Basic base64(key)`.
    #[must_use]
    pub fn with_key(&self, key: &str) -> Self {
        self.with_authorization(&format!("Basic {}", STANDARD.encode(key)))
    }

    /// The same with this `Authorization` header.
    #[must_use]
    pub fn with_authorization(&self, value: &str) -> Self {
        let Ok(value) = HeaderValue::from_str(value) else {
            panic!("{value} can't be a header");
        };
        Self {
            authorization: Some(value),
            ..self.clone()
        }
    }

    /// The same without a key.
    #[must_use]
    pub fn without_key(&self) -> Self {
        Self {
            authorization: None,
            ..self.clone()
        }
    }

    /// Sends a request with a JSON body, or none where `body` is null.
    pub async fn send(&self, method: Method, path: &str, body: Value) -> Answer {
        let mut request = Request::builder().method(method).uri(path);
        let body = if body.is_null() {
            Body::empty()
        } else {
            request = request.header(CONTENT_TYPE, "application/json");
            Body::from(body.to_string())
        };
        match request.body(body) {
            Ok(request) => self.request(request).await,
            Err(error) => panic!("{path} can't be asked for: {error}"),
        }
    }

    /// Sends a request that was built by hand, with the key added where it has no `Authorization`.
    pub async fn request(&self, mut request: Request<Body>) -> Answer {
        if let Some(authorization) = &self.authorization {
            let headers = request.headers_mut();
            if !headers.contains_key(AUTHORIZATION) {
                headers.insert(AUTHORIZATION, authorization.clone());
            }
        }
        let (method, path) = (request.method().clone(), request.uri().path().to_owned());
        let response = match self.router.clone().oneshot(request).await {
            Ok(response) => response,
            Err(never) => match never {},
        };
        let answer = Answer::read(response).await;
        let address = self.contract.and_then(|prefix| path.strip_prefix(prefix));
        if let (Some(contract), Some(address)) = (contract(), address)
            && method != Method::HEAD
        {
            contract.check_answer(&method, address, &answer);
        }
        if let Some((prefix, own)) = &self.own
            && let Some(address) = path.strip_prefix(prefix)
            && method != Method::HEAD
        {
            own.check_answer(&method, address, &answer);
        }
        answer
    }

    /// GET.
    pub async fn get(&self, path: &str) -> Answer {
        self.send(Method::GET, path, Value::Null).await
    }

    /// POST.
    pub async fn post(&self, path: &str, body: Value) -> Answer {
        self.send(Method::POST, path, body).await
    }

    /// PUT.
    pub async fn put(&self, path: &str, body: Value) -> Answer {
        self.send(Method::PUT, path, body).await
    }

    /// PATCH.
    pub async fn patch(&self, path: &str, body: Value) -> Answer {
        self.send(Method::PATCH, path, body).await
    }

    /// DELETE.
    pub async fn delete(&self, path: &str) -> Answer {
        self.send(Method::DELETE, path, Value::Null).await
    }
}
