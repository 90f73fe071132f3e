//! `PATCH /companies/{companyId}`

use axum::extract::State;
use handclasp_domain::CompanyId;
use handclasp_web::error::{ApiJson, ApiPath};
use http::StatusCode;

use crate::auth::MayWrite;
use crate::reply::{self, Answer, Object, Part};
use crate::state::Api;
use crate::wire::{Company, UpdateCompany};

/// Changes some of a company's fields: what is absent or null stays as it is.
pub(crate) async fn update_company(
    MayWrite(caller): MayWrite,
    State(api): State<Api>,
    ApiPath(Part(id)): ApiPath<Part<CompanyId>>,
    ApiJson(Object(change)): ApiJson<Object<UpdateCompany>>,
) -> Answer {
    api.update_company(&caller, id, change.parse()?).await?;
    let found = api.company(caller.client, id).await?;
    reply::json(StatusCode::OK, &Company::of(&api, &found))
}
