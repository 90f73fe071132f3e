//! Answers, and what comes in.

use std::fmt;
use std::marker::PhantomData;
use std::str::FromStr;

use axum::body::HttpBody;
use axum::extract::{FromRequest, Request};
use axum::response::{IntoResponse, Response};
use handclasp_web::error::ApiError;
use http::header::CONTENT_TYPE;
use http::{HeaderValue, StatusCode};
use serde::de::value::MapAccessDeserializer;
use serde::de::{Deserializer, MapAccess, Visitor};
use serde::{Deserialize, Serialize};

use crate::failure::Failure;

/// What a handler gives back.
pub(crate) type Answer = Result<Response, Failure>;

/// Room for one company with a connection or two, so that the text is not moved while it grows.
const ROOM: usize = 1024;

/// An answer with a JSON body.
pub(crate) fn json(status: StatusCode, value: &impl Serialize) -> Answer {
    let mut body = Vec::with_capacity(ROOM);
    serde_json::to_writer(&mut body, value).map_err(ApiError::internal)?;
    let mut response = (status, body).into_response();
    response
        .headers_mut()
        .insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    Ok(response)
}

/// An answer without a body.
pub(crate) fn empty(status: StatusCode) -> Answer {
    Ok(status.into_response())
}

/// A part of an address: an id or a key. What does not parse is a 404.
pub(crate) struct Part<T>(pub(crate) T);

impl<'de, T: FromStr> Deserialize<'de> for Part<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Parse<T>(PhantomData<T>);

        impl<T: FromStr> Visitor<'_> for Parse<T> {
            type Value = Part<T>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an id")
            }

            fn visit_str<E: serde::de::Error>(self, text: &str) -> Result<Part<T>, E> {
                text.parse().map(Part).map_err(|_| E::custom("not an id"))
            }
        }

        deserializer.deserialize_str(Parse(PhantomData))
    }
}

/// A JSON object. Without this, what is derived takes an array of the fields' values too.
pub(crate) struct Object<T>(pub(crate) T);

impl<'de, T: Deserialize<'de>> Deserialize<'de> for Object<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Members<T>(PhantomData<T>);

        impl<'de, T: Deserialize<'de>> Visitor<'de> for Members<T> {
            type Value = Object<T>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a JSON object")
            }

            fn visit_map<A: MapAccess<'de>>(self, members: A) -> Result<Object<T>, A::Error> {
                T::deserialize(MapAccessDeserializer::new(members)).map(Object)
            }
        }

        deserializer.deserialize_map(Members(PhantomData))
    }
}

/// What a request brings, or nothing where it has no body and says of no kind that it had one.
pub(crate) struct Unless<T>(pub(crate) Option<T>);

impl<S, T> FromRequest<S> for Unless<T>
where
    S: Send + Sync,
    T: FromRequest<S>,
{
    type Rejection = T::Rejection;

    async fn from_request(request: Request, state: &S) -> Result<Self, T::Rejection> {
        if request.body().is_end_stream() && !request.headers().contains_key(CONTENT_TYPE) {
            return Ok(Self(None));
        }
        T::from_request(request, state).await.map(Some).map(Self)
    }
}
