//! Fresh tokens, over the API and in the background, with a third party that is good and one that is not.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant};

use handclasp_ambient::SeededRandom;
use handclasp_store::Engine;
use handclasp_store::credential;
use handclasp_store::refresh::{self, Seen};
use handclasp_testkit::{Answer, Holding, ScriptedThirdParty, Setup, TestApp, Told};
use serde_json::{Value, json};
use tokio_util::sync::CancellationToken;

use super::credentials::{giving, stage_of, tokens};
use super::{Stage, refused, router_of};

const HOUR: Duration = Duration::from_secs(3600);

/// A third party that rotates: only the newest refresh token is good.
async fn rotating() -> ScriptedThirdParty {
    let newest = AtomicU32::new(1);
    giving(move |asked| {
        let now = newest.load(Ordering::SeqCst);
        if asked.field("refresh_token") != format!("refresh-{now}") {
            return Told::json(400, &json!({ "error": "invalid_grant" }));
        }
        Told::json(200, &tokens(newest.fetch_add(1, Ordering::SeqCst) + 1))
    })
    .await
}

async fn use_of(stage: &Stage, connection: &str) -> Answer {
    stage.api.get(&format!("{connection}/credentials")).await
}

async fn held(stage: &Stage, connection: &str) -> Option<credential::SealedCredential> {
    let id = connection.rsplit('/').next().unwrap().parse().unwrap();
    credential::find(&mut stage.test.app.store(), stage.client.id(), id)
        .await
        .unwrap()
}

async fn status(stage: &Stage, connection: &str) -> String {
    stage.api.get(connection).await.at("/status").to_owned()
}

#[tokio::test]
async fn a_token_near_its_end_is_refreshed_before_it_is_given() {
    let third_party = rotating().await;
    let stage = stage_of(&third_party).await;
    let connection = stage.holding(Holding::default()).await;
    for (later, access) in [
        (HOUR - Duration::from_secs(61), "access-1"),
        (Duration::from_secs(1), "access-2"),
        (HOUR, "access-3"),
        (Duration::ZERO, "access-3"),
        (10 * HOUR, "access-4"),
    ] {
        stage.test.clock.advance(later);
        let answer = use_of(&stage, &connection).await;
        assert_eq!((answer.status, answer.at("/accessToken")), (200, access));
        assert_eq!(answer.at("/values/callback.realmId"), "42", "kept");
    }
    let asked = third_party.asked();
    assert_eq!(asked.len(), 3);
    for (n, asked) in asked.iter().enumerate() {
        assert_eq!(asked.field("grant_type"), "refresh_token");
        assert_eq!(asked.field("refresh_token"), format!("refresh-{}", n + 1));
        assert!(asked.header("authorization").starts_with("Basic "));
    }
}

/// What the row holds at the moment when somebody has the new access token.
#[tokio::test]
async fn many_uses_at_once_are_one_refresh() {
    let third_party = giving(|asked| {
        let told = match asked.field("refresh_token").as_str() {
            "refresh-1" => Told::json(200, &tokens(2)),
            _ => Told::json(400, &json!({ "error": "invalid_grant" })),
        };
        told.after(Duration::from_millis(300))
    })
    .await;
    let stage = stage_of(&third_party).await;
    let connection = stage.holding(Holding::default()).await;
    stage.test.clock.advance(2 * HOUR);
    // Three processes where the engine has room for them.
    let engine = stage.test.app.store().engine();
    let mut apis = vec![stage.api.clone()];
    let processes = match engine {
        Engine::Sqlite => 1,
        Engine::Postgres => 3,
    };
    for seed in 1..processes {
        let setup = Setup {
            sandbox_url: third_party.url().clone(),
            ..Setup::default()
        };
        let random = Arc::new(SeededRandom::new(100 + seed));
        let clock = stage.test.clock.clone();
        let app = TestApp::over(setup, &stage.test.database, clock, random).await;
        apis.push(stage.client.api(router_of(&app)));
    }
    let mut uses = tokio::task::JoinSet::new();
    for n in 0..50 * apis.len() {
        let api = apis[n % apis.len()].clone();
        let path = format!("{connection}/credentials");
        uses.spawn(async move { api.get(&path).await });
    }
    while let Some(answer) = uses.join_next().await {
        let answer = answer.unwrap();
        assert_eq!(answer.status, 200, "{}", answer.text());
        assert_eq!(answer.at("/accessToken"), "access-2");
    }
    assert_eq!(third_party.asked().len(), 1);
    assert_eq!(status(&stage, &connection).await, "Linked");
    let held = held(&stage, &connection).await.unwrap();
    assert_eq!((held.claim, held.failures), (None, 0));
}

#[tokio::test]
async fn the_job_refreshes_ahead_of_the_end_with_one_request_each() {
    let third_party = giving(|asked| {
        let n: u32 = asked.field("refresh_token")["refresh-".len()..]
            .parse()
            .unwrap();
        Told::json(200, &tokens(n + 1))
    })
    .await;
    let stage = stage_of(&third_party).await;
    let mut connections = Vec::new();
    for _ in 0..5 {
        connections.push(stage.holding(Holding::default()).await);
    }
    let (app, stop) = (&stage.test.app, CancellationToken::new());
    let refresh = async || {
        app.refresh_due("mqjo".parse().unwrap(), &stop)
            .await
            .unwrap()
    };
    refresh().await;
    assert!(third_party.asked().is_empty(), "none is due");
    stage.test.clock.advance(HOUR / 2 + Duration::from_secs(1));
    refresh().await;
    refresh().await;
    assert_eq!(third_party.asked().len(), 5);
    for connection in &connections {
        assert_eq!(
            use_of(&stage, connection).await.at("/accessToken"),
            "access-2"
        );
        let held = held(&stage, connection).await.unwrap();
        let left = held.expires_at.unwrap().since(held.due_at.unwrap());
        assert!((150..=300).contains(&left.as_secs()), "{left:?}");
    }
    stage.test.clock.advance(HOUR - Duration::from_secs(100));
    refresh().await;
    assert_eq!(third_party.asked().len(), 10);
}

/// Each misbehaviour with what it comes to: the access token that is given, or the status of the refusal.
fn misbehaviours() -> Vec<(&'static str, Told, Result<&'static str, u16>)> {
    let with = |name: &str, value: Value| {
        let mut body = tokens(2);
        if value == "(missing)" {
            body.as_object_mut().unwrap().remove(name);
        } else {
            body[name] = value;
        }
        Told::json(200, &body)
    };
    let text = tokens(2).to_string();
    let form = "access_token=access-2&refresh_token=refresh-2&expires_in=3600&token_type=bearer";
    let fresh = Ok("access-2");
    vec![
        (
            "expires_in as a text",
            with("expires_in", json!("3600")),
            fresh,
        ),
        (
            "expires_in as a float",
            with("expires_in", json!(3599.97)),
            fresh,
        ),
        ("expires_in 0", with("expires_in", json!(0)), fresh),
        ("expires_in null", with("expires_in", Value::Null), fresh),
        (
            "expires_in missing",
            with("expires_in", json!("(missing)")),
            fresh,
        ),
        (
            "expires_in huge",
            with("expires_in", json!(u64::MAX)),
            fresh,
        ),
        ("expires_in negative", with("expires_in", json!(-5)), fresh),
        (
            "refresh_token missing",
            with("refresh_token", json!("(missing)")),
            fresh,
        ),
        (
            "refresh_token empty",
            with("refresh_token", json!("")),
            fresh,
        ),
        (
            "refresh_token null",
            with("refresh_token", Value::Null),
            fresh,
        ),
        (
            "a form",
            Told::of(200, "application/x-www-form-urlencoded", form),
            fresh,
        ),
        (
            "a mark",
            Told::of(200, "application/json", format!("\u{feff}{text}")),
            fresh,
        ),
        (
            "JSON as text/html",
            Told::of(200, "text/html", text.clone()),
            fresh,
        ),
        (
            "200 with an error",
            Told::json(200, &json!({ "error": "server_error" })),
            Err(502),
        ),
        (
            "no access token",
            with("access_token", json!("(missing)")),
            Err(503),
        ),
        (
            "an access token with a line end",
            with("access_token", json!("a\r\nb")),
            Err(503),
        ),
        (
            "HTML",
            Told::of(200, "text/html", "<html><body>Down for maintenance"),
            Err(503),
        ),
        (
            "HTML with 400",
            Told::of(400, "text/html", "<html>Bad Request"),
            Err(503),
        ),
        ("nothing", Told::of(200, "application/json", ""), Err(503)),
        (
            "half of it",
            Told::of(200, "application/json", &text.as_bytes()[..20]),
            Err(503),
        ),
        ("100 MB", Told::Endless { announced: true }, Err(503)),
        (
            "an endless body",
            Told::Endless { announced: false },
            Err(503),
        ),
        ("a reset", Told::Reset, Err(503)),
        ("a reset in the body", Told::ResetInBody, Err(503)),
        (
            "a redirect",
            Told::Answer(
                302,
                vec![("location", "https://evil.example/".into())],
                Vec::new(),
            ),
            Err(503),
        ),
        (
            "500",
            Told::json(500, &json!({ "error": "invalid_grant" })),
            Err(503),
        ),
        (
            "429",
            Told::Answer(429, vec![("retry-after", "7".into())], Vec::new()),
            Err(503),
        ),
        (
            "the client refused",
            Told::json(401, &json!({ "error": "invalid_client" })),
            Err(502),
        ),
        (
            "another refusal",
            Told::json(403, &json!({ "error": "access_denied" })),
            Err(502),
        ),
    ]
}

#[tokio::test]
async fn careless_answers_end_as_stated_and_deauthorize_nobody() {
    for (what, told, expected) in misbehaviours() {
        let third_party = giving(move |_| told.clone()).await;
        let stage = stage_of(&third_party).await;
        let connection = stage.holding(Holding::default()).await;
        stage.test.clock.advance(2 * HOUR);
        let begun = Instant::now();
        let answer = use_of(&stage, &connection).await;
        assert!(begun.elapsed() < Duration::from_secs(10), "{what}");
        match expected {
            Ok(access) => {
                assert_eq!(answer.status, 200, "{what}: {}", answer.text());
                assert_eq!(answer.at("/accessToken"), access, "{what}");
                let held = held(&stage, &connection).await.unwrap();
                // Where nothing was said of its end, it lives as long as the one before.
                let left = held.expires_at.unwrap().since(stage.test.app.now());
                let expected = match what {
                    "expires_in huge" => 50 * 365 * 24 * 3600,
                    "expires_in as a float" => 3599,
                    _ => 3600,
                };
                assert_eq!(left.as_secs(), expected, "{what}");
                // The next refresh goes with the new refresh token, or the old one where none came.
                stage.test.clock.advance(left);
                use_of(&stage, &connection).await;
                let expected = match what.starts_with("refresh_token") {
                    true => "refresh-1",
                    false => "refresh-2",
                };
                let asked = third_party.asked();
                assert_eq!(
                    asked.last().unwrap().field("refresh_token"),
                    expected,
                    "{what}"
                );
            }
            Err(status) => {
                assert_eq!(answer.status, status, "{what}");
                refused(&answer, status);
                let held = held(&stage, &connection).await.unwrap();
                assert_eq!((held.failures, held.claim), (1, None), "{what}");
                let pause = held.due_at.unwrap().since(stage.test.app.now());
                if what == "429" {
                    let wait: u64 = answer.header("retry-after").parse().unwrap();
                    assert!(
                        (7..=14).contains(&wait) && pause.as_secs() >= 7,
                        "{wait} {pause:?}"
                    );
                }
                // Not again before its time, and again after it.
                refused(&use_of(&stage, &connection).await, 503);
                assert_eq!(third_party.asked().len(), 1, "{what}");
                stage.test.clock.advance(pause);
                refused(&use_of(&stage, &connection).await, status);
                assert_eq!(third_party.asked().len(), 2, "{what}");
            }
        }
        assert_eq!(status(&stage, &connection).await, "Linked", "{what}");
    }
}

#[tokio::test]
async fn a_token_that_is_still_good_is_given_while_there_is_no_other() {
    let third_party = giving(|_| Told::Reset).await;
    let stage = stage_of(&third_party).await;
    let connection = stage.holding(Holding::default()).await;
    stage.test.clock.advance(HOUR - Duration::from_secs(30));
    for _ in 0..3 {
        assert_eq!(
            use_of(&stage, &connection).await.at("/accessToken"),
            "access-1"
        );
    }
    assert_eq!(third_party.asked().len(), 1, "then it pauses");
    stage.test.clock.advance(Duration::from_secs(28));
    refused(&use_of(&stage, &connection).await, 503);
}

#[tokio::test]
async fn nobody_waits_long_for_a_better_one_while_his_is_good() {
    let third_party = giving(|_| Told::Silence).await;
    let stage = stage_of(&third_party).await;
    let connection = stage.holding(Holding::default()).await;
    stage.test.clock.advance(HOUR - Duration::from_secs(30));
    let begun = Instant::now();
    assert_eq!(
        use_of(&stage, &connection).await.at("/accessToken"),
        "access-1"
    );
    assert!(
        begun.elapsed() < Duration::from_secs(7),
        "{:?}",
        begun.elapsed()
    );
}

#[tokio::test]
async fn a_refusal_ends_the_connection_and_says_why() {
    let third_party = giving(|_| {
        let error = json!({ "error": "invalid_grant", "error_description": "Token was revoked" });
        Told::json(400, &error)
    })
    .await;
    let stage = stage_of(&third_party).await;
    let connection = stage.holding(Holding::default()).await;
    stage.test.clock.advance(2 * HOUR);
    let text = refused(&use_of(&stage, &connection).await, 409);
    assert!(text.contains("Deauthorized"), "{text}");
    let found = stage.api.get(&connection).await;
    assert_eq!(found.at("/status"), "Deauthorized");
    assert_eq!(found.at("/dataConnectionErrors/0/statusCode"), "400");
    let said = found.at("/dataConnectionErrors/0/statusText");
    assert!(said.contains("Token was revoked"), "{said}");
    assert!(held(&stage, &connection).await.is_none());
    let events = stage.test.events(&stage.client).await;
    let ended = events
        .iter()
        .filter(|kind| *kind == "connection.disconnected");
    assert_eq!(ended.count(), 1);
    let audit = stage.test.audit(&stage.client).await;
    let ended: Vec<_> = audit
        .iter()
        .filter(|entry| entry.action == "connection.deauthorize")
        .collect();
    assert_eq!((ended.len(), ended[0].actor.as_str()), (1, "system"));
    refused(&use_of(&stage, &connection).await, 409);
    assert_eq!(third_party.asked().len(), 1);
}

/// While the third party thinks about the old refresh token, the person authorizes anew: its no is about what is gone.
#[tokio::test]
async fn a_refusal_of_a_token_that_was_replaced_meanwhile_ends_nothing() {
    let third_party = giving(|_| {
        Told::json(400, &json!({ "error": "invalid_grant" })).after(Duration::from_millis(300))
    })
    .await;
    let stage = stage_of(&third_party).await;
    let connection = stage.holding(Holding::default()).await;
    stage.test.clock.advance(2 * HOUR);
    let use_of_it = {
        let (api, path) = (stage.api.clone(), format!("{connection}/credentials"));
        tokio::spawn(async move { api.get(&path).await })
    };
    while third_party.asked().is_empty() {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    let ids: Vec<&str> = connection.split('/').collect();
    let again = Holding {
        access_token: "access-9",
        refresh_token: Some("refresh-9"),
        ..Holding::default()
    };
    let (company, id) = (ids[3].parse().unwrap(), ids[5].parse().unwrap());
    stage.test.hold(&stage.client, company, id, again).await;
    let answer = use_of_it.await.unwrap();
    assert_eq!(
        (answer.status, answer.at("/accessToken")),
        (200, "access-9")
    );
    assert_eq!(status(&stage, &connection).await, "Linked");
}

/// The connection ends while the third party gives new tokens: they are revoked.
#[tokio::test]
async fn tokens_that_come_too_late_are_revoked() {
    let third_party = ScriptedThirdParty::start(|asked| match asked.target.as_str() {
        "/sandbox/token" => Told::json(200, &tokens(2)).after(Duration::from_millis(300)),
        "/sandbox/revoke" => Told::json(200, &json!({})),
        _ => Told::json(404, &json!({})),
    })
    .await;
    let stage = stage_of(&third_party).await;
    let connection = stage.holding(Holding::default()).await;
    stage.test.clock.advance(2 * HOUR);
    let use_of_it = {
        let (api, path) = (stage.api.clone(), format!("{connection}/credentials"));
        tokio::spawn(async move { api.get(&path).await })
    };
    while third_party.asked().is_empty() {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    let unlink = json!({ "status": "Unlinked" });
    assert_eq!(stage.api.patch(&connection, unlink).await.status, 200);
    refused(&use_of_it.await.unwrap(), 409);
    let stop = CancellationToken::new();
    stage.test.app.revoke_due(&stop).await.unwrap();
    let revoked: Vec<String> = third_party
        .asked()
        .iter()
        .filter(|asked| asked.target == "/sandbox/revoke")
        .map(|asked| asked.field("token"))
        .collect();
    assert_eq!(revoked.len(), 2);
    for token in ["refresh-1", "refresh-2"] {
        assert!(
            revoked.iter().any(|revoked| revoked == token),
            "{revoked:?}"
        );
    }
}

/// A replica claimed the connection and died. Another takes over after ten seconds, and does not believe a refusal as long as the dead
/// one might only have lost the database with the newer token in hand.
#[tokio::test]
async fn the_claim_of_a_dead_replica_is_taken_over_with_doubt() {
    let third_party = rotating().await;
    let stage = stage_of(&third_party).await;
    let app = &stage.test.app;
    let claimed = async |holding| {
        let connection = stage.holding(holding).await;
        let held = held(&stage, &connection).await.unwrap();
        let (clock, now) = (app.clock(), app.now());
        let claim = credential::Claim {
            by: handclasp_ambient::new_logged_id(&**clock, &**app.random()),
            at: now,
            until: now.plus(Duration::from_secs(360)),
        };
        let taken = app
            .store()
            .queue("test_claim", (Seen::from(&held), claim), |tx, input| {
                let (seen, claim) = *input;
                Box::pin(async move { refresh::claim(tx, seen, claim, claim.at, claim.at).await })
            });
        assert!(taken.await.unwrap());
        connection
    };
    match app.store().engine() {
        // Where there is one process nobody else's claim is looked at.
        Engine::Sqlite => return,
        Engine::Postgres => {}
    }
    stage.test.clock.advance(Duration::from_secs(100));
    let soon = Holding {
        expires_in: Some(Duration::from_secs(1)),
        ..Holding::default()
    };
    let good = claimed(soon).await;
    let refused_there = claimed(Holding {
        refresh_token: Some("refresh-0"),
        ..soon
    })
    .await;
    stage.test.clock.advance(Duration::from_secs(11));
    assert_eq!(use_of(&stage, &good).await.at("/accessToken"), "access-2");
    for _ in 0..2 {
        let answer = use_of(&stage, &refused_there).await;
        refused(&answer, 503);
        let wait: u64 = answer.header("retry-after").parse().unwrap();
        assert!((340..=350).contains(&wait), "{wait}");
    }
    assert_eq!(third_party.asked().len(), 2);
    assert_eq!(status(&stage, &refused_there).await, "Linked");
    stage.test.clock.advance(Duration::from_secs(350));
    refused(&use_of(&stage, &refused_there).await, 409);
    assert_eq!(status(&stage, &refused_there).await, "Deauthorized");
}

#[tokio::test]
async fn access_that_cannot_be_renewed_ends_when_it_ends() {
    let third_party = giving(|_| Told::json(500, &json!({}))).await;
    let stage = stage_of(&third_party).await;
    let without = Holding {
        refresh_token: None,
        ..Holding::default()
    };
    let (used, idle) = (stage.holding(without).await, stage.holding(without).await);
    stage.test.clock.advance(HOUR - Duration::from_secs(20));
    assert_eq!(use_of(&stage, &used).await.at("/accessToken"), "access-1");
    stage.test.clock.advance(Duration::from_secs(20));
    refused(&use_of(&stage, &used).await, 409);
    let stop = CancellationToken::new();
    let app = &stage.test.app;
    app.refresh_due("mqjo".parse().unwrap(), &stop)
        .await
        .unwrap();
    for connection in [used, idle] {
        let found = stage.api.get(&connection).await;
        assert_eq!(found.at("/status"), "Deauthorized");
        assert_eq!(found.at("/dataConnectionErrors/0/statusCode"), "401");
    }
    assert!(third_party.asked().is_empty());
}

/// A second integration at the same fake, with endpoints of its own.
const OTHER: &str = r#"
key = "othr"
name = "Other"
source_type = "Accounting"
integration_id = "00000000-0000-4000-8000-0000000000a1"
source_id = "00000000-0000-4000-8000-0000000000a2"
sandbox = true
order = 901
docs = "https://other.example/docs"
data_types = ["invoices"]

[auth.oauth2_code]
authorization_endpoint = "{sandbox}/other/authorize"
pkce = "unsupported"

[auth.oauth2_code.token]
endpoint = "{sandbox}/other/token"
client_authentication = "post"
scopes = ["accounting"]
refresh_tokens = "stay"
"#;

#[tokio::test(flavor = "multi_thread")]
async fn one_that_hangs_holds_up_nobody_else() {
    let third_party = ScriptedThirdParty::start(|asked| match asked.target.as_str() {
        "/sandbox/token" => Told::Drip,
        _ => Told::json(200, &tokens(2)),
    })
    .await;
    let setup = Setup {
        sandbox_url: third_party.url().clone(),
        declarations: vec![("other", OTHER.to_owned())],
        ..Setup::default()
    };
    let stage = Stage::over(TestApp::with(setup).await).await;
    let mut hanging = Vec::new();
    for _ in 0..40 {
        hanging.push(stage.holding(Holding::default()).await);
    }
    let other = Holding {
        platform_key: "othr",
        ..Holding::default()
    };
    let connection = stage.holding(other).await;
    stage.test.clock.advance(2 * HOUR);
    let begun = Instant::now();
    let waiting: Vec<_> = hanging
        .into_iter()
        .map(|connection| {
            let (api, path) = (stage.api.clone(), format!("{connection}/credentials"));
            tokio::spawn(async move { api.get(&path).await })
        })
        .collect();
    while third_party.asked().len() < 32 {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    let before = Instant::now();
    assert_eq!(
        use_of(&stage, &connection).await.at("/accessToken"),
        "access-2"
    );
    assert!(
        before.elapsed() < Duration::from_secs(1),
        "{:?}",
        before.elapsed()
    );
    let of_it = third_party
        .asked()
        .iter()
        .filter(|it| it.target == "/sandbox/token")
        .count();
    assert_eq!(of_it, 32, "so many at once of one integration");
    for waiting in waiting {
        refused(&waiting.await.unwrap(), 503);
    }
    let took = begun.elapsed();
    assert!(took < Duration::from_secs(36), "{took:?}");
}
