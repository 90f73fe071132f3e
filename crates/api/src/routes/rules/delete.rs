//! `DELETE /rules/{ruleId}`

use axum::extract::State;
use handclasp_domain::RuleId;
use handclasp_web::error::ApiPath;
use http::StatusCode;

use crate::auth::MayWrite;
use crate::doc::{Doc, Tag};
use crate::reply::{self, Answer, Part};
use crate::state::Api;

/// Deletes a rule. The older contract answers 200 here, without a body.
pub(crate) async fn delete_rule(
    MayWrite(caller): MayWrite,
    State(api): State<Api>,
    ApiPath(Part(id)): ApiPath<Part<RuleId>>,
) -> Answer {
    api.delete_rule(&caller, id).await?;
    reply::empty(StatusCode::OK)
}

/// Its documentation.
pub(crate) fn doc() -> Doc {
    Doc::new("delete-rule", Tag::Rules, "Delete a rule").answers_nothing(200, "It is deleted.")
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use crate::tests::{Stage, refused};

    #[tokio::test]
    async fn a_rule_goes_once() {
        let stage = Stage::new().await;
        let (one, other) = (stage.rule().await, stage.rule().await);
        let answer = stage.api.delete(&one).await;
        assert_eq!((answer.status, answer.body.len()), (200, 0));
        refused(&stage.api.delete(&one).await, 404);
        refused(&stage.api.get(&one).await, 404);
        let left = stage.api.get("/api/rules").await.json;
        assert_eq!(left["totalResults"], 1);
        assert_eq!(left["results"][0]["id"], json!(other.rsplit('/').next()));
        let audit = stage.test.audit(&stage.client).await;
        let entries = audit.iter().filter(|entry| entry.action == "rule.delete");
        assert_eq!(entries.count(), 1);
    }

    #[tokio::test]
    async fn a_companys_rules_go_with_it_and_the_others_stay() {
        let stage = Stage::new().await;
        let (gone, stays) = (stage.company().await, stage.company().await);
        for company in [Some(&gone), Some(&stays), None] {
            let id = company.map(|path| path.rsplit('/').next());
            let rule = json!({
                "companyId": id,
                "type": "DataConnectionStatusChanged",
                "notifiers": { "webhook": "https://example.com/" },
            });
            assert_eq!(stage.api.post("/api/rules", rule).await.status, 200);
        }
        assert_eq!(stage.api.delete(&gone).await.status, 204);
        let left = stage.api.get("/api/rules").await;
        assert_eq!(left.json["totalResults"], 2);
        assert!(!left.text().contains(gone.rsplit('/').next().unwrap()));
    }
}
