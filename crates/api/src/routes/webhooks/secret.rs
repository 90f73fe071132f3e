//! `GET /webhooks/{webhookId}/secret`

use axum::extract::State;
use handclasp_domain::ConsumerId;
use handclasp_web::error::ApiPath;
use http::StatusCode;

use crate::auth::MayWrite;
use crate::doc::{Doc, Tag};
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

/// Its documentation.
pub(crate) fn doc() -> Doc {
    Doc::new(
        "get-webhook-consumer-secret",
        Tag::Webhooks,
        "Get a webhook consumer's secret",
    )
    .text("Its messages are signed with it, as the Standard Webhooks specification says.")
    .answers::<WebhookSecret<'_>>(200, "The secret.")
}

#[cfg(test)]
mod tests {
    use crate::tests::{Stage, refused};

    #[tokio::test]
    async fn each_consumer_has_a_secret_that_only_this_address_tells() {
        let stage = Stage::new().await;
        let (one, other) = (stage.webhook().await, stage.webhook().await);
        let secret = async |webhook: &str| {
            let answer = stage.api.get(&format!("{webhook}/secret")).await;
            assert_eq!(answer.status, 200);
            assert_eq!(answer.header("cache-control"), "no-store");
            answer.at("/secret").to_owned()
        };
        let (first, second) = (secret(&one).await, secret(&other).await);
        assert!(first.starts_with("whsec_") && first.len() > 40);
        assert_ne!(first, second);
        assert_eq!(first, secret(&one).await);
        assert!(
            !stage
                .api
                .get("/api/webhooks")
                .await
                .text()
                .contains("whsec_")
        );

        assert_eq!(stage.api.delete(&one).await.status, 204);
        refused(&stage.api.get(&format!("{one}/secret")).await, 404);
    }
}
