//! `DELETE /webhooks/{webhookId}`

use axum::extract::State;
use handclasp_domain::ConsumerId;
use handclasp_web::error::ApiPath;
use http::StatusCode;

use crate::auth::MayWrite;
use crate::doc::{Doc, Tag};
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

/// Its documentation.
pub(crate) fn doc() -> Doc {
    Doc::new(
        "delete-webhook-consumer",
        Tag::Webhooks,
        "Delete a webhook consumer",
    )
    .sdk("webhooks.deleteConsumer")
    .answers_nothing(204, "It is deleted.")
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use crate::tests::{Stage, refused};

    #[tokio::test]
    async fn a_consumer_goes_once() {
        let stage = Stage::new().await;
        let (one, other) = (stage.webhook().await, stage.webhook().await);
        let answer = stage.api.delete(&one).await;
        assert_eq!((answer.status, answer.body.len()), (204, 0));
        refused(&stage.api.delete(&one).await, 404);
        let left = stage.api.get("/api/webhooks").await.json;
        let ids = left["results"]
            .as_array()
            .unwrap()
            .iter()
            .map(|each| &each["id"]);
        let expected = json!(other.rsplit('/').next());
        assert_eq!(ids.collect::<Vec<_>>(), [&expected]);
    }
}
