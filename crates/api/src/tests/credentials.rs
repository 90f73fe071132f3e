//! What connections hold, used over the API.

use std::time::Duration;

use handclasp_domain::Scopes;
use handclasp_testkit::{Asked, Holding, START, ScriptedThirdParty, Setup, TestApp, Told};
use serde_json::{Value, json};

use super::{NOBODY, Stage, refused};

/// A stage whose Sandbox is this third party.
pub(crate) async fn stage_of(third_party: &ScriptedThirdParty) -> Stage {
    let setup = Setup {
        sandbox_url: third_party.url().clone(),
        ..Setup::default()
    };
    Stage::over(TestApp::with(setup).await).await
}

/// A third party whose token endpoint answers with what `tokens` makes.
pub(super) async fn giving(
    tokens: impl Fn(&Asked) -> Told + Send + Sync + 'static,
) -> ScriptedThirdParty {
    ScriptedThirdParty::start(move |asked| match asked.target.as_str() {
        "/sandbox/token" => tokens(asked),
        _ => Told::json(404, &json!({})),
    })
    .await
}

/// Tokens number `n`, for an hour.
pub(super) fn tokens(n: u32) -> Value {
    json!({
        "access_token": format!("access-{n}"), "refresh_token": format!("refresh-{n}"),
        "token_type": "Bearer", "expires_in": 3600, "scope": "accounting offline_access",
    })
}

#[tokio::test]
async fn they_are_given_with_all_that_calls_need() {
    let third_party = giving(|_| Told::json(500, &json!({}))).await;
    let stage = stage_of(&third_party).await;
    let connection = stage.holding(Holding::default()).await;
    let answer = stage.api.get(&format!("{connection}/credentials")).await;
    assert_eq!(answer.status, 200, "{}", answer.text());
    assert_eq!(answer.header("cache-control"), "no-store");
    let base = format!("{}sandbox/api", third_party.url());
    assert_eq!(
        answer.json,
        json!({
            "accessToken": "access-1",
            "tokenType": "Bearer",
            "expiresAt": START.plus(Duration::from_secs(3600)).to_string(),
            "scopes": ["accounting", "offline_access"],
            "baseUrl": base,
            "tenant": { "id": "id of Birch Books Ltd", "name": "Birch Books Ltd" },
            "values": { "account.id": "7f", "callback.realmId": "42" },
        })
    );
    assert!(third_party.asked().is_empty(), "it was good as it was");
    let audit = stage.test.audit(&stage.client).await;
    let used: Vec<_> = audit
        .iter()
        .filter(|entry| entry.action == "connection.credentials")
        .collect();
    assert_eq!(used.len(), 1);
    assert_eq!(used[0].actor, "apiKey");
    let correlation = used[0].correlation.map(|id| id.to_string());
    assert_eq!(
        correlation.as_deref(),
        Some(answer.header("x-correlation-id"))
    );
}

#[tokio::test]
async fn a_use_is_seen_as_last_sync_once_a_minute_and_each_is_audited() {
    let third_party = giving(|_| Told::json(500, &json!({}))).await;
    let stage = stage_of(&third_party).await;
    let connection = stage.holding(Holding::default()).await;
    let company = connection.split("/connections").next().unwrap();
    let mut seen = Vec::new();
    for seconds in [0, 30, 31] {
        stage.test.clock.advance(Duration::from_secs(seconds));
        let answer = stage.api.get(&format!("{connection}/credentials")).await;
        assert_eq!(answer.status, 200);
        let held = stage.api.get(&connection).await;
        let owner = stage.api.get(company).await;
        assert_eq!(held.at("/lastSync"), owner.at("/lastSync"));
        let listed = stage.api.get("/api/companies?orderBy=-lastSync").await;
        assert_eq!(listed.at("/results/0/lastSync"), held.at("/lastSync"));
        seen.push(held.at("/lastSync").to_owned());
    }
    let after = |seconds| START.plus(Duration::from_secs(seconds)).to_string();
    assert_eq!(seen, [after(0), after(0), after(61)]);
    let audit = stage.test.audit(&stage.client).await;
    let used = audit
        .iter()
        .filter(|entry| entry.action == "connection.credentials");
    assert_eq!(used.count(), 3);
}

#[tokio::test]
async fn only_a_linked_connection_of_ones_own_has_them() {
    let stage = Stage::new().await;
    let connection = stage.connection(&stage.company().await).await;
    let without = stage.connection(&stage.company().await).await;
    stage.link(&without).await;
    let text = refused(&stage.api.get(&format!("{without}/credentials")).await, 409);
    assert!(text.contains("no credentials"), "{text}");
    for path in ["credentials", "proxy/organisation"] {
        let path = format!("{connection}/{path}");
        let text = refused(&stage.api.get(&path).await, 409);
        assert!(text.contains("PendingAuth"), "{text}");
    }
    let held = stage.holding(Holding::default()).await;
    let unlink = json!({ "status": "Unlinked" });
    assert_eq!(stage.api.patch(&held, unlink).await.status, 200);
    for path in ["credentials", "proxy/organisation"] {
        let path = format!("{held}/{path}");
        let text = refused(&stage.api.get(&path).await, 409);
        assert!(text.contains("Unlinked"), "{text}");
    }
    let linked = stage.holding(Holding::default()).await;
    let stranger = stage.stranger().await;
    let company = linked.split("/connections").next().unwrap();
    for path in [
        "credentials",
        "proxy/organisation",
        "proxy/..",
        "proxy/a//b",
    ] {
        for (api, of) in [
            (&stranger, linked.clone()),
            (&stage.api, format!("{company}/connections/{NOBODY}")),
            (
                &stage.api,
                linked.replace(company, &format!("/api/companies/{NOBODY}")),
            ),
            (&stage.api, format!("{company}/connections/x")),
        ] {
            refused(&api.get(&format!("{of}/{path}")).await, 404);
        }
    }
}

#[tokio::test]
async fn they_need_their_scope_whatever_the_method() {
    let stage = Stage::new().await;
    let ordinary = stage.client.key_with(Scopes::ORDINARY).await;
    let ordinary = stage.api.with_key(ordinary.expose());
    let company = stage.company().await;
    let own = stage.company_api(&company).await;
    let connection = format!("/api/companies/{NOBODY}/connections/{NOBODY}");
    for method in ["GET", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "REPORT"] {
        for path in ["proxy/a", "proxy/a/b/c?d=e"] {
            let method = http::Method::from_bytes(method.as_bytes()).unwrap();
            let uri = format!("{connection}/{path}");
            let request = || {
                let request = http::Request::builder().method(&method).uri(&uri);
                request.body(axum::body::Body::empty()).unwrap()
            };
            assert!(refused(&ordinary.request(request()).await, 403).contains("`credentials`"));
            assert_eq!(own.request(request()).await.status, 403);
            refused(&stage.api.request(request()).await, 404);
        }
    }
    let credentials = format!("{connection}/credentials");
    refused(&ordinary.get(&credentials).await, 403);
    refused(&stage.api.get(&credentials).await, 404);
}
