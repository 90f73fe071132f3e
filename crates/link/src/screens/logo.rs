//! The logos of integrations, from our own origin.

use axum::extract::{Path, State};
use axum::response::{IntoResponse, Response};
use handclasp_domain::PlatformKey;
use handclasp_web::error::{PageError, PageErrorKind};
use http::header::{CACHE_CONTROL, CONTENT_SECURITY_POLICY, CONTENT_TYPE};

use crate::Link;

/// An SVG, which can do nothing: it may run and load nothing even if it is opened by itself.
pub(crate) async fn show(
    State(link): State<Link>,
    Path(file): Path<String>,
) -> Result<Response, PageError> {
    let integration = file
        .strip_suffix(".svg")
        .and_then(|key| key.parse::<PlatformKey>().ok())
        .and_then(|key| link.app.catalogue().get(key))
        .ok_or_else(|| PageError::new(PageErrorKind::NotFound))?;
    let headers = [
        (CONTENT_TYPE, "image/svg+xml"),
        (CACHE_CONTROL, "public, max-age=3600"),
        (
            CONTENT_SECURITY_POLICY,
            "default-src 'none'; style-src 'unsafe-inline'; sandbox",
        ),
    ];
    Ok((headers, integration.logo.clone()).into_response())
}
