//! `GET /openapi.json`

use axum::extract::State;
use http::HeaderMap;

use super::Kept;
use crate::doc::{Doc, Tag, document};
use crate::reply::Answer;
use crate::state::Api;
use crate::table::routes;

/// Shows the OpenAPI document, to anyone: there is nothing in it that a key would have to protect.
pub(crate) async fn get_openapi(State(api): State<Api>, asked: HeaderMap) -> Answer {
    let kept = api.openapi(|base| {
        let document = document(base, &routes());
        Kept::new("application/json", document.to_string(), HeaderMap::new())
    });
    Ok(kept.answer(&asked))
}

/// Its documentation.
pub(crate) fn doc() -> Doc {
    Doc::new("get-openapi", Tag::About, "Get the OpenAPI document")
        .text("It describes this API for programs, in OpenAPI 3.1. It needs no key.")
        .answers_file("application/json", "The document.")
        .cached()
}
