//! Errors as programs are told them (RFC 6749, 5.2; RFC 6750, 3).

use axum::response::{IntoResponse, Response};
use handclasp_store::StoreError;
use http::header::{CONTENT_TYPE, RETRY_AFTER, WWW_AUTHENTICATE};
use http::{HeaderValue, StatusCode};
use serde_json::json;

use crate::claims::CannotSign;

/// An error of an endpoint for programs. Its words are ours alone and safe to show.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum OAuthError {
    /// It cannot be understood.
    InvalidRequest(&'static str),
    /// The client did not prove who it is.
    InvalidClient,
    /// The code or the refresh token is not, or no longer, good.
    InvalidGrant(&'static str),
    /// The token belongs to another client.
    UnauthorizedClient,
    UnsupportedGrantType,
    InvalidScope,
    /// There is no access token in the request.
    NoToken,
    /// The access token is not, or no longer, good.
    InvalidToken,
    /// The access token is not for that (RFC 6750, 3.1).
    InsufficientScope,
    /// Just now not, but after so many seconds.
    Unavailable(u32),
    /// Too often, but again after so many seconds (RFC 6585, 4).
    TooMany(u32),
    /// Our fault.
    Server,
}

impl OAuthError {
    fn status(self) -> StatusCode {
        match self {
            Self::InvalidRequest(_)
            | Self::InvalidGrant(_)
            | Self::UnauthorizedClient
            | Self::UnsupportedGrantType
            | Self::InvalidScope => StatusCode::BAD_REQUEST,
            Self::InvalidClient | Self::NoToken | Self::InvalidToken => StatusCode::UNAUTHORIZED,
            Self::InsufficientScope => StatusCode::FORBIDDEN,
            Self::Unavailable(_) => StatusCode::SERVICE_UNAVAILABLE,
            Self::TooMany(_) => StatusCode::TOO_MANY_REQUESTS,
            Self::Server => StatusCode::INTERNAL_SERVER_ERROR,
        }
    }

    fn code(self) -> &'static str {
        match self {
            Self::InvalidRequest(_) | Self::NoToken => "invalid_request",
            Self::InvalidClient => "invalid_client",
            Self::InvalidGrant(_) => "invalid_grant",
            Self::UnauthorizedClient => "unauthorized_client",
            Self::UnsupportedGrantType => "unsupported_grant_type",
            Self::InvalidScope => "invalid_scope",
            Self::InvalidToken => "invalid_token",
            Self::InsufficientScope => "insufficient_scope",
            Self::Unavailable(_) => "temporarily_unavailable",
            Self::TooMany(_) => "rate_limited",
            Self::Server => "server_error",
        }
    }

    fn description(self) -> &'static str {
        match self {
            Self::InvalidRequest(what) | Self::InvalidGrant(what) => what,
            Self::InvalidClient => "the client is unknown or its secret is wrong",
            Self::UnauthorizedClient => "the token was given to another client",
            Self::UnsupportedGrantType => {
                "the grant types are authorization_code and refresh_token"
            }
            Self::InvalidScope => "a scope is unknown or was not granted",
            Self::NoToken => "an access token is wanted in the Authorization header",
            Self::InvalidToken => "the access token is wrong, expired or revoked",
            Self::InsufficientScope => "the access token is not for that",
            Self::Unavailable(_) => "try again in a moment",
            Self::TooMany(_) => "that is too often: try again later",
            Self::Server => "something went wrong here",
        }
    }

    /// How to authenticate, with each 401 (RFC 9110, 15.5.2). Without a token no error is named (RFC 6750, 3.1).
    fn challenge(self) -> Option<&'static str> {
        match self {
            Self::InvalidClient => Some("Basic realm=\"sandbox\", charset=\"UTF-8\""),
            Self::NoToken => Some("Bearer realm=\"sandbox\""),
            Self::InvalidToken => Some("Bearer realm=\"sandbox\", error=\"invalid_token\""),
            Self::InsufficientScope => {
                Some("Bearer realm=\"sandbox\", error=\"insufficient_scope\"")
            }
            Self::InvalidRequest(_)
            | Self::InvalidGrant(_)
            | Self::UnauthorizedClient
            | Self::UnsupportedGrantType
            | Self::InvalidScope
            | Self::Unavailable(_)
            | Self::TooMany(_)
            | Self::Server => None,
        }
    }

    /// After how many seconds it may work.
    fn retry_after(self) -> Option<u32> {
        match self {
            Self::Unavailable(seconds) | Self::TooMany(seconds) => Some(seconds),
            Self::InvalidRequest(_)
            | Self::InvalidClient
            | Self::InvalidGrant(_)
            | Self::UnauthorizedClient
            | Self::UnsupportedGrantType
            | Self::InvalidScope
            | Self::NoToken
            | Self::InvalidToken
            | Self::InsufficientScope
            | Self::Server => None,
        }
    }
}

impl From<StoreError> for OAuthError {
    fn from(error: StoreError) -> Self {
        let cause = std::error::Error::source(&error).map(ToString::to_string);
        tracing::error!(%error, cause, "the sandbox's grants cannot be used");
        if error.is_retryable() {
            Self::Unavailable(5)
        } else {
            Self::Server
        }
    }
}

impl From<CannotSign> for OAuthError {
    fn from(error: CannotSign) -> Self {
        tracing::error!(%error, "the sandbox cannot give a token");
        Self::Server
    }
}

impl IntoResponse for OAuthError {
    fn into_response(self) -> Response {
        tracing::debug!(error = self.code(), why = self.description(), "refused");
        let body = json!({"error": self.code(), "error_description": self.description()});
        let mut response = json_response(&body);
        *response.status_mut() = self.status();
        let headers = response.headers_mut();
        if let Some(challenge) = self.challenge() {
            headers.insert(WWW_AUTHENTICATE, HeaderValue::from_static(challenge));
        }
        if let Some(seconds) = self.retry_after() {
            headers.insert(RETRY_AFTER, HeaderValue::from(seconds));
        }
        response
    }
}

/// An answer in JSON. That it is not to be stored (RFC 6749, 5.1) is said by the layer around.
pub(crate) fn json_response(body: &serde_json::Value) -> Response {
    let kind = HeaderValue::from_static("application/json");
    ([(CONTENT_TYPE, kind)], body.to_string()).into_response()
}
