//! `PATCH /companies/{companyId}`

use axum::extract::State;
use handclasp_app::CompanyWithConnections;
use handclasp_domain::CompanyId;
use handclasp_web::error::{ApiJson, ApiPath};
use http::StatusCode;
use serde_json::json;

use crate::auth::MayWrite;
use crate::doc::{Doc, Tag};
use crate::once::Reply;
use crate::reply::{self, Answer, Object, Part};
use crate::state::Api;
use crate::wire::{Company, UpdateCompany};

/// Changes some of a company's fields: what is absent or null stays as it is.
pub(crate) async fn update_company(
    MayWrite(caller): MayWrite,
    State(api): State<Api>,
    ApiPath(Part(id)): ApiPath<Part<CompanyId>>,
    ApiJson(Object(change)): ApiJson<Object<UpdateCompany>>,
) -> Answer {
    let change = change.parse()?;
    let reply = Reply::new(&caller, &api, |api, found: &CompanyWithConnections| {
        reply::json(StatusCode::OK, &Company::of(api, found))
    });
    reply.to(&api.update_company(&caller, id, change).await?)
}

/// Its documentation.
pub(crate) fn doc() -> Doc {
    Doc::new("update-company", Tag::Companies, "Update a company")
        .text("What is left out stays as it is.")
        .sdk("companies.update")
        .sdk_body("companyUpdateRequest")
        .body::<UpdateCompany>(json!({ "description": "Paid back in October" }))
        .answers::<Company<'_>>(200, "The company.")
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};
    use tokio::task::JoinSet;

    use crate::tests::{NOBODY, Stage, field, refused};

    #[tokio::test]
    async fn only_what_is_given_changes() {
        let stage = Stage::new().await;
        let new = json!({
            "name": "Ash",
            "description": "Seit 1921",
            "tags": { "region": "eu", "uid": "42" },
            "products": ["lending"],
        });
        let made = stage.api.post("/api/companies", new).await;
        let company = format!("/api/companies/{}", made.at("/id"));
        let mut expected = made.json;
        for (change, name, value) in [
            (json!({}), "", Value::Null),
            (
                json!({ "name": null, "description": null, "tags": null, "products": null,
                    "referenceParentCompany": null, "referenceSubsidiaryCompanies": null }),
                "",
                Value::Null,
            ),
            (json!({ "name": " Birch " }), "name", json!("Birch")),
            (json!({ "description": "" }), "description", json!("")),
            (json!({ "tags": { "a": "b" } }), "tags", json!({ "a": "b" })),
            (json!({ "tags": {} }), "tags", json!({})),
            (
                json!({ "products": ["a", "b", "a"] }),
                "products",
                json!(["a", "b"]),
            ),
            (json!({ "products": [] }), "products", json!([])),
        ] {
            let answer = stage.api.patch(&company, change).await;
            assert_eq!(answer.status, 200, "{}", answer.text());
            if !name.is_empty() {
                expected[name] = value;
            }
            assert_eq!(answer.json, expected);
            assert_eq!(stage.api.get(&company).await.json, expected);
        }
        let audit = stage.test.audit(&stage.client).await;
        let entries = audit.iter().filter(|one| one.action == "company.update");
        assert_eq!(entries.count(), 8);
        for (change, named) in [
            (json!({ "name": "" }), "name"),
            (json!({ "description": "d".repeat(4_001) }), "description"),
            (json!({ "tags": { "k": "v".repeat(101) } }), "tags.k"),
            (json!({ "products": [""] }), "products[0]"),
        ] {
            let answer = stage.api.patch(&company, change).await;
            assert_eq!(field(&answer), named, "{}", answer.text());
        }
        assert_eq!(stage.api.get(&company).await.json, expected);
        let path = format!("/api/companies/{NOBODY}");
        refused(&stage.api.patch(&path, json!({})).await, 404);
    }

    #[tokio::test]
    async fn two_at_one_moment_do_not_undo_each_other() {
        let stage = Stage::new().await;
        let company = stage.company().await;
        let mut callers = JoinSet::new();
        for (name, value) in [
            ("name", json!("Birch")),
            ("description", json!("Seit 1921")),
            ("tags", json!({ "a": "b" })),
            ("products", json!(["lending"])),
        ] {
            let (api, path) = (stage.api.clone(), company.clone());
            callers.spawn(async move { api.patch(&path, json!({ name: value })).await.status });
        }
        while let Some(status) = callers.join_next().await {
            assert_eq!(status.unwrap(), 200);
        }
        let got = stage.api.get(&company).await.json;
        assert_eq!(
            [
                &got["name"],
                &got["description"],
                &got["tags"],
                &got["products"]
            ],
            [
                &json!("Birch"),
                &json!("Seit 1921"),
                &json!({ "a": "b" }),
                &json!(["lending"])
            ]
        );
    }
}
