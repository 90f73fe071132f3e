//! `GET /webhooks`

use axum::extract::State;
use http::StatusCode;

use crate::auth::MayRead;
use crate::doc::{Doc, Tag};
use crate::reply::{self, Answer};
use crate::state::Api;
use crate::wire::{WebhookConsumer, WebhookConsumers};

/// Lists the client's webhook consumers, the oldest first.
pub(crate) async fn list_webhooks(MayRead(client): MayRead, State(api): State<Api>) -> Answer {
    let list = api.list_webhooks(client).await?;
    let results = list.iter().map(WebhookConsumer::from).collect();
    reply::json(StatusCode::OK, &WebhookConsumers { results })
}

/// Its documentation.
pub(crate) fn doc() -> Doc {
    Doc::new(
        "list-webhook-consumers",
        Tag::Webhooks,
        "List webhook consumers",
    )
    .text("The oldest comes first. This list has no pages.")
    .sdk("webhooks.listConsumers")
    .answers::<WebhookConsumers<'_>>(200, "All webhook consumers.")
}
