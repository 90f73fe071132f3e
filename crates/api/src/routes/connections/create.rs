//! `POST /companies/{companyId}/connections`

use axum::extract::State;
use handclasp_domain::CompanyId;
use handclasp_web::error::{ApiJson, ApiPath};
use http::StatusCode;

use crate::auth::MayWrite;
use crate::reply::{self, Answer, Part};
use crate::state::Api;
use crate::wire::{Connection, CreateConnection};

/// Creates a connection that waits for its person.
pub(crate) async fn create_connection(
    MayWrite(caller): MayWrite,
    State(api): State<Api>,
    ApiPath(Part(company)): ApiPath<Part<CompanyId>>,
    ApiJson(new): ApiJson<CreateConnection>,
) -> Answer {
    let key = new.parse(&api)?;
    let created = api.create_connection(&caller, company, key).await?;
    reply::json(StatusCode::OK, &Connection::of(&api, &created, &[])?)
}
