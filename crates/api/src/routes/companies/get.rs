//! `GET /companies/{companyId}`

use axum::extract::State;
use handclasp_domain::CompanyId;
use handclasp_web::error::ApiPath;
use http::StatusCode;

use crate::auth::MayReadOwn;
use crate::doc::{Doc, Tag};
use crate::reply::{self, Answer, Part};
use crate::state::Api;
use crate::wire::Company;

/// Tells a company with its connections.
pub(crate) async fn get_company(
    MayReadOwn(client): MayReadOwn,
    State(api): State<Api>,
    ApiPath(Part(id)): ApiPath<Part<CompanyId>>,
) -> Answer {
    let found = api.company(client, id).await?;
    reply::json(StatusCode::OK, &Company::of(&api, &found))
}

/// Its documentation.
pub(crate) fn doc() -> Doc {
    Doc::new("get-company", Tag::Companies, "Get a company")
        .sdk("companies.get")
        .answers::<Company<'_>>(200, "The company with its connections.")
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use handclasp_domain::ConnectionError;
    use serde_json::json;

    use crate::tests::Stage;

    #[tokio::test]
    async fn the_whole_answer_with_a_connection_that_failed_once() {
        let stage = Stage::new().await;
        let company = stage.company().await;
        let connection = stage.connection(&company).await;
        let id = connection.rsplit('/').next().unwrap().parse().unwrap();
        for resolved_after in [Some(Duration::from_micros(1_234_567)), None] {
            let at = stage.test.app.now();
            let error = ConnectionError {
                status_code: "403".to_owned(),
                status_text: "access_denied".to_owned(),
                error_message: "The person declined.".to_owned(),
                errored_at: at,
                resolved_at: resolved_after.map(|after| at.plus(after)),
            };
            stage.test.fail(&stage.client, id, error).await;
            stage.test.clock.advance(Duration::from_secs(1));
        }
        stage.link(&connection).await;

        let answer = stage.api.get(&company).await;
        assert_eq!(answer.status, 200);
        insta::assert_snapshot!(stage.shown(&answer.json), @r#"
        {
          "id": "[id 1]",
          "name": "Ash & Birch",
          "platform": "",
          "redirect": "http://127.0.0.1:4000/company/[id 1]",
          "created": "2026-03-01T12:00:00.0000000Z",
          "createdByUserName": "First key",
          "products": [],
          "tags": {},
          "dataConnections": [
            {
              "id": "[id 2]",
              "integrationId": "2bfdc5b4-ea67-41db-b9e3-b253ac097216",
              "integrationKey": "mqjo",
              "sourceId": "3dc18454-52a8-4c4a-998b-0921ac46be8a",
              "sourceType": "Accounting",
              "platformName": "Sandbox",
              "linkUrl": "http://127.0.0.1:4000/companies/[id 1]/connections/[id 2]/start",
              "status": "Linked",
              "created": "2026-03-01T12:00:00.0000000Z",
              "dataConnectionErrors": [
                {
                  "statusCode": "403",
                  "statusText": "access_denied",
                  "errorMessage": "The person declined.",
                  "erroredOnUtc": "2026-03-01T12:00:00.0000000Z",
                  "status": "Resolved",
                  "resolvedOnUtc": "2026-03-01T12:00:01.2345670Z"
                },
                {
                  "statusCode": "403",
                  "statusText": "access_denied",
                  "errorMessage": "The person declined.",
                  "erroredOnUtc": "2026-03-01T12:00:01.0000000Z",
                  "status": "Active"
                }
              ],
              "connectionInfo": {
                "companyName": "Birch Books Ltd",
                "isSandbox": true
              }
            }
          ],
          "referenceSubsidiaryCompanies": [],
          "ownerUserIds": []
        }
        "#);
        let alone = stage.api.get(&connection).await;
        assert_eq!(alone.json, answer.json["dataConnections"][0]);
    }

    #[tokio::test]
    async fn what_was_created_is_what_is_got() {
        let stage = Stage::new().await;
        let made = stage
            .api
            .post("/api/companies", json!({ "name": "x" }))
            .await;
        let got = stage
            .api
            .get(&format!("/api/companies/{}", made.at("/id")))
            .await;
        assert_eq!(got.json, made.json);
    }
}
