//! `PUT /rules/{ruleId}`

use axum::extract::State;
use handclasp_domain::RuleId;
use handclasp_web::error::{ApiJson, ApiPath};
use http::StatusCode;

use crate::auth::MayWrite;
use crate::doc::{Doc, Tag};
use crate::reply::{self, Answer, Object, Part};
use crate::state::Api;
use crate::wire::{Rule, SetRule};

/// Replaces a rule.
pub(crate) async fn replace_rule(
    MayWrite(caller): MayWrite,
    State(api): State<Api>,
    ApiPath(Part(id)): ApiPath<Part<RuleId>>,
    ApiJson(Object(new)): ApiJson<Object<SetRule>>,
) -> Answer {
    let new = new.parse(Some(id))?;
    let rule = api.replace_rule(&caller, id, new).await?;
    reply::json(StatusCode::OK, &Rule::from(&rule))
}

/// Its documentation.
pub(crate) fn doc() -> Doc {
    Doc::new("replace-rule", Tag::Rules, "Replace a rule")
        .body::<SetRule>(super::example())
        .answers::<Rule<'_>>(200, "The rule.")
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use crate::tests::{NOBODY, Stage, field, refused};

    #[tokio::test]
    async fn what_is_put_is_what_is_got() {
        let stage = Stage::new().await;
        let company = stage.company().await;
        let rule = stage.rule().await;
        let before = stage.api.get(&rule).await.json;
        assert_eq!(before.get("companyId"), None);

        let mut new = before.clone();
        new["companyId"] = json!(company.rsplit('/').next());
        new["notifiers"]["webhook"] = json!("https://example.org/other");
        let put = stage.api.put(&rule, new.clone()).await;
        assert_eq!((put.status, &put.json), (200, &new));
        assert_eq!(stage.api.get(&rule).await.json, new);
        assert_eq!(stage.api.put(&rule, before.clone()).await.json, before);
        let audit = stage.test.audit(&stage.client).await;
        let entries = audit.iter().filter(|entry| entry.action == "rule.update");
        assert_eq!(entries.count(), 2);
    }

    #[tokio::test]
    async fn what_can_be_no_rule_is_named_and_changes_nothing() {
        let stage = Stage::new().await;
        let rule = stage.rule().await;
        let before = stage.api.get(&rule).await.json;
        for (name, wrong, named) in [
            ("id", json!(NOBODY), "id"),
            ("id", json!("nonsense"), "id"),
            ("companyId", json!(NOBODY), "companyId"),
            ("type", json!("CompanyStatusChanged"), "type"),
            ("notifiers", json!({}), "notifiers.webhook"),
            ("notifiers", json!(null), "notifiers"),
        ] {
            let mut new = before.clone();
            new[name] = wrong;
            assert_eq!(field(&stage.api.put(&rule, new).await), named);
        }
        assert_eq!(stage.api.get(&rule).await.json, before);
        let nowhere = format!("/api/rules/{NOBODY}");
        let mut new = before.clone();
        new["id"] = json!(NOBODY);
        refused(&stage.api.put(&nowhere, new).await, 404);
    }
}
