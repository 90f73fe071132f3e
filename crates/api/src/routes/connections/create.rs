//! `POST /companies/{companyId}/connections`

use axum::extract::State;
use handclasp_domain::CompanyId;
use handclasp_web::error::{ApiJson, ApiPath};
use http::StatusCode;
use serde_json::json;

use crate::auth::MayWriteOwn;
use crate::doc::{Doc, Tag};
use crate::once::Reply;
use crate::reply::{self, Answer, Part};
use crate::state::Api;
use crate::wire::{Connection, CreateConnection};

/// Creates a connection that waits for its person.
pub(crate) async fn create_connection(
    MayWriteOwn(caller): MayWriteOwn,
    State(api): State<Api>,
    ApiPath(Part(company)): ApiPath<Part<CompanyId>>,
    ApiJson(new): ApiJson<CreateConnection>,
) -> Answer {
    let key = new.parse(&api)?;
    let reply = Reply::new(&caller, &api, |api, made| {
        reply::json(StatusCode::OK, &Connection::of(api, made, &[])?)
    });
    reply.to(&api.create_connection(&caller, company, key).await?)
}

/// Its documentation.
pub(crate) fn doc() -> Doc {
    Doc::new("create-connection", Tag::Connections, "Create a connection")
        .text("It waits for its person: send its `linkUrl` to the company.")
        .sdk("connections.create")
        .body::<CreateConnection>(json!({ "platformKey": "mqjo" }))
        .answers::<Connection<'_>>(200, "The connection.")
}

#[cfg(test)]
mod tests {
    use handclasp_app::SandboxMode;
    use handclasp_testkit::{Setup, TestApp};
    use serde_json::json;

    use crate::tests::{NOBODY, Stage, field, refused, router};

    #[tokio::test]
    async fn the_whole_answer() {
        let stage = Stage::new().await;
        let path = format!("{}/connections", stage.company().await);
        let answer = stage
            .api
            .post(&path, json!({ "platformKey": "mqjo" }))
            .await;
        assert_eq!(answer.status, 200);
        insta::assert_snapshot!(stage.shown(&answer.json), @r#"
        {
          "id": "[id 1]",
          "integrationId": "2bfdc5b4-ea67-41db-b9e3-b253ac097216",
          "integrationKey": "mqjo",
          "sourceId": "3dc18454-52a8-4c4a-998b-0921ac46be8a",
          "sourceType": "Accounting",
          "platformName": "Sandbox",
          "linkUrl": "http://127.0.0.1:4000/companies/[id 2]/connections/[id 1]/start",
          "status": "PendingAuth",
          "created": "2026-03-01T12:00:00.0000000Z",
          "dataConnectionErrors": [],
          "connectionInfo": {
            "isSandbox": true
          }
        }
        "#);
        assert_eq!(
            stage.test.events(&stage.client).await,
            ["company.created", "connection.created"]
        );
    }

    #[tokio::test]
    async fn the_older_body_is_taken_and_a_keys_case_does_not_matter() {
        let stage = Stage::new().await;
        let path = format!("{}/connections", stage.company().await);
        for body in [
            json!("mqjo"),
            json!("MQJO"),
            json!({ "platformKey": "Mqjo" }),
        ] {
            let answer = stage.api.post(&path, body).await;
            assert_eq!((answer.status, answer.at("/integrationKey")), (200, "mqjo"));
        }
    }

    #[tokio::test]
    async fn a_key_that_no_integration_has_is_named() {
        let stage = Stage::new().await;
        let path = format!("{}/connections", stage.company().await);
        for body in [
            json!({ "platformKey": "zzzz" }),
            json!({ "platformKey": "" }),
            json!({ "platformKey": "mqjo " }),
            json!({ "platformKey": "mqjomqjo" }),
            json!({ "platformKey": "mqj\u{0}" }),
            json!("zzzz"),
        ] {
            let answer = stage.api.post(&path, body).await;
            assert_eq!(field(&answer), "platformKey", "{}", answer.text());
        }
        let answer = stage
            .api
            .post(&path, json!({ "platformKey": "zzzz" }))
            .await;
        assert!(answer.at("/error").contains("`zzzz`"), "{}", answer.text());
        assert_eq!(stage.api.get(&path).await.json["totalResults"], 0);
    }

    #[tokio::test]
    async fn a_company_that_is_not_there_is_404() {
        let stage = Stage::new().await;
        let path = format!("/api/companies/{NOBODY}/connections");
        let answer = stage
            .api
            .post(&path, json!({ "platformKey": "mqjo" }))
            .await;
        assert_eq!(refused(&answer, 404), "There is no such company.");
    }

    #[tokio::test]
    async fn an_integration_that_is_not_enabled_is_400() {
        let sandbox = SandboxMode::Never;
        let test = TestApp::with(Setup {
            sandbox,
            ..Setup::default()
        })
        .await;
        let api = test
            .client()
            .await
            .api(router(&test))
            .held_to_contract("/api");
        let made = api.post("/api/companies", json!({ "name": "x" })).await;
        let path = format!("/api/companies/{}/connections", made.at("/id"));
        let answer = api.post(&path, json!({ "platformKey": "mqjo" })).await;
        assert_eq!(field(&answer), "platformKey");
        let integration = api.get("/api/integrations/mqjo").await;
        assert_eq!(integration.json["enabled"], false);
    }
}
