//! `POST /companies`

use axum::extract::State;
use handclasp_web::error::ApiJson;
use http::StatusCode;

use crate::auth::MayWrite;
use crate::reply::{self, Answer, Object};
use crate::state::Api;
use crate::wire::{Company, CreateCompany};

/// Creates a company.
pub(crate) async fn create_company(
    MayWrite(caller): MayWrite,
    State(api): State<Api>,
    ApiJson(Object(new)): ApiJson<Object<CreateCompany>>,
) -> Answer {
    let company = api.create_company(&caller, new.parse()?).await?;
    reply::json(StatusCode::OK, &Company::of(&api, &company, &[]))
}
