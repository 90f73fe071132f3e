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
    /// Just now not.
    Unavailable,
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
            Self::Unavailable => StatusCode::SERVICE_UNAVAILABLE,
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
            Self::Unavailable => "temporarily_unavailable",
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
            Self::Unavailable => "try again in a moment",
            Self::Server => "something went wrong here",
        }
    }

    /// How to authenticate, with each 401 (RFC 9110, 15.5.2). Without a token no error is named (RFC 6750, 3.1).
    fn challenge(self) -> Option<&'static str> {
        match self {
            Self::InvalidClient => Some("Basic realm=\"sandbox\", charset=\"UTF-8\""),
            Self::NoToken => Some("Bearer realm=\"sandbox\""),
            Self::InvalidToken => Some("Bearer realm=\"sandbox\", error=\"invalid_token\""),
            Self::InvalidRequest(_)
            | Self::InvalidGrant(_)
            | Self::UnauthorizedClient
            | Self::UnsupportedGrantType
            | Self::InvalidScope
            | Self::Unavailable
            | Self::Server => None,
        }
    }
}

impl From<StoreError> for OAuthError {
    fn from(error: StoreError) -> Self {
        let cause = std::error::Error::source(&error).map(ToString::to_string);
        tracing::error!(%error, cause, "the sandbox's grants cannot be used");
        if error.is_retryable() {
            Self::Unavailable
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
        if self == Self::Unavailable {
            headers.insert(RETRY_AFTER, HeaderValue::from_static("5"));
        }
        response
    }
}

/// An answer in JSON. That it is not to be stored (RFC 6749, 5.1) is said by the layer around.
pub(super) fn json_response(body: &serde_json::Value) -> Response {
    let kind = HeaderValue::from_static("application/json");
    ([(CONTENT_TYPE, kind)], body.to_string()).into_response()
}
