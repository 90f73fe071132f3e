//! `GET /companies/{companyId}`

use axum::extract::State;
use handclasp_domain::CompanyId;
use handclasp_web::error::ApiPath;
use http::StatusCode;

use crate::auth::MayRead;
use crate::reply::{self, Answer, Part};
use crate::state::Api;
use crate::wire::Company;

/// Tells a company with its connections.
pub(crate) async fn get_company(
    MayRead(client): MayRead,
    State(api): State<Api>,
    ApiPath(Part(id)): ApiPath<Part<CompanyId>>,
) -> Answer {
    let found = api.company(client, id).await?;
    let body = Company::of(&api, &found.company, &found.connections);
    reply::json(StatusCode::OK, &body)
}
