//! `GET /companies/{companyId}/connections`

use axum::extract::State;
use handclasp_domain::CompanyId;
use handclasp_web::error::{ApiPath, ApiQuery};
use http::StatusCode;

use crate::auth::MayRead;
use crate::doc::{Doc, Tag};
use crate::page::PageQuery;
use crate::reply::{self, Answer, Part};
use crate::state::Api;
use crate::wire::{Connection, Connections};

/// Lists a company's connections, the oldest first.
pub(crate) async fn list_connections(
    MayRead(client): MayRead,
    State(api): State<Api>,
    ApiPath(Part(company)): ApiPath<Part<CompanyId>>,
    ApiQuery(query): ApiQuery<PageQuery>,
) -> Answer {
    let page = query.page()?;
    // A company has few connections, and telling it reads them all.
    let all = api.company(client, company).await?.connections;
    let total = i64::try_from(all.len()).unwrap_or(i64::MAX);
    let results = Connections {
        api: &api,
        list: page.of(&all),
    };
    let path = format!("/companies/{company}/connections");
    reply::json(StatusCode::OK, &page.body(&path, total, results))
}

/// Its documentation.
pub(crate) fn doc() -> Doc {
    Doc::new("list-connections", Tag::Connections, "List connections")
        .text("The oldest comes first.")
        .sdk("connections.list")
        .answers_page::<Connection<'_>>("Connections", "A page of the company's connections.")
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use crate::tests::{NOBODY, Stage, refused};

    #[tokio::test]
    async fn pages_hold_each_connection_once_the_oldest_first() {
        let stage = Stage::new().await;
        let company = stage.company().await;
        let mut made = Vec::new();
        for _ in 0..3 {
            stage.test.clock.advance(Duration::from_secs(1));
            let path = stage.connection(&company).await;
            made.push(stage.api.get(&path).await.json);
        }
        let path = format!("{company}/connections");
        let all = stage.api.get(&path).await.json;
        assert_eq!(all["results"].as_array(), Some(&made));
        let whole = stage.api.get(&company).await.json;
        assert_eq!(whole["dataConnections"], all["results"]);

        let second = stage
            .api
            .get(&format!("{path}?page=2&pageSize=2"))
            .await
            .json;
        assert_eq!(second["results"].as_array().unwrap()[..], made[2..]);
        assert_eq!(second["totalResults"], 3);
        let list = path.strip_prefix("/api").unwrap();
        assert_eq!(second["_links"]["self"]["href"], list);
        assert_eq!(
            second["_links"]["previous"]["href"],
            format!("{list}?page=1&pageSize=2")
        );
    }

    #[tokio::test]
    async fn a_company_that_is_not_there_is_404() {
        let stage = Stage::new().await;
        let path = format!("/api/companies/{NOBODY}/connections");
        refused(&stage.api.get(&path).await, 404);
    }
}
