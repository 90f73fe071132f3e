//! The sandbox's own logos.

use axum::response::{IntoResponse, Response};
use http::HeaderValue;
use http::header::{CACHE_CONTROL, CONTENT_SECURITY_POLICY, CONTENT_TYPE};

use crate::world::Service;

/// Serves that of a service. Its policy lets its own style through and nothing else, should somebody open it by itself.
pub(crate) fn show(service: Service) -> Response {
    let logo = match service {
        Service::Accounting => include_str!("../../assets/accounting.svg"),
        Service::Banking => include_str!("../../assets/banking.svg"),
        Service::Commerce => include_str!("../../assets/commerce.svg"),
    };
    let headers = [
        (CONTENT_TYPE, "image/svg+xml"),
        (CACHE_CONTROL, "public, max-age=3600"),
        (
            CONTENT_SECURITY_POLICY,
            "default-src 'none'; style-src 'unsafe-inline'; sandbox",
        ),
    ];
    let headers = headers.map(|(name, value)| (name, HeaderValue::from_static(value)));
    (headers, logo).into_response()
}
