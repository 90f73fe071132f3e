//! `GET /docs`

use axum::extract::State;
use handclasp_web::error::ApiError;
use http::HeaderMap;

use super::Kept;
use crate::doc::{Doc, Tag, document, page};
use crate::reply::Answer;
use crate::state::Api;
use crate::table::routes;

/// Shows the documentation as a page, to anyone.
pub(crate) async fn get_docs(State(api): State<Api>, asked: HeaderMap) -> Answer {
    let kept = api.docs(|base| {
        let (html, headers) = page(&document(base, &routes()))?;
        Ok::<_, askama::Error>(Kept::new("text/html; charset=utf-8", html, headers))
    });
    Ok(kept.map_err(ApiError::internal)?.answer(&asked))
}

/// Its documentation.
pub(crate) fn doc() -> Doc {
    Doc::new("get-docs", Tag::About, "Get this page")
        .text("It describes this API for people, and loads nothing. It needs no key.")
        .answers_file("text/html", "The page.")
        .cached()
}
