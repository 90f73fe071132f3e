//! Integrations.

pub(crate) mod branding;
pub(crate) mod get;
pub(crate) mod list;
pub(crate) mod logo;
pub(crate) mod settings;

pub(crate) use branding::{get_branding, get_drawing};
pub(crate) use get::get_integration;
pub(crate) use list::list_integrations;
pub(crate) use logo::get_logo;
pub(crate) use settings::{get_settings, update_settings};

use std::sync::Arc;

use aws_lc_rs::digest::{SHA256, digest};
use axum::response::{IntoResponse, Response};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use handclasp_domain::PlatformKey;
use handclasp_integrations::Integration;
use handclasp_web::error::ApiError;
use http::header::{
    CACHE_CONTROL, CONTENT_SECURITY_POLICY, CONTENT_TYPE, ETAG, HeaderName, IF_NONE_MATCH,
};
use http::{HeaderMap, StatusCode};

use crate::state::Api;

/// The list's path, under the server's address.
const PATH: &str = "/integrations";

fn find(api: &Api, key: PlatformKey) -> Result<&Arc<Integration>, ApiError> {
    let found = api.catalogue().get(key);
    found.ok_or_else(|| ApiError::not_found("There is no such integration."))
}

/// An SVG document that is opened by itself could run scripts: nothing of it may.
const POLICY: &str = "default-src 'none'; style-src 'unsafe-inline'; sandbox";
/// Pages that otherwise take nothing from elsewhere (COEP) may show it too.
const RESOURCE_POLICY: HeaderName = HeaderName::from_static("cross-origin-resource-policy");

/// An SVG document, or the word that the caller has it already (RFC 9110, 13.1.2).
fn picture(asked: &HeaderMap, document: String) -> Response {
    let hash = digest(&SHA256, document.as_bytes());
    let tag = format!("\"{}\"", URL_SAFE_NO_PAD.encode(hash));
    let has_it = asked
        .get_all(IF_NONE_MATCH)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(','))
        .map(str::trim)
        .any(|known| known == "*" || known.strip_prefix("W/").unwrap_or(known) == tag);
    let headers = [
        (CACHE_CONTROL, "public, max-age=86400"),
        (CONTENT_SECURITY_POLICY, POLICY),
        (RESOURCE_POLICY, "cross-origin"),
        (ETAG, &tag),
    ];
    if has_it {
        return (StatusCode::NOT_MODIFIED, headers).into_response();
    }
    (headers, [(CONTENT_TYPE, "image/svg+xml")], document).into_response()
}
