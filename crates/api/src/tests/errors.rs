//! The two names of an error's body.

use axum::body::Body;
use handclasp_testkit::Answer;
use http::Request;
use serde_json::json;

use super::{NOBODY, Stage};

async fn ask(stage: &Stage, method: &str, path: &str, accept: &str) -> Answer {
    let request = Request::builder().method(method).uri(path);
    let request = request.header("accept", accept).body(Body::empty());
    stage.api.request(request.unwrap()).await
}

#[tokio::test]
async fn an_error_whole() {
    let stage = Stage::new().await;
    let answer = stage.api.get(&format!("/api/companies/{NOBODY}")).await;
    let correlation = answer.header("x-correlation-id");
    assert_eq!(
        answer.json,
        json!({
            "statusCode": 404,
            "service": "PublicApi",
            "error": "There is no such company.",
            "correlationId": correlation,
            "validation": null,
            "canBeRetried": "False",
            "detailedErrorCode": 0,
            "type": "about:blank",
            "title": "Not Found",
            "status": 404,
            "detail": "There is no such company.",
            "instance": format!("urn:uuid:{correlation}"),
        })
    );
}

#[tokio::test]
async fn it_is_a_problem_to_who_asks_for_problems_and_plain_json_to_all_others() {
    let stage = Stage::new().await;
    for (method, path, status) in [
        ("GET", format!("/api/companies/{NOBODY}"), 404),
        ("GET", "/api/nothing".to_owned(), 404),
        ("DELETE", "/api/profile".to_owned(), 405),
        ("GET", "/api/companies?page=x".to_owned(), 400),
        ("POST", "/api/companies".to_owned(), 415),
        ("GET", "/api/auditLog".to_owned(), 501),
    ] {
        for (accept, kind) in [
            ("*/*", "application/json"),
            ("application/json", "application/json"),
            ("text/html", "application/json"),
            ("application/problem+json", "application/problem+json"),
            (
                "application/json, application/problem+json",
                "application/problem+json",
            ),
        ] {
            let answer = ask(&stage, method, &path, accept).await;
            assert_eq!(answer.status, status, "{path}: {}", answer.text());
            assert_eq!(answer.header("content-type"), kind, "{path} {accept}");
            assert_eq!(answer.header("vary"), "accept");
            assert_eq!(answer.json["status"], status);
        }
    }
    // What is no error has one name, and is the same for everybody.
    let answer = ask(&stage, "GET", "/api/profile", "application/problem+json").await;
    assert_eq!(answer.header("content-type"), "application/json");
    assert_eq!(answer.header("vary"), "");
}

#[tokio::test]
async fn a_kept_refusal_has_the_name_that_is_asked_for_now() {
    let stage = Stage::new().await;
    let ask = async |accept: &str| {
        let request = Request::post("/api/companies")
            .header("content-type", "application/json")
            .header("idempotency-key", NOBODY)
            .header("accept", accept)
            .body(Body::from("{}"));
        stage.api.request(request.unwrap()).await
    };
    let first = ask("application/json").await;
    assert_eq!(first.status, 400);
    let second = ask("application/problem+json").await;
    assert_eq!(second.header("content-type"), "application/problem+json");
    assert_eq!(second.header("vary"), "accept");
    assert_eq!((first.status, &first.body), (second.status, &second.body));
    let third = ask("*/*").await;
    assert_eq!(third.header("content-type"), "application/json");
}
