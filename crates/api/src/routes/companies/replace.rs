//! `PUT /companies/{companyId}`

use axum::extract::State;
use handclasp_domain::CompanyId;
use handclasp_web::error::{ApiJson, ApiPath};
use http::StatusCode;

use crate::auth::MayWrite;
use crate::reply::{self, Answer, Object, Part};
use crate::state::Api;
use crate::wire::{Company, CreateCompany};

/// Replaces a company's fields: what is absent is cleared.
pub(crate) async fn replace_company(
    MayWrite(caller): MayWrite,
    State(api): State<Api>,
    ApiPath(Part(id)): ApiPath<Part<CompanyId>>,
    ApiJson(Object(new)): ApiJson<Object<CreateCompany>>,
) -> Answer {
    let change = new.parse_replacement()?;
    api.replace_company(&caller, id, change).await?;
    let found = api.company(caller.client, id).await?;
    reply::json(StatusCode::OK, &Company::of(&api, &found))
}
