//! `PUT /companies/{companyId}`

use axum::extract::State;
use handclasp_domain::CompanyId;
use handclasp_web::error::{ApiJson, ApiPath};
use http::StatusCode;
use serde_json::json;

use crate::auth::MayWrite;
use crate::doc::{Doc, Tag};
use crate::reply::{self, Answer, Object, Part};
use crate::state::Api;
use crate::wire::{Company, CreateCompany};

/// Replaces a company's fields: what is absent is cleared.
pub(crate) async fn replace_company(
    MayWrite(caller): MayWrite,
    State(api): State<Api>,
    ApiPath(Part(id)): ApiPath<Part<CompanyId>>,
    ApiJson(Object(new)): ApiJson<Object<CreateCompany>>,
) -> Answer {
    let change = new.parse_replacement()?;
    api.replace_company(&caller, id, change).await?;
    let found = api.company(caller.client, id).await?;
    reply::json(StatusCode::OK, &Company::of(&api, &found))
}

/// Its documentation.
pub(crate) fn doc() -> Doc {
    Doc::new("replace-company", Tag::Companies, "Replace a company")
        .text("What is left out is cleared, but for the products, which have operations of their own.")
        .sdk("companies.replace")
        .sdk_body("companyRequestBody")
        .body::<CreateCompany>(json!({ "name": "Ash & Birch Ltd", "tags": { "region": "eu" } }))
        .answers::<Company<'_>>(200, "The company.")
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use crate::tests::{NOBODY, Stage, field, refused};

    #[tokio::test]
    async fn whatever_is_absent_is_cleared_but_the_products() {
        let stage = Stage::new().await;
        let made = stage
            .api
            .post(
                "/api/companies",
                json!({
                    "name": "Ash",
                    "description": "Seit 1921",
                    "tags": { "region": "eu" },
                    "products": ["lending"],
                }),
            )
            .await;
        let company = format!("/api/companies/{}", made.at("/id"));
        let parent = stage.company().await;
        let parent_id = parent.rsplit('/').next().unwrap();
        let reference = json!({ "referenceParentCompany": { "id": parent_id } });
        assert_eq!(stage.api.patch(&company, reference).await.status, 200);
        let connection = stage.connection(&company).await;

        let put = stage.api.put(&company, json!({ "name": " Birch " })).await;
        assert_eq!(put.status, 200, "{}", put.text());
        assert_eq!(put.json, stage.api.get(&company).await.json);
        insta::assert_snapshot!(
            ["name", "tags", "products", "referenceSubsidiaryCompanies"]
                .map(|name| format!("{name}: {}", put.json[name]))
                .join("\n"),
            @r#"
        name: "Birch"
        tags: {}
        products: ["lending"]
        referenceSubsidiaryCompanies: []
        "#
        );
        assert!(put.json.get("description").is_none());
        assert!(put.json.get("referenceParentCompany").is_none());
        assert_eq!(put.json["created"], made.json["created"]);
        assert_eq!(
            put.at("/dataConnections/0/id"),
            connection.rsplit('/').next().unwrap()
        );
        let audit = stage.test.audit(&stage.client).await;
        assert!(audit.iter().any(|entry| entry.action == "company.replace"));

        // What was got can be put.
        let before = stage.api.get(&parent).await.json;
        assert_eq!(stage.api.put(&parent, before.clone()).await.json, before);
        for (products, left) in [(json!(null), json!(["lending"])), (json!([]), json!([]))] {
            let body = json!({ "name": "x", "products": products });
            assert_eq!(stage.api.put(&company, body).await.json["products"], left);
        }
    }

    #[tokio::test]
    async fn it_is_checked_as_at_creation() {
        let stage = Stage::new().await;
        let company = stage.company().await;
        let before = stage.api.get(&company).await.json;
        for (body, named) in [
            (json!({ "name": " " }), "name"),
            (json!({ "name": null }), "name"),
            (json!({ "description": "x" }), "name"),
            (
                json!({ "name": "x", "description": "\u{0}" }),
                "description",
            ),
            (json!({ "name": "x", "tags": { "": "v" } }), "tags"),
            (json!({ "name": "x", "products": ["a b"] }), "products[0]"),
            (
                json!({ "name": "x", "referenceParentCompany": { "id": "x" } }),
                "referenceParentCompany.id",
            ),
        ] {
            let answer = stage.api.put(&company, body).await;
            assert_eq!(field(&answer), named, "{}", answer.text());
        }
        assert_eq!(stage.api.get(&company).await.json, before);
        let path = format!("/api/companies/{NOBODY}");
        refused(&stage.api.put(&path, json!({ "name": "x" })).await, 404);
    }

    #[tokio::test]
    async fn owners_are_not_set_from_here() {
        let stage = Stage::new().await;
        let body = json!({ "name": "x", "ownerUserIds": [NOBODY], "createdByUserName": "Eve" });
        let made = stage.api.post("/api/companies", body.clone()).await;
        let path = format!("/api/companies/{}", made.at("/id"));
        for answer in [
            made,
            stage.api.put(&path, body.clone()).await,
            stage.api.patch(&path, body).await,
        ] {
            assert_eq!(answer.json["ownerUserIds"], json!([]));
            assert_eq!(answer.at("/createdByUserName"), "First key");
        }
    }
}
