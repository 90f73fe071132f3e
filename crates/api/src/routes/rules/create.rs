//! `POST /rules`

use axum::extract::State;
use handclasp_web::error::ApiJson;
use http::StatusCode;

use crate::auth::MayWrite;
use crate::doc::{Doc, Tag};
use crate::once::Reply;
use crate::reply::{self, Answer, Object};
use crate::state::Api;
use crate::wire::{Rule, SetRule};

/// Creates a rule.
pub(crate) async fn create_rule(
    MayWrite(caller): MayWrite,
    State(api): State<Api>,
    ApiJson(Object(new)): ApiJson<Object<SetRule>>,
) -> Answer {
    let new = new.parse(None)?;
    let reply = Reply::new(&caller, &api, |_, rule: &handclasp_domain::Rule| {
        reply::json(StatusCode::OK, &Rule::from(rule))
    });
    reply.to(&api.create_rule(&caller, new).await?)
}

/// Its documentation.
pub(crate) fn doc() -> Doc {
    Doc::new("create-rule", Tag::Rules, "Create a rule")
        .text("There are 50 at most. A rule is kept and told; nothing is sent for it yet.")
        .body::<SetRule>(super::example())
        .answers::<Rule<'_>>(200, "The rule.")
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use crate::tests::{NOBODY, Stage, field, refused};

    const PATH: &str = "/api/rules";

    fn good() -> Value {
        json!({
            "type": "DataConnectionStatusChanged",
            "notifiers": { "emails": [], "webhook": "https://example.com/rules" },
        })
    }

    #[tokio::test]
    async fn the_whole_answer() {
        let stage = Stage::new().await;
        let company = stage.company().await;
        let mut new = good();
        new["companyId"] = json!(company.rsplit('/').next());
        let answer = stage.api.post(PATH, new).await;
        assert_eq!(answer.status, 200);
        insta::assert_snapshot!(stage.shown(&answer.json), @r#"
        {
          "id": "[id 1]",
          "type": "DataConnectionStatusChanged",
          "companyId": "[id 2]",
          "notifiers": {
            "emails": [],
            "webhook": "https://example.com/rules"
          }
        }
        "#);
        let path = format!("{PATH}/{}", answer.at("/id"));
        assert_eq!(stage.api.get(&path).await.json, answer.json);
        let audit = stage.test.audit(&stage.client).await;
        assert!(audit.iter().any(|entry| entry.action == "rule.create"));
    }

    #[tokio::test]
    async fn without_a_company_it_is_for_all() {
        let stage = Stage::new().await;
        for all in [json!(null), json!("")] {
            let mut new = good();
            new["companyId"] = all;
            let answer = stage.api.post(PATH, new).await;
            assert_eq!(answer.status, 200, "{}", answer.text());
            assert_eq!(answer.json.get("companyId"), None);
        }
    }

    #[tokio::test]
    async fn what_can_be_no_rule_is_named() {
        let stage = Stage::new().await;
        let stranger = stage.stranger().await;
        let theirs = stranger
            .post("/api/companies", json!({ "name": "x" }))
            .await;
        let mut told = Vec::new();
        for (pointer, wrong, named) in [
            ("/type", json!("Data sync completed"), "type"),
            ("/type", json!("dataconnectionstatuschanged"), "type"),
            ("/type", json!(""), "type"),
            ("/companyId", json!(theirs.at("/id")), "companyId"),
            ("/companyId", json!(NOBODY), "companyId"),
            ("/companyId", json!("nonsense"), "companyId"),
            ("/companyId", json!(3), "companyId"),
            ("/notifiers", json!(null), "notifiers"),
            ("/notifiers", json!([]), "notifiers"),
            ("/notifiers", json!([["a@b.de"], null]), "notifiers"),
            ("/notifiers", json!({}), "notifiers.webhook"),
            ("/notifiers/webhook", json!(""), "notifiers.webhook"),
            ("/notifiers/webhook", json!(7), "notifiers.webhook"),
            ("/notifiers/webhook", json!("nonsense"), "notifiers.webhook"),
            (
                "/notifiers/webhook",
                json!("http://169.254.169.254/"),
                "notifiers.webhook",
            ),
            (
                "/notifiers/webhook",
                json!("https://user:password@example.com/"),
                "notifiers.webhook",
            ),
            (
                "/notifiers/webhook",
                json!("https://example.com/#"),
                "notifiers.webhook",
            ),
            ("/notifiers/emails", json!("a@b.de"), "notifiers.emails"),
            ("/notifiers/emails", json!([3]), "notifiers.emails[0]"),
            (
                "/notifiers/emails",
                json!(["a@b.de", "nonsense"]),
                "notifiers.emails[1]",
            ),
        ] {
            let mut new = good();
            new["companyId"] = json!("");
            *new.pointer_mut(pointer).unwrap() = wrong;
            let answer = stage.api.post(PATH, new).await;
            assert_eq!(field(&answer), named, "{}", answer.text());
            told.push((pointer, answer.at("/error").to_owned()));
        }
        let of_company = told.iter().filter(|(pointer, _)| *pointer == "/companyId");
        let texts: Vec<_> = of_company.map(|(_, text)| text).collect();
        assert_eq!(texts[0], texts[1], "another client's company is none");
        assert_eq!(stage.api.get(PATH).await.json["totalResults"], 0);
    }

    #[tokio::test]
    async fn e_mail_cannot_be_sent_and_that_is_said() {
        let stage = Stage::new().await;
        let mut new = good();
        new["notifiers"]["emails"] = json!(["someone@example.com"]);
        let answer = stage.api.post(PATH, new).await;
        assert_eq!(field(&answer), "notifiers.emails");
        assert!(answer.at("/error").contains("SMTP"), "{}", answer.text());
    }

    #[tokio::test]
    async fn there_are_fifty_at_most() {
        let stage = Stage::new().await;
        for _ in 0..50 {
            stage.rule().await;
        }
        let text = refused(&stage.api.post(PATH, good()).await, 409);
        assert!(text.contains("50"), "{text}");
        let stranger = stage.stranger().await;
        assert_eq!(stranger.post(PATH, good()).await.status, 200);
    }

    #[tokio::test]
    async fn another_clients_rules_are_answered_like_unknown_ones() {
        let stage = Stage::new().await;
        let rule = stage.rule().await;
        let before = stage.api.get(&rule).await.json;
        let stranger = stage.stranger().await;
        for path in [rule.clone(), format!("{PATH}/{NOBODY}")] {
            for answer in [
                stranger.get(&path).await,
                stranger.put(&path, good()).await,
                stranger.delete(&path).await,
            ] {
                assert_eq!(refused(&answer, 404), "There is no such rule.");
                assert_eq!(answer.header("deprecation"), "@1795305600");
            }
        }
        assert_eq!(stage.api.get(&rule).await.json, before);
    }
}
