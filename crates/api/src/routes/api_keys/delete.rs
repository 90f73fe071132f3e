//! `DELETE /apiKeys/{apiKeyId}`

use axum::extract::State;
use handclasp_domain::ApiKeyId;
use handclasp_web::error::ApiPath;
use http::StatusCode;

use crate::auth::MayWrite;
use crate::reply::{self, Answer, Part};
use crate::state::Api;

/// Deletes an API key, but not the last.
pub(crate) async fn delete_key(
    MayWrite(caller): MayWrite,
    State(api): State<Api>,
    ApiPath(Part(id)): ApiPath<Part<ApiKeyId>>,
) -> Answer {
    api.delete_api_key(&caller, id).await?;
    reply::empty(StatusCode::NO_CONTENT)
}
