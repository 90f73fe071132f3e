//! What went wrong in a use case, as the API tells it.

use std::error::Error;
use std::time::Duration;

use axum::response::{IntoResponse, Response};
use handclasp_app::{AppError, Refusal};
use handclasp_domain::FieldError;
use handclasp_web::error::ApiError;

/// When to come back after the database could not do it.
const COME_BACK: Duration = Duration::from_secs(2);

/// An answer that is none. `?` makes one out of whatever a handler meets.
#[derive(Debug)]
pub(crate) struct Failure(ApiError);

impl IntoResponse for Failure {
    fn into_response(self) -> Response {
        self.0.into_response()
    }
}

impl From<ApiError> for Failure {
    fn from(error: ApiError) -> Self {
        Self(error)
    }
}

impl From<FieldError> for Failure {
    fn from(error: FieldError) -> Self {
        let message = format!("{error}.");
        Self(ApiError::bad_field(error.field, message, "Value"))
    }
}

impl From<AppError> for Failure {
    fn from(error: AppError) -> Self {
        match error {
            AppError::NotFound(what) => {
                Self(ApiError::not_found(format!("There is no such {what}.")))
            }
            AppError::Invalid(field) => field.into(),
            AppError::Refused(refusal) => refused(refusal),
            AppError::Raced => Self(ApiError::overloaded(COME_BACK).because(error)),
            AppError::Store(store) if store.is_retryable() => {
                Self(ApiError::overloaded(COME_BACK).because(causes(&store)))
            }
            AppError::Store(store) => Self(ApiError::internal(causes(&store))),
            AppError::Internal(cause) => Self(ApiError::internal(cause)),
        }
    }
}

fn refused(refusal: Refusal) -> Failure {
    let text = format!("{}.", capitalized(&refusal.to_string()));
    match refusal {
        Refusal::AnotherActive(_) => Failure(ApiError::conflict(text)),
        // The contract has no 409 here.
        Refusal::TooManyWebhooks => Failure(ApiError::bad_request(text)),
        Refusal::NotEnabled => Failure(ApiError::bad_field("platformKey", text, "Enabled")),
        Refusal::NotLinked(_) | Refusal::OnlyUnlink => {
            Failure(ApiError::bad_field("status", text, "Transition"))
        }
    }
}

fn capitalized(text: &str) -> String {
    let mut letters = text.chars();
    letters.next().map_or_else(String::new, |first| {
        first.to_uppercase().chain(letters).collect()
    })
}

/// An error with all that it came from, for the log.
fn causes(error: &dyn Error) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(cause) = source {
        text.push_str(": ");
        text.push_str(&cause.to_string());
        source = cause.source();
    }
    text
}
