//! Limits on requests: of an address, of wrong keys, of a client's day.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use axum::body::Body;
use handclasp_ambient::SeededRandom;
use handclasp_app::{App, LimitSettings};
use handclasp_domain::{Day, Remembered};
use handclasp_store::fan_out;
use handclasp_testkit::{Answer, Http, START, Setup, TestApp, TestClient};
use handclasp_web::front::Peer;
use http::{Method, Request};
use serde_json::{Value, json};

use super::{NOBODY, error, refused, router_of};

const PATH: &str = "/api/companies";
const MIDNIGHT: &str = "2026-03-02T00:00:00.0000000Z";

/// A server with these limits, and a client with a key.
struct Limited {
    test: TestApp,
    client: TestClient,
    api: Http,
}

impl Limited {
    async fn new(limits: LimitSettings) -> Self {
        let test = TestApp::with(Setup {
            limits,
            ..Setup::default()
        })
        .await;
        let client = test.client().await;
        let api = client.api(router_of(&test.app)).held_to_contract("/api");
        Self { test, client, api }
    }

    async fn with_quota(daily: u32) -> Self {
        Self::new(LimitSettings {
            daily_quota: daily,
            ..LimitSettings::default()
        })
        .await
    }

    /// Another replica on the same database, and requests to it.
    async fn replica(&self, seed: u64, limits: LimitSettings) -> (App, Http) {
        let setup = Setup {
            limits,
            ..Setup::default()
        };
        let (clock, random) = (self.test.clock.clone(), SeededRandom::new(seed));
        let app = TestApp::over(setup, &self.test.database, clock, Arc::new(random)).await;
        let api = self.client.api(router_of(&app)).held_to_contract("/api");
        (app, api)
    }

    /// The events of quotas that wait for their fan-out, with how much is left.
    async fn told(&self) -> Vec<(String, u64, u64)> {
        let store = self.test.database.store();
        let waiting = fan_out::waiting(&mut &*store, 100).await.unwrap();
        assert!(waiting.unreadable.is_empty());
        let events = waiting.events.iter();
        events
            .filter_map(|event| match &event.facts {
                Some(Remembered::RateLimit(facts)) => Some((
                    event.kind.to_string(),
                    facts.daily_quota,
                    facts.quota_remaining,
                )),
                Some(Remembered::Company(_)) | None => None,
            })
            .collect()
    }
}

async fn from(api: &Http, address: &str) -> Answer {
    let mut request = Request::get(PATH).body(Body::empty()).unwrap();
    let peer = SocketAddr::new(address.parse().unwrap(), 4711);
    request.extensions_mut().insert(Peer(Some(peer)));
    api.request(request).await
}

/// Limit, remaining, reset.
fn standing(answer: &Answer) -> (&str, &str, &str) {
    (
        answer.header("x-rate-limit-limit"),
        answer.header("x-rate-limit-remaining"),
        answer.header("x-rate-limit-reset"),
    )
}

#[tokio::test]
async fn every_answer_tells_how_the_caller_stands() {
    let free = Limited::new(LimitSettings::default()).await;
    let metered = Limited::with_quota(100).await;
    let huge = || {
        let request = Request::post(PATH)
            .header("content-type", "application/json")
            .header("content-length", "100000000");
        request.body(Body::from("{}")).unwrap()
    };
    for (world, limit) in [(&free, "2147483647"), (&metered, "100")] {
        let api = &world.api;
        let unknown = format!("{PATH}/{NOBODY}");
        for (answer, status) in [
            (api.get(PATH).await, 200),
            (api.get(&unknown).await, 404),
            (api.post(PATH, json!({})).await, 400),
        ] {
            assert_eq!(answer.status, status);
            let (shown, _, reset) = standing(&answer);
            assert_eq!((shown, reset), (limit, MIDNIGHT), "{status}");
        }
        // Before it is known who calls, nothing limits him here.
        for (answer, status) in [
            (api.without_key().get(PATH).await, 401),
            (api.get("/api/nothing").await, 404),
            (api.send(Method::PUT, PATH, Value::Null).await, 405),
            (api.request(huge()).await, 413),
        ] {
            assert_eq!(answer.status, status);
            assert_eq!(
                standing(&answer),
                ("2147483647", "2147483647", MIDNIGHT),
                "{status}"
            );
        }
    }
}

#[tokio::test]
async fn an_address_has_so_many_requests_a_minute() {
    let limits = LimitSettings {
        address_per_minute: 3,
        ..LimitSettings::default()
    };
    let world = Limited::new(limits).await;
    let one = "192.0.2.1";
    for left in ["2", "1", "0"] {
        let answer = from(&world.api, one).await;
        assert_eq!((answer.status, standing(&answer).1), (200, left));
    }
    let answer = from(&world.api, one).await;
    refused(&answer, 429);
    assert_eq!(answer.header("retry-after"), "20");
    assert_eq!(
        standing(&answer),
        ("3", "0", "2026-03-01T12:01:00.0000000Z")
    );
    insta::assert_snapshot!(error(&answer), @r#"
    {
      "statusCode": 429,
      "service": "PublicApi",
      "error": "You have made too many requests in a given amount of time; please retry later.",
      "correlationId": "…",
      "validation": null,
      "canBeRetried": "True",
      "detailedErrorCode": 0
    }
    "#);
    // Whatever he asks for, and with whatever key.
    refused(&from(&world.api.without_key(), one).await, 429);
    assert_eq!(from(&world.api, "192.0.2.2").await.status, 200);
    world.test.clock.advance(Duration::from_secs(20));
    assert_eq!(from(&world.api, one).await.status, 200);
    refused(&from(&world.api, one).await, 429);

    // A network is one in IPv6, and this machine is nobody.
    for last in 1..=3 {
        let answer = from(&world.api, &format!("2001:db8::{last}")).await;
        assert_eq!(answer.status, 200);
    }
    refused(&from(&world.api, "2001:db8::ffff:4").await, 429);
    assert_eq!(from(&world.api, "2001:db8:0:1::4").await.status, 200);
    for loopback in ["127.0.0.1", "::1", "::ffff:127.0.0.1"] {
        for _ in 0..5 {
            let answer = from(&world.api, loopback).await;
            assert_eq!((answer.status, standing(&answer).0), (200, "2147483647"));
        }
    }
}

#[tokio::test]
async fn who_guesses_keys_is_stopped_and_others_at_his_address_go_on() {
    let limits = LimitSettings {
        wrong_keys_per_minute: 3,
        ..LimitSettings::default()
    };
    let world = Limited::new(limits).await;
    let one = "192.0.2.1";
    let fresh = world.client.key_with(handclasp_domain::Scopes::ORDINARY);
    let fresh = world.api.with_key(fresh.await.expose());
    let wrong = world.api.with_key("hck_nonsense");
    let known = world.client.key.expose();
    let last = if known.ends_with('A') { 'B' } else { 'A' };
    let unknown = format!("{}{last}", &known[..known.len() - 1]);
    let unknown = world.api.with_key(&unknown);

    // Good keys are no guesses, however often they are shown, and nothing shown is none either.
    for _ in 0..9 {
        assert_eq!(from(&world.api, one).await.status, 200);
        assert_eq!(from(&world.api.without_key(), one).await.status, 401);
    }
    for guess in [&wrong, &unknown, &unknown] {
        refused(&from(guess, one).await, 401);
    }
    for guess in [&wrong, &unknown] {
        let answer = from(guess, one).await;
        refused(&answer, 429);
        assert_eq!(answer.header("retry-after"), "20");
        assert_eq!((standing(&answer).0, standing(&answer).1), ("3", "0"));
    }
    // A key that was good before is; one that nobody has seen yet has to wait, or come from elsewhere.
    world.test.clock.advance(Duration::from_secs(4));
    assert_eq!(from(&world.api, one).await.status, 200);
    refused(&from(&fresh, one).await, 429);
    assert_eq!(from(&fresh, "192.0.2.2").await.status, 200);
    refused(&from(&wrong, "192.0.2.2").await, 401);
    assert_eq!(from(&fresh, one).await.status, 200);
}

#[tokio::test(flavor = "multi_thread")]
async fn guesses_that_come_all_at_once_do_not_get_past() {
    let limits = LimitSettings {
        wrong_keys_per_minute: 5,
        ..LimitSettings::default()
    };
    let world = Limited::new(limits).await;
    let mut guesses = tokio::task::JoinSet::new();
    let random = SeededRandom::new(7);
    for _ in 0..40 {
        let (text, _) = handclasp_app::ApiKeyText::draw(world.client.id(), &random);
        let api = world.api.with_key(text.expose());
        guesses.spawn(async move { from(&api, "192.0.2.1").await.status });
    }
    let statuses = guesses.join_all().await;
    let looked_up = statuses.iter().filter(|status| **status == 401).count();
    assert_eq!((looked_up, statuses.len()), (5, 40));
    assert!(statuses.iter().all(|status| [401, 429].contains(status)));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_good_key_that_is_new_is_no_guess_however_many_show_it_at_once() {
    let limits = LimitSettings {
        wrong_keys_per_minute: 1,
        ..LimitSettings::default()
    };
    let world = Limited::new(limits).await;
    let mut calls = tokio::task::JoinSet::new();
    for _ in 0..64 {
        let api = world.api.clone();
        calls.spawn(async move { from(&api, "192.0.2.1").await.status });
    }
    assert_eq!(calls.join_all().await, [200; 64]);
    let wrong = world.api.with_key("hck_nonsense");
    refused(&from(&wrong, "192.0.2.1").await, 401);
    refused(&from(&wrong, "192.0.2.1").await, 429);
}

#[tokio::test]
async fn a_client_has_so_many_requests_a_day_and_is_told() {
    let world = Limited::with_quota(3).await;
    let app = &world.test.app;
    for left in ["2", "1", "0"] {
        let answer = world.api.get(PATH).await;
        assert_eq!(answer.status, 200);
        assert_eq!(standing(&answer), ("3", left, MIDNIGHT));
    }
    let answer = world.api.post(PATH, json!({ "name": "x" })).await;
    refused(&answer, 429);
    assert_eq!(answer.json["canBeRetried"], "True");
    assert_eq!(standing(&answer), ("3", "0", MIDNIGHT));
    assert_eq!(answer.header("retry-after"), "43200");
    // Others are not concerned.
    let other = world.test.client().await;
    let others = world.api.with_key(other.key.expose());
    assert_eq!(others.get(PATH).await.status, 200);

    let reached = ("client.rateLimit.reached".to_owned(), 3, 0);
    assert!(world.told().await.is_empty(), "no request writes it");
    for _ in 0..3 {
        app.flush_tallies().await.unwrap();
        app.reset_quotas().await.unwrap();
        refused(&world.api.get(PATH).await, 429);
        assert_eq!(world.told().await, std::slice::from_ref(&reached));
    }
    assert_eq!(app.daily_quota(world.client.id()).await.unwrap(), (3, 3));

    let until_midnight = Day::of(START).end().since(START);
    world.test.clock.advance(until_midnight);
    let answer = world.api.get(PATH).await;
    let tomorrow = "2026-03-03T00:00:00.0000000Z";
    assert_eq!(standing(&answer), ("3", "2", tomorrow));
    app.flush_tallies().await.unwrap();
    for _ in 0..2 {
        app.reset_quotas().await.unwrap();
    }
    let reset = ("client.rateLimit.reset".to_owned(), 3, 2);
    assert_eq!(world.told().await, [reached, reset]);
}

#[tokio::test(flavor = "multi_thread")]
async fn replicas_share_a_quota_and_tell_once() {
    let limits = LimitSettings {
        daily_quota: 40,
        ..LimitSettings::default()
    };
    let world = Limited::new(limits).await;
    let mut replicas = vec![(world.test.app.clone(), world.api.clone())];
    replicas.push(world.replica(11, limits).await);
    replicas.push(world.replica(12, limits).await);
    // What comes in between two times that it is written down is what a replica may let through beyond the quota.
    let mut taken = 0;
    for _ in 0..10 {
        let mut calls = tokio::task::JoinSet::new();
        for (_, api) in &replicas {
            for _ in 0..4 {
                let api = api.clone();
                calls.spawn(async move { api.get(PATH).await.status });
            }
        }
        taken += calls.join_all().await.iter().filter(|s| **s == 200).count();
        let mut flushes = tokio::task::JoinSet::new();
        for (app, _) in &replicas {
            let app = app.clone();
            flushes.spawn(async move { app.flush_tallies().await.unwrap() });
        }
        flushes.join_all().await;
    }
    assert!((40..=40 + 2 * 4).contains(&taken), "{taken}");
    let told = world.told().await;
    assert_eq!(told, [("client.rateLimit.reached".to_owned(), 40, 0)]);
    let used = world.test.app.daily_quota(world.client.id()).await.unwrap();
    assert_eq!(
        used,
        (40, i64::try_from(taken).unwrap()),
        "all were counted"
    );

    world.test.clock.advance(Duration::from_secs(24 * 60 * 60));
    let mut resets = tokio::task::JoinSet::new();
    for (app, _) in &replicas {
        let app = app.clone();
        resets.spawn(async move { app.reset_quotas().await.unwrap() });
    }
    resets.join_all().await;
    assert_eq!(
        world.told().await.len(),
        2,
        "and once that it has a new one"
    );
}

#[tokio::test]
async fn the_operator_gives_a_client_another_quota() {
    let world = Limited::with_quota(2).await;
    let (app, id) = (&world.test.app, world.client.id());
    for _ in 0..2 {
        assert_eq!(world.api.get(PATH).await.status, 200);
    }
    refused(&world.api.get(PATH).await, 429);
    app.flush_tallies().await.unwrap();

    // The ids of events sort by their time.
    world.test.clock.advance(Duration::from_secs(1));
    // More: it goes on within three seconds, and the client is told.
    app.set_daily_quota(id, Some(5)).await.unwrap();
    world.test.clock.advance(Duration::from_secs(3));
    assert_eq!(standing(&world.api.get(PATH).await).1, "2");
    let kinds = async || {
        let told = world.told().await.into_iter();
        told.map(|(kind, daily, left)| (kind.replace("client.rateLimit.", ""), daily, left))
            .collect::<Vec<_>>()
    };
    let mut expected = vec![("reached".to_owned(), 2, 0), ("reset".to_owned(), 5, 3)];
    assert_eq!(kinds().await, expected);

    // Less than was used: he is told though nothing is counted any more.
    app.set_daily_quota(id, Some(1)).await.unwrap();
    world.test.clock.advance(Duration::from_secs(3));
    refused(&world.api.get(PATH).await, 429);
    app.flush_tallies().await.unwrap();
    expected.push(("reached".to_owned(), 1, 0));
    assert_eq!(kinds().await, expected);

    // None at all: who waits for the reset is told, too.
    app.set_daily_quota(id, Some(0)).await.unwrap();
    world.test.clock.advance(Duration::from_secs(3));
    assert_eq!(standing(&world.api.get(PATH).await).0, "2147483647");
    let any = u64::from(i32::MAX.unsigned_abs());
    expected.push(("reset".to_owned(), any, any));
    assert_eq!(kinds().await, expected);

    // The server's setting again.
    app.set_daily_quota(id, None).await.unwrap();
    world.test.clock.advance(Duration::from_secs(3));
    refused(&world.api.get(PATH).await, 429);
    let stranger = NOBODY.parse().unwrap();
    assert!(app.set_daily_quota(stranger, None).await.is_err());
    let audit = world.test.audit(&world.client).await;
    let set = audit.iter().filter(|entry| entry.action == "client.quota");
    assert_eq!(set.count(), 4);
}

#[tokio::test]
async fn what_is_used_is_known_after_a_restart() {
    let world = Limited::with_quota(3).await;
    for _ in 0..2 {
        assert_eq!(world.api.get(PATH).await.status, 200);
    }
    world.test.app.flush_tallies().await.unwrap();
    let limits = LimitSettings {
        daily_quota: 3,
        ..LimitSettings::default()
    };
    let (_app, api) = world.replica(21, limits).await;
    let answer = api.get(PATH).await;
    assert_eq!((answer.status, standing(&answer).1), (200, "0"));
    refused(&api.get(PATH).await, 429);
}

#[tokio::test]
async fn what_a_companys_token_asks_for_counts_for_its_client() {
    let world = Limited::with_quota(5).await;
    let made = world.api.post(PATH, json!({ "name": "x" })).await;
    let company = format!("{PATH}/{}", made.at("/id"));
    let token = world.api.get(&format!("{company}/accessToken")).await;
    let header = format!("Bearer {}", token.at("/accessToken"));
    // Another replica, which has seen no key of the client.
    world.test.app.flush_tallies().await.unwrap();
    let limits = LimitSettings {
        daily_quota: 5,
        ..LimitSettings::default()
    };
    let (_, replica) = world.replica(7, limits).await;
    let page = replica.with_authorization(&header);
    for left in ["2", "1", "0"] {
        let answer = page.get(&company).await;
        assert_eq!(answer.status, 200);
        assert_eq!(standing(&answer), ("5", left, MIDNIGHT));
    }
    refused(&page.get(&company).await, 429);
}
