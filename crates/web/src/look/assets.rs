//! The stylesheet, the script and the mark, embedded in the program and served under their content's hash.

use std::sync::LazyLock;

use aws_lc_rs::digest::{SHA256, digest};
use axum::Router;
use axum::extract::Path;
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use http::HeaderValue;
use http::header::{CACHE_CONTROL, CONTENT_TYPE};

use crate::error::{PageError, PageErrorKind};

struct Asset {
    name: &'static str,
    kind: &'static str,
    bytes: &'static [u8],
}

static ASSETS: [Asset; 3] = [
    Asset {
        name: "handclasp.css",
        kind: "text/css; charset=utf-8",
        bytes: include_bytes!(concat!(env!("OUT_DIR"), "/handclasp.css")),
    },
    Asset {
        name: "handclasp.js",
        kind: "text/javascript; charset=utf-8",
        bytes: include_bytes!("../../assets/handclasp.js"),
    },
    Asset {
        name: "mark.svg",
        kind: "image/svg+xml",
        bytes: include_bytes!("../../assets/mark.svg"),
    },
];

/// One hash over all of them: they change with the program.
static HASH: LazyLock<String> = LazyLock::new(|| {
    let mut all = Vec::new();
    for asset in &ASSETS {
        all.extend_from_slice(asset.bytes);
    }
    digest(&SHA256, &all).as_ref()[..8]
        .iter()
        .map(|b| format!("{b:02x}"))
        .collect()
});

static URLS: LazyLock<[String; 3]> = LazyLock::new(|| {
    ASSETS
        .each_ref()
        .map(|a| format!("/assets/{}/{}", *HASH, a.name))
});

/// The address of the stylesheet.
pub fn css_url() -> &'static str {
    &URLS[0]
}

/// The address of the script, which no page needs.
pub fn js_url() -> &'static str {
    &URLS[1]
}

/// The address of our mark.
pub fn mark_url() -> &'static str {
    &URLS[2]
}

/// The stylesheet itself, for pages that load none.
pub(super) fn css() -> &'static str {
    std::str::from_utf8(ASSETS[0].bytes).unwrap_or_default()
}

/// Our mark itself.
pub(super) fn mark() -> &'static [u8] {
    ASSETS[2].bytes
}

/// Where browsers look for a mark by themselves, as before they have read the page that names it.
pub const FAVICON: &str = "/favicon.ico";

/// Serves the assets under `/assets/…`, and the mark at [`FAVICON`] too. To be merged into the router of each site that has pages.
/// Those under `/assets/…` may be kept for ever, as other content has another address.
pub fn router() -> Router {
    Router::new()
        .route("/assets/{hash}/{name}", get(serve))
        .route(
            FAVICON,
            get(async || answer(&ASSETS[2], "public, max-age=86400")),
        )
}

async fn serve(Path((hash, name)): Path<(String, String)>) -> Response {
    let Some(asset) = ASSETS.iter().find(|a| a.name == name) else {
        return PageError::new(PageErrorKind::NotFound).into_response();
    };
    // While replicas of two versions run side by side, a page of one can ask the other. It gets what there is,
    // so that it is not bare, and does not keep it.
    let caching = if hash == *HASH {
        "public, max-age=31536000, immutable"
    } else {
        "no-store"
    };
    answer(asset, caching)
}

fn answer(asset: &Asset, caching: &'static str) -> Response {
    (
        [
            (CONTENT_TYPE, HeaderValue::from_static(asset.kind)),
            (CACHE_CONTROL, HeaderValue::from_static(caching)),
        ],
        asset.bytes,
    )
        .into_response()
}
