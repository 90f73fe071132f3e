//! Requests that are made to hurt by something else than their JSON: by their length, their headers, or what they say of themselves.

use std::convert::Infallible;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use axum::body::{Body, Bytes};
use futures::stream;
use http::{Method, Request};
use serde_json::json;

use super::bad_input::{JSON, send, with_bodies};
use super::{NOBODY, Stage, field, refused};

/// 100 MiB that say nothing of their length; how much of them was asked for is counted in MiB.
fn endless() -> (Body, Arc<AtomicUsize>) {
    let read = Arc::new(AtomicUsize::new(0));
    let counted = Arc::clone(&read);
    let piece = Bytes::from(vec![b' '; 1024 * 1024]);
    let pieces = (0..100).map(move |_| {
        counted.fetch_add(1, Ordering::Relaxed);
        Ok::<_, Infallible>(piece.clone())
    });
    (Body::from_stream(stream::iter(pieces)), read)
}

#[tokio::test]
async fn a_hundred_megabytes_are_413_and_are_not_read() {
    let stage = Stage::new().await;
    for (method, path, _) in with_bodies(&stage).await {
        for key in [None, Some(NOBODY)] {
            let (body, read) = endless();
            let mut request = Request::builder()
                .method(&method)
                .uri(&path)
                .header("content-type", "application/json");
            if let Some(key) = key {
                request = request.header("idempotency-key", key);
            }
            refused(&stage.api.request(request.body(body).unwrap()).await, 413);
            let read = read.load(Ordering::Relaxed);
            assert!(read <= 3, "{path}: {read} MiB were read");
        }
        // Who may not be here is not listened to at all.
        let (body, read) = endless();
        let request = Request::builder()
            .method(&method)
            .uri(&path)
            .header("content-type", "application/json")
            .header("idempotency-key", NOBODY)
            .body(body);
        refused(
            &stage.api.without_key().request(request.unwrap()).await,
            401,
        );
        assert_eq!(read.load(Ordering::Relaxed), 0, "{path}");
    }
    assert_eq!(stage.test.kept_answers(&stage.client).await, 0);
}

#[tokio::test]
async fn a_body_on_a_route_without_one_is_let_be() {
    let stage = Stage::new().await;
    let company = stage.company().await;
    for kind in [None, JSON, Some("text/plain"), Some("multipart/form-data")] {
        for body in ["", "{", "null", "{\"name\": 3}", "\u{0}"] {
            let get = send(&stage, &Method::GET, &company, kind, body).await;
            assert_eq!(get.status, 200, "{body}");
            let head = send(&stage, &Method::HEAD, &company, kind, body).await;
            assert_eq!(head.status, 200, "{body}");
        }
    }
    let webhook = stage.webhook().await;
    let gone = send(&stage, &Method::DELETE, &webhook, JSON, "{\"a\":").await;
    assert_eq!(gone.status, 204);
    let (body, read) = endless();
    assert_eq!(
        send(&stage, &Method::GET, &company, None, body)
            .await
            .status,
        200
    );
    assert_eq!(read.load(Ordering::Relaxed), 0);
}

#[tokio::test]
async fn a_content_type_says_json_in_utf_8_or_is_415() {
    let stage = Stage::new().await;
    for (method, path, good) in with_bodies(&stage).await {
        for kind in [
            "application/json; charset=utf-16",
            "application/json;charset=iso-8859-1",
            "application/json; Charset=\"UTF-32\"",
            "application/json; charset=",
            "application/json; charset=utf-8; charset=utf-16",
            "application/merge-patch+json; charset=utf-16",
            "application/json, application/json",
            "json",
            "/",
            ";",
        ] {
            let answer = send(&stage, &method, &path, Some(kind), good.to_string()).await;
            refused(&answer, 415);
        }
        let twice = Request::builder()
            .method(&method)
            .uri(&path)
            .header("content-type", "application/json")
            .header("content-type", "text/plain")
            .body(Body::from(good.to_string()));
        refused(&stage.api.request(twice.unwrap()).await, 415);
        for kind in [
            "application/json; charset=utf-8",
            "application/json;CHARSET=UTF-8",
            "application/json; charset=\"utf-8\"",
            "application/json; charset=us-ascii",
            "application/json; odata.metadata=none; q",
            " application/json ;",
        ] {
            let answer = send(&stage, &method, &path, Some(kind), good.to_string()).await;
            assert_ne!(answer.status, 415, "{path} {kind}");
        }
    }
}

#[tokio::test]
async fn other_encodings_of_json_and_halves_of_characters_are_400() {
    let stage = Stage::new().await;
    let utf16 = |mark: &[u8], text: &str| {
        let units = text.encode_utf16().flat_map(u16::to_le_bytes);
        [mark.to_vec(), units.collect()].concat()
    };
    for (method, path, good) in with_bodies(&stage).await {
        let text = good.to_string();
        for body in [
            utf16(b"", &text),
            utf16(b"\xff\xfe", &text),
            [&b"\xef\xbb\xbf"[..], text.as_bytes()].concat(),
            [text.as_bytes(), b"\0"].concat(),
            [b"\0", text.as_bytes()].concat(),
        ] {
            refused(&send(&stage, &method, &path, JSON, body).await, 400);
        }
    }
    for half in [
        "\\ud800",
        "\\udc00",
        "\\udc00\\ud800",
        "\\ud800x",
        "\\ud800\\u0041",
    ] {
        for body in [
            format!("{{\"name\": \"{half}\"}}"),
            format!("{{\"name\": \"x\", \"description\": \"a{half}\"}}"),
            format!("{{\"name\": \"x\", \"tags\": {{\"{half}\": \"v\"}}}}"),
            format!("{{\"name\": \"x\", \"tags\": {{\"k\": \"{half}\"}}}}"),
        ] {
            let answer = send(&stage, &Method::POST, "/api/companies", JSON, body).await;
            refused(&answer, 400);
        }
    }
    let whole = "{\"name\": \"\\ud83c\\udf5e\"}";
    let answer = send(&stage, &Method::POST, "/api/companies", JSON, whole).await;
    assert_eq!((answer.status, answer.at("/name")), (200, "🍞"));
}

#[tokio::test]
async fn huge_numbers_and_long_texts_cost_little() {
    let stage = Stage::new().await;
    for (method, path, good) in with_bodies(&stage).await {
        let text = good.to_string();
        for odd in [
            "1e999999".to_owned(),
            format!("-{}", "9".repeat(500_000)),
            format!("0.{}1", "0".repeat(500_000)),
            format!("\"{}\"", "\\u0000".repeat(100_000)),
        ] {
            let later = format!("{},\"later\":{odd}}}", text.trim_end_matches('}'));
            let answer = send(&stage, &method, &path, JSON, later).await;
            assert!(answer.status < 500, "{path}: {}", answer.text());
            for name in good.as_object().unwrap().keys() {
                let body = format!("{{\"{name}\": {odd}}}");
                let answer = send(&stage, &method, &path, JSON, body).await;
                refused(&answer, 400);
                assert!(answer.body.len() < 1_000, "{} bytes", answer.body.len());
            }
        }
    }
}

#[tokio::test]
async fn huge_and_odd_headers_change_nothing() {
    let stage = Stage::new().await;
    let long = "a".repeat(60_000);
    for (name, value) in [
        ("accept", long.as_str()),
        ("accept", &"application/problem+json;q=0.5,".repeat(1_500)),
        ("accept-language", &long),
        ("cookie", &long),
        ("x-http-method-override", "DELETE"),
        ("x-original-url", "/api/profile"),
        ("x-correlation-id", NOBODY),
        ("range", "bytes=0-0"),
        ("if-none-match", "*"),
        ("content-length", "0"),
        ("te", "trailers"),
    ] {
        let request = Request::get("/api/companies").header(name, value);
        let answer = stage
            .api
            .request(request.body(Body::empty()).unwrap())
            .await;
        assert_eq!(answer.status, 200, "{name}");
        assert_eq!(answer.json["totalResults"], 0);
        assert_ne!(answer.header("x-correlation-id"), NOBODY);
    }
    for shown in [
        format!("Bearer {long}"),
        format!("Basic {long}"),
        format!("{long} x"),
        format!("Bearer hck_{long}"),
    ] {
        let api = stage.api.with_authorization(&shown);
        let answer = api.get("/api/companies").await;
        refused(&answer, 401);
        assert!(answer.body.len() < 1_000);
    }
}

#[tokio::test]
async fn a_query_that_is_none_names_what_is_wrong_or_is_let_be() {
    let stage = Stage::new().await;
    for query in [
        "page=%zz",
        "page=%ff",
        "page=%00",
        "page=",
        "page",
        "page=1%20",
        "page=%2b1",
    ] {
        let answer = stage.api.get(&format!("/api/companies?{query}")).await;
        assert_eq!(field(&answer), "page", "{query}");
    }
    let long = "a".repeat(60_000);
    for query in [
        "",
        "&&&",
        "=",
        "%ff=%ff",
        &format!("{long}=1"),
        &"a=1&".repeat(10_000),
    ] {
        let answer = stage.api.get(&format!("/api/companies?{query}")).await;
        assert_eq!(answer.status, 200, "{}", &query[..query.len().min(20)]);
    }
    let body = json!({ "name": "x" });
    let odd = format!("/api/companies?{long}");
    assert_eq!(stage.api.post(&odd, body).await.status, 200);
}
