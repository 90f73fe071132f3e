//! `GET /rules`

use axum::extract::State;
use handclasp_web::error::ApiQuery;
use http::StatusCode;

use super::PATH;
use crate::auth::MayRead;
use crate::doc::{Doc, Tag};
use crate::page::PageQuery;
use crate::reply::{self, Answer};
use crate::state::Api;
use crate::wire::Rule;

/// Lists the client's rules, the oldest first.
pub(crate) async fn list_rules(
    MayRead(client): MayRead,
    State(api): State<Api>,
    ApiQuery(query): ApiQuery<PageQuery>,
) -> Answer {
    let page = query.page()?;
    // There are few.
    let all = api.list_rules(client).await?;
    let total = i64::try_from(all.len()).unwrap_or(i64::MAX);
    let results: Vec<Rule<'_>> = page.of(&all).iter().map(Rule::from).collect();
    reply::json(StatusCode::OK, &page.body(PATH, total, results))
}

/// Its documentation.
pub(crate) fn doc() -> Doc {
    Doc::new("list-rules", Tag::Rules, "List rules")
        .text("The oldest comes first.")
        .answers_page::<Rule<'_>>("Rules", "A page of rules.")
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use serde_json::json;

    use crate::tests::Stage;

    #[tokio::test]
    async fn pages_hold_each_rule_once_the_oldest_first() {
        let stage = Stage::new().await;
        let mut made = Vec::new();
        for _ in 0..3 {
            stage.test.clock.advance(Duration::from_secs(1));
            made.push(stage.api.get(&stage.rule().await).await.json);
        }
        let all = stage.api.get("/api/rules").await.json;
        assert_eq!(all["results"].as_array(), Some(&made));
        let second = stage.api.get("/api/rules?page=2&pageSize=2").await.json;
        assert_eq!(second["results"], json!([made[2]]));
        assert_eq!(second["totalResults"], 3);
        assert_eq!(
            second["_links"]["previous"]["href"],
            "/rules?page=1&pageSize=2"
        );
        let stranger = stage.stranger().await;
        assert_eq!(stranger.get("/api/rules").await.json["totalResults"], 0);
    }
}
