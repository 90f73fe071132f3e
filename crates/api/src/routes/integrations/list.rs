//! `GET /integrations`

use axum::extract::State;
use handclasp_web::error::ApiQuery;
use http::StatusCode;

use super::PATH;
use crate::auth::MayRead;
use crate::page::PageQuery;
use crate::reply::{self, Answer};
use crate::state::Api;
use crate::wire::Integration;

/// Lists the integrations, enabled or not, in the order in which Link shows them.
pub(crate) async fn list_integrations(
    MayRead(_): MayRead,
    State(api): State<Api>,
    ApiQuery(query): ApiQuery<PageQuery>,
) -> Answer {
    let page = query.page()?;
    let all: Vec<_> = api.catalogue().iter().collect();
    let total = i64::try_from(all.len()).unwrap_or(i64::MAX);
    let results: Vec<Integration<'_>> = page
        .of(&all)
        .iter()
        .map(|integration| Integration::of(&api, integration))
        .collect();
    reply::json(StatusCode::OK, &page.body(PATH, total, results))
}
