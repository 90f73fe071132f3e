//! `DELETE /webhooks/{webhookId}`

use axum::extract::State;
use handclasp_domain::ConsumerId;
use handclasp_web::error::ApiPath;
use http::StatusCode;

use crate::auth::MayWrite;
use crate::reply::{self, Answer, Part};
use crate::state::Api;

/// Deletes a webhook consumer.
pub(crate) async fn delete_webhook(
    MayWrite(caller): MayWrite,
    State(api): State<Api>,
    ApiPath(Part(id)): ApiPath<Part<ConsumerId>>,
) -> Answer {
    api.delete_webhook(&caller, id).await?;
    reply::empty(StatusCode::NO_CONTENT)
}
