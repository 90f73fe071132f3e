//! `GET /companies/{companyId}/connections`

use axum::extract::State;
use handclasp_domain::CompanyId;
use handclasp_web::error::{ApiPath, ApiQuery};
use http::StatusCode;

use crate::auth::MayRead;
use crate::page::PageQuery;
use crate::reply::{self, Answer, Part};
use crate::state::Api;
use crate::wire::Connections;

/// Lists a company's connections, the oldest first.
pub(crate) async fn list_connections(
    MayRead(client): MayRead,
    State(api): State<Api>,
    ApiPath(Part(company)): ApiPath<Part<CompanyId>>,
    ApiQuery(query): ApiQuery<PageQuery>,
) -> Answer {
    let page = query.page()?;
    // A company has few connections, and telling it reads them all.
    let all = api.company(client, company).await?.connections;
    let total = i64::try_from(all.len()).unwrap_or(i64::MAX);
    let results = Connections {
        api: &api,
        list: page.of(&all),
    };
    let path = format!("/companies/{company}/connections");
    reply::json(StatusCode::OK, &page.body(&path, total, results))
}
