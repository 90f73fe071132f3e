//! `GET /companies`

use axum::extract::State;
use handclasp_web::error::ApiQuery;
use http::StatusCode;

use super::PATH;
use crate::auth::MayRead;
use crate::page::PageQuery;
use crate::reply::{self, Answer};
use crate::state::Api;
use crate::wire::Companies;

/// Lists the client's companies, the oldest first.
pub(crate) async fn list_companies(
    MayRead(client): MayRead,
    State(api): State<Api>,
    ApiQuery(query): ApiQuery<PageQuery>,
) -> Answer {
    let page = query.page()?;
    let (list, total) = api.companies(client, page.number, page.size).await?;
    let results = Companies {
        api: &api,
        list: &list,
    };
    reply::json(StatusCode::OK, &page.body(PATH, total, results))
}
