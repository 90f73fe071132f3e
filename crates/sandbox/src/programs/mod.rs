//! What clients' programs ask.

pub(crate) mod api;
mod authenticate;
mod error;
pub(crate) mod key_set;
pub(crate) mod metadata;
pub(crate) mod revoke;
pub(crate) mod token;
pub(crate) mod userinfo;

use axum::response::{IntoResponse, Response};
use handclasp_web::error::{PageError, PageErrorKind};
use handclasp_web::form::Fields;

use error::OAuthError;

/// A form, or why there is none. The extractor speaks to people, so its refusals are translated.
type Form = Result<Fields, PageError>;

fn fields(form: Form) -> Result<Fields, OAuthError> {
    form.map_err(|error| match error.kind() {
        PageErrorKind::TooLarge => OAuthError::InvalidRequest("the body is too large"),
        PageErrorKind::BadRequest
        | PageErrorKind::Forbidden
        | PageErrorKind::NotFound
        | PageErrorKind::MethodNotAllowed
        | PageErrorKind::Conflict
        | PageErrorKind::Gone
        | PageErrorKind::TooMany
        | PageErrorKind::Internal
        | PageErrorKind::Overloaded
        | PageErrorKind::UnknownHost => OAuthError::InvalidRequest("the body is not a form"),
    })
}

/// A value that may come once; one without a value counts as left out (RFC 6749, 3.2).
fn value<'a>(fields: &'a Fields, name: &str) -> Result<Option<&'a str>, OAuthError> {
    let value = fields
        .one(name)
        .map_err(|_| OAuthError::InvalidRequest("a parameter is repeated"))?;
    Ok(value.filter(|value| !value.is_empty()))
}

/// For methods that an address does not have.
pub(crate) async fn method_not_allowed() -> Response {
    let mut response =
        OAuthError::InvalidRequest("this address wants another method").into_response();
    *response.status_mut() = http::StatusCode::METHOD_NOT_ALLOWED;
    response
}
