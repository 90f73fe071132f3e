//! `GET /companies`

use axum::extract::State;
use handclasp_app::CompanyList;
use handclasp_domain::query::{CompanyOrder, Order};
use handclasp_web::error::ApiQuery;
use http::StatusCode;

use super::PATH;
use crate::auth::MayRead;
use crate::doc::parts::{self, Parameter};
use crate::doc::{Doc, Tag};
use crate::page::PageQuery;
use crate::reply::{self, Answer};
use crate::state::Api;
use crate::wire::{Companies, Company};

/// Lists the client's companies, the oldest first where nothing else is asked for.
pub(crate) async fn list_companies(
    MayRead(client): MayRead,
    State(api): State<Api>,
    ApiQuery(query): ApiQuery<PageQuery>,
) -> Answer {
    let chosen = query.chosen_page()?;
    let wanted = CompanyList {
        page: chosen.page.number,
        page_size: chosen.page.size,
        order: query.order()?.unwrap_or(Order {
            by: CompanyOrder::Created,
            descending: false,
        }),
        query: query.query()?,
        tags: query.tags()?,
    };
    let (list, total) = api.companies(client, wanted).await?;
    let results = Companies {
        api: &api,
        list: &list,
    };
    reply::json(StatusCode::OK, &chosen.body(PATH, total, results))
}

/// Its documentation.
pub(crate) fn doc() -> Doc {
    Doc::new("list-companies", Tag::Companies, "List companies")
        .text("The oldest comes first, where no other order is asked for.")
        .sdk("companies.list")
        .chosen::<CompanyOrder>(
            "Which companies: clauses as `name~ash`, with `&&`, `||` and braces. It may name `id`, `name`, `description`, `created`, \
             `lastSync`, `dataConnections.status`, `dataConnections.platformName` and `dataConnections.sourceType`.",
        )
        .query(Parameter::query(
            "tags",
            "The same of their tags, as `region=eu && product=loans`.",
            parts::filter(),
        ))
        .answers_page::<Company<'_>>("Companies", "A page of companies.")
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use serde_json::{Value, json};

    use crate::tests::{Stage, field, refused};

    /// Makes companies of these names, a second apart.
    async fn make(stage: &Stage, names: &[&str]) {
        for name in names {
            stage.test.clock.advance(Duration::from_secs(1));
            let made = stage
                .api
                .post("/api/companies", json!({ "name": name }))
                .await;
            assert_eq!(made.status, 200);
        }
    }

    fn names(body: &Value) -> Vec<&str> {
        let results = body["results"].as_array().unwrap();
        results
            .iter()
            .map(|one| one["name"].as_str().unwrap())
            .collect()
    }

    #[tokio::test]
    async fn pages_hold_each_company_once_the_oldest_first() {
        let stage = Stage::new().await;
        let empty = stage.api.get("/api/companies").await;
        insta::assert_snapshot!(stage.shown(&empty.json), @r#"
        {
          "results": [],
          "pageNumber": 1,
          "pageSize": 100,
          "totalResults": 0,
          "_links": {
            "self": {
              "href": "/companies"
            },
            "current": {
              "href": "/companies?page=1&pageSize=100"
            }
          }
        }
        "#);

        make(&stage, &["a", "b", "c", "d", "e"]).await;
        let middle = stage.api.get("/api/companies?page=2&pageSize=2").await;
        assert_eq!(names(&middle.json), ["c", "d"]);
        insta::assert_snapshot!(format!("{:#}", middle.json["_links"]), @r#"
        {
          "self": {
            "href": "/companies"
          },
          "current": {
            "href": "/companies?page=2&pageSize=2"
          },
          "next": {
            "href": "/companies?page=3&pageSize=2"
          },
          "previous": {
            "href": "/companies?page=1&pageSize=2"
          }
        }
        "#);
        let last = stage.api.get("/api/companies?page=3&pageSize=2").await.json;
        assert_eq!(names(&last), ["e"]);
        assert_eq!(
            (&last["totalResults"], &last["pageNumber"]),
            (&json!(5), &json!(3))
        );
        assert_eq!(last["_links"].get("next"), None);

        let all = stage.api.get("/api/companies").await.json;
        assert_eq!(names(&all), ["a", "b", "c", "d", "e"]);
        assert_eq!(all["pageSize"], 100);
        let beyond = stage
            .api
            .get("/api/companies?page=4294967295&pageSize=5000")
            .await;
        assert_eq!((beyond.status, names(&beyond.json).len()), (200, 0));
    }

    #[tokio::test]
    async fn entries_are_as_they_are_alone_and_totals_follow_deletions() {
        let stage = Stage::new().await;
        let company = stage.company().await;
        stage.link(&stage.connection(&company).await).await;
        stage.connection(&company).await;
        let alone = stage.api.get(&company).await.json;
        let list = stage.api.get("/api/companies").await.json;
        assert_eq!(list["results"], json!([alone]));
        let stranger = stage.stranger().await;
        assert_eq!(stranger.get("/api/companies").await.json["totalResults"], 0);

        assert_eq!(stage.api.delete(&company).await.status, 204);
        let list = stage.api.get("/api/companies").await.json;
        assert_eq!(
            (&list["results"], &list["totalResults"]),
            (&json!([]), &json!(0))
        );
    }

    #[tokio::test]
    async fn pages_out_of_range_are_named_on_every_list() {
        let stage = Stage::new().await;
        let connections = format!("{}/connections", stage.company().await);
        for list in ["/api/companies", "/api/integrations", &connections] {
            for bad in [
                "0",
                "-1",
                "x",
                "",
                "1.5",
                "1e3",
                "%2B",
                "%2B1",
                "1%20",
                "%D9%A1",
                "4294967296",
                "99999999999999999999",
            ] {
                let answer = stage.api.get(&format!("{list}?page={bad}")).await;
                assert_eq!(field(&answer), "page", "{bad}");
            }
            for bad in ["0", "5001", "-1", "%2B1", "x", ""] {
                let answer = stage
                    .api
                    .get(&format!("{list}?page=1&pageSize={bad}"))
                    .await;
                assert_eq!(field(&answer), "pageSize", "{bad}");
            }
            for twice in ["page=1&page=2", "pageSize=1&pageSize=1"] {
                refused(&stage.api.get(&format!("{list}?{twice}")).await, 400);
            }
            let good = format!("{list}?page=1&pageSize=5000&later=1");
            assert_eq!(stage.api.get(&good).await.status, 200);
        }
    }
}
