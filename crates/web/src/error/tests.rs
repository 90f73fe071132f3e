use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::extract::Request;
use axum::response::Response;
use axum::routing::{get, post};
use handclasp_ambient::{ManualClock, SeededRandom};
use handclasp_domain::{CompanyId, Timestamp};
use http::StatusCode;
use http_body_util::BodyExt;
use serde::Deserialize;
use serde_json::{Value, json};
use tower::ServiceExt;

use super::{ApiError, ApiJson, ApiPath, ApiQuery, FieldError};
use crate::layers::{Outer, Surface};

#[derive(Deserialize)]
struct Create {
    name: String,
    #[serde(default)]
    tags: BTreeMap<String, String>,
}

#[derive(Deserialize)]
struct Page {
    page: Option<u32>,
}

fn api() -> Router {
    let router = Router::new()
        .route(
            "/companies",
            post(
                |ApiJson(c): ApiJson<Create>| async move { format!("{} {}", c.name, c.tags.len()) },
            )
            .get(|ApiQuery(p): ApiQuery<Page>| async move { format!("{:?}", p.page) }),
        )
        .route(
            "/companies/{id}",
            get(|ApiPath(id): ApiPath<CompanyId>| async move { id.to_string() }),
        )
        .route(
            "/internal",
            get(|| async { Err::<(), _>(ApiError::internal("the password is hunter2")) }),
        );
    let clock = ManualClock::at(Timestamp::from_seconds(1_700_000_000));
    Outer::new(
        Surface::Api,
        Arc::new(clock),
        Arc::new(SeededRandom::new(7)),
    )
    .wrap(router)
}

async fn ask(request: Request) -> Response {
    api().oneshot(request).await.unwrap()
}

async fn body(response: Response) -> Value {
    let bytes = response.into_body().collect().await.unwrap().to_bytes();
    serde_json::from_slice(&bytes).unwrap()
}

fn send(method: &str, uri: &str, kind: Option<&str>, body: impl Into<Body>) -> Request {
    let mut request = Request::builder().method(method).uri(uri);
    if let Some(kind) = kind {
        request = request.header("content-type", kind);
    }
    request.body(body.into()).unwrap()
}

const JSON: Option<&str> = Some("application/json");

/// The whole shape, and that the correlation id is that of the header.
async fn error(response: Response, status: u16) -> Value {
    assert_eq!(response.status().as_u16(), status);
    assert_eq!(response.headers()["content-type"], "application/json");
    assert_eq!(response.headers()["cache-control"], "no-store");
    assert_eq!(response.headers()["x-content-type-options"], "nosniff");
    let correlation = response.headers()["x-correlation-id"]
        .to_str()
        .unwrap()
        .to_owned();
    let body = body(response).await;
    let keys: Vec<_> = body.as_object().unwrap().keys().cloned().collect();
    assert_eq!(
        keys,
        [
            "statusCode",
            "service",
            "error",
            "correlationId",
            "validation",
            "canBeRetried",
            "detailedErrorCode",
            "type",
            "title",
            "status",
            "detail",
            "instance"
        ]
    );
    assert_eq!(body["type"], "about:blank");
    assert_eq!(body["status"], status);
    assert_eq!(body["detail"], body["error"]);
    assert_eq!(body["instance"], format!("urn:uuid:{correlation}"));
    assert_eq!(body["statusCode"], status);
    assert_eq!(body["correlationId"], correlation);
    assert_eq!(body["detailedErrorCode"], 0);
    assert_eq!(
        uuid::Uuid::parse_str(&correlation)
            .unwrap()
            .get_version_num(),
        7
    );
    body
}

#[tokio::test]
async fn unknown_paths_and_wrong_methods_have_the_error_body() {
    let not_found = error(ask(send("GET", "/nowhere", None, "")).await, 404).await;
    assert_eq!(not_found["validation"], Value::Null);
    assert_eq!(not_found["canBeRetried"], "False");

    let response = ask(send("PUT", "/companies", None, "")).await;
    let allow = response.headers()["allow"].to_str().unwrap().to_owned();
    for method in ["GET", "HEAD", "POST"] {
        assert!(allow.contains(method), "{allow}");
    }
    error(response, 405).await;
}

#[tokio::test]
async fn a_body_that_is_not_json_is_a_400() {
    for text in [
        "",
        "{",
        "{\"name\": }",
        "name=a",
        "{\"name\":\"a\"} x",
        "\u{feff}{\"name\":\"a\"}",
    ] {
        let said = error(ask(send("POST", "/companies", JSON, text)).await, 400).await;
        assert!(
            said["error"].as_str().unwrap().contains("JSON"),
            "{text}: {said}"
        );
    }
}

#[tokio::test]
async fn what_is_nested_too_deep_is_a_400_and_brackets_in_texts_are_none() {
    let nested = |depth: usize| format!("{}{}", "[".repeat(depth), "]".repeat(depth));
    // The body itself is the first level.
    let deep = |depth: usize| format!(r#"{{"name": "a", "later": {}}}"#, nested(depth - 1));
    for depth in [129, 400_000] {
        let said = error(
            ask(send("POST", "/companies", JSON, deep(depth))).await,
            400,
        )
        .await;
        assert!(said["error"].as_str().unwrap().contains("128 levels"));
    }
    let halves = format!(r#"{{"name": "a", "later": {}"#, "[".repeat(200_000));
    error(ask(send("POST", "/companies", JSON, halves)).await, 400).await;
    for taken in [
        deep(128),
        format!(r#"{{"name": "a", "later": [{}1]}}"#, "[{}],".repeat(1_000)),
        format!(r#"{{"name": "\\\"{}"}}"#, "[{".repeat(1_000)),
        format!(r#"{{"name": "\\\\", "later": "{}"}}"#, "[{".repeat(1_000)),
    ] {
        let response = ask(send("POST", "/companies", JSON, taken)).await;
        assert_eq!(response.status(), StatusCode::OK);
    }
}

#[tokio::test]
async fn a_wrong_type_names_the_field() {
    for (text, field) in [
        (r#"{"name": 5}"#, "name"),
        (r#"{"name": "a", "tags": {"region": 3}}"#, "tags.region"),
        (r#"{"name": "a", "tags": []}"#, "tags"),
    ] {
        let said = error(ask(send("POST", "/companies", JSON, text)).await, 400).await;
        let item = &said["validation"]["errors"][0];
        assert_eq!(item["itemId"], field, "{said}");
        assert_eq!(item["validatorName"], "Type");
        assert!(said["error"].as_str().unwrap().contains(field));
        assert_eq!(said["validation"]["warnings"], json!([]));
    }
    for (text, said) in [
        ("{}", "name: is required."),
        (r#"{"name": "a", "name": "b"}"#, "name: is given twice."),
        ("[1]", "[0]: must be a string."),
        ("3", "The request's body must be an object."),
    ] {
        let body = error(ask(send("POST", "/companies", JSON, text)).await, 400).await;
        assert_eq!(body["error"], said);
    }
}

#[tokio::test]
async fn nothing_that_was_sent_is_repeated() {
    let long = "aaaaaaaa".repeat(60_000);
    for text in [
        format!(r#"{{"name": "x", "tags": "{long}"}}"#),
        r#"{"name": "x", "tags": "aaaaaaaa, expected aaaaaaaa"}"#.to_owned(),
        format!(r#"{{"name": "x", "tags": ["{long}"]}}"#),
        format!(r#"{{"name": ["{long}"]}}"#),
        format!(r#""{long}""#),
        format!(r#"{{"{long}": {{"{long}": 1}}}}"#),
    ] {
        let said = error(ask(send("POST", "/companies", JSON, text)).await, 400).await;
        assert!(!said.to_string().contains("aaaaaaaa"), "{said}");
    }
    // A key is told as the place of a mistake: so much of it as a person needs to find it.
    for key in [long.as_str(), "a\\n\\u0000\\u001b[1m\\u2028b"] {
        let text = format!(r#"{{"name": "x", "tags": {{"{key}": 3}}}}"#);
        let said = error(ask(send("POST", "/companies", JSON, text)).await, 400).await;
        let item = &said["validation"]["errors"][0];
        for told in [&said["error"], &item["itemId"], &item["message"]] {
            let told = told.as_str().unwrap();
            assert!(told.starts_with("tags.a") && told.chars().count() < 200);
            assert!(handclasp_domain::is_one_line(told), "{told:?}");
        }
    }
    let query = format!("/companies?page={long}&{long}=1");
    let query: String = query.chars().take(8_000).collect();
    let said = error(ask(send("GET", &query, None, "")).await, 400).await;
    assert_eq!(said["error"], "page: is not as expected.");
}

#[tokio::test]
async fn unknown_fields_are_ignored_and_json_has_several_names() {
    for kind in [
        "application/json",
        "application/json; charset=utf-8",
        "APPLICATION/JSON",
        "application/merge-patch+json",
    ] {
        let text = r#"{"name": "a", "later": {"deep": [1]}}"#;
        let response = ask(send("POST", "/companies", Some(kind), text)).await;
        assert_eq!(response.status(), StatusCode::OK, "{kind}");
    }
    for kind in [
        None,
        Some("text/plain"),
        Some("application/jsonx"),
        Some("json"),
    ] {
        error(
            ask(send("POST", "/companies", kind, r#"{"name":"a"}"#)).await,
            415,
        )
        .await;
    }
}

#[tokio::test]
async fn too_large_is_a_413_with_and_without_a_declared_length() {
    let large = vec![b' '; 1024 * 1024 + 1];
    let mut declared = send("POST", "/companies", JSON, large.clone());
    declared
        .headers_mut()
        .insert("content-length", large.len().into());
    error(ask(declared).await, 413).await;

    let chunks = large
        .chunks(60_000)
        .map(|c| Ok::<_, std::io::Error>(bytes::Bytes::copy_from_slice(c)))
        .collect::<Vec<_>>();
    let streamed = Body::from_stream(futures::stream::iter(chunks));
    error(ask(send("POST", "/companies", JSON, streamed)).await, 413).await;

    // Exactly the limit is taken.
    let mut fits = br#"{"name":"a"}"#.to_vec();
    fits.resize(1024 * 1024, b' ');
    let response = ask(send("POST", "/companies", JSON, fits)).await;
    assert_eq!(response.status(), StatusCode::OK);
}

#[tokio::test]
async fn a_body_in_pieces_is_put_together() {
    let pieces = ["{\"na", "me\":", "\"abc\"", "}"].map(Ok::<_, std::io::Error>);
    let streamed = Body::from_stream(futures::stream::iter(pieces));
    let response = ask(send("POST", "/companies", JSON, streamed)).await;
    assert_eq!(response.status(), StatusCode::OK);
}

#[tokio::test]
async fn a_wrong_query_names_the_parameter() {
    for query in ["page=x", "page=-1", "page=1&page=2", "page=99999999999"] {
        let said = error(
            ask(send("GET", &format!("/companies?{query}"), None, "")).await,
            400,
        )
        .await;
        assert!(said["error"].as_str().unwrap().contains("page"), "{said}");
    }
    let response = ask(send("GET", "/companies?other=%FF&page=3", None, "")).await;
    assert_eq!(response.status(), StatusCode::OK);
}

#[tokio::test]
async fn an_id_that_is_none_is_not_found() {
    for id in [
        "x",
        "67e5504410b1426f9247bb680e5fe0c8-",
        "%00",
        "%FF",
        "..%2f",
    ] {
        error(
            ask(send("GET", &format!("/companies/{id}"), None, "")).await,
            404,
        )
        .await;
    }
    let id = "67e55044-10b1-426f-9247-bb680e5fe0c8";
    let response = ask(send("GET", &format!("/companies/{id}"), None, "")).await;
    assert_eq!(response.status(), StatusCode::OK);
}

#[tokio::test]
async fn a_cause_is_never_shown() {
    let said = error(ask(send("GET", "/internal", None, "")).await, 500).await;
    assert!(!said.to_string().contains("hunter2"), "{said}");
}

#[tokio::test]
async fn every_status_has_its_constructor() {
    let second = Duration::from_millis(1_200);
    let all = [
        (ApiError::bad_request("x"), 400, "False"),
        (
            ApiError::bad_field("name", "Too long.", "Length"),
            400,
            "False",
        ),
        (ApiError::unauthorized(), 401, "False"),
        (ApiError::forbidden("x"), 403, "False"),
        (ApiError::not_found("x"), 404, "False"),
        (ApiError::method_not_allowed("GET, HEAD"), 405, "False"),
        (ApiError::request_timeout(), 408, "True"),
        (ApiError::conflict("x"), 409, "False"),
        (ApiError::payload_too_large(9), 413, "False"),
        (
            ApiError::unsupported_media_type("application/json"),
            415,
            "False",
        ),
        (ApiError::misdirected(), 421, "False"),
        (ApiError::unprocessable("x"), 422, "False"),
        (ApiError::too_many(second), 429, "True"),
        (ApiError::internal("x"), 500, "False"),
        (ApiError::not_implemented("x"), 501, "False"),
        (ApiError::overloaded(second), 503, "True"),
    ];
    for (error, status, retried) in all {
        let response = axum::response::IntoResponse::into_response(error);
        assert_eq!(response.status().as_u16(), status);
        let headers = response.headers().clone();
        match status {
            401 => assert!(
                headers["www-authenticate"]
                    .to_str()
                    .unwrap()
                    .starts_with("Basic")
            ),
            405 => assert_eq!(headers["allow"], "GET, HEAD"),
            429 | 503 => assert_eq!(headers["retry-after"], "2"),
            _ => {}
        }
        let said = body(response).await;
        assert_eq!(said["statusCode"], status);
        assert_eq!(said["canBeRetried"], retried);
    }
    let two = ApiError::bad_request("x").with_validation([
        FieldError::new("a", "A.", "Length"),
        FieldError::new("b", "B.", "Format"),
    ]);
    let said = body(axum::response::IntoResponse::into_response(two)).await;
    assert_eq!(said["validation"]["errors"][1]["itemId"], "b");
}
