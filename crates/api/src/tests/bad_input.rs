//! Bad input, on every route that takes it.

use std::collections::HashMap;

use axum::body::Body;
use handclasp_testkit::Answer;
use http::{Method, Request};
use serde_json::{Value, json};

use super::{NOBODY, Stage, field, refused};

/// The routes that take a body, as addresses of things that exist.
pub(super) async fn with_bodies(stage: &Stage) -> Vec<(Method, String, Value)> {
    let company = stage.company().await;
    let connection = stage.connection(&company).await;
    let (connections, key) = (
        format!("{company}/connections"),
        json!({ "platformKey": "mqjo" }),
    );
    let profile = json!({
        "name": "Lender Ltd",
        "redirectUrl": "https://example.com/done",
        "whiteListUrls": [],
        "logoUrl": "https://example.com/logo.png",
        "iconUrl": "https://example.com/icon.ico",
        "confirmCompanyName": true,
        "alertAuthHeader": "Bearer x",
    });
    let cors = json!({ "allowedOrigins": ["https://example.com"] });
    let rule = stage.rule().await;
    let new_rule = json!({
        "type": "DataConnectionStatusChanged",
        "notifiers": { "webhook": "https://example.com/" },
    });
    let webhook = json!({ "url": "https://example.com/", "eventTypes": ["company.created"] });
    let authorization = format!("{connection}/authorization");
    vec![
        (
            Method::POST,
            "/api/companies".to_owned(),
            json!({ "name": "x" }),
        ),
        (Method::PUT, company.clone(), json!({ "name": "x" })),
        (Method::PATCH, company, json!({ "name": "x" })),
        (Method::PUT, authorization, json!({ "key": "x" })),
        (Method::POST, connections, key),
        (Method::PATCH, connection, json!({ "status": "Unlinked" })),
        (Method::PUT, "/api/profile".to_owned(), profile),
        (Method::POST, "/api/webhooks".to_owned(), webhook),
        (Method::POST, "/api/corsSettings".to_owned(), cors.clone()),
        (
            Method::POST,
            "/api/connectionManagement/corsSettings".to_owned(),
            cors,
        ),
        (Method::POST, "/api/rules".to_owned(), new_rule.clone()),
        (Method::PUT, rule, new_rule),
        (
            Method::POST,
            "/api/apiKeys".to_owned(),
            json!({ "name": "x", "scopes": ["read"] }),
        ),
    ]
}

pub(super) async fn send(
    stage: &Stage,
    method: &Method,
    path: &str,
    kind: Option<&str>,
    body: impl Into<Body>,
) -> Answer {
    let mut request = Request::builder().method(method).uri(path);
    if let Some(kind) = kind {
        request = request.header("content-type", kind);
    }
    let request = request.body(body.into()).unwrap();
    stage.api.request(request).await
}

pub(super) const JSON: Option<&str> = Some("application/json");

#[tokio::test]
async fn what_is_not_json_or_no_object_is_400() {
    let stage = Stage::new().await;
    for (method, path, _) in with_bodies(&stage).await {
        for body in [
            &b""[..],
            b" ",
            b"{",
            b"}",
            b"{\"name\": }",
            b"{} {}",
            b"{'name': 'x'}",
            b"null",
            b"true",
            b"3",
            b"\"x\"",
            b"[]",
            b"[\"x\", null, null]",
            b"[\"x\", \"y\", [\"z\"]]",
            b"\0",
            b"\xef\xbb\xbf{}",
            b"{\"name\": \"\xff\"}",
            b"{\"name\": \"\\ud800\"}",
            b"{\"name\": \"a\nb\"}",
            b"NaN",
        ] {
            let answer = send(&stage, &method, &path, JSON, body).await;
            let text = refused(&answer, 400);
            assert!(!text.contains("struct"), "{path}: {text}");
        }
    }
}

#[tokio::test]
async fn other_types_of_content_are_415() {
    let stage = Stage::new().await;
    for (method, path, good) in with_bodies(&stage).await {
        for kind in [
            None,
            Some("text/plain"),
            Some("application/x-www-form-urlencoded"),
            Some("multipart/form-data; boundary=x"),
            Some("application/jsonx"),
            Some(""),
        ] {
            let answer = send(&stage, &method, &path, kind, good.to_string()).await;
            refused(&answer, 415);
        }
    }
    let kinds = [
        "application/json; charset=utf-8",
        "Application/JSON",
        "application/vnd.x+json",
    ];
    for kind in kinds {
        let body = json!({ "name": "x" }).to_string();
        let answer = send(&stage, &Method::POST, "/api/companies", Some(kind), body).await;
        assert_eq!(answer.status, 200, "{kind}");
    }
}

#[tokio::test]
async fn a_body_over_one_mebibyte_is_413_whether_it_says_so_or_not() {
    let stage = Stage::new().await;
    for (method, path, good) in with_bodies(&stage).await {
        let text = good.to_string();
        let padded = |length: usize| format!("{text}{}", " ".repeat(length - text.len()));
        let over = send(&stage, &method, &path, JSON, padded(1_048_577)).await;
        refused(&over, 413);
        let declared = Request::builder()
            .method(&method)
            .uri(&path)
            .header("content-type", "application/json")
            .header("content-length", "100000000")
            .body(Body::from("{}"));
        refused(&stage.api.request(declared.unwrap()).await, 413);
        let full = send(&stage, &method, &path, JSON, padded(1_048_576)).await;
        assert_ne!(full.status, 413, "{path}");
    }
}

#[tokio::test]
async fn a_wrong_type_names_its_field() {
    let stage = Stage::new().await;
    let routes: HashMap<_, _> = with_bodies(&stage)
        .await
        .into_iter()
        .map(|(method, path, good)| {
            let name = path.rsplit('/').next().unwrap_or_default().to_owned();
            let name = match (&method, path.matches('/').count()) {
                (&Method::PATCH, 5) => "connection".to_owned(),
                (_, 3) if path.starts_with("/api/companies/") => format!("{method} company"),
                _ => name,
            };
            (name, (method, path, good))
        })
        .collect();
    for (route, name, wrong, named) in [
        ("companies", "name", json!(3), "name"),
        ("companies", "name", json!(null), "name"),
        ("companies", "name", json!(["x"]), "name"),
        ("companies", "description", json!({}), "description"),
        ("companies", "tags", json!([]), "tags"),
        ("companies", "tags", json!({ "region": 3 }), "tags.region"),
        (
            "companies",
            "referenceParentCompany",
            json!(NOBODY),
            "referenceParentCompany",
        ),
        (
            "companies",
            "referenceParentCompany",
            json!({ "id": 3 }),
            "referenceParentCompany.id",
        ),
        (
            "companies",
            "referenceSubsidiaryCompanies",
            json!({}),
            "referenceSubsidiaryCompanies",
        ),
        (
            "companies",
            "referenceSubsidiaryCompanies",
            json!([{ "id": NOBODY }, null]),
            "referenceSubsidiaryCompanies[1]",
        ),
        ("companies", "products", json!("lending"), "products"),
        ("companies", "products", json!([3]), "products[0]"),
        ("PUT company", "name", json!(null), "name"),
        ("PUT company", "tags", json!({ "a": 3 }), "tags.a"),
        ("PATCH company", "name", json!(3), "name"),
        ("PATCH company", "tags", json!([]), "tags"),
        ("authorization", "key", json!(null), "key"),
        ("authorization", "key", json!({}), "key"),
        ("connections", "platformKey", json!(4), "platformKey"),
        ("connections", "platformKey", json!(null), "platformKey"),
        ("connections", "platformKey", json!(["mqjo"]), "platformKey"),
        ("connection", "status", json!(null), "status"),
        ("connection", "status", json!(3), "status"),
        ("profile", "name", json!(true), "name"),
        ("profile", "name", json!(null), "name"),
        ("profile", "redirectUrl", json!(null), "redirectUrl"),
        ("profile", "redirectUrl", json!({}), "redirectUrl"),
        (
            "profile",
            "whiteListUrls",
            json!("https://example.com"),
            "whiteListUrls",
        ),
        ("profile", "whiteListUrls", json!([3]), "whiteListUrls[0]"),
        ("webhooks", "url", json!(null), "url"),
        ("webhooks", "url", json!(1.5), "url"),
        (
            "webhooks",
            "eventTypes",
            json!("company.created"),
            "eventTypes",
        ),
        (
            "webhooks",
            "eventTypes",
            json!(["company.created", 1]),
            "eventTypes[1]",
        ),
        ("webhooks", "companyTags", json!({}), "companyTags"),
        ("webhooks", "disabled", json!("yes"), "disabled"),
        ("profile", "logoUrl", json!(3), "logoUrl"),
        ("profile", "iconUrl", json!([]), "iconUrl"),
        (
            "profile",
            "confirmCompanyName",
            json!("true"),
            "confirmCompanyName",
        ),
        (
            "profile",
            "alertAuthHeader",
            json!(["Bearer x"]),
            "alertAuthHeader",
        ),
        ("profile", "apiKey", json!(3), "apiKey"),
        (
            "corsSettings",
            "allowedOrigins",
            json!("https://example.com"),
            "allowedOrigins",
        ),
        (
            "corsSettings",
            "allowedOrigins",
            json!([null]),
            "allowedOrigins[0]",
        ),
        ("rules", "type", json!(1), "type"),
        ("rules", "notifiers", json!("x"), "notifiers"),
        ("apiKeys", "name", json!(3), "name"),
        ("apiKeys", "scopes", json!("read"), "scopes"),
        ("apiKeys", "scopes", json!([3]), "scopes[0]"),
    ] {
        let (method, path, good) = &routes[route];
        let mut body = good.clone();
        body[name] = wrong;
        let answer = stage.api.send(method.clone(), path, body).await;
        assert_eq!(field(&answer), named, "{route}: {}", answer.text());
        assert!(answer.at("/error").contains(named), "{}", answer.text());
    }
}

#[tokio::test]
async fn required_fields_are_named_when_they_are_absent() {
    let stage = Stage::new().await;
    let required = [
        "name",
        "name",
        "",
        "",
        "platformKey",
        "status",
        "name",
        "url",
        "allowedOrigins",
        "allowedOrigins",
        "type",
        "type",
    ];
    for ((method, path, _), name) in with_bodies(&stage).await.into_iter().zip(required) {
        if name.is_empty() {
            continue;
        }
        let answer = stage.api.send(method, &path, json!({ "later": 1 })).await;
        assert_eq!(field(&answer), name, "{path}");
    }
}

#[tokio::test]
async fn unknown_fields_are_let_be() {
    let stage = Stage::new().await;
    for (method, path, mut good) in with_bodies(&stage).await {
        if path.ends_with("/authorization") {
            // All its fields are the integration's own.
            continue;
        }
        good["laterVersionsHaveThis"] = json!({ "a": [1, { "b": null }] });
        let answer = stage.api.send(method.clone(), &path, good).await;
        // The connection is not linked: that alone is wrong.
        let expected = if path.contains("/connections/") {
            [400, 400]
        } else {
            [200, 201]
        };
        assert!(
            expected.contains(&answer.status),
            "{path}: {}",
            answer.text()
        );
    }
}

#[tokio::test]
async fn what_is_no_id_is_404() {
    let stage = Stage::new().await;
    let company = stage.company().await;
    let bare = company.replace('-', "");
    let id = company.rsplit('/').next().unwrap();
    let mut paths: Vec<String> = vec![
        bare,
        format!("/api/companies/%7B{id}%7D"),
        format!("/api/companies/urn:uuid:{id}"),
    ];
    for bad in [
        "1",
        "nonsense",
        "%00",
        "%ff",
        "'%20or%201=1",
        "..%2fprofile",
        "%20",
        NOBODY,
    ] {
        paths.push(format!("/api/companies/{bad}"));
        paths.push(format!("/api/companies/{bad}/connections/{NOBODY}"));
        paths.push(format!("{company}/connections/{bad}"));
        paths.push(format!("/api/webhooks/{bad}"));
        paths.push(format!("/api/rules/{bad}"));
        paths.push(format!("/api/apiKeys/{bad}"));
    }
    for path in paths {
        refused(&stage.api.delete(&path).await, 404);
    }
    for path in [
        "/api/integrations/zzzz",
        "/api/integrations/mqjox",
        "/api/integrations/%00/logo.svg",
    ] {
        refused(&stage.api.get(path).await, 404);
    }
    let upper = format!("/api/companies/{}", id.to_uppercase());
    assert_eq!(
        stage.api.get(&upper).await.status,
        200,
        "an id's case does not matter"
    );
}

#[tokio::test]
async fn unknown_paths_are_404_and_wrong_methods_405_with_what_is_allowed() {
    let stage = Stage::new().await;
    for path in [
        "/api",
        "/api/",
        "/api/nothing",
        "/api/companies/",
        "/api//companies",
        "/",
    ] {
        refused(&stage.api.get(path).await, 404);
    }
    let allow = async |method: Method, path: &str| {
        let answer = stage.api.send(method, path, Value::Null).await;
        refused(&answer, 405);
        answer.header("allow").to_owned()
    };
    let company = format!("/api/companies/{NOBODY}");
    assert_eq!(
        allow(Method::DELETE, "/api/companies").await,
        "GET,HEAD,POST"
    );
    assert_eq!(
        allow(Method::POST, &company).await,
        "GET,HEAD,PUT,PATCH,DELETE"
    );
    assert_eq!(allow(Method::POST, "/api/profile").await, "GET,HEAD,PUT");
    assert_eq!(allow(Method::PUT, "/api/webhooks").await, "GET,HEAD,POST");
    assert_eq!(
        allow(Method::OPTIONS, "/api/integrations").await,
        "GET,HEAD"
    );
}

#[tokio::test]
async fn head_answers_as_get_does_without_the_body() {
    let stage = Stage::new().await;
    let company = stage.company().await;
    for path in [
        company.as_str(),
        "/api/companies",
        "/api/profile",
        "/api/integrations/mqjo/logo.svg",
    ] {
        let get = stage.api.get(path).await;
        let head = stage.api.send(Method::HEAD, path, Value::Null).await;
        assert_eq!((get.status, head.status), (200, 200), "{path}");
        assert!(head.body.is_empty());
        assert_eq!(head.header("content-type"), get.header("content-type"));
        assert_eq!(head.header("content-length"), get.body.len().to_string());
    }
    let unknown = format!("/api/companies/{NOBODY}");
    assert_eq!(
        stage
            .api
            .send(Method::HEAD, &unknown, Value::Null)
            .await
            .status,
        404
    );
}

#[tokio::test]
async fn nothing_of_the_api_is_to_be_stored_or_sniffed() {
    let stage = Stage::new().await;
    for answer in [
        stage.api.get("/api/profile").await,
        stage.api.get("/api/nothing").await,
    ] {
        assert_eq!(answer.header("cache-control"), "no-store");
        assert_eq!(answer.header("x-content-type-options"), "nosniff");
    }
}
