//! The document and the page as they are served.

use axum::body::Body;
use http::{Method, Request};
use serde_json::Value;

use super::super::document;
use crate::table::routes;
use crate::tests::{BASE, Stage};

const BOTH: [&str; 2] = ["/api/openapi.json", "/api/docs"];

#[tokio::test]
async fn the_document_is_that_of_this_server_and_needs_no_key() {
    let stage = Stage::new().await;
    let answer = stage.api.without_key().get("/api/openapi.json").await;
    assert_eq!(answer.status, 200);
    assert_eq!(answer.header("content-type"), "application/json");
    assert_eq!(answer.json["servers"][0]["url"], BASE);
    assert_eq!(answer.json, document(BASE, &routes()));
    assert!(
        answer.body.len() < 200_000,
        "{} bytes are kept in memory",
        answer.body.len()
    );
}

#[tokio::test]
async fn what_did_not_change_is_not_sent_again() {
    let stage = Stage::new().await;
    for path in BOTH {
        let first = stage.api.get(path).await;
        let tag = first.header("etag").to_owned();
        assert!(tag.starts_with('"') && tag.len() > 20, "{tag}");
        assert_eq!(first.header("cache-control"), "public, no-cache");
        for (asked, status) in [
            (tag.clone(), 304),
            (format!("W/{tag}"), 304),
            (format!("\"other\", {tag}"), 304),
            ("*".to_owned(), 304),
            ("\"other\"".to_owned(), 200),
        ] {
            let request = Request::get(path).header("if-none-match", &asked);
            let answer = stage
                .api
                .request(request.body(Body::empty()).unwrap())
                .await;
            assert_eq!(answer.status, status, "{asked}");
            assert_eq!(answer.body.is_empty(), status == 304);
            assert_eq!(answer.header("etag"), tag);
        }
        let head = stage.api.send(Method::HEAD, path, Value::Null).await;
        assert_eq!((head.status, head.header("etag")), (200, tag.as_str()));
    }
}

#[tokio::test]
async fn the_page_loads_nothing_and_runs_nothing() {
    let stage = Stage::new().await;
    let answer = stage.api.without_key().get("/api/docs").await;
    assert_eq!(answer.header("content-type"), "text/html; charset=utf-8");
    let policy = answer.header("content-security-policy");
    assert!(
        policy.starts_with("default-src 'none'") && policy.contains("style-src 'sha256-"),
        "{policy}"
    );
    assert!(!policy.contains("script"), "{policy}");
    assert_eq!(answer.header("x-content-type-options"), "nosniff");
    assert!(!answer.header("permissions-policy").is_empty());
    let html = answer.text();
    for needle in [
        "<script",
        " src=\"http",
        " src=\"/",
        "@import",
        "url(",
        " style=",
        " on",
    ] {
        let found = html
            .match_indices(needle)
            .find(|(at, _)| needle != " on" || html[at + 3..].starts_with("click"));
        assert_eq!(found, None, "{needle}");
    }
    for link in html
        .split(" href=\"")
        .skip(1)
        .map(|rest| rest.split('"').next().unwrap())
    {
        let leads = match link.strip_prefix('#') {
            Some(anchor) => html.contains(&format!("id=\"{anchor}\"")),
            None => link == "openapi.json" || link.starts_with("data:image/svg+xml"),
        };
        assert!(leads, "{link}");
    }
}

#[tokio::test]
async fn the_page_has_every_operation_with_its_examples() {
    let stage = Stage::new().await;
    let html = stage.api.get("/api/docs").await.text();
    let document = document(BASE, &routes());
    for (method, path, operation) in super::operations(&document) {
        let id = operation["operationId"].as_str().unwrap();
        assert!(html.contains(&format!("<h3 id=\"{id}\">")), "{id}");
        assert!(
            html.contains(&format!("<code>{path}</code>")),
            "{method} {path}"
        );
    }
    let count = |what: &str| html.matches(what).count();
    let all = super::operations(&document).len();
    for name in ["curl", "TypeScript", "Python"] {
        assert_eq!(count(&format!("<summary>{name}</summary>")), all);
    }
    for name in document["components"]["schemas"]
        .as_object()
        .unwrap()
        .keys()
    {
        assert!(html.contains(&format!("id=\"shape-{name}\"")), "{name}");
    }
    assert!(
        html.len() < 500_000,
        "{} bytes are kept in memory",
        html.len()
    );
}
