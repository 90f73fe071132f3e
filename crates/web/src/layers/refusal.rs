//! What the kit itself refuses, before or instead of a handler.

use std::time::Duration;

use axum::response::{IntoResponse, Response};

use super::Surface;
use crate::error::{ApiError, PageError, PageErrorKind};

/// What the kit itself refuses.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Refusal {
    TooLarge(usize),
    TooLong,
    TooMany(Duration),
    Panicked,
    UnknownHost,
    NotFound,
}

impl Refusal {
    pub(super) fn answer(self, surface: Surface) -> Response {
        match surface {
            Surface::Api | Surface::Operator => match self {
                Self::TooLarge(limit) => ApiError::payload_too_large(limit),
                Self::TooLong => ApiError::overloaded(Duration::from_secs(2)),
                Self::TooMany(wait) => ApiError::too_many(wait),
                Self::Panicked => ApiError::internal("a handler panicked"),
                Self::UnknownHost => ApiError::misdirected(),
                Self::NotFound => ApiError::not_found("There is nothing at this address."),
            }
            .into_response(),
            Surface::Pages => match self {
                Self::TooLarge(_) => PageError::new(PageErrorKind::TooLarge),
                Self::TooLong => PageError::new(PageErrorKind::Overloaded),
                Self::TooMany(_) => PageError::new(PageErrorKind::TooMany),
                Self::Panicked => PageError::internal("a handler panicked"),
                Self::UnknownHost => PageError::new(PageErrorKind::UnknownHost),
                Self::NotFound => PageError::new(PageErrorKind::NotFound),
            }
            .into_response(),
        }
    }
}
