//! What is not built says so: operations, and fields of those that are.

use axum::body::Body;
use handclasp_domain::Scopes;
use http::{Method, Request};

use super::rights::{Ids, address, call};
use super::{NOBODY, Stage, error, refused};
use crate::not_built::NOT_BUILT;

#[tokio::test]
async fn operations() {
    let stage = Stage::new().await;
    for one in NOT_BUILT {
        let route = one.route();
        let path = address(&route, Ids::all(NOBODY));
        let text = refused(&call(&stage.api, &route, &path).await, 501);
        assert_eq!(text, one.why.text(), "{path}");
    }
    let path = format!("/api/companies/{NOBODY}/dataStatus");
    insta::assert_snapshot!(error(&stage.api.get(&path).await), @r#"
    {
      "statusCode": 501,
      "service": "PublicApi",
      "error": "This is outside of what the product is for: it has no such operation.",
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
