//! `POST /webhooks`

use axum::extract::State;
use handclasp_web::error::ApiJson;
use http::StatusCode;
use serde_json::json;

use crate::auth::MayWrite;
use crate::doc::{Doc, Tag};
use crate::once::Reply;
use crate::reply::{self, Answer, Object};
use crate::state::Api;
use crate::wire::{CreateWebhook, WebhookConsumer};

/// Creates a webhook consumer. Its secret is asked for by itself.
pub(crate) async fn create_webhook(
    MayWrite(caller): MayWrite,
    State(api): State<Api>,
    ApiJson(Object(new)): ApiJson<Object<CreateWebhook>>,
) -> Answer {
    let reply = Reply::new(&caller, &api, |_, made| {
        reply::json(StatusCode::CREATED, &WebhookConsumer::from(made))
    });
    reply.to(&api.create_webhook(&caller, new.parse()?).await?)
}

/// Its documentation.
pub(crate) fn doc() -> Doc {
    let example =
        json!({ "url": "https://app.example.com/events", "eventTypes": ["connection.connected"] });
    Doc::new(
        "create-webhook-consumer",
        Tag::Webhooks,
        "Create a webhook consumer",
    )
    .text("There can be 50. Ask for its secret to check that messages come from this server.")
    .sdk("webhooks.createConsumer")
    .body::<CreateWebhook>(example)
    .answers::<WebhookConsumer<'_>>(201, "The webhook consumer.")
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use crate::tests::{Stage, field, refused};

    const PATH: &str = "/api/webhooks";

    #[tokio::test]
    async fn the_whole_answer_and_its_place_in_the_list() {
        let stage = Stage::new().await;
        let new = json!({
            "url": "https://example.com/events",
            "eventTypes": ["connection.connected", "company.created"],
            "companyTags": ["region:uk"],
        });
        let answer = stage.api.post(PATH, new).await;
        assert_eq!(answer.status, 201);
        insta::assert_snapshot!(stage.shown(&answer.json), @r#"
        {
          "id": "[id 1]",
          "url": "https://example.com/events",
          "disabled": false,
          "eventTypes": [
            "connection.connected",
            "company.created"
          ],
          "companyTags": [
            "region:uk"
          ]
        }
        "#);
        let list = stage.api.get(PATH).await;
        assert_eq!(list.json, json!({ "results": [answer.json] }));
        let stranger = stage.stranger().await;
        assert_eq!(stranger.get(PATH).await.json, json!({ "results": [] }));
    }

    #[tokio::test]
    async fn the_address_that_is_shown_is_the_one_that_is_called() {
        let stage = Stage::new().await;
        for (given, shown) in [
            ("https://example.com", "https://example.com/"),
            ("HTTPS://Example.COM:443/A?b=C", "https://example.com/A?b=C"),
            ("https://example.com/a/../b", "https://example.com/b"),
            (
                "https://müller.example/ä",
                "https://xn--mller-kva.example/%C3%A4",
            ),
        ] {
            let answer = stage.api.post(PATH, json!({ "url": given })).await;
            assert_eq!((answer.status, answer.at("/url")), (201, shown));
        }
    }

    #[tokio::test]
    async fn what_may_be_left_out_may_be_null_too() {
        let stage = Stage::new().await;
        let new = json!({ "url": "https://example.com/", "eventTypes": null, "companyTags": null, "disabled": null });
        assert_eq!(stage.api.post(PATH, new).await.json["disabled"], false);
        let new = json!({ "url": "https://example.com/", "disabled": true });
        assert_eq!(stage.api.post(PATH, new).await.json["disabled"], true);
    }

    #[tokio::test]
    async fn what_can_be_no_consumer_is_named() {
        let stage = Stage::new().await;
        let good = json!({ "url": "https://example.com/", "eventTypes": ["company.created"] });
        for (name, wrong, named) in [
            ("url", json!("nonsense"), "url"),
            ("url", json!("ftp://example.com/"), "url"),
            (
                "url",
                json!("http://169.254.169.254/latest/meta-data"),
                "url",
            ),
            ("url", json!("https://user:password@example.com/"), "url"),
            ("url", json!("https://user@example.com/"), "url"),
            ("url", json!(" https://example.com/"), "url"),
            ("url", json!("https://example.com/ "), "url"),
            ("url", json!("https://exa\nmple.com/"), "url"),
            ("url", json!("https://example.com/a b"), "url"),
            ("url", json!("https://example.com\\@10.0.0.1/"), "url"),
            ("url", json!("https://example.com/#part"), "url"),
            ("url", json!("https://example.com/#"), "url"),
            (
                "url",
                json!(format!("https://example.com/{}", "a".repeat(2_048))),
                "url",
            ),
            (
                "eventTypes",
                json!(["company.created", "no.such.event"]),
                "eventTypes[1]",
            ),
            (
                "companyTags",
                json!(["a:b", "without a colon"]),
                "companyTags[1]",
            ),
            ("companyTags", json!(vec!["a:b"; 11]), "companyTags"),
        ] {
            let mut new = good.clone();
            new[name] = wrong;
            let answer = stage.api.post(PATH, new).await;
            assert_eq!(field(&answer), named, "{}", answer.text());
        }
        assert_eq!(stage.api.get(PATH).await.json, json!({ "results": [] }));
    }

    #[tokio::test]
    async fn there_are_fifty_at_most() {
        let stage = Stage::new().await;
        for _ in 0..50 {
            stage.webhook().await;
        }
        let new = json!({ "url": "https://example.com/" });
        assert!(refused(&stage.api.post(PATH, new).await, 400).contains("50"));
    }
}
