//! `GET /integrations`

use axum::extract::State;
use handclasp_web::error::ApiQuery;
use http::StatusCode;

use super::PATH;
use crate::auth::MayRead;
use crate::doc::{Doc, Tag};
use crate::page::PageQuery;
use crate::reply::{self, Answer};
use crate::state::Api;
use crate::wire::Integration;

/// Lists the integrations, enabled or not, in the order in which Link shows them.
pub(crate) async fn list_integrations(
    MayRead(_): MayRead,
    State(api): State<Api>,
    ApiQuery(query): ApiQuery<PageQuery>,
) -> Answer {
    let page = query.page()?;
    let all: Vec<_> = api.catalogue().iter().collect();
    let total = i64::try_from(all.len()).unwrap_or(i64::MAX);
    let results: Vec<Integration<'_>> = page
        .of(&all)
        .iter()
        .map(|integration| Integration::of(&api, integration))
        .collect();
    reply::json(StatusCode::OK, &page.body(PATH, total, results))
}

/// Its documentation.
pub(crate) fn doc() -> Doc {
    Doc::new("list-integrations", Tag::Integrations, "List integrations")
        .text("Those that companies are not offered too, in the order in which Link shows them.")
        .sdk("integrations.list")
        .answers_page::<Integration<'_>>("Integrations", "A page of integrations.")
}

#[cfg(test)]
mod tests {
    use crate::tests::Stage;

    #[tokio::test]
    async fn the_whole_answer() {
        let stage = Stage::new().await;
        let list = stage.api.get("/api/integrations").await.json;
        let all = list["results"].as_array().unwrap();
        assert_eq!(list["totalResults"], all.len());
        let sandbox = all.iter().find(|one| one["key"] == "mqjo").unwrap();
        insta::assert_snapshot!(format!("{sandbox:#}"), @r#"
        {
          "key": "mqjo",
          "logoUrl": "http://127.0.0.1:4000/api/integrations/mqjo/logo.svg",
          "name": "Sandbox",
          "enabled": true,
          "sourceId": "3dc18454-52a8-4c4a-998b-0921ac46be8a",
          "sourceType": "Accounting",
          "integrationId": "2bfdc5b4-ea67-41db-b9e3-b253ac097216",
          "isOfflineConnector": false,
          "isBeta": false,
          "datatypeFeatures": []
        }
        "#);
        let alone = stage.api.get("/api/integrations/MQJO").await;
        assert_eq!((alone.status, &alone.json), (200, sandbox));
        let none = stage
            .api
            .get("/api/integrations?page=2&pageSize=5000")
            .await;
        assert_eq!(none.json["results"], serde_json::json!([]));
    }
}
