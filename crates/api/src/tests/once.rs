//! Requests that come twice, on every route that takes an idempotency key.

use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use handclasp_ambient::SeededRandom;
use handclasp_domain::{Scope, Scopes};
use handclasp_testkit::{Answer, Break, Http, Setup, TestApp};
use http::{Method, Request};
use serde_json::{Value, json};
use tower::ServiceExt;

use super::rights::{Ids, address, body, is_not_built, only};
use super::{NOBODY, Stage, error, field, method, refused, router};
use crate::once::{IDEMPOTENCY_KEY, KeptLate, REPLAYED};
use crate::table::{Route, Verb, routes};

const PATH: &str = "/api/companies";
const KEY: &str = "8e03978e-40d5-43e8-bc93-6894a57f9324";
const OTHER: &str = "b4b6f7f7-3c57-4a6e-9a5b-0e8f2d1c9a10";

/// Routes whose success changes nothing that is written in one transaction: their answers are kept after it.
const KEPT_LATE: &[(Verb, &str)] = &[];

fn request(method: &Method, path: &str, key: &str, body: &Value) -> Request<Body> {
    Request::builder()
        .method(method)
        .uri(path)
        .header("content-type", "application/json")
        .header(IDEMPOTENCY_KEY, key)
        .body(Body::from(body.to_string()))
        .unwrap()
}

async fn send(api: &Http, method: Method, path: &str, key: &str, body: Value) -> Answer {
    api.request(request(&method, path, key, &body)).await
}

async fn create(api: &Http, key: &str, name: &str) -> Answer {
    send(api, Method::POST, PATH, key, json!({ "name": name })).await
}

async fn total(api: &Http) -> Value {
    api.get(PATH).await.json["totalResults"].clone()
}

fn is_replayed(answer: &Answer) -> bool {
    match answer.header(REPLAYED.as_str()) {
        "true" => true,
        "" => false,
        other => panic!("{other}"),
    }
}

/// The second answer is the first, word for word, and says so; but each request has its own correlation id.
#[track_caller]
fn same(first: &Answer, second: &Answer) {
    assert_eq!(first.status, second.status, "{}", second.text());
    assert_eq!(first.body, second.body);
    assert_eq!(first.header("content-type"), second.header("content-type"));
    assert_ne!(
        first.header("x-correlation-id"),
        second.header("x-correlation-id")
    );
    assert!(is_replayed(second) && !is_replayed(first));
}

/// The routes that take a key.
fn keyed() -> Vec<Route> {
    let takes = |route: &Route| matches!(route.verb, Verb::Post | Verb::Patch);
    routes().into_iter().filter(takes).collect()
}

#[tokio::test]
async fn every_post_and_patch_is_carried_out_once_and_keeps_its_answer_with_its_change() {
    let mut built = 0;
    for route in keyed() {
        let stage = Stage::new().await;
        let last = |path: String| path.rsplit('/').next().unwrap_or_default().to_owned();
        let company = stage.company().await;
        let connection = stage.connection(&company).await;
        stage.link(&connection).await;
        let webhook = last(stage.webhook().await);
        let ids = Ids {
            company: &last(company),
            connection: &last(connection),
            webhook: &webhook,
            ..Ids::all(NOBODY)
        };
        let path = address(&route, ids);
        let (verb, body) = (method(route.verb), body(&route));
        let before = stage.test.audit(&stage.client).await.len();
        if is_not_built(&route) {
            for _ in 0..2 {
                let answer = send(&stage.api, verb.clone(), &path, KEY, body.clone()).await;
                refused(&answer, 501);
                assert!(
                    !is_replayed(&answer),
                    "{path}: a refusal of the server's is not kept"
                );
            }
            assert_eq!(stage.test.kept_answers(&stage.client).await, 0);
            continue;
        }
        built += 1;
        let response =
            stage_router(&stage).oneshot(authorized(&stage, request(&verb, &path, KEY, &body)));
        let response = response.await.unwrap();
        assert!(
            response.status().is_success(),
            "{verb} {path}: {}",
            response.status()
        );
        let late = response.extensions().get::<KeptLate>().is_some();
        assert_eq!(
            late,
            KEPT_LATE.contains(&(route.verb, route.path)),
            "{verb} {path}: is the answer kept in the change's transaction? See `Reply` and `carry_out_once`"
        );
        let between = stage.test.audit(&stage.client).await.len();
        assert!(between > before, "{verb} {path} changes nothing");

        let (one, two) = (
            send(&stage.api, verb.clone(), &path, KEY, body.clone()).await,
            send(&stage.api, verb.clone(), &path, KEY, body.clone()).await,
        );
        assert_eq!(
            stage.test.audit(&stage.client).await.len(),
            between,
            "{verb} {path}"
        );
        assert!(is_replayed(&one) && is_replayed(&two), "{verb} {path}");
        assert_eq!((one.status, &one.body), (two.status, &two.body));
        let first = response.into_body();
        let first = axum::body::to_bytes(first, usize::MAX).await.unwrap();
        assert_eq!(one.body, first, "{verb} {path}");
        assert_eq!(stage.test.kept_answers(&stage.client).await, 1);

        let mut other = body.clone();
        other["laterVersionsHaveThis"] = json!(1);
        refused(
            &send(&stage.api, verb.clone(), &path, KEY, other).await,
            422,
        );
        // Under the next key it is done again, or refused as it would be without.
        let again = send(&stage.api, verb, &path, OTHER, body).await;
        assert!(!is_replayed(&again), "{path}");
    }
    assert!(built >= 4, "{built}");
}

fn stage_router(stage: &Stage) -> Router {
    router(&stage.test)
}

fn authorized(stage: &Stage, mut request: Request<Body>) -> Request<Body> {
    let bearer = format!("Bearer {}", stage.client.key.expose());
    let headers = request.headers_mut();
    headers.insert("authorization", bearer.parse().unwrap());
    request
}

#[tokio::test]
async fn a_key_is_one_requests_alone() {
    let stage = Stage::new().await;
    let first = create(&stage.api, KEY, "x").await;
    assert_eq!(first.status, 200);
    same(&first, &create(&stage.api, KEY, "x").await);
    same(&first, &create(&stage.api, &KEY.to_uppercase(), "x").await);

    let company = format!("{PATH}/{}", first.at("/id"));
    let connections = format!("{company}/connections");
    let named = json!({ "name": "x" });
    for answer in [
        create(&stage.api, KEY, "y").await,
        create(&stage.api, KEY, "").await,
        send(&stage.api, Method::POST, &connections, KEY, named.clone()).await,
        send(
            &stage.api,
            Method::POST,
            &format!("{PATH}?a=b"),
            KEY,
            named.clone(),
        )
        .await,
        send(
            &stage.api,
            Method::PATCH,
            &format!("{connections}/{NOBODY}"),
            KEY,
            named,
        )
        .await,
    ] {
        assert!(refused(&answer, 422).contains("another request"));
    }
    assert_eq!(total(&stage.api).await, 1);
    assert_eq!(stage.test.events(&stage.client).await, ["company.created"]);

    // Another key, and the same key of another client, are other requests.
    assert!(!is_replayed(&create(&stage.api, OTHER, "x").await));
    let stranger = stage.stranger().await;
    let theirs = create(&stranger, KEY, "x").await;
    assert_eq!((theirs.status, is_replayed(&theirs)), (200, false));
    assert_ne!(theirs.at("/id"), first.at("/id"));
    assert_eq!(total(&stage.api).await, 2);
}

#[tokio::test]
async fn what_is_no_uuid_is_400_and_so_are_two() {
    let stage = Stage::new().await;
    for bad in [
        "",
        "1",
        "nonsense",
        "{8e03978e-40d5-43e8-bc93-6894a57f9324}",
        &"a".repeat(6_000),
    ] {
        let answer = create(&stage.api, bad, "x").await;
        assert_eq!(field(&answer), "Idempotency-Key");
        assert!(answer.body.len() < 1_000);
    }
    for second in [KEY, OTHER] {
        let mut twice = request(&Method::POST, PATH, KEY, &json!({ "name": "x" }));
        let headers = twice.headers_mut();
        headers.append(IDEMPOTENCY_KEY, second.parse().unwrap());
        assert_eq!(field(&stage.api.request(twice).await), "Idempotency-Key");
    }
    let mut odd = request(&Method::POST, PATH, KEY, &json!({ "name": "x" }));
    let value = http::HeaderValue::from_bytes(b"\xff\xfe").unwrap();
    odd.headers_mut().insert(IDEMPOTENCY_KEY, value);
    assert_eq!(field(&stage.api.request(odd).await), "Idempotency-Key");
    assert_eq!(total(&stage.api).await, 0);
}

#[tokio::test]
async fn other_methods_have_no_use_for_it() {
    let stage = Stage::new().await;
    let company = stage.company().await;
    for path in [PATH, &company] {
        let answer = send(&stage.api, Method::GET, path, "nonsense", json!({})).await;
        assert_eq!(answer.status, 200);
    }
    let answer = send(&stage.api, Method::DELETE, &company, KEY, json!({})).await;
    assert_eq!(answer.status, 204);
    let answer = send(&stage.api, Method::DELETE, &company, KEY, json!({})).await;
    assert_eq!((answer.status, is_replayed(&answer)), (404, false));
}

#[tokio::test]
async fn who_may_not_do_it_is_given_no_kept_answer() {
    let stage = Stage::new().await;
    let first = create(&stage.api, KEY, "x").await;
    refused(&create(&stage.api.without_key(), KEY, "x").await, 401);
    refused(
        &create(&stage.api.without_key(), "nonsense", "x").await,
        401,
    );
    let reader = stage.client.key_with(only(Scope::Read)).await;
    let reader = stage.api.with_key(reader.expose());
    refused(&create(&reader, KEY, "x").await, 403);
    // What was refused for want of a right is not the answer to who has it.
    refused(&create(&reader, OTHER, "x").await, 403);
    assert_eq!(create(&stage.api, OTHER, "x").await.status, 200);
    // Keys are the client's, not those of one API key.
    let colleague = stage.client.key_with(Scopes::ORDINARY).await;
    let colleague = stage.api.with_key(colleague.expose());
    same(&first, &create(&colleague, KEY, "x").await);
}

#[tokio::test]
async fn a_refusal_is_kept_too_with_the_first_ones_correlation_id() {
    let stage = Stage::new().await;
    let first = create(&stage.api, KEY, "").await;
    assert_eq!(field(&first), "name");
    let second = create(&stage.api, KEY, "").await;
    same(&first, &second);
    assert_eq!(
        second.json["correlationId"],
        first.header("x-correlation-id")
    );
    refused(&create(&stage.api, KEY, "x").await, 422);

    // Also where what would be found now is another thing.
    let connection = stage.connection(&stage.company().await).await;
    let unlink = json!({ "status": "Unlinked" });
    let ask = async |key| send(&stage.api, Method::PATCH, &connection, key, unlink.clone()).await;
    let early = ask(OTHER).await;
    assert_eq!(field(&early), "status");
    stage.link(&connection).await;
    same(&early, &ask(OTHER).await);
    let late = ask("c2a0a9e5-0d1f-4f0d-8a51-6c7f54d3d001").await;
    assert_eq!((late.status, late.at("/status")), (200, "Unlinked"));

    let kind = |kind: &str| {
        let mut request = request(
            &Method::POST,
            PATH,
            "c2a0a9e5-0d1f-4f0d-8a51-6c7f54d3d002",
            &json!({ "name": "x" }),
        );
        request
            .headers_mut()
            .insert("content-type", kind.parse().unwrap());
        stage.api.request(request)
    };
    refused(&kind("text/plain").await, 415);
    assert!(is_replayed(&kind("text/plain").await));
    refused(&kind("application/json").await, 422);
}

#[tokio::test]
async fn what_the_server_could_not_do_may_be_asked_for_again() {
    let mut stage = Stage::new().await;
    stage
        .test
        .restart_with(|options| options.queue_limit = 1)
        .await;
    let api = stage
        .client
        .api(router(&stage.test))
        .held_to_contract("/api");
    let mut callers = tokio::task::JoinSet::new();
    for number in 0..64_u32 {
        let api = api.clone();
        callers.spawn(async move {
            let key = format!("8e03978e-40d5-43e8-bc93-{number:012}");
            let mut refusals = 0;
            loop {
                let answer = create(&api, &key, "x").await;
                match answer.status {
                    200 => return (refusals, is_replayed(&answer)),
                    503 => refusals += 1,
                    other => panic!("{other}: {}", answer.text()),
                }
                tokio::time::sleep(Duration::from_millis(5)).await;
            }
        });
    }
    let mut refusals = 0;
    while let Some(done) = callers.join_next().await {
        let (refused, replayed) = done.unwrap();
        assert!(!replayed);
        refusals += refused;
    }
    assert!(refusals > 0, "64 callers do not fit in a queue of one");
    assert_eq!(total(&api).await, 64);
}

#[tokio::test]
async fn ninety_minutes_later_a_key_is_free_again() {
    let stage = Stage::new().await;
    let first = create(&stage.api, KEY, "x").await;
    stage.test.clock.advance(Duration::from_secs(90 * 60 - 1));
    stage.test.app.tidy().await.unwrap();
    same(&first, &create(&stage.api, KEY, "x").await);
    stage.test.clock.advance(Duration::from_secs(1));
    // Whether it was tidied up or not.
    let second = create(&stage.api, KEY, "y").await;
    assert_eq!((second.status, is_replayed(&second)), (200, false));
    same(&second, &create(&stage.api, KEY, "y").await);
    assert_eq!(stage.test.kept_answers(&stage.client).await, 1);
    stage.test.clock.advance(Duration::from_secs(90 * 60));
    stage.test.app.tidy().await.unwrap();
    assert_eq!(stage.test.kept_answers(&stage.client).await, 0);
    assert_eq!(total(&stage.api).await, 2);
}

#[tokio::test]
async fn answers_go_with_their_company() {
    let stage = Stage::new().await;
    let first = create(&stage.api, KEY, "x").await;
    let company = format!("{PATH}/{}", first.at("/id"));
    let connections = format!("{company}/connections");
    let platform = json!({ "platformKey": "mqjo" });
    let key = "c2a0a9e5-0d1f-4f0d-8a51-6c7f54d3d001";
    let made = send(&stage.api, Method::POST, &connections, key, platform).await;
    assert_eq!(made.status, 200);
    let one = format!("{connections}/{}", made.at("/id"));
    // A refusal of what is under it too.
    let key = "c2a0a9e5-0d1f-4f0d-8a51-6c7f54d3d002";
    let unlink = json!({ "status": "Unlinked" });
    refused(
        &send(&stage.api, Method::PATCH, &one, key, unlink).await,
        400,
    );
    create(&stage.api, OTHER, "another").await;
    assert_eq!(stage.test.kept_answers(&stage.client).await, 4);
    assert_eq!(stage.api.delete(&company).await.status, 204);
    assert_eq!(stage.test.kept_answers(&stage.client).await, 1);
    let second = create(&stage.api, KEY, "x").await;
    assert_eq!((second.status, is_replayed(&second)), (200, false));
}

#[tokio::test]
async fn after_a_restart_answers_are_still_there() {
    let mut stage = Stage::new().await;
    let first = create(&stage.api, KEY, "x").await;
    stage.test.restart_with(|_| {}).await;
    let api = stage.client.api(router(&stage.test));
    same(&first, &create(&api, KEY, "x").await);
}

/// Sends the same twenty times at once. Nobody is told anything but the one answer, or to wait.
async fn race(apis: &[Http], key: &str) -> Answer {
    let mut callers = tokio::task::JoinSet::new();
    for api in apis.iter().cycle().take(20) {
        let (api, key) = (api.clone(), key.to_owned());
        callers.spawn(async move { create(&api, &key, "x").await });
    }
    let mut answers = Vec::new();
    while let Some(answer) = callers.join_next().await {
        let answer = answer.unwrap();
        match answer.status {
            200 => answers.push(answer),
            _ => assert!(refused(&answer, 409).contains("not answered yet")),
        }
    }
    let firsts = answers.iter().filter(|answer| !is_replayed(answer));
    assert_eq!(firsts.count(), 1, "one was the first");
    assert!(answers.iter().all(|answer| answer.body == answers[0].body));
    answers.remove(0)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn of_twenty_at_once_one_is_carried_out() {
    let stage = Stage::new().await;
    for number in 0..10 {
        let key = format!("8e03978e-40d5-43e8-bc93-{number:012}");
        let answer = race(std::slice::from_ref(&stage.api), &key).await;
        assert_eq!(answer.body, create(&stage.api, &key, "x").await.body);
    }
    assert_eq!(total(&stage.api).await, 10);
    assert_eq!(stage.test.events(&stage.client).await.len(), 10);
}

/// Another process over the same database.
async fn replica(stage: &Stage, seed: u64) -> Http {
    let test = &stage.test;
    let random = Arc::new(SeededRandom::new(seed));
    let app = TestApp::over(Setup::default(), &test.database, test.clock.clone(), random).await;
    stage
        .client
        .api(super::router_of(&app))
        .held_to_contract("/api")
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn of_twenty_at_once_on_three_replicas_one_is_carried_out() {
    let stage = Stage::new().await;
    let replicas = [
        stage.api.clone(),
        replica(&stage, 2).await,
        replica(&stage, 3).await,
    ];
    for number in 0..10 {
        let key = format!("8e03978e-40d5-43e8-bc93-{number:012}");
        let answer = race(&replicas, &key).await;
        for api in &replicas {
            let again = create(api, &key, "x").await;
            assert_eq!((again.status, &again.body), (200, &answer.body));
            assert!(is_replayed(&again));
        }
    }
    assert_eq!(total(&stage.api).await, 10);
    assert_eq!(stage.test.events(&stage.client).await.len(), 10);
    let audit = stage.test.audit(&stage.client).await;
    let made = audit
        .iter()
        .filter(|entry| entry.action == "company.create");
    assert_eq!(made.count(), 10);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn who_hangs_up_and_asks_again_gets_what_was_done() {
    let stage = Stage::new().await;
    for number in 0..30_u32 {
        let key = format!("8e03978e-40d5-43e8-bc93-{number:012}");
        let (api, first_key) = (stage.api.clone(), key.clone());
        let first = tokio::spawn(async move { create(&api, &first_key, "x").await });
        tokio::time::sleep(Duration::from_micros(u64::from(number) * 150)).await;
        first.abort();
        let _hung_up = first.await;
        let answer = loop {
            let answer = create(&stage.api, &key, "x").await;
            if answer.status != 409 {
                break answer;
            }
            tokio::time::sleep(Duration::from_millis(1)).await;
        };
        assert_eq!(answer.status, 200, "{}", answer.text());
    }
    assert_eq!(total(&stage.api).await, 30);
    assert_eq!(stage.test.events(&stage.client).await.len(), 30);
}

#[tokio::test(flavor = "multi_thread")]
async fn where_the_answer_to_commit_is_lost_the_change_is_made_once_and_answered_twice() {
    let mut stage = Stage::new().await;
    let Some(wire) = stage.test.restart_over_lossy().await else {
        return;
    };
    let router = router(&stage.test);
    let api = stage.client.api(router).held_to_contract("/api");
    for (number, when) in [Break::After, Break::Before, Break::After]
        .into_iter()
        .enumerate()
    {
        // So that what breaks is not the look at the API key.
        assert_eq!(total(&api).await, number);
        let key = format!("8e03978e-40d5-43e8-bc93-{number:012}");
        wire.break_next(when);
        let first = create(&api, &key, "x").await;
        assert!(wire.broke(), "{when:?}");
        assert_eq!(first.status, 200, "{}", first.text());
        same(&first, &create(&api, &key, "x").await);
        assert_eq!(
            stage.test.kept_answers(&stage.client).await,
            i64::try_from(number).unwrap() + 1
        );
    }
    assert_eq!(total(&api).await, 3);
    assert_eq!(stage.test.events(&stage.client).await.len(), 3);
}

#[tokio::test]
async fn the_refusals_whole() {
    let stage = Stage::new().await;
    create(&stage.api, KEY, "x").await;
    insta::assert_snapshot!(error(&create(&stage.api, KEY, "y").await), @r#"
    {
      "statusCode": 422,
      "service": "PublicApi",
      "error": "This Idempotency-Key belongs to another request: use a new one for each.",
      "correlationId": "…",
      "validation": null,
      "canBeRetried": "False",
      "detailedErrorCode": 0
    }
    "#);
    insta::assert_snapshot!(error(&create(&stage.api, "x", "y").await), @r#"
    {
      "statusCode": 400,
      "service": "PublicApi",
      "error": "Idempotency-Key: must be one UUID, as 8e03978e-40d5-43e8-bc93-6894a57f9324.",
      "correlationId": "…",
      "validation": {
        "errors": [
          {
            "itemId": "Idempotency-Key",
            "message": "Idempotency-Key: must be one UUID, as 8e03978e-40d5-43e8-bc93-6894a57f9324.",
            "validatorName": "Format"
          }
        ],
        "warnings": []
      },
      "canBeRetried": "False",
      "detailedErrorCode": 0
    }
    "#);
}
