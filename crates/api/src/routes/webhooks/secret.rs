//! `GET /webhooks/{webhookId}/secret`

use axum::extract::State;
use handclasp_domain::ConsumerId;
use handclasp_web::error::ApiPath;
use http::StatusCode;

use crate::auth::MayWrite;
use crate::reply::{self, Answer, Part};
use crate::state::Api;
use crate::wire::WebhookSecret;

/// Tells the secret that a webhook consumer's messages are signed with. Like every answer of the API it is not to be stored.
pub(crate) async fn get_secret(
    MayWrite(caller): MayWrite,
    State(api): State<Api>,
    ApiPath(Part(id)): ApiPath<Part<ConsumerId>>,
) -> Answer {
    let secret = api.webhook_secret(caller.client, id).await?;
    let body = WebhookSecret {
        secret: secret.expose(),
    };
    reply::json(StatusCode::OK, &body)
}
