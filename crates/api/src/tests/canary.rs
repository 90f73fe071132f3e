//! Tokens are nowhere but where they are asked for: not in the log at its finest, not in other answers, not in figures, and not in the
//! database's files.

use std::io::Write;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use axum::body::Body;
use handclasp_store::Engine;
use handclasp_testkit::{Holding, ScriptedThirdParty, Told};
use http::Request;
use metrics_util::debugging::DebuggingRecorder;
use serde_json::{Value, json};
use tokio_util::sync::CancellationToken;

use super::credentials::stage_of;
use super::router;

/// What every secret of this test begins with.
const CANARY: &str = "c4nary";

#[derive(Clone, Default)]
struct Log(Arc<Mutex<Vec<u8>>>);

impl Write for Log {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

/// What the token endpoint says, one after the other.
fn turns() -> Vec<Told> {
    let good = |n: u32| {
        json!({
            "access_token": format!("{CANARY}-access-{n}"), "refresh_token": format!("{CANARY}-refresh-{n}"),
            "expires_in": 3600, "id_token": format!("{CANARY}-id"), "more": format!("{CANARY}-more"),
        })
    };
    let mut bad = good(9);
    bad["token_type"] = Value::from("odd");
    vec![
        Told::json(200, &good(2)),
        Told::json(200, &bad),
        Told::of(
            200,
            "text/plain",
            format!("{CANARY}-access-9 is your token"),
        ),
        Told::of(500, "text/html", format!("<p>{CANARY}-refresh-2 failed")),
        Told::json(
            403,
            &json!({ "error": "nope", "error_description": format!("not with {CANARY}-refresh-2") }),
        ),
        Told::json(
            400,
            &json!({ "error": "invalid_grant", "error_description": format!("{CANARY}-refresh-2 was revoked") }),
        ),
    ]
}

#[tokio::test]
async fn tokens_are_nowhere_but_where_they_are_asked_for() {
    let log = Log::default();
    let writer = log.clone();
    let subscriber = tracing_subscriber::fmt()
        .with_max_level(tracing::Level::TRACE)
        .with_writer(move || writer.clone())
        .finish();
    let _logged = tracing::subscriber::set_default(subscriber);
    let recorder = DebuggingRecorder::new();
    let figures = recorder.snapshotter();
    let _measured = metrics::set_default_local_recorder(&recorder);

    let turn = AtomicUsize::new(0);
    let third_party = ScriptedThirdParty::start(move |asked| match asked.path() {
        "/sandbox/token" => turns()[turn.fetch_add(1, Ordering::SeqCst)].clone(),
        "/sandbox/api/refuse" => Told::json(401, &json!({ "message": "no" })),
        "/sandbox/revoke" => Told::json(503, &Value::Null),
        _ => Told::json(200, &json!({ "ok": true })),
    })
    .await;
    let stage = stage_of(&third_party).await;
    let (access, refresh) = (format!("{CANARY}-access-1"), format!("{CANARY}-refresh-1"));
    let connection = stage
        .holding(Holding {
            access_token: &access,
            refresh_token: Some(&refresh),
            ..Holding::default()
        })
        .await;
    let api = stage.client.api(router(&stage.test));
    let mut answers = Vec::new();
    let hour = Duration::from_secs(2 * 3600);
    stage.test.clock.advance(hour);
    let given = api.get(&format!("{connection}/credentials")).await;
    assert_eq!(given.at("/accessToken"), format!("{CANARY}-access-2"));
    assert!(
        !given.text().contains("refresh"),
        "the refresh token is not given"
    );
    answers.push(api.get(&format!("{connection}/proxy/a?b=c")).await);
    let large =
        Request::post(format!("{connection}/proxy/large")).body(Body::from(vec![b'x'; 70_000]));
    answers.push(api.request(large.unwrap()).await);
    for _ in 0..5 {
        stage.test.clock.advance(12 * hour);
        answers.push(api.get(&format!("{connection}/credentials")).await);
        answers.push(api.get(&format!("{connection}/proxy/refuse")).await);
    }
    answers.push(api.get(&connection).await);
    assert_eq!(answers.last().unwrap().at("/status"), "Deauthorized");
    answers.push(api.get("/api/companies").await);
    let stop = CancellationToken::new();
    stage.test.app.revoke_due(&stop).await.unwrap();

    for answer in &answers {
        let shown = format!("{:?} {}", answer.headers, answer.text());
        assert!(!shown.contains(CANARY), "{shown}");
    }
    let log = String::from_utf8_lossy(&log.0.lock().unwrap()).into_owned();
    assert!(
        log.contains("a token could not be refreshed"),
        "it was listened to"
    );
    let line = log.lines().find(|line| line.contains(CANARY));
    assert_eq!(line, None);
    let figures = format!("{:?}", figures.snapshot().into_vec());
    assert!(figures.contains("handclasp_refreshes_total"));
    assert!(!figures.contains(CANARY));
    match stage.test.app.store().engine() {
        Engine::Sqlite => {
            let backup = stage.test.database.folder().join("backup.db");
            let store = stage.test.app.store();
            store.backup_to(&backup).await.unwrap();
            let mut looked = 0;
            for file in std::fs::read_dir(stage.test.database.folder()).unwrap() {
                let bytes = std::fs::read(file.unwrap().path()).unwrap();
                looked += bytes.len();
                let found = bytes
                    .windows(CANARY.len())
                    .any(|part| part == CANARY.as_bytes());
                assert!(!found);
            }
            assert!(looked > 100_000, "{looked}");
        }
        Engine::Postgres => {}
    }
}
