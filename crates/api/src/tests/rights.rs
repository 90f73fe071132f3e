//! Every route of the table, without a key, with a wrong one, with one that lacks the scope, and with another client's ids.

use axum::body::Body;
use handclasp_domain::{Scope, Scopes};
use handclasp_testkit::{Answer, Http};
use http::Request;
use serde_json::{Value, json};

use super::{NOBODY, Stage, error, method, refused};
use crate::not_built::NOT_BUILT;
use crate::table::{Route, Verb, Who, routes};

/// A body that the route takes.
pub(super) fn body(route: &Route) -> Value {
    match (route.verb, route.path) {
        (Verb::Post, "/companies") | (Verb::Put, "/companies/{companyId}") => {
            json!({ "name": "Ash & Birch" })
        }
        (Verb::Post, "/companies/{companyId}/connections") => json!({ "platformKey": "mqjo" }),
        (Verb::Patch, "/companies/{companyId}/connections/{connectionId}") => {
            json!({ "status": "Unlinked" })
        }
        (Verb::Post, "/corsSettings" | "/connectionManagement/corsSettings") => {
            json!({ "allowedOrigins": [] })
        }
        (Verb::Post, "/rules") | (Verb::Put, "/rules/{ruleId}") => json!({
            "type": "DataConnectionStatusChanged",
            "notifiers": { "webhook": "https://example.com/" },
        }),
        (Verb::Put, "/integrations/{platformKey}/settings") => json!({ "enabled": true }),
        (Verb::Put, "/profile") => json!({ "name": "Lender Ltd", "redirectUrl": "" }),
        (Verb::Post, "/webhooks") => {
            json!({ "url": "https://example.com/", "eventTypes": ["company.created"] })
        }
        // Of a key that may do no more: none gives what it has not.
        (Verb::Post, "/apiKeys") => json!({ "scopes": ["write"] }),
        (Verb::Get | Verb::Delete, _) => Value::Null,
        (Verb::Post | Verb::Put | Verb::Patch | Verb::Any, _) => json!({}),
    }
}

/// The ids in addresses.
#[derive(Clone, Copy)]
pub(super) struct Ids<'a> {
    pub(super) company: &'a str,
    pub(super) connection: &'a str,
    pub(super) webhook: &'a str,
    pub(super) rule: &'a str,
    pub(super) key: &'a str,
}

impl<'a> Ids<'a> {
    /// This one in every place.
    pub(super) fn all(id: &'a str) -> Self {
        Self {
            company: id,
            connection: id,
            webhook: id,
            rule: id,
            key: id,
        }
    }
}

/// The route's address with these ids in it.
pub(super) fn address(route: &Route, ids: Ids<'_>) -> String {
    let path = route
        .path
        .replace("{companyId}", ids.company)
        .replace("{connectionId}", ids.connection)
        .replace("{webhookId}", ids.webhook)
        .replace("{ruleId}", ids.rule)
        .replace("{apiKeyId}", ids.key)
        .replace("{drawing}", "button.svg")
        .replace("{platformKey}", "mqjo");
    let rest = path.split('/').map(|part| {
        if part.starts_with('{') {
            "anything"
        } else {
            part
        }
    });
    format!("/api{}", rest.collect::<Vec<_>>().join("/"))
}

pub(super) async fn call(api: &Http, route: &Route, path: &str) -> Answer {
    api.send(method(route.verb), path, body(route)).await
}

/// Whether nothing but a refusal answers there.
pub(super) fn is_not_built(route: &Route) -> bool {
    NOT_BUILT
        .iter()
        .any(|one| (one.verb, one.path) == (route.verb, route.path))
}

pub(super) fn only(scope: Scope) -> Scopes {
    Scopes::from_bits(match scope {
        Scope::Read => 1,
        Scope::Write => 2,
        Scope::Credentials => 4,
    })
}

fn all_but(scope: Scope) -> Scopes {
    Scopes::from_bits(7 - only(scope).bits())
}

#[tokio::test]
async fn without_a_key_and_with_a_wrong_one_nothing_is_to_be_had() {
    let stage = Stage::new().await;
    let wrong = stage.client.key.expose().replace("hck_", "hck_A");
    for route in routes() {
        let path = address(&route, Ids::all(NOBODY));
        let without = call(&stage.api.without_key(), &route, &path).await;
        let with_wrong = call(&stage.api.with_key(&wrong), &route, &path).await;
        match route.who {
            Who::Anyone => {
                let status = if is_not_built(&route) { 501 } else { 200 };
                assert_eq!(
                    (without.status, with_wrong.status),
                    (status, status),
                    "{path}"
                );
            }
            Who::May(_) | Who::Company(_) => {
                refused(&without, 401);
                assert_eq!(error(&without), error(&with_wrong), "{path}");
            }
        }
    }
}

#[tokio::test]
async fn a_key_is_asked_for_before_anything_else_is_looked_at() {
    let stage = Stage::new().await;
    for route in routes().iter().filter(|route| route.who != Who::Anyone) {
        for (id, kind, content) in [
            ("no-id", "application/json", "{"),
            (NOBODY, "text/plain", "x"),
        ] {
            let path = format!("{}?page=x", address(route, Ids::all(id)));
            let request = Request::builder().method(method(route.verb)).uri(&path);
            let request = request
                .header("content-type", kind)
                .body(Body::from(content));
            refused(
                &stage.api.without_key().request(request.unwrap()).await,
                401,
            );
        }
    }
}

#[tokio::test]
async fn the_scope_of_the_table_is_what_a_key_needs_and_all_that_it_needs() {
    let stage = Stage::new().await;
    for scope in Scope::ALL {
        let lacking = stage.client.key_with(all_but(scope)).await;
        let having = stage.client.key_with(only(scope)).await;
        let (lacking, having) = (
            stage.api.with_key(lacking.expose()),
            stage.api.with_key(having.expose()),
        );
        let all = routes();
        let of_scope: Vec<&Route> = all
            .iter()
            .filter(|r| r.who.scope() == Some(scope))
            .collect();
        assert!(!of_scope.is_empty(), "{scope:?}");
        for route in of_scope {
            let path = address(route, Ids::all(NOBODY));
            let text = refused(&call(&lacking, route, &path).await, 403);
            assert!(text.contains(scope.as_str()), "{text}");
            let status = call(&having, route, &path).await.status;
            assert!(![401, 403].contains(&status), "{path}: {status}");
        }
    }
}

#[tokio::test]
async fn what_a_key_lacks_is_said() {
    let stage = Stage::new().await;
    let key = stage.client.key_with(only(Scope::Read)).await;
    let new = json!({ "name": "Ash & Birch" });
    let answer = stage
        .api
        .with_key(key.expose())
        .post("/api/companies", new)
        .await;
    assert_eq!(answer.status, 403);
    insta::assert_snapshot!(error(&answer), @r#"
    {
      "statusCode": 403,
      "service": "PublicApi",
      "error": "This API key does not have the scope `write`, which this operation needs.",
      "correlationId": "…",
      "validation": null,
      "canBeRetried": "False",
      "detailedErrorCode": 0
    }
    "#);
}

#[tokio::test]
async fn another_clients_ids_are_answered_like_unknown_ones() {
    let stage = Stage::new().await;
    let company = stage.company().await;
    let connection = stage.connection(&company).await;
    let webhook = stage.webhook().await;
    let rule = stage.rule().await;
    let last = |path: &str| path.rsplit('/').next().unwrap_or_default().to_owned();
    let (company_id, connection_id) = (last(&company), last(&connection));
    stage.link(&connection).await;
    stage.client.key_with(only(Scope::Read)).await;
    let keys = stage.api.get("/api/apiKeys").await;
    let ids = Ids {
        company: &company_id,
        connection: &connection_id,
        webhook: &last(&webhook),
        rule: &last(&rule),
        key: keys.at("/results/1/id"),
    };
    let stranger = stage.stranger().await;
    let look = async || {
        [
            stage.api.get(&company).await.json,
            stage.api.get("/api/webhooks").await.json,
            stage.api.get("/api/rules").await.json,
            stage.api.get("/api/apiKeys").await.json,
        ]
    };
    let before = look().await;

    let mut driven = 0;
    for route in routes() {
        let theirs = address(&route, ids);
        let unknown = address(&route, Ids::all(NOBODY));
        if theirs == unknown || is_not_built(&route) {
            continue;
        }
        let (theirs, unknown) = (
            call(&stranger, &route, &theirs).await,
            call(&stranger, &route, &unknown).await,
        );
        refused(&theirs, 404);
        assert_eq!(error(&theirs), error(&unknown), "{}", route.path);
        driven += 1;
    }
    assert_eq!(driven, 22, "every route with an id, and no other");

    // Within the client too, a connection answers under its own company alone.
    let other = last(&stage.company().await);
    for path in [
        format!("/api/companies/{other}/connections/{connection_id}"),
        format!("/api/companies/{NOBODY}/connections/{connection_id}"),
        format!("/api/companies/{company_id}/connections/{NOBODY}"),
    ] {
        refused(&stage.api.get(&path).await, 404);
        refused(&stage.api.delete(&path).await, 404);
        let unlink = json!({ "status": "Unlinked" });
        refused(&stage.api.patch(&path, unlink).await, 404);
    }
    assert_eq!(before, look().await, "nothing was changed");
}
