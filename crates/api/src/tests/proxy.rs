//! Calls that are passed on: what leaves, what comes back, what is refused, and what a third party's limits do.

use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use axum::body::{Body, Bytes};
use handclasp_testkit::{Answer, Asked, Holding, ScriptedThirdParty, Told};
use http::{Method, Request};
use http_body_util::StreamBody;
use serde_json::json;

use super::credentials::{stage_of, tokens};
use super::{Stage, refused, router};

const HOUR: Duration = Duration::from_secs(3600);

/// A third party with an API that answers so.
async fn api(answer: impl Fn(&Asked) -> Told + Send + Sync + 'static) -> ScriptedThirdParty {
    ScriptedThirdParty::start(move |asked| match asked.path() {
        "/sandbox/token" => Told::json(200, &tokens(2)),
        _ => answer(asked),
    })
    .await
}

fn ok() -> Told {
    Told::json(200, &json!({ "id": 7 }))
}

async fn ask(
    stage: &Stage,
    method: &str,
    path: &str,
    headers: &[(&str, &str)],
    body: Body,
) -> Answer {
    let method = Method::from_bytes(method.as_bytes()).unwrap();
    let mut request = Request::builder().method(method).uri(path);
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    stage.api.request(request.body(body).unwrap()).await
}

/// A body that says nothing of its length.
fn chunked(chunks: impl IntoIterator<Item = Bytes, IntoIter: Send + 'static>) -> Body {
    let frames = chunks
        .into_iter()
        .map(|chunk| Ok::<_, std::convert::Infallible>(http_body::Frame::data(chunk)));
    Body::new(StreamBody::new(futures::stream::iter(frames)))
}

#[tokio::test]
async fn a_call_goes_as_it_is_with_the_token_and_without_what_is_ours() {
    let third_party = api(|_| {
        Told::Answer(
            201,
            vec![
                ("content-type", "text/html".into()),
                ("set-cookie", "a=b".into()),
                ("x-own", "theirs".into()),
                ("access-control-allow-origin", "*".into()),
                ("cache-control", "public".into()),
            ],
            b"<b>made</b>".to_vec(),
        )
    })
    .await;
    let stage = stage_of(&third_party).await;
    let connection = stage.holding(Holding::default()).await;
    let path = format!("{connection}/proxy/a%20b/c;d=1/?e=f&g=%2F");
    let headers = [
        ("content-type", "application/json"),
        ("content-length", "7"),
        ("cookie", "session=s3cret"),
        ("x-forwarded-for", "10.0.0.1"),
        ("forwarded", "for=10.0.0.1"),
        ("via", "1.1 lb"),
        ("connection", "x-hop"),
        ("x-hop", "1"),
        ("x-tenant", "t"),
        ("idempotency-key", "not-a-uuid"),
    ];
    let answer = ask(&stage, "POST", &path, &headers, Body::from("{\"a\":1}")).await;
    assert_eq!(
        (answer.status, answer.text()),
        (201, "<b>made</b>".to_owned())
    );
    for (name, value) in [
        ("content-type", "text/html"),
        ("x-own", "theirs"),
        ("content-security-policy", "sandbox"),
        ("x-content-type-options", "nosniff"),
        ("cache-control", "no-store"),
    ] {
        assert_eq!(answer.header(name), value, "{name}");
    }
    for name in ["set-cookie", "access-control-allow-origin"] {
        assert!(!answer.headers.contains_key(name), "{name}");
    }

    let [asked] = &third_party.asked()[..] else {
        panic!("one call")
    };
    assert_eq!(asked.method, "POST");
    assert_eq!(
        asked.target,
        "/sandbox/api/a%20b/c;d=1/?e=f&g=%2F&organisation=7f"
    );
    assert_eq!(asked.body, b"{\"a\":1}");
    assert_eq!(asked.header("authorization"), "Bearer access-1");
    assert_eq!(asked.header("content-length"), "7");
    assert_eq!(asked.header("idempotency-key"), "not-a-uuid");
    assert_eq!(asked.header("x-tenant"), "t");
    assert_eq!(asked.header("host"), third_party.url().authority());
    let names: Vec<&str> = asked
        .headers
        .iter()
        .map(|(name, _)| name.as_str())
        .collect();
    for ours in [
        "cookie",
        "x-forwarded-for",
        "forwarded",
        "via",
        "x-hop",
        "connection",
    ] {
        assert!(!names.contains(&ours), "{ours}");
    }
}

#[tokio::test]
async fn every_method_goes_but_those_that_are_not_for_passing_on() {
    let third_party = api(|_| ok()).await;
    let stage = stage_of(&third_party).await;
    let connection = stage.holding(Holding::default()).await;
    let path = format!("{connection}/proxy/things");
    let methods = [
        "GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "QUERY", "PURGE",
    ];
    for method in methods {
        let answer = ask(&stage, method, &path, &[], Body::empty()).await;
        assert_eq!(answer.status, 200, "{method}: {}", answer.text());
        assert_eq!(answer.body.is_empty(), method == "HEAD", "{method}");
    }
    let asked: Vec<String> = third_party
        .asked()
        .iter()
        .map(|it| it.method.clone())
        .collect();
    assert_eq!(asked, methods);
    refused(&ask(&stage, "TRACE", &path, &[], Body::empty()).await, 400);
    for headers in [
        [("upgrade", "websocket"), ("connection", "Upgrade")],
        [("sec-websocket-key", "x"), ("sec-websocket-version", "13")],
    ] {
        refused(
            &ask(&stage, "GET", &path, &headers, Body::empty()).await,
            400,
        );
    }
    assert_eq!(third_party.asked().len(), methods.len());
}

#[tokio::test]
async fn a_path_that_could_lead_elsewhere_is_refused_before_anything_is_done() {
    let third_party = api(|_| ok()).await;
    let stage = stage_of(&third_party).await;
    let connection = stage.holding(Holding::default()).await;
    stage.test.clock.advance(2 * HOUR);
    for path in [
        "..",
        ".",
        "../userinfo",
        "a/../../token",
        "a/./b",
        "%2e%2e/token",
        "%2E%2e%2Ftoken",
        ".%2e/token",
        "a%2fb",
        "a%2Fb",
        "a%5cb",
        "a%5C..%5Cb",
        "/evil.example/x",
        "a//b",
        "a/%2e%2e",
        "@evil.example",
        "a@b",
        "%00",
        "a%0d%0ab",
        "%",
        "%zz",
        "%252e%252e/token",
        "..;/token",
        "http://evil.example/",
        "%ff%2f",
    ] {
        let answer = stage.api.get(&format!("{connection}/proxy/{path}")).await;
        refused(&answer, 400);
        assert_eq!(answer.at("/validation/errors/0/itemId"), "path", "{path}");
    }
    assert!(third_party.asked().is_empty(), "not even refreshed");
    let good = stage
        .api
        .get(&format!("{connection}/proxy/me%40x.example/a..b/..."))
        .await;
    assert_eq!(good.status, 200);
}

#[tokio::test]
async fn redirects_come_back_as_they_are() {
    let third_party = api(|asked| match asked.path() {
        "/sandbox/api/moved" => Told::Answer(
            302,
            vec![("location", "https://elsewhere.example/x".into())],
            Vec::new(),
        ),
        _ => ok(),
    })
    .await;
    let stage = stage_of(&third_party).await;
    let connection = stage.holding(Holding::default()).await;
    let answer = stage.api.get(&format!("{connection}/proxy/moved")).await;
    assert_eq!(answer.status, 302);
    assert_eq!(answer.header("location"), "https://elsewhere.example/x");
    assert_eq!(third_party.asked().len(), 1);
    let shown = format!("{:?} {}", answer.headers, answer.text());
    assert!(!shown.contains("access-1"));
}

#[tokio::test]
async fn who_asks_to_wait_is_not_called_until_then() {
    let third_party = api(|asked| match asked.path().rsplit('/').next() {
        Some("429") => Told::Answer(
            429,
            vec![("retry-after", "30".into())],
            b"slow down".to_vec(),
        ),
        Some("503") => Told::Answer(
            503,
            vec![("retry-after", "Sun, 01 Mar 2026 12:05:00 GMT".into())],
            Vec::new(),
        ),
        Some("plain") => Told::Answer(429, Vec::new(), Vec::new()),
        _ => ok(),
    })
    .await;
    let stage = stage_of(&third_party).await;
    let one = stage.holding(Holding::default()).await;
    let other = stage.holding(Holding::default()).await;
    // The contract has no such operation, and so takes every 429 for one of its own.
    let api = stage.client.api(router(&stage.test));
    let call =
        async |connection: &str, path: &str| api.get(&format!("{connection}/proxy/{path}")).await;
    let answer = call(&one, "429").await;
    assert_eq!(
        (answer.status, answer.text()),
        (429, "slow down".to_owned())
    );
    assert_eq!(answer.header("retry-after"), "30");
    let answer = call(&one, "good").await;
    refused(&answer, 429);
    assert_eq!(answer.header("retry-after"), "30");
    assert_eq!(answer.at("/canBeRetried"), "True");
    assert_eq!(
        call(&other, "good").await.status,
        200,
        "another's is another"
    );
    assert_eq!(third_party.asked().len(), 2);
    stage.test.clock.advance(Duration::from_secs(29));
    assert_eq!(call(&one, "good").await.header("retry-after"), "1");
    stage.test.clock.advance(Duration::from_secs(1));
    assert_eq!(call(&one, "good").await.status, 200);
    // A date counts too; nothing said is nothing remembered.
    assert_eq!(call(&one, "plain").await.status, 429);
    assert_eq!(call(&one, "503").await.status, 503);
    assert_eq!(call(&one, "good").await.header("retry-after"), "270");
    stage.test.clock.advance(Duration::from_secs(270));
    assert_eq!(call(&one, "good").await.status, 200);
}

/// An API that takes the second token alone.
async fn wants_the_second() -> ScriptedThirdParty {
    api(|asked| match asked.header("authorization") {
        "Bearer access-2" => ok(),
        _ => Told::json(401, &json!({ "message": "expired" })),
    })
    .await
}

#[tokio::test]
async fn a_refused_token_is_refreshed_once_and_the_call_made_once_more() {
    let third_party = wants_the_second().await;
    let stage = stage_of(&third_party).await;
    let connection = stage.holding(Holding::default()).await;
    let path = format!("{connection}/proxy/things");
    let post = async |body: Body, length: Option<usize>| {
        let length = length.map(|length| length.to_string());
        let headers: Vec<_> = length
            .iter()
            .map(|n| ("content-length", n.as_str()))
            .collect();
        ask(&stage, "POST", &path, &headers, body).await
    };
    // It was given just now: a refusal is about something else.
    assert_eq!(post(Body::from("x"), Some(1)).await.status, 401);
    assert_eq!(third_party.asked().len(), 1);
    stage.test.clock.advance(Duration::from_secs(31));
    let answer = post(Body::from("x"), Some(1)).await;
    assert_eq!(answer.status, 200);
    let asked = third_party.asked();
    let targets: Vec<_> = asked.iter().map(|it| it.path()).collect();
    let (api, token) = ("/sandbox/api/things", "/sandbox/token");
    assert_eq!(targets, [api, api, token, api]);
    assert_eq!(asked.last().unwrap().body, b"x");
}

#[tokio::test]
async fn where_the_body_is_gone_the_refusal_is_told_and_the_next_call_fares_better() {
    let third_party = wants_the_second().await;
    let stage = stage_of(&third_party).await;
    let connection = stage.holding(Holding::default()).await;
    stage.test.clock.advance(Duration::from_secs(31));
    let path = format!("{connection}/proxy/things");
    let large = || Body::from(vec![b'x'; 65 * 1024]);
    let answer = ask(&stage, "POST", &path, &[], large()).await;
    assert_eq!(answer.status, 401);
    assert_eq!(answer.at("/message"), "expired");
    assert_eq!(ask(&stage, "POST", &path, &[], large()).await.status, 200);
    let chunks = chunked(vec![Bytes::from_static(b"a"); 3]);
    assert_eq!(ask(&stage, "POST", &path, &[], chunks).await.status, 200);
    let asked = third_party.asked();
    assert_eq!(asked.last().unwrap().body, b"aaa");
    assert_eq!(asked.last().unwrap().header("transfer-encoding"), "chunked");
}

#[tokio::test]
async fn a_refused_token_without_a_better_one_is_told() {
    let third_party = ScriptedThirdParty::start(|asked| match asked.path() {
        "/sandbox/token" => Told::json(503, &json!({})),
        _ => Told::json(401, &json!({ "message": "expired" })),
    })
    .await;
    let stage = stage_of(&third_party).await;
    let connection = stage.holding(Holding::default()).await;
    stage.test.clock.advance(Duration::from_secs(31));
    for _ in 0..3 {
        let answer = stage.api.get(&format!("{connection}/proxy/things")).await;
        assert_eq!((answer.status, answer.at("/message")), (401, "expired"));
    }
    let refreshes = third_party
        .asked()
        .iter()
        .filter(|it| it.target == "/sandbox/token")
        .count();
    assert_eq!(refreshes, 1);
    assert_eq!(stage.api.get(&connection).await.at("/status"), "Linked");
}

#[tokio::test]
async fn what_a_third_party_does_not_do_is_told_as_by_a_gateway() {
    let times = AtomicU32::new(0);
    let third_party = api(move |_| match times.fetch_add(1, Ordering::SeqCst) {
        0 => Told::Reset,
        1 => Told::of(200, "x", "").after(Duration::from_millis(10)),
        _ => Told::Answer(200, vec![("x-long", "y".repeat(400_000))], Vec::new()),
    })
    .await;
    let stage = stage_of(&third_party).await;
    let connection = stage.holding(Holding::default()).await;
    let path = format!("{connection}/proxy/things");
    refused(&stage.api.get(&path).await, 502);
    assert_eq!(stage.api.get(&path).await.status, 200);
    refused(&stage.api.get(&path).await, 502);
}

#[tokio::test]
async fn bodies_beyond_the_apis_own_limit_go_and_those_beyond_the_calls_do_not() {
    let third_party = api(|_| ok()).await;
    let stage = stage_of(&third_party).await;
    let connection = stage.holding(Holding::default()).await;
    let path = format!("{connection}/proxy/things");
    let chunk = Bytes::from(vec![b'x'; 1 << 20]);
    let answer = ask(&stage, "PUT", &path, &[], chunked(vec![chunk.clone(); 8])).await;
    assert_eq!(answer.status, 200);
    assert_eq!(third_party.asked()[0].body.len(), 8 << 20);
    let answer = ask(&stage, "PUT", &path, &[], chunked(vec![chunk; 33])).await;
    refused(&answer, 400);
    let length = (33_u64 << 20).to_string();
    let announced = [("content-length", length.as_str())];
    refused(
        &ask(&stage, "PUT", &path, &announced, Body::empty()).await,
        413,
    );
    // Elsewhere the limit is as it was.
    let large = vec![b'x'; (1 << 20) + 1];
    let announced = large.len().to_string();
    let headers = [
        ("content-type", "application/json"),
        ("content-length", announced.as_str()),
    ];
    refused(
        &ask(
            &stage,
            "POST",
            "/api/companies",
            &headers,
            Body::from(large),
        )
        .await,
        413,
    );
}

#[tokio::test]
async fn calls_are_in_the_audit_log_once_a_minute_for_each_key() {
    let third_party = api(|_| ok()).await;
    let stage = stage_of(&third_party).await;
    let connection = stage.holding(Holding::default()).await;
    let other = stage
        .client
        .key_with(handclasp_domain::Scopes::EVERYTHING)
        .await;
    let other = stage.api.with_key(other.expose());
    let path = format!("{connection}/proxy/things");
    for seconds in [0, 1, 58, 2] {
        stage.test.clock.advance(Duration::from_secs(seconds));
        assert_eq!(stage.api.get(&path).await.status, 200);
        assert_eq!(other.get(&path).await.status, 200);
    }
    let audit = stage.test.audit(&stage.client).await;
    let calls = audit
        .iter()
        .filter(|entry| entry.action == "connection.proxy");
    assert_eq!(calls.count(), 4);
    let last = stage.api.get(&connection).await;
    assert!(last.at("/lastSync").starts_with("2026-03-01T12:01:01"));
}
