//! What an authorization leaves a connection holding, and what becomes of what it held before.

use std::sync::atomic::{AtomicU32, Ordering};

use handclasp_app::{
    Browser, CallbackAnswer, Caller, Origin, Parameters, Prepared, StartAuthorization,
};
use handclasp_domain::{Actor, AttemptState};
use handclasp_integrations::CallbackQuery;
use handclasp_testkit::{Holding, ScriptedThirdParty, Setup, Told};
use serde_json::{Value, json};
use tokio_util::sync::CancellationToken;

use super::Stage;

/// An integration that keeps a value of the callback.
const KEEPING: &str = r#"
key = "keep"
name = "Keeping"
source_type = "Commerce"
integration_id = "00000000-0000-4000-8000-0000000000b1"
source_id = "00000000-0000-4000-8000-0000000000b2"
sandbox = true
order = 901
docs = "https://keeping.example/docs"
data_types = ["invoices"]

[auth.oauth2_code]
authorization_endpoint = "{sandbox}/authorize"
pkce = "S256"
callback_values = { realmId = { pattern = "[0-9]+" }, region = { pattern = "[a-z]+" } }

[auth.oauth2_code.token]
endpoint = "{sandbox}/token"
client_authentication = "post"
scopes = ["all"]
required_scopes = ["all"]
refresh_tokens = "rotate"
revocation.rfc7009.endpoint = "{sandbox}/revoke"
"#;

/// The same where one revocation ends everything.
const ENDING: &str = r#"
key = "ends"
name = "Ending"
source_type = "Commerce"
integration_id = "00000000-0000-4000-8000-0000000000c1"
source_id = "00000000-0000-4000-8000-0000000000c2"
sandbox = true
order = 902
docs = "https://ending.example/docs"
data_types = ["invoices"]

[auth.oauth2_code]
authorization_endpoint = "{sandbox}/authorize"
pkce = "S256"

[auth.oauth2_code.token]
endpoint = "{sandbox}/token"
client_authentication = "post"
scopes = ["all"]
required_scopes = ["all"]
refresh_tokens = "rotate"
revocation.rfc7009.endpoint = "{sandbox}/revoke"
revocation_ends_grant = true
"#;

/// The use cases with these integrations at a third party that gives other tokens each time; where `same`, the same refresh token.
async fn stage(same: bool) -> (Stage, ScriptedThirdParty) {
    let times = AtomicU32::new(1);
    let third_party = ScriptedThirdParty::start(move |asked| match asked.target.as_str() {
        "/token" => {
            let n = times.fetch_add(1, Ordering::SeqCst);
            let refresh = if same { 1 } else { n };
            Told::json(200, &json!({ "access_token": format!("access-{n}"), "refresh_token": format!("refresh-{refresh}"), "expires_in": 3600 }))
        }
        _ => Told::json(200, &Value::Null),
    })
    .await;
    (declared_at(&third_party).await, third_party)
}

async fn declared_at(third_party: &ScriptedThirdParty) -> Stage {
    let setup = Setup {
        sandbox_url: third_party.url().clone(),
        declarations: vec![
            ("keeping", KEEPING.to_owned()),
            ("ending", ENDING.to_owned()),
        ],
        ..Setup::default()
    };
    Stage::with(setup).await
}

/// Walks an authorization, with these values in its callback, to its good end.
async fn authorize(stage: &Stage, connection: &str, values: &[(&str, &str)]) {
    let state = ends(stage, connection, values).await;
    assert_eq!(state, AttemptState::Completed);
}

/// Walks an authorization, with these values in its callback.
async fn ends(stage: &Stage, connection: &str, values: &[(&str, &str)]) -> AttemptState {
    let ids: Vec<&str> = connection.split('/').collect();
    let (company, id) = (ids[3].parse().unwrap(), ids[5].parse().unwrap());
    let app = &stage.test.app;
    let caller = Caller {
        client: stage.client.id(),
        actor: Actor::Person,
        name: None,
        address: None,
        correlation: None,
        once: None,
    };
    let browser = Browser::of_cookie("cookie");
    let start = StartAuthorization {
        company,
        connection: id,
        origin: Origin::Direct(Parameters::default()),
    };
    let attempt = app
        .start_authorization(&caller, browser, start)
        .await
        .unwrap();
    let Some(Prepared::Go(url)) = app.go_on(&caller, &attempt).await.unwrap() else {
        panic!("nothing is asked for");
    };
    let state = url
        .query_pairs()
        .find(|(name, _)| name == "state")
        .unwrap()
        .1;
    let mut query = vec![("state", &*state), ("code", "c0de")];
    query.extend_from_slice(values);
    let query = CallbackQuery::parse(query).unwrap();
    let key = attempt.platform_key;
    let answer = app
        .take_callback(&caller, key, query, Some(browser))
        .await
        .unwrap();
    let CallbackAnswer::Over(over) = answer else {
        panic!("{answer:?}")
    };
    over.state
}

async fn connection(stage: &Stage, key: &str) -> String {
    let path = format!("{}/connections", stage.company().await);
    let made = stage.api.post(&path, json!({ "platformKey": key })).await;
    format!("{path}/{}", made.at("/id"))
}

async fn credentials(stage: &Stage, connection: &str) -> Value {
    stage
        .api
        .get(&format!("{connection}/credentials"))
        .await
        .json
}

/// What the third party was asked to revoke.
async fn revoked(stage: &Stage, third_party: &ScriptedThirdParty) -> Vec<String> {
    let stop = CancellationToken::new();
    stage.test.app.revoke_due(&stop).await.unwrap();
    let asked = third_party.asked();
    let revoked = asked.iter().filter(|asked| asked.target == "/revoke");
    revoked.map(|asked| asked.field("token")).collect()
}

#[tokio::test]
async fn declared_values_of_the_callback_are_kept_and_no_others() {
    let (stage, _third_party) = stage(false).await;
    let connection = connection(&stage, "keep").await;
    authorize(
        &stage,
        &connection,
        &[("realmId", "4620816365"), ("other", "x")],
    )
    .await;
    let held = credentials(&stage, &connection).await;
    assert_eq!(held["values"], json!({ "callback.realmId": "4620816365" }));
    assert_eq!(held["accessToken"], "access-1");
    assert_eq!(
        (&held["baseUrl"], &held["tenant"]),
        (&Value::Null, &Value::Null)
    );
    authorize(&stage, &connection, &[("realmId", "7"), ("region", "eu")]).await;
    let held = credentials(&stage, &connection).await;
    assert_eq!(
        held["values"],
        json!({ "callback.realmId": "7", "callback.region": "eu" })
    );
}

#[tokio::test]
async fn tokens_that_are_replaced_are_revoked() {
    let (stage, third_party) = stage(false).await;
    let connection = connection(&stage, "keep").await;
    authorize(&stage, &connection, &[]).await;
    assert!(revoked(&stage, &third_party).await.is_empty());
    authorize(&stage, &connection, &[]).await;
    assert_eq!(revoked(&stage, &third_party).await, ["refresh-1"]);
    assert_eq!(
        credentials(&stage, &connection).await["accessToken"],
        "access-2"
    );
    assert_eq!(stage.api.get(&connection).await.at("/status"), "Linked");
}

#[tokio::test]
async fn but_not_where_that_would_revoke_the_new_ones() {
    let (stage_of_one, third_party) = stage(true).await;
    let same = connection(&stage_of_one, "keep").await;
    authorize(&stage_of_one, &same, &[]).await;
    authorize(&stage_of_one, &same, &[]).await;
    assert!(revoked(&stage_of_one, &third_party).await.is_empty());

    let (stage, third_party) = stage(false).await;
    let ending = connection(&stage, "ends").await;
    authorize(&stage, &ending, &[]).await;
    authorize(&stage, &ending, &[]).await;
    assert!(revoked(&stage, &third_party).await.is_empty());
    // The end of the connection is another thing.
    let unlink = json!({ "status": "Unlinked" });
    assert_eq!(stage.api.patch(&ending, unlink).await.status, 200);
    assert_eq!(revoked(&stage, &third_party).await, ["refresh-2"]);
}

#[tokio::test]
async fn what_failed_does_not_end_what_works() {
    let times = AtomicU32::new(1);
    let third_party = ScriptedThirdParty::start(move |asked| match asked.path() {
        "/token" => {
            let n = times.fetch_add(1, Ordering::SeqCst);
            let scope = if n.is_multiple_of(2) { "some" } else { "all" };
            Told::json(200, &json!({ "access_token": format!("access-{n}"), "refresh_token": format!("refresh-{n}"), "expires_in": 3600, "scope": scope }))
        }
        _ => Told::json(200, &Value::Null),
    })
    .await;
    let stage = declared_at(&third_party).await;
    for (key, expected) in [("ends", &[][..]), ("keep", &["refresh-4"][..])] {
        let there = connection(&stage, key).await;
        authorize(&stage, &there, &[]).await;
        let again = ends(&stage, &there, &[]).await;
        assert!(matches!(again, AttemptState::Failed(_)), "{again:?}");
        assert_eq!(revoked(&stage, &third_party).await, expected, "{key}");
        assert_eq!(stage.api.get(&there).await.at("/status"), "Linked");
    }
}

/// A disconnection that the third party tells of.
#[tokio::test]
async fn access_that_the_third_party_ended_by_itself_is_over() {
    let (stage, third_party) = stage(false).await;
    let held = stage
        .holding(Holding {
            platform_key: "keep",
            ..Holding::default()
        })
        .await;
    let ids: Vec<&str> = held.split('/').collect();
    let (company, id) = (ids[3].parse().unwrap(), ids[5].parse().unwrap());
    let app = &stage.test.app;
    let told = handclasp_app::Ended::told("app removed", app.now());
    let client = stage.client.id();
    assert!(
        app.deauthorize(client, company, id, told.clone())
            .await
            .unwrap()
    );
    assert!(!app.deauthorize(client, company, id, told).await.unwrap());
    let found = stage.api.get(&held).await;
    assert_eq!(found.at("/status"), "Deauthorized");
    assert_eq!(
        found.at("/dataConnectionErrors/0/statusText"),
        "app removed"
    );
    let told = stage.test.events(&stage.client).await;
    assert_eq!(
        told.iter()
            .filter(|kind| *kind == "connection.disconnected")
            .count(),
        1
    );
    drop(third_party);
}
