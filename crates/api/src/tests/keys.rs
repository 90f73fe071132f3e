//! The forms in which a key is shown.

use axum::body::Body;
use base64::Engine;
use base64::engine::general_purpose::{STANDARD, STANDARD_NO_PAD};
use http::Request;

use super::{Stage, error, refused};

const PATH: &str = "/api/companies";

#[tokio::test]
async fn the_three_forms_are_taken() {
    let stage = Stage::new().await;
    let key = stage.client.key.expose();
    for form in [
        format!("Basic {}", STANDARD.encode(key)),
        format!("Basic {}", STANDARD.encode(format!("{key}:"))),
        format!("Basic {}", STANDARD_NO_PAD.encode(format!("{key}:"))),
        format!("bAsIc {}", STANDARD.encode(key)),
        format!("Basic   {}  ", STANDARD.encode(key)),
        format!("Bearer {key}"),
        format!("bearer {key}"),
    ] {
        let answer = stage.api.with_authorization(&form).get(PATH).await;
        assert_eq!(answer.status, 200, "{form}");
    }
}

#[tokio::test]
async fn what_is_no_key_is_401_and_no_key_differs_from_another() {
    let stage = Stage::new().await;
    let key = stage.client.key.expose();
    let last = if key.ends_with('A') { 'B' } else { 'A' };
    let other = format!("{}{last}", &key[..key.len() - 1]);
    let none = stage.api.without_key().get(PATH).await;
    insta::assert_snapshot!(error(&none), @r#"
    {
      "statusCode": 401,
      "service": "PublicApi",
      "error": "Unauthorized: send a valid API key in the Authorization header.",
      "correlationId": "…",
      "validation": null,
      "canBeRetried": "False",
      "detailedErrorCode": 0
    }
    "#);
    assert_eq!(
        none.header("www-authenticate"),
        r#"Basic realm="api", charset="UTF-8""#
    );
    for form in [
        format!("Basic {}", STANDARD.encode(&other)),
        format!("Basic {}", STANDARD.encode(format!("{key}x"))),
        format!("Basic {}", STANDARD.encode(format!("{key}:secret"))),
        format!("Basic {}", STANDARD.encode(format!("{key}::"))),
        format!("Basic {}", STANDARD.encode(format!(":{key}"))),
        format!("Basic {}", STANDARD.encode(key.repeat(100))),
        format!("Basic {}", STANDARD.encode([0xff; 59])),
        format!("Basic {key}"),
        format!("Bearer {}", STANDARD.encode(key)),
        format!("Digest {key}"),
        "Basic %%%".to_owned(),
        "Basic ".to_owned(),
        "Basic".to_owned(),
        "Bearer".to_owned(),
        String::new(),
        key.clone(),
    ] {
        let answer = stage.api.with_authorization(&form).get(PATH).await;
        refused(&answer, 401);
        assert_eq!(error(&answer), error(&none), "{form}");
        assert!(!answer.text().contains(key.as_str()));
    }
}

#[tokio::test]
async fn two_headers_are_none() {
    let stage = Stage::new().await;
    let good = format!("Bearer {}", stage.client.key.expose());
    for second in [good.as_str(), "Basic bm9uc2Vuc2U="] {
        let request = Request::get(PATH)
            .header("authorization", &good)
            .header("authorization", second);
        let answer = stage.api.request(request.body(Body::empty()).unwrap());
        refused(&answer.await, 401);
    }
}
