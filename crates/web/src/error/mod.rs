//! Errors, told to programs ([`ApiError`]) and to people ([`PageError`]), and the extractors that tell them.

mod api;
mod extract;
mod mistake;
mod page;
#[cfg(test)]
mod tests;

pub use api::{ApiError, ErrorBody, FieldError};
pub use extract::{ApiJson, ApiPath, ApiQuery, BodyError, read_body};
pub use page::{PageAction, PageError, PageErrorKind};
