//! `POST /apiKeys`

use axum::extract::State;
use handclasp_app::MadeApiKey;
use handclasp_web::error::ApiJson;
use http::StatusCode;
use serde_json::json;

use crate::auth::MayGrant;
use crate::doc::{Doc, Tag};
use crate::once::Reply;
use crate::reply::{self, Answer, Object, Unless};
use crate::state::Api;
use crate::wire::{ApiKeyDetails, CreateApiKey};

/// Creates an API key, whose text is told this once. The contract lets the whole body be left out.
pub(crate) async fn create_key(
    MayGrant(caller, holds): MayGrant,
    State(api): State<Api>,
    Unless(new): Unless<ApiJson<Object<CreateApiKey>>>,
) -> Answer {
    let new = new.map_or_else(CreateApiKey::default, |ApiJson(Object(new))| new);
    let new = new.parse()?;
    let reply = Reply::new(&caller, &api, |_, made: &MadeApiKey| {
        reply::json(StatusCode::CREATED, &ApiKeyDetails::from(made))
    });
    reply.to(&api.create_api_key(&caller, holds, new).await?)
}

/// Its documentation.
pub(crate) fn doc() -> Doc {
    Doc::new("create-api-key", Tag::Settings, "Create an API key")
        .text("`apiKey` is told this once. There are ten at most; a key gives no scope that it has not itself.")
        .sdk("settings.createApiKey")
        .body_or_none::<CreateApiKey>(json!({ "name": "invoices" }))
        .answers::<ApiKeyDetails<'_>>(201, "The key.")
}

#[cfg(test)]
mod tests {
    use axum::body::Body;
    use handclasp_domain::{Scope, Scopes};
    use handclasp_testkit::Audited;
    use http::Request;
    use serde_json::{Value, json};

    use crate::tests::{Stage, field, refused};

    const PATH: &str = "/api/apiKeys";

    #[tokio::test]
    async fn the_whole_answer_its_place_in_the_list_and_the_key_itself() {
        let stage = Stage::new().await;
        let mut answer = stage.api.post(PATH, json!({ "name": " invoices " })).await;
        assert_eq!(answer.status, 201);
        let text = answer.at("/apiKey").to_owned();
        assert!(text.starts_with("hck_"), "{text}");
        answer.json["apiKey"] = json!("…");
        insta::assert_snapshot!(stage.shown(&answer.json), @r#"
        {
          "id": "[id 1]",
          "name": "invoices",
          "apiKey": "…",
          "createdDate": "2026-03-01T12:00:00.0000000Z",
          "scopes": [
            "read",
            "write"
          ]
        }
        "#);
        let list = stage.api.get(PATH).await;
        assert!(!list.text().contains("hck_") && !list.text().contains("apiKey"));
        let listed = list.json["results"].as_array().unwrap();
        assert_eq!(listed.len(), 2);
        assert_eq!(listed[1]["id"], answer.json["id"]);
        let of_it = stage.api.with_key(&text);
        assert_eq!(of_it.get("/api/companies").await.status, 200);
        let stranger = stage.stranger().await;
        let theirs = stranger.get(PATH).await.json;
        assert_eq!(theirs["results"].as_array().unwrap().len(), 1);
        let audit = stage.test.audit(&stage.client).await;
        let made: Vec<&Audited> = audit.iter().filter(|e| e.action == "key.create").collect();
        assert_eq!((made.len(), made[0].actor.as_str()), (1, "apiKey"));
    }

    #[tokio::test]
    async fn all_of_it_may_be_left_out() {
        let stage = Stage::new().await;
        for body in [
            json!({}),
            json!({ "name": null, "scopes": null }),
            json!({ "name": "" }),
            json!({ "name": "  " }),
            Value::Null,
        ] {
            let answer = stage.api.post(PATH, body).await;
            assert_eq!(answer.status, 201, "{}", answer.text());
            assert!(answer.json.get("name").is_none());
            assert_eq!(answer.json["scopes"], json!(["read", "write"]));
        }
        // A body of no kind is none all the same.
        let request = Request::post(PATH).body(Body::from("{}")).unwrap();
        refused(&stage.api.request(request).await, 415);
    }

    #[tokio::test]
    async fn what_can_be_no_key_is_named() {
        let stage = Stage::new().await;
        for (body, named) in [
            (json!({ "name": "é".repeat(51) }), "name"),
            (json!({ "name": "a\nb" }), "name"),
            (json!({ "scopes": [] }), "scopes"),
            (json!({ "scopes": ["read", "admin"] }), "scopes[1]"),
            (json!({ "scopes": ["Read"] }), "scopes[0]"),
        ] {
            let answer = stage.api.post(PATH, body).await;
            assert_eq!(field(&answer), named, "{}", answer.text());
        }
        let answer = stage
            .api
            .post(PATH, json!({ "name": "é".repeat(50) }))
            .await;
        assert_eq!(answer.status, 201);
    }

    #[tokio::test]
    async fn a_key_gives_no_more_than_it_has() {
        let stage = Stage::new().await;
        let ordinary = stage.client.key_with(Scopes::ORDINARY).await;
        let ordinary = stage.api.with_key(ordinary.expose());
        let writes = stage.client.key_with(Scopes::default().with(Scope::Write));
        let writes = stage.api.with_key(writes.await.expose());
        let asked = |scopes: &[&str]| json!({ "scopes": scopes });
        for (api, scopes, lacking) in [
            (&ordinary, &["credentials"][..], "credentials"),
            (&ordinary, &["read", "write", "credentials"], "credentials"),
            (&writes, &["write", "read"], "read"),
        ] {
            let text = refused(&api.post(PATH, asked(scopes)).await, 403);
            assert!(text.contains(&format!("`{lacking}`")), "{text}");
        }
        // What is given where nothing is said, too.
        refused(&writes.post(PATH, json!({})).await, 403);
        for (api, scopes) in [
            (&ordinary, &["read"][..]),
            (&writes, &["write"]),
            (&stage.api, &["credentials", "credentials"]),
        ] {
            let made = api.post(PATH, asked(scopes)).await;
            assert_eq!(made.json["scopes"], json!([scopes[0]]));
            let of_it = stage.api.with_key(made.at("/apiKey"));
            let looked = of_it.get("/api/companies").await.status;
            assert_eq!(looked, if scopes == ["read"] { 200 } else { 403 });
        }
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn there_are_ten_at_most_however_many_are_made_at_once() {
        let stage = Stage::new().await;
        let mut calls = tokio::task::JoinSet::new();
        for _ in 0..30 {
            let api = stage.api.clone();
            calls.spawn(async move { api.post(PATH, json!({})).await });
        }
        let (mut made, mut last) = (0, None);
        while let Some(answer) = calls.join_next().await {
            let answer = answer.unwrap();
            match answer.status {
                201 => made += 1,
                // On PostgreSQL one that met too many others is told to try again.
                503 => {}
                _ => last = Some(refused(&answer, 409)),
            }
        }
        let list = stage.api.get(PATH).await;
        let count = list.json["results"].as_array().unwrap().len();
        assert_eq!(made, count - 1, "what was answered was made");
        for _ in count..10 {
            assert_eq!(stage.api.post(PATH, json!({})).await.status, 201);
        }
        let text = refused(&stage.api.post(PATH, json!({})).await, 409);
        assert!(text.contains("10"), "{text}");
        assert_eq!(last.unwrap_or(text.clone()), text);
    }
}
