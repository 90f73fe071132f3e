//! `DELETE /companies/{companyId}`

use axum::extract::State;
use handclasp_domain::CompanyId;
use handclasp_web::error::ApiPath;
use http::StatusCode;

use crate::auth::MayWrite;
use crate::reply::{self, Answer, Part};
use crate::state::Api;

/// Deletes a company with all that the server holds of it.
pub(crate) async fn delete_company(
    MayWrite(caller): MayWrite,
    State(api): State<Api>,
    ApiPath(Part(id)): ApiPath<Part<CompanyId>>,
) -> Answer {
    api.delete_company(&caller, id).await?;
    reply::empty(StatusCode::NO_CONTENT)
}
