//! `POST /webhooks`

use axum::extract::State;
use handclasp_web::error::ApiJson;
use http::StatusCode;

use crate::auth::MayWrite;
use crate::reply::{self, Answer, Object};
use crate::state::Api;
use crate::wire::{CreateWebhook, WebhookConsumer};

/// Creates a webhook consumer. Its secret is asked for by itself.
pub(crate) async fn create_webhook(
    MayWrite(caller): MayWrite,
    State(api): State<Api>,
    ApiJson(Object(new)): ApiJson<Object<CreateWebhook>>,
) -> Answer {
    let consumer = api.create_webhook(&caller, new.parse()?).await?;
    reply::json(StatusCode::CREATED, &WebhookConsumer::from(&consumer))
}
