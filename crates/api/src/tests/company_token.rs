//! Companies' access tokens: what one reaches, and what is none.

use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use handclasp_domain::Id;
use serde_json::json;

use super::rights::{Ids, address, call, is_not_built};
use super::{NOBODY, Stage, error, refused};
use crate::table::{Who, routes};

fn last(path: &str) -> &str {
    path.rsplit('/').next().unwrap_or_default()
}

/// A company's token as text.
async fn token(stage: &Stage, company: &str) -> String {
    let answer = stage.api.get(&format!("{company}/accessToken")).await;
    assert_eq!(answer.status, 200, "{}", answer.text());
    answer.at("/accessToken").to_owned()
}

#[tokio::test]
async fn both_forms_give_one_that_works() {
    let stage = Stage::new().await;
    let company = stage.company().await;
    let answer = stage.api.get(&format!("{company}/accessToken")).await;
    assert_eq!(answer.header("cache-control"), "no-store");
    assert_eq!(answer.header("deprecation"), "");
    assert_eq!(answer.json["expiresIn"], 86_400);
    assert_eq!(answer.at("/tokenType"), "Bearer");
    let path = format!("{company}/connectionManagement/accessToken");
    let older = stage.api.get(&path).await;
    assert_eq!(older.json.as_object().unwrap().len(), 1);
    assert_eq!(older.header("deprecation"), "@1795305600");
    let link = r#"<../accessToken>; rel="successor-version""#;
    assert_eq!(older.header("link"), link);
    for token in [answer.at("/accessToken"), older.at("/accessToken")] {
        assert!(token.starts_with("hct_"));
        let own = stage.api.with_authorization(&format!("bEARER {token}"));
        assert_eq!(
            own.get(&company).await.json,
            stage.api.get(&company).await.json
        );
    }
}

#[tokio::test]
async fn it_does_what_the_table_says_and_nothing_else() {
    let stage = Stage::new().await;
    let company = stage.company().await;
    let own = stage.company_api(&company).await;
    let mut open = 0;
    for route in routes() {
        let ids = Ids {
            company: last(&company),
            ..Ids::all(NOBODY)
        };
        let answer = call(&own, &route, &address(&route, ids)).await;
        match route.who {
            Who::Company(_) => {
                assert!(![401, 403].contains(&answer.status), "{}", answer.text());
                open += 1;
            }
            Who::May(_) => {
                let text = refused(&answer, 403);
                assert!(text.contains("access token"), "{}: {text}", route.path);
            }
            Who::Anyone => {
                let status = if is_not_built(&route) { 501 } else { 200 };
                assert_eq!(answer.status, status, "{}", route.path);
            }
        }
    }
    assert_eq!(open, 7, "the closed set");
    assert_eq!(
        stage.api.get(&company).await.status,
        200,
        "it is still there"
    );
}

#[tokio::test]
async fn a_page_walks_its_company_s_connections() {
    let stage = Stage::new().await;
    let company = stage.company().await;
    let own = stage.company_api(&company).await;
    let connections = format!("{company}/connections");
    let new = json!({ "platformKey": "mqjo" });
    let made = own.post(&connections, new).await;
    assert_eq!(made.status, 200, "{}", made.text());
    let connection = format!("{connections}/{}", made.at("/id"));
    stage.link(&connection).await;
    assert_eq!(own.get(&connections).await.json["totalResults"], 1);
    let unlink = json!({ "status": "Unlinked" });
    let unlinked = own.patch(&connection, unlink).await;
    assert_eq!((unlinked.status, unlinked.at("/status")), (200, "Unlinked"));
    assert_eq!(own.delete(&connection).await.status, 200);
    assert_eq!(own.get("/api/integrations").await.status, 200);
    let audit = stage.test.audit(&stage.client).await;
    for action in [
        "connection.create",
        "connection.unlink",
        "connection.delete",
    ] {
        let entry = audit.iter().find(|entry| entry.action == action);
        assert_eq!(
            entry.map(|entry| entry.actor.as_str()),
            Some("person"),
            "{action}"
        );
    }
}

#[tokio::test]
async fn another_company_is_answered_like_one_that_is_not_there() {
    let stage = Stage::new().await;
    let (company, other) = (stage.company().await, stage.company().await);
    let stranger = stage.stranger().await;
    let made = stranger
        .post("/api/companies", json!({ "name": "x" }))
        .await;
    let connection = stage.connection(&other).await;
    let own = stage.company_api(&company).await;
    for route in routes() {
        if !matches!(route.who, Who::Company(_)) || !route.path.contains("{companyId}") {
            continue;
        }
        let at = |company| {
            let ids = Ids {
                company,
                connection: last(&connection),
                ..Ids::all(NOBODY)
            };
            address(&route, ids)
        };
        let unknown = call(&own, &route, &at(NOBODY)).await;
        refused(&unknown, 404);
        for company in [last(&other), made.at("/id")] {
            let answer = call(&own, &route, &at(company)).await;
            assert_eq!((answer.status, error(&answer)), (404, error(&unknown)));
        }
        refused(&call(&own, &route, &at("nonsense")).await, 404);
    }
    // Nor does a connection of another company answer under its own.
    let path = format!("{company}/connections/{}", last(&connection));
    for answer in [own.get(&path).await, own.delete(&path).await] {
        refused(&answer, 404);
    }
    assert_eq!(stage.api.get(&connection).await.status, 200);
}

#[tokio::test]
async fn what_is_forged_is_no_token() {
    let stage = Stage::new().await;
    let (company, other) = (stage.company().await, stage.company().await);
    let good = token(&stage, &company).await;
    let bytes = URL_SAFE_NO_PAD.decode(&good[4..]).unwrap();
    let written = |bytes: &[u8]| format!("hct_{}", URL_SAFE_NO_PAD.encode(bytes));
    let mut forged: Vec<String> = Vec::new();
    // One bit, anywhere.
    for at in 0..bytes.len() {
        let mut changed = bytes.clone();
        changed[at] ^= 1;
        forged.push(written(&changed));
    }
    // Another company, another client, another end, under the same MAC.
    let mut another = bytes.clone();
    let id: handclasp_domain::CompanyId = last(&other).parse().unwrap();
    another[16..32].copy_from_slice(id.uuid().as_bytes());
    forged.push(written(&another));
    // A MAC over the same facts by a key of another purpose.
    let secrets = stage.test.app.secrets();
    for key in [
        &secrets.forms,
        &secrets.consents,
        &secrets.sandbox_tokens,
        &secrets.sandbox_registration,
    ] {
        let mut by_another = bytes[..40].to_vec();
        by_another.extend_from_slice(&key.mac(&[&bytes[..40]]));
        forged.push(written(&by_another));
    }
    forged.push(written(&bytes[..71]));
    forged.push(written(&[&bytes[..], &[0]].concat()));
    forged.push(written(&[0; 72]));
    forged.push(good[..good.len() - 1].to_owned());
    forged.push(format!("{good}A"));
    forged.push(format!("{good}="));
    forged.push(good.replace("hct_", "hck_"));
    forged.push(good.replace("hct_", ""));
    forged.push("hct_".to_owned());
    let none = stage.api.without_key().get(&company).await;
    for text in forged {
        let api = stage.api.with_authorization(&format!("Bearer {text}"));
        for path in [company.as_str(), "/api/integrations", "/api/profile"] {
            let answer = api.get(path).await;
            refused(&answer, 401);
            assert_eq!(error(&answer), error(&none), "{text}");
        }
    }
    // Only as a bearer token, and only alone.
    for form in [
        format!("Basic {}", STANDARD.encode(&good)),
        format!("Basic {good}"),
        good.clone(),
    ] {
        let answer = stage.api.with_authorization(&form).get(&company).await;
        refused(&answer, 401);
    }
    let own = stage.company_api(&company).await;
    assert_eq!(own.get(&company).await.status, 200);
}

#[tokio::test]
async fn it_ends_after_a_day() {
    let stage = Stage::new().await;
    let company = stage.company().await;
    let own = stage.company_api(&company).await;
    stage.test.clock.advance(Duration::from_secs(86_399));
    assert_eq!(own.get(&company).await.status, 200);
    stage.test.clock.advance(Duration::from_secs(1));
    for path in [company.as_str(), "/api/integrations", "/api/profile"] {
        refused(&own.get(path).await, 401);
    }
    let fresh = stage.company_api(&company).await;
    assert_eq!(fresh.get(&company).await.status, 200);
}

#[tokio::test]
async fn it_ends_with_its_company() {
    let stage = Stage::new().await;
    let company = stage.company().await;
    let own = stage.company_api(&company).await;
    assert_eq!(stage.api.delete(&company).await.status, 204);
    for path in [company.as_str(), "/api/integrations", "/api/profile"] {
        refused(&own.get(path).await, 401);
    }
    let connections = format!("{company}/connections");
    let new = json!({ "platformKey": "mqjo" });
    refused(&own.post(&connections, new).await, 401);
}

#[tokio::test]
async fn nobody_makes_one_for_what_is_not_his() {
    let stage = Stage::new().await;
    let company = stage.company().await;
    let stranger = stage.stranger().await;
    let own = stage.company_api(&company).await;
    for form in ["accessToken", "connectionManagement/accessToken"] {
        let path = format!("{company}/{form}");
        let text = refused(&stranger.get(&path).await, 404);
        assert_eq!(text, "There is no such company.");
        // Else it would never end.
        refused(&own.get(&path).await, 403);
    }
}
