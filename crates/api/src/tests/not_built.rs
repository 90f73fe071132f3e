//! What is not built says so: operations, and fields of those that are.

use axum::body::Body;
use handclasp_domain::Scopes;
use http::{Method, Request};
use serde_json::{Value, json};

use super::rights::{address, call};
use super::{NOBODY, Stage, error, refused};
use crate::not_built::NOT_BUILT;

#[tokio::test]
async fn operations() {
    let stage = Stage::new().await;
    for one in NOT_BUILT {
        let route = one.route();
        let path = address(&route, NOBODY, NOBODY, NOBODY);
        let text = refused(&call(&stage.api, &route, &path).await, 501);
        assert_eq!(text, one.why.text(), "{path}");
    }
    let path = format!("/api/companies/{NOBODY}/dataStatus");
    insta::assert_snapshot!(error(&stage.api.get(&path).await), @r#"
    {
      "statusCode": 501,
      "service": "PublicApi",
      "error": "Data reading and writing is outside this product: it has no such operation.",
      "correlationId": "…",
      "validation": null,
      "canBeRetried": "False",
      "detailedErrorCode": 0
    }
    "#);
}

#[tokio::test]
async fn what_credentials_are_used_for_asks_for_their_scope_whatever_the_method() {
    let stage = Stage::new().await;
    let ordinary = stage.client.key_with(Scopes::ORDINARY).await;
    let ordinary = stage.api.with_key(ordinary.expose());
    let connection = format!("/api/companies/{NOBODY}/connections/{NOBODY}");
    for method in ["GET", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "REPORT"] {
        for path in ["proxy/a", "proxy/a/b/c?d=e"] {
            let method = Method::from_bytes(method.as_bytes()).unwrap();
            let uri = format!("{connection}/{path}");
            let request = || Request::builder().method(&method).uri(&uri);
            let answer = ordinary.request(request().body(Body::empty()).unwrap());
            assert!(refused(&answer.await, 403).contains("`credentials`"));
            let answer = stage.api.request(request().body(Body::empty()).unwrap());
            refused(&answer.await, 501);
        }
    }
    let credentials = format!("{connection}/credentials");
    refused(&ordinary.get(&credentials).await, 403);
    refused(&stage.api.get(&credentials).await, 501);
}

#[tokio::test]
async fn fields() {
    let stage = Stage::new().await;
    let profile = json!({ "name": "Lender Ltd", "redirectUrl": "" });
    let before = stage.api.get("/api/profile").await.json;
    for (method, path, good, name, asked) in [
        (
            Method::PUT,
            "/api/profile",
            &profile,
            "logoUrl",
            json!("https://example.com/logo.png"),
        ),
        (
            Method::PUT,
            "/api/profile",
            &profile,
            "iconUrl",
            json!("https://example.com/icon.ico"),
        ),
        (
            Method::PUT,
            "/api/profile",
            &profile,
            "alertAuthHeader",
            json!("Bearer x"),
        ),
        (Method::PUT, "/api/profile", &profile, "apiKey", json!("x")),
        (
            Method::PUT,
            "/api/profile",
            &profile,
            "confirmCompanyName",
            json!(true),
        ),
    ] {
        for asked in [asked, json!(3)] {
            let mut body = good.clone();
            body[name] = asked;
            let answer = stage.api.send(method.clone(), path, body).await;
            assert!(refused(&answer, 501).contains(name), "{}", answer.text());
            assert_eq!(answer.at("/validation/errors/0/itemId"), name);
        }
        // What is empty asks for nothing.
        for empty in [Value::Null, json!(""), json!([]), json!({}), json!(false)] {
            let mut body = good.clone();
            body[name] = empty;
            let answer = stage.api.send(method.clone(), path, body).await;
            assert_eq!(answer.status, 200, "{name}: {}", answer.text());
        }
    }
    assert_eq!(stage.api.get("/api/profile").await.json, before);
}
