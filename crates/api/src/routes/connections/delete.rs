//! `DELETE /companies/{companyId}/connections/{connectionId}`

use axum::extract::State;
use handclasp_web::error::ApiPath;
use http::StatusCode;

use super::OnePath;
use crate::auth::MayWrite;
use crate::reply::{self, Answer, Part};
use crate::state::Api;

/// Deletes a connection. The contract answers 200 here, without a body.
pub(crate) async fn delete_connection(
    MayWrite(caller): MayWrite,
    State(api): State<Api>,
    ApiPath((Part(company), Part(id))): OnePath,
) -> Answer {
    api.delete_connection(&caller, company, id).await?;
    reply::empty(StatusCode::OK)
}
