//! Bodies that are made to hurt, on every route that takes one: deep, long, ambiguous, or unreadable in a log.

use http::Method;
use serde_json::{Value, json};

use super::bad_input::{JSON, send, with_bodies};
use super::{Stage, field, refused};

#[tokio::test]
async fn depth_costs_no_stack() {
    let stage = Stage::new().await;
    for (method, path, good) in with_bodies(&stage).await {
        for bomb in [
            "[".repeat(500_000),
            "{\"a\":".repeat(150_000),
            format!("{}{}", "[".repeat(400_000), "]".repeat(400_000)),
        ] {
            refused(&send(&stage, &method, &path, JSON, bomb.clone()).await, 400);
            // In the place of each field.
            for name in good.as_object().unwrap().keys() {
                let body = format!("{{\"{name}\": {bomb}}}");
                refused(&send(&stage, &method, &path, JSON, body).await, 400);
            }
        }
    }
}

#[tokio::test]
async fn a_body_that_is_good_but_for_its_depth_is_400() {
    let stage = Stage::new().await;
    let nested = |depth: usize| format!("{}{}", "[".repeat(depth), "]".repeat(depth));
    for (method, path, good) in with_bodies(&stage).await {
        // In a field that nobody knows, which the parser does not look into.
        let good = good.to_string();
        let with = |later: &str| format!("{},\"later\":{later}}}", good.strip_suffix('}').unwrap());
        for depth in [128, 400_000] {
            let answer = send(&stage, &method, &path, JSON, with(&nested(depth))).await;
            let text = refused(&answer, 400);
            assert!(text.contains("128 levels"), "{path}: {text}");
        }
        // One level less is taken, and so are brackets in a text.
        for fine in [nested(127), format!("\"{}\"", "[".repeat(100_000))] {
            let answer = send(&stage, &method, &path, JSON, with(&fine)).await;
            if path.ends_with("/authorization") {
                refused(&answer, 400);
            } else if path.contains("/connections/") {
                assert!(refused(&answer, 400).contains("Only a Linked connection"));
            } else {
                assert!([200, 201].contains(&answer.status), "{}", answer.text());
            }
        }
    }
}

#[tokio::test]
async fn a_known_field_given_twice_is_400_and_named() {
    let stage = Stage::new().await;
    for (method, path, good) in with_bodies(&stage).await {
        let text = good.to_string();
        let twice = format!("{},{}", text.strip_suffix('}').unwrap(), &text[1..]);
        let answer = send(&stage, &method, &path, JSON, twice).await;
        let first = good.as_object().unwrap().keys().next().unwrap();
        assert_eq!(field(&answer), first, "{path}");
        assert!(answer.at("/error").contains("twice"), "{}", answer.text());
    }
}

#[tokio::test]
async fn a_tag_given_twice_is_400_and_named() {
    let stage = Stage::new().await;
    for (tags, named) in [
        (r#"{"a": "1", "b": "2", "a": "3"}"#, "tags.a"),
        (r#"{"a": "1", "\u0061": "1"}"#, "tags.a"),
    ] {
        let body = format!(r#"{{"name": "x", "tags": {tags}}}"#);
        let answer = send(&stage, &Method::POST, "/api/companies", JSON, body).await;
        assert_eq!(field(&answer), named, "{tags}");
    }
    assert_eq!(
        stage.api.get("/api/companies").await.json["totalResults"],
        0
    );
}

#[tokio::test]
async fn an_error_is_short_and_repeats_no_value() {
    let stage = Stage::new().await;
    let long = "secret ".repeat(70_000);
    for (method, path, good) in with_bodies(&stage).await {
        for name in good.as_object().unwrap().keys() {
            for wrong in [
                json!(long),
                json!([long]),
                json!({ "x": long }),
                json!([{ "x": long }]),
                json!({ &long: 3 }),
                json!("secret\u{0}\r\n\u{1b}[1m, expected secret"),
            ] {
                let mut body = good.clone();
                body[name] = wrong;
                let answer = stage.api.send(method.clone(), &path, body).await;
                assert_eq!(answer.status, 400, "{path} {name}");
                assert!(answer.body.len() < 1_000, "{} bytes", answer.body.len());
                assert!(!answer.text().contains("secret"), "{}", answer.text());
            }
        }
    }
}

#[tokio::test]
async fn a_long_or_odd_key_is_shown_short_and_in_one_line() {
    let stage = Stage::new().await;
    let long = "k".repeat(900_000);
    for key in [long.as_str(), "k\u{0}\r\n\u{1b}[1m\u{85}\u{2028}\u{2029}"] {
        let body = json!({ "name": "x", "tags": { key: 3 } });
        let answer = stage.api.post("/api/companies", body).await;
        assert!(field(&answer).starts_with("tags.k"));
        assert!(answer.body.len() < 1_000, "{} bytes", answer.body.len());
        for place in [
            "/error",
            "/validation/errors/0/itemId",
            "/validation/errors/0/message",
        ] {
            let text = answer.at(place);
            assert!(text.chars().count() <= 200, "{place}: {text}");
            assert!(handclasp_domain::is_one_line(text), "{place}: {text:?}");
        }
    }
}

#[tokio::test]
async fn control_characters_are_taken_nowhere_but_in_a_description() {
    let stage = Stage::new().await;
    let webhook = json!({ "url": "https://example.com/" });
    for bad in [
        "\u{0}",
        "\u{7}",
        "\u{1b}[31m",
        "\u{7f}",
        "\u{85}",
        "\u{2028}",
        "\u{2029}",
    ] {
        let text = format!("a{bad}b");
        for (path, mut body, name, value, named) in [
            ("/api/companies", json!({}), "name", json!(text), "name"),
            (
                "/api/companies",
                json!({ "name": "x" }),
                "description",
                json!(text),
                "description",
            ),
            (
                "/api/companies",
                json!({ "name": "x" }),
                "tags",
                json!({ &text: "v" }),
                "tags",
            ),
            (
                "/api/companies",
                json!({ "name": "x" }),
                "tags",
                json!({ "k": text }),
                "tags.k",
            ),
            (
                "/api/webhooks",
                webhook.clone(),
                "companyTags",
                json!(["a:b", format!("k:{text}")]),
                "companyTags[1]",
            ),
            (
                "/api/webhooks",
                webhook.clone(),
                "url",
                json!(format!("https://example.com/{text}")),
                "url",
            ),
        ] {
            body[name] = value;
            let answer = stage.api.post(path, body).await;
            assert_eq!(field(&answer), named, "{bad:?}: {}", answer.text());
        }
    }
    // What breaks a line has no place in a single one.
    for bad in ["\n", "\r", "\t"] {
        for body in [
            json!({ "name": format!("a{bad}b") }),
            json!({ "name": "x", "tags": { "k": format!("a{bad}b") } }),
        ] {
            field(&stage.api.post("/api/companies", body).await);
        }
    }
    let text = "One\r\n\tand another";
    let body = json!({ "name": "x", "description": text });
    let made = stage.api.post("/api/companies", body).await;
    assert_eq!((made.status, made.at("/description")), (200, text));
    let all = stage.api.get("/api/companies").await;
    assert_eq!(all.json["totalResults"], 1);
    let none: Value = json!({ "results": [] });
    assert_eq!(stage.api.get("/api/webhooks").await.json, none);
}
