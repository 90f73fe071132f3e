//! `PUT` and `DELETE /companies/{companyId}/products/{productIdentifier}`

use axum::extract::State;
use handclasp_domain::{CompanyId, FieldError, NotAProduct, ProductIdentifier};
use handclasp_web::error::ApiPath;
use http::StatusCode;

use crate::auth::MayWrite;
use crate::doc::{Doc, Tag};
use crate::failure::Failure;
use crate::reply::{self, Answer, Part};
use crate::state::Api;

/// The address of a company's product. Any text is taken, so that a wrong one is told what is wrong with it.
type ProductPath = ApiPath<(Part<CompanyId>, String)>;

/// Enables a product for a company.
pub(crate) async fn add_product(
    MayWrite(caller): MayWrite,
    State(api): State<Api>,
    ApiPath((Part(company), product)): ProductPath,
) -> Answer {
    api.add_product(&caller, company, parse(&product)?).await?;
    reply::empty(StatusCode::NO_CONTENT)
}

/// Disables a product for a company.
pub(crate) async fn remove_product(
    MayWrite(caller): MayWrite,
    State(api): State<Api>,
    ApiPath((Part(company), product)): ProductPath,
) -> Answer {
    api.remove_product(&caller, company, parse(&product)?)
        .await?;
    reply::empty(StatusCode::NO_CONTENT)
}

fn parse(product: &str) -> Result<ProductIdentifier, Failure> {
    let parsed = product.parse();
    Ok(parsed
        .map_err(|error: NotAProduct| FieldError::new("productIdentifier", error.to_string()))?)
}

/// Its documentation.
pub(crate) fn add_doc() -> Doc {
    Doc::new(
        "add-product",
        Tag::Companies,
        "Enable a product for a company",
    )
    .text("One that it has already stays as it is. A company has 50 at most.")
    .sdk("companies.addProduct")
    .answers_nothing(204, "The company has it.")
    .error(400)
}

/// Its documentation.
pub(crate) fn remove_doc() -> Doc {
    Doc::new(
        "remove-product",
        Tag::Companies,
        "Disable a product for a company",
    )
    .text("One that it has not is no error.")
    .sdk("companies.removeProduct")
    .answers_nothing(204, "The company has it not.")
    .error(400)
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};
    use tokio::task::JoinSet;

    use crate::tests::{NOBODY, Stage, field, refused};

    async fn products(stage: &Stage, company: &str) -> Value {
        let got = stage.api.get(company).await.json;
        let list = stage.api.get("/api/companies").await.json;
        assert_eq!(list["results"][0], got);
        got["products"].clone()
    }

    async fn count(stage: &Stage, word: &str) -> usize {
        let events = stage.test.events(&stage.client).await;
        events.iter().filter(|event| *event == word).count()
    }

    #[tokio::test]
    async fn a_product_is_added_and_removed_once() {
        let stage = Stage::new().await;
        let company = stage.company().await;
        let lending = format!("{company}/products/lending");
        for _ in 0..2 {
            let answer = stage.api.put(&lending, Value::Null).await;
            assert_eq!((answer.status, answer.body.len()), (204, 0));
        }
        let feeds = format!("{company}/products/bank-feeds");
        assert_eq!(stage.api.put(&feeds, Value::Null).await.status, 204);
        assert_eq!(
            products(&stage, &company).await,
            json!(["lending", "bank-feeds"])
        );
        for _ in 0..2 {
            let answer = stage.api.delete(&lending).await;
            assert_eq!((answer.status, answer.body.len()), (204, 0));
        }
        assert_eq!(products(&stage, &company).await, json!(["bank-feeds"]));
        assert_eq!(count(&stage, "company.product.added").await, 2);
        assert_eq!(count(&stage, "company.product.removed").await, 1);
        let audit = stage.test.audit(&stage.client).await;
        let of = |action: &str| audit.iter().filter(|one| one.action == action).count();
        assert_eq!(of("company.product.add"), 2);
        assert_eq!(of("company.product.remove"), 1);
    }

    #[tokio::test]
    async fn a_body_tells_of_each_that_it_changes() {
        let stage = Stage::new().await;
        let new = json!({ "name": "x", "products": ["a", "b", "a"] });
        let made = stage.api.post("/api/companies", new).await;
        assert_eq!(made.json["products"], json!(["a", "b"]));
        assert_eq!(count(&stage, "company.product.added").await, 2);
        let company = format!("/api/companies/{}", made.at("/id"));
        let change = json!({ "products": ["c", "b"] });
        assert_eq!(stage.api.patch(&company, change).await.status, 200);
        assert_eq!(products(&stage, &company).await, json!(["c", "b"]));
        assert_eq!(count(&stage, "company.product.added").await, 3);
        assert_eq!(count(&stage, "company.product.removed").await, 1);
    }

    #[tokio::test]
    async fn what_is_no_product_and_what_is_too_many_is_named() {
        let stage = Stage::new().await;
        let company = stage.company().await;
        for bad in ["a%20b", "%00", "-a", "..%2fa", "%C3%A9", &"x".repeat(65)] {
            let path = format!("{company}/products/{bad}");
            for answer in [
                stage.api.put(&path, Value::Null).await,
                stage.api.delete(&path).await,
            ] {
                assert_eq!(field(&answer), "productIdentifier", "{bad}");
            }
        }
        let many: Vec<String> = (0..51).map(|n| format!("p{n}")).collect();
        let answer = stage.api.patch(&company, json!({ "products": many })).await;
        assert_eq!(field(&answer), "products");
        let full = json!({ "products": many[..50] });
        assert_eq!(stage.api.patch(&company, full).await.status, 200);
        let more = format!("{company}/products/p50");
        assert_eq!(
            field(&stage.api.put(&more, Value::Null).await),
            "productIdentifier"
        );
        let there = format!("{company}/products/p49");
        assert_eq!(stage.api.put(&there, Value::Null).await.status, 204);
        let nobody = format!("/api/companies/{NOBODY}/products/lending");
        refused(&stage.api.put(&nobody, Value::Null).await, 404);
        refused(&stage.api.delete(&nobody).await, 404);
    }

    #[tokio::test]
    async fn of_many_at_one_moment_none_is_lost_and_none_told_twice() {
        let stage = Stage::new().await;
        let company = stage.company().await;
        let mut callers = JoinSet::new();
        for n in 0..12 {
            let api = stage.api.clone();
            let path = format!("{company}/products/p{}", n % 4);
            callers.spawn(async move { api.put(&path, Value::Null).await.status });
        }
        while let Some(status) = callers.join_next().await {
            assert_eq!(status.unwrap(), 204);
        }
        let held = products(&stage, &company).await;
        assert_eq!(held.as_array().unwrap().len(), 4);
        assert_eq!(count(&stage, "company.product.added").await, 4);
    }
}
