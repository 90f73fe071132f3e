//! `POST /companies`

use axum::extract::State;
use handclasp_app::CompanyWithConnections;
use handclasp_web::error::ApiJson;
use http::StatusCode;
use serde_json::json;

use crate::auth::MayWrite;
use crate::doc::{Doc, Tag};
use crate::once::Reply;
use crate::reply::{self, Answer, Object};
use crate::state::Api;
use crate::wire::{Company, CreateCompany};

/// Creates a company.
pub(crate) async fn create_company(
    MayWrite(caller): MayWrite,
    State(api): State<Api>,
    ApiJson(Object(new)): ApiJson<Object<CreateCompany>>,
) -> Answer {
    let new = new.parse()?;
    let reply = Reply::new(&caller, &api, |api, made: &CompanyWithConnections| {
        reply::json(StatusCode::OK, &Company::of(api, made))
    });
    reply.to(&api.create_company(&caller, new).await?)
}

/// Its documentation.
pub(crate) fn doc() -> Doc {
    let example = json!({ "name": "Ash & Birch Ltd", "description": "Asked for a loan in March", "tags": { "region": "eu" } });
    Doc::new("create-company", Tag::Companies, "Create a company")
        .text("Its `redirect` is its Link address: send it to the company's people.")
        .sdk("companies.create")
        .body::<CreateCompany>(example)
        .answers::<Company<'_>>(200, "The company.")
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use crate::tests::{Stage, field, refused};

    const PATH: &str = "/api/companies";

    #[tokio::test]
    async fn the_whole_answer() {
        let stage = Stage::new().await;
        let new = json!({
            "name": "  Müller & Söhne 株式会社 ",
            "description": "Seit 1921",
            "tags": { "uid": "42", "region": "eu" },
        });
        let answer = stage.api.post(PATH, new).await;
        assert_eq!(answer.status, 200);
        assert_eq!(answer.header("content-type"), "application/json");
        insta::assert_snapshot!(stage.shown(&answer.json), @r#"
        {
          "id": "[id 1]",
          "name": "Müller & Söhne 株式会社",
          "description": "Seit 1921",
          "platform": "",
          "redirect": "http://127.0.0.1:4000/company/[id 1]",
          "created": "2026-03-01T12:00:00.0000000Z",
          "createdByUserName": "First key",
          "products": [],
          "tags": {
            "region": "eu",
            "uid": "42"
          },
          "dataConnections": [],
          "referenceSubsidiaryCompanies": [],
          "ownerUserIds": []
        }
        "#);
    }

    #[tokio::test]
    async fn the_change_its_event_and_its_audit_entry_are_there() {
        let stage = Stage::new().await;
        let answer = stage.api.post(PATH, json!({ "name": "x" })).await;
        assert_eq!(stage.test.events(&stage.client).await, ["company.created"]);
        let audit = stage.test.audit(&stage.client).await;
        let entry = audit
            .iter()
            .find(|entry| entry.action == "company.create")
            .unwrap();
        assert_eq!(entry.actor, "apiKey");
        let correlation = entry.correlation.unwrap().to_string();
        assert_eq!(correlation, answer.header("x-correlation-id"));
    }

    #[tokio::test]
    async fn where_the_request_came_from_is_in_the_audit_log() {
        let stage = Stage::new().await;
        let mut request = http::Request::post(PATH)
            .header("content-type", "application/json")
            .body(axum::body::Body::from(r#"{"name":"x"}"#))
            .unwrap();
        let peer = "[::ffff:192.0.2.7]:9".parse().unwrap();
        request
            .extensions_mut()
            .insert(handclasp_web::front::Peer(Some(peer)));
        assert_eq!(stage.api.request(request).await.status, 200);
        let audit = stage.test.audit(&stage.client).await;
        let entry = audit
            .iter()
            .find(|entry| entry.action == "company.create")
            .unwrap();
        assert_eq!(entry.address.as_deref(), Some("192.0.2.7"));
    }

    #[tokio::test]
    async fn names_may_be_in_any_script() {
        let stage = Stage::new().await;
        for name in ["شركة النور", "x", "🍞 & co", "<b>\"'\\", &"é".repeat(255)] {
            let answer = stage.api.post(PATH, json!({ "name": name })).await;
            assert_eq!(answer.status, 200, "{name}");
            assert_eq!(answer.at("/name"), name);
            let path = format!("{PATH}/{}", answer.at("/id"));
            assert_eq!(stage.api.get(&path).await.at("/name"), name);
        }
    }

    #[tokio::test]
    async fn what_a_company_can_not_have_is_named() {
        let stage = Stage::new().await;
        let many: serde_json::Map<_, _> = (0..11).map(|n| (n.to_string(), json!("v"))).collect();
        for (new, named) in [
            (json!({ "name": "" }), "name"),
            (json!({ "name": " \u{3000} " }), "name"),
            (json!({ "name": "a\u{0}b" }), "name"),
            (json!({ "name": "a\nb" }), "name"),
            (json!({ "name": "é".repeat(256) }), "name"),
            (
                json!({ "name": "x", "description": "d".repeat(4_001) }),
                "description",
            ),
            (
                json!({ "name": "x", "description": "\u{0}" }),
                "description",
            ),
            (json!({ "name": "x", "tags": many }), "tags"),
            (json!({ "name": "x", "tags": { "": "v" } }), "tags"),
            (
                json!({ "name": "x", "tags": { "k".repeat(28): "v" } }),
                "tags",
            ),
            (
                json!({ "name": "x", "tags": { "key": "v".repeat(101) } }),
                "tags.key",
            ),
        ] {
            let answer = stage.api.post(PATH, new).await;
            assert_eq!(field(&answer), named, "{}", answer.text());
        }
        assert_eq!(stage.api.get(PATH).await.json["totalResults"], 0);
        assert!(stage.test.events(&stage.client).await.is_empty());
    }

    #[tokio::test]
    async fn a_refusal_says_what_to_change() {
        let stage = Stage::new().await;
        let answer = stage.api.post(PATH, json!({ "name": "" })).await;
        refused(&answer, 400);
        insta::assert_snapshot!(crate::tests::error(&answer), @r#"
        {
          "statusCode": 400,
          "service": "PublicApi",
          "error": "name: must have 1 to 255 characters.",
          "correlationId": "…",
          "validation": {
            "errors": [
              {
                "itemId": "name",
                "message": "name: must have 1 to 255 characters.",
                "validatorName": "Value"
              }
            ],
            "warnings": []
          },
          "canBeRetried": "False",
          "detailedErrorCode": 0
        }
        "#);
    }
}
