//! Everything sealed is sealed anew with another master key, while the server goes on.

use std::sync::Arc;
use std::time::Duration;

use handclasp_ambient::SeededRandom;
use handclasp_app::{App, AtHand, Browser, Caller, Origin, Parameters, StartAuthorization};
use handclasp_domain::Actor;
use handclasp_store::sealed::{self, SealedColumn};
use handclasp_testkit::{Holding, MASTER_KEY, START, ScriptedThirdParty, Setup, TestApp, Told};
use serde_json::json;
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

use super::credentials::{giving, tokens};
use super::{Stage, router_of};

const NEW: u64 = 7;

async fn app_with(
    stage: &Stage,
    third_party: &ScriptedThirdParty,
    keys: Vec<u64>,
    seed: u64,
) -> App {
    let setup = Setup {
        sandbox_url: third_party.url().clone(),
        master_keys: keys,
        ..Setup::default()
    };
    let (clock, random) = (stage.test.clock.clone(), Arc::new(SeededRandom::new(seed)));
    TestApp::over(setup, &stage.test.database, clock, random).await
}

/// How many values are sealed with the current key, and how many with another.
async fn sealed_with(app: &App) -> (u64, u64) {
    let uses = app.key_use().await.unwrap();
    let of = |at_hand: &[AtHand]| {
        let uses = uses.iter().filter(|used| at_hand.contains(&used.at_hand));
        uses.map(|used| used.values).sum()
    };
    (
        of(&[AtHand::Current]),
        of(&[AtHand::Older, AtHand::Missing]),
    )
}

/// Something in every sealed column. Answers the address of a connection that holds tokens.
async fn something_everywhere(stage: &Stage) -> String {
    stage.webhook().await;
    let entered =
        json!({ "enabled": true, "values": { "client_id": "lender", "client_secret": "hunter2" } });
    let settings = stage.api.put("/api/integrations/gbol/settings", entered);
    assert_eq!(settings.await.status, 200);
    let profile =
        json!({ "name": "Lender Ltd", "redirectUrl": "", "alertAuthHeader": "Bearer hunter2" });
    assert_eq!(stage.api.put("/api/profile", profile).await.status, 200);
    let pending = stage.connection(&stage.company().await).await;
    let ids: Vec<&str> = pending.split('/').collect();
    let caller = Caller {
        client: stage.client.id(),
        actor: Actor::Person,
        name: None,
        address: None,
        correlation: None,
        once: None,
    };
    let start = StartAuthorization {
        company: ids[3].parse().unwrap(),
        connection: ids[5].parse().unwrap(),
        origin: Origin::Direct(Parameters::default()),
    };
    let app = &stage.test.app;
    app.start_authorization(&caller, Browser::of_cookie("c"), start)
        .await
        .unwrap();
    let ended = stage.holding(Holding::default()).await;
    let unlink = json!({ "status": "Unlinked" });
    assert_eq!(stage.api.patch(&ended, unlink).await.status, 200);
    stage.holding(Holding::default()).await
}

/// Answers that are kept, so many.
async fn keep_answers(stage: &Stage, many: u128) {
    for n in 0..many {
        let request = http::Request::post("/api/companies")
            .header("content-type", "application/json")
            .header("idempotency-key", Uuid::from_u128(n + 1).to_string());
        let body = axum::body::Body::from(r#"{"name":"x"}"#);
        let answer = stage.api.request(request.body(body).unwrap()).await;
        assert_eq!(answer.status, 200);
    }
}

#[tokio::test]
async fn all_of_it_opens_with_the_new_key_alone_afterwards() {
    let third_party = giving(|_| Told::json(500, &json!({}))).await;
    let stage = Stage::over(
        TestApp::with(Setup {
            sandbox_url: third_party.url().clone(),
            ..Setup::default()
        })
        .await,
    )
    .await;
    let connection = something_everywhere(&stage).await;
    keep_answers(&stage, 3).await;
    let secret = stage
        .test
        .app
        .list_webhooks(stage.client.id())
        .await
        .unwrap();
    let before = stage.test.app.open_webhook_secret(&secret[0]).unwrap();
    for column in SealedColumn::ALL {
        let page = sealed::page(&mut stage.test.app.store(), column, None, 9)
            .await
            .unwrap();
        let sealed = page.iter().filter(|value| !value.sealed.is_empty()).count();
        assert!(sealed > 0, "{column:?}");
    }

    let app = app_with(&stage, &third_party, vec![NEW, MASTER_KEY], 20).await;
    let (new, old) = sealed_with(&app).await;
    assert_eq!(new, 0);
    let rotated = app.rotate_keys().await.unwrap();
    assert_eq!((rotated.resealed, rotated.left), (old, 0));
    assert!(rotated.unreadable.is_empty());
    assert_eq!(sealed_with(&app).await, (old, 0));
    let again = app.rotate_keys().await.unwrap();
    assert_eq!((again.resealed, again.left), (0, 0));

    let app = app_with(&stage, &third_party, vec![NEW], 21).await;
    let api = stage.client.api(router_of(&app));
    let held = api.get(&format!("{connection}/credentials")).await;
    assert_eq!(held.at("/accessToken"), "access-1");
    let webhook = app.list_webhooks(stage.client.id()).await.unwrap();
    let after = app.open_webhook_secret(&webhook[0]).unwrap();
    assert_eq!(before.expose(), after.expose());
    // The first answer is given again.
    let request = http::Request::post("/api/companies")
        .header("content-type", "application/json")
        .header("idempotency-key", Uuid::from_u128(1).to_string());
    let body = axum::body::Body::from(r#"{"name":"x"}"#);
    let answer = api.request(request.body(body).unwrap()).await;
    assert_eq!(
        (answer.status, answer.header("idempotent-replayed")),
        (200, "true")
    );
}

#[tokio::test]
async fn what_is_stopped_halfway_goes_on_where_it_is_begun_again() {
    let third_party = giving(|_| Told::json(500, &json!({}))).await;
    let stage = Stage::new().await;
    keep_answers(&stage, 700).await;
    let app = app_with(&stage, &third_party, vec![NEW, MASTER_KEY], 20).await;
    let (_, all) = sealed_with(&app).await;
    // Whatever a process that is killed leaves: a batch or two, and no more. It goes on only when it is asked to.
    let mut rotation = Box::pin(app.rotate_keys());
    let has_begun = async || {
        let store = app.store();
        let page = sealed::page(&mut &*store, SealedColumn::KeptAnswer, None, 1).await;
        !app.vault().reseal_needed(&page.unwrap()[0].sealed)
    };
    while !has_begun().await {
        assert!(futures::poll!(rotation.as_mut()).is_pending());
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
    drop(rotation);
    let (new, old) = sealed_with(&app).await;
    assert!(new > 0 && old > 0 && new + old == all, "{new} {old}");
    let rotated = app.rotate_keys().await.unwrap();
    assert!(rotated.resealed > 0 && rotated.resealed < all);
    assert_eq!(sealed_with(&app).await, (all, 0));
}

/// Refreshes change what is being sealed anew. Nothing of what they save is lost.
#[tokio::test(flavor = "multi_thread")]
async fn it_goes_on_while_tokens_are_refreshed() {
    let third_party = giving(|asked| {
        let used = asked.field("refresh_token");
        let n: u32 = used["refresh-".len()..].parse().unwrap();
        Told::json(200, &tokens(n + 1))
    })
    .await;
    let stage = Stage::over(
        TestApp::with(Setup {
            sandbox_url: third_party.url().clone(),
            ..Setup::default()
        })
        .await,
    )
    .await;
    let mut connections = Vec::new();
    for _ in 0..60 {
        connections.push(stage.holding(Holding::default()).await);
    }
    let app = app_with(&stage, &third_party, vec![NEW, MASTER_KEY], 20).await;
    let stop = CancellationToken::new();
    for round in 2..=4 {
        stage.test.clock.advance(Duration::from_secs(3590));
        // Back to the old key, and on to the new one while all of them are refreshed.
        let back = app_with(&stage, &third_party, vec![MASTER_KEY, NEW], 30 + round).await;
        back.rotate_keys().await.unwrap();
        let (rotated, refreshed) = tokio::join!(
            app.rotate_keys(),
            app.refresh_due("mqjo".parse().unwrap(), &stop)
        );
        refreshed.unwrap();
        assert_eq!(rotated.unwrap().left, 0);
        assert_eq!(sealed_with(&app).await.1, 0);
        let api = stage.client.api(router_of(&app));
        for connection in &connections {
            let held = api.get(&format!("{connection}/credentials")).await;
            assert_eq!(held.at("/accessToken"), format!("access-{round}"));
        }
    }
    assert_eq!(third_party.asked().len(), 3 * connections.len());
    assert!(stage.test.app.now() > START);
}

#[tokio::test]
async fn what_cannot_be_opened_is_told_and_left_as_it_is() {
    let third_party = giving(|_| Told::json(500, &json!({}))).await;
    let stage = Stage::new().await;
    let (moved, other) = (
        stage.holding(Holding::default()).await,
        stage.holding(Holding::default()).await,
    );
    let store = stage.test.app.store();
    let page = sealed::page(&mut &*store, SealedColumn::Credential, None, 9)
        .await
        .unwrap();
    let (one, two) = (page[0].clone(), page[1].sealed.clone());
    // A seal in another's place.
    store
        .write("test_move", (one, two.clone()), |tx, (one, two)| {
            Box::pin(sealed::replace(tx, SealedColumn::Credential, one, two))
        })
        .await
        .unwrap();
    let app = app_with(&stage, &third_party, vec![NEW, MASTER_KEY], 20).await;
    let rotated = app.rotate_keys().await.unwrap();
    assert_eq!(rotated.unreadable["credential.sealed"].0, 1);
    let page = sealed::page(&mut &*store, SealedColumn::Credential, None, 9)
        .await
        .unwrap();
    assert_eq!(page[0].sealed, two);
    let api = stage.client.api(router_of(&app));
    let mut found = Vec::new();
    for connection in [moved, other] {
        found.push(api.get(&format!("{connection}/credentials")).await.status);
    }
    found.sort_unstable();
    assert_eq!(found, [200, 500]);
}
