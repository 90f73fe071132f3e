//! Requests from pages on other origins.

use axum::body::Body;
use handclasp_testkit::{Answer, Http};
use http::{Method, Request};
use serde_json::json;

use super::rights::{Ids, address};
use super::{Stage, method, refused};
use crate::table::{Verb, Who, routes};

const PAGE: &str = "https://www.example.com";
const CORS: [&str; 6] = [
    "access-control-allow-origin",
    "access-control-allow-methods",
    "access-control-allow-headers",
    "access-control-allow-credentials",
    "access-control-expose-headers",
    "access-control-max-age",
];

async fn allow(api: &Http, origins: &[&str]) {
    let body = json!({ "allowedOrigins": origins });
    assert_eq!(api.post("/api/corsSettings", body).await.status, 200);
}

async fn ask(api: &Http, method: Method, path: &str, headers: &[(&str, &str)]) -> Answer {
    let mut request = Request::builder().method(method).uri(path);
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    api.request(request.body(Body::empty()).unwrap()).await
}

async fn from_page(api: &Http, path: &str, origin: &str) -> Answer {
    ask(api, Method::GET, path, &[("origin", origin)]).await
}

/// A preflight, which carries no key and no token.
async fn preflight(stage: &Stage, method: &str, path: &str, origin: &str) -> Answer {
    let headers = [
        ("origin", origin),
        ("access-control-request-method", method),
        (
            "access-control-request-headers",
            "authorization,content-type",
        ),
    ];
    // Answers to OPTIONS are no part of the contract.
    let api = Http::new(super::router(&stage.test));
    ask(&api, Method::OPTIONS, path, &headers).await
}

#[track_caller]
fn lets_nobody_read(answer: &Answer) {
    for name in CORS {
        assert_eq!(answer.header(name), "", "{name}");
    }
}

#[tokio::test]
async fn a_page_is_let_in_where_its_client_allows_it() {
    let stage = Stage::new().await;
    let company = stage.company().await;
    let own = stage.company_api(&company).await;
    allow(&stage.api, &["https://other.example", PAGE]).await;

    let asked = preflight(&stage, "DELETE", &format!("{company}/connections/x"), PAGE).await;
    assert_eq!((asked.status, asked.body.len()), (204, 0));
    assert_eq!(asked.header("access-control-allow-origin"), PAGE);
    assert_eq!(
        asked.header("access-control-allow-methods"),
        "GET, HEAD, PATCH, DELETE"
    );
    assert_eq!(
        asked.header("access-control-allow-headers"),
        "Authorization, Content-Type, Idempotency-Key"
    );
    assert_eq!(asked.header("access-control-max-age"), "600");
    assert!(asked.header("vary").contains("Origin"));
    assert_eq!(asked.header("access-control-allow-credentials"), "");

    let answer = from_page(&own, &company, PAGE).await;
    assert_eq!(answer.status, 200);
    assert_eq!(answer.header("access-control-allow-origin"), PAGE);
    assert_eq!(answer.header("vary"), "Origin");
    assert!(
        answer
            .header("access-control-expose-headers")
            .contains("X-Correlation-Id")
    );
    // Refusals too can be read.
    for (path, status) in [
        (format!("{company}/connections/x"), 404),
        ("/api/profile".to_owned(), 403),
    ] {
        let answer = from_page(&own, &path, PAGE).await;
        refused(&answer, status);
        assert_eq!(answer.header("access-control-allow-origin"), PAGE);
    }
    stage
        .test
        .clock
        .advance(handclasp_app::COMPANY_TOKEN_LIFETIME);
    let expired = from_page(&own, &company, PAGE).await;
    refused(&expired, 401);
    assert_eq!(expired.header("access-control-allow-origin"), PAGE);
}

#[tokio::test]
async fn preflights_are_answered_for_what_takes_a_token_alone() {
    let stage = Stage::new().await;
    let company = stage.company().await;
    allow(&stage.api, &[PAGE]).await;
    for route in routes() {
        let ids = Ids::all(company.rsplit('/').next().unwrap());
        let path = address(&route, ids);
        let answer = preflight(&stage, method(route.verb).as_str(), &path, PAGE).await;
        match (route.who, route.verb) {
            (Who::Company(_), _) => assert_eq!(answer.status, 204, "{path}"),
            (Who::Anyone | Who::May(_), Verb::Any) => {
                refused(&answer, 401);
                lets_nobody_read(&answer);
            }
            (Who::Anyone | Who::May(_), _) => {
                refused(&answer, 405);
                lets_nobody_read(&answer);
            }
        }
    }
    for (method, path) in [
        ("PURGE", company.as_str()),
        ("", company.as_str()),
        ("OPTIONS", "/api/integrations"),
        ("POST", "/api/integrations"),
    ] {
        let answer = preflight(&stage, method, path, PAGE).await;
        refused(&answer, 405);
        lets_nobody_read(&answer);
    }
    lets_nobody_read(&preflight(&stage, "GET", "/api/nothing", PAGE).await);
}

#[tokio::test]
async fn an_origin_that_nobody_allows_is_let_in_nowhere() {
    let stage = Stage::new().await;
    let company = stage.company().await;
    let own = stage.company_api(&company).await;
    allow(&stage.api, &[PAGE]).await;
    for origin in [
        "https://evil.example",
        "http://www.example.com",
        "https://www.example.com:8443",
        "https://www.example.com.evil.example",
        "https://WWW.example.com",
        "https://www.example.com/",
        "null",
        "*",
        "",
    ] {
        let asked = preflight(&stage, "GET", &company, origin).await;
        refused(&asked, 405);
        lets_nobody_read(&asked);
        let answer = from_page(&own, &company, origin).await;
        assert!(refused(&answer, 403).contains("CORS"), "{origin}");
        lets_nobody_read(&answer);
    }
    let both = [("origin", PAGE), ("origin", PAGE)];
    refused(&ask(&own, Method::GET, &company, &both).await, 403);
    // What was taken off the list is out at once.
    assert_eq!(from_page(&own, &company, PAGE).await.status, 200);
    allow(&stage.api, &[]).await;
    refused(&from_page(&own, &company, PAGE).await, 403);
    refused(&preflight(&stage, "GET", &company, PAGE).await, 405);
    // Whoever sends no origin, or our own, is no page elsewhere.
    assert_eq!(own.get(&company).await.status, 200);
    let answer = from_page(&own, &company, "http://127.0.0.1:4000").await;
    assert_eq!(answer.status, 200);
    lets_nobody_read(&answer);
}

#[tokio::test]
async fn one_clients_origins_let_nobody_in_at_another() {
    let stage = Stage::new().await;
    let company = stage.company().await;
    let own = stage.company_api(&company).await;
    allow(&stage.stranger().await, &[PAGE]).await;
    // A preflight names no client: it is answered, and the request is refused.
    let asked = preflight(&stage, "GET", &company, PAGE).await;
    assert_eq!(asked.status, 204);
    let delete = [("origin", PAGE)];
    let connection = stage.connection(&company).await;
    for (method, path) in [(Method::GET, &company), (Method::DELETE, &connection)] {
        let answer = ask(&own, method, path, &delete).await;
        refused(&answer, 403);
        lets_nobody_read(&answer);
    }
    assert_eq!(stage.api.get(&connection).await.status, 200);
}

#[tokio::test]
async fn no_page_reads_what_an_api_key_gets() {
    let stage = Stage::new().await;
    let company = stage.company().await;
    allow(&stage.api, &[PAGE]).await;
    let forged = stage.api.with_authorization("Bearer hct_AAAA");
    for (api, status) in [
        (&stage.api, 200),
        (&stage.api.without_key(), 401),
        (&forged, 401),
    ] {
        let answer = from_page(api, &company, PAGE).await;
        assert_eq!(answer.status, status);
        lets_nobody_read(&answer);
    }
}
