//! Third parties are careless: what is tolerated in their answers, and how.

use std::time::Duration;

use serde_json::json;

use super::*;

const YEAR: u64 = 365 * 24 * 60 * 60;

/// A good answer with some members set otherwise; null takes one away.
async fn with(changes: serde_json::Value) -> Result<Granted, ProviderFailure> {
    let mut body = json!({
        "access_token": "acc3ss", "token_type": "Bearer", "expires_in": 3600,
        "refresh_token": "r3fresh", "scope": "accounting offline_access",
    });
    for (name, value) in changes.as_object().unwrap() {
        if value == "(missing)" {
            body.as_object_mut().unwrap().remove(name);
        } else {
            body[name] = value.clone();
        }
    }
    answer(Reply::json(200, &body)).await
}

#[tokio::test]
async fn a_good_answer_is_read_in_full() {
    let answer = with(json!({"id_token": "1d", "tenant": {"a": 1}}))
        .await
        .unwrap();
    assert_eq!(answer.held.access_token, "acc3ss");
    assert_eq!(answer.held.refresh_token.as_deref(), Some("r3fresh"));
    assert_eq!(answer.held.token_type, "Bearer");
    assert_eq!(answer.expires_in, Some(Duration::from_secs(3600)));
    assert_eq!(
        answer.scopes,
        GrantedScopes::Enough(vec!["accounting".to_owned(), "offline_access".to_owned()])
    );
    assert_eq!(answer.id_token.as_ref().unwrap().expose(), "1d");
    let shown = format!("{answer:?}");
    for hidden in ["acc3ss", "r3fresh", "1d"] {
        assert!(!shown.contains(hidden), "{shown}");
    }
}

#[tokio::test]
async fn lifetimes_in_every_spelling() {
    for (spelled, seconds) in [
        (json!(3600), Some(3600)),
        (json!("3600"), Some(3600)),
        (json!(" 600 "), Some(600)),
        (json!(3599.97), Some(3599)),
        (json!("3599.97"), Some(3599)),
        (json!(0), None),
        (json!("0"), None),
        (json!(0.4), None),
        (json!(-1), None),
        (json!("-3600"), None),
        (json!(null), None),
        (json!("(missing)"), None),
        (json!(""), None),
        (json!("an hour"), None),
        (json!("NaN"), None),
        (json!(true), None),
        (json!([3600]), None),
        (json!(u64::MAX), Some(50 * YEAR)),
        (json!(1e300), Some(50 * YEAR)),
        (json!("inf"), Some(50 * YEAR)),
        (json!("99999999999999999999999999"), Some(50 * YEAR)),
    ] {
        let answer = with(json!({"expires_in": spelled})).await.unwrap();
        assert_eq!(
            answer.expires_in,
            seconds.map(Duration::from_secs),
            "{spelled}"
        );
    }
}

#[tokio::test]
async fn the_life_of_a_refresh_token_under_each_name() {
    let life = async |changes| with(changes).await.unwrap().refresh_expires_in;
    let day = Some(Duration::from_secs(86_400));
    for name in [
        "refresh_token_expires_in",
        "x_refresh_token_expires_in",
        "refresh_expires_in",
    ] {
        assert_eq!(life(json!({name: 86_400})).await, day, "{name}");
        assert_eq!(life(json!({name: "86400"})).await, day, "{name}");
        // Of Keycloak: never.
        assert_eq!(life(json!({name: 0})).await, None, "{name}");
    }
    assert_eq!(life(json!({})).await, None);
}

#[tokio::test]
async fn a_refresh_token_that_is_no_token_leaves_the_old_one() {
    for nothing in [
        json!("(missing)"),
        json!(null),
        json!(""),
        json!(7),
        json!({}),
    ] {
        let answer = with(json!({"refresh_token": nothing})).await.unwrap();
        assert_eq!(answer.held.refresh_token, None, "{nothing}");
    }
    for broken in [json!("a\nb"), json!("ü"), json!("x".repeat(20_001))] {
        assert_eq!(
            why(with(json!({"refresh_token": broken})).await),
            Unintelligible::BadToken
        );
    }
}

#[tokio::test]
async fn without_an_access_token_there_is_nothing() {
    for nothing in [
        json!("(missing)"),
        json!(null),
        json!(""),
        json!(7),
        json!(["a"]),
        json!({"a": "b"}),
    ] {
        assert_eq!(
            why(with(json!({"access_token": nothing})).await),
            Unintelligible::NoAccessToken,
            "{nothing}"
        );
    }
    // It is to stand in a header, and must not be able to begin another.
    for broken in ["a\r\nX-Evil: 1", "a\u{7f}", "\u{1f600}"] {
        assert_eq!(
            why(with(json!({"access_token": broken})).await),
            Unintelligible::BadToken
        );
    }
}

#[tokio::test]
async fn token_types_in_any_case() {
    for bearer in [
        json!("Bearer"),
        json!("bearer"),
        json!("BEARER"),
        json!(""),
        json!(null),
        json!("(missing)"),
    ] {
        assert!(
            with(json!({"token_type": bearer})).await.is_ok(),
            "{bearer}"
        );
    }
    for other in [json!("mac"), json!("DPoP"), json!(1)] {
        assert_eq!(
            why(with(json!({"token_type": other})).await),
            Unintelligible::TokenType,
            "{other}"
        );
    }
}

#[tokio::test]
async fn scopes_are_compared_with_what_is_needed() {
    let enough =
        |scopes: &[&str]| GrantedScopes::Enough(scopes.iter().map(|s| (*s).to_owned()).collect());
    for (spelled, expected) in [
        (json!("accounting"), enough(&["accounting"])),
        (
            json!("  offline_access   accounting "),
            enough(&["offline_access", "accounting"]),
        ),
        (json!(["accounting", "x"]), enough(&["accounting", "x"])),
        // RFC 6749, 5.1: left out means as asked.
        (
            json!("(missing)"),
            enough(&["accounting", "offline_access"]),
        ),
        (json!(null), enough(&["accounting", "offline_access"])),
        (json!(""), enough(&["accounting", "offline_access"])),
        (
            json!("offline_access"),
            GrantedScopes::TooFew {
                granted: vec!["offline_access".to_owned()],
                missing: vec!["accounting".to_owned()],
            },
        ),
    ] {
        assert_eq!(
            with(json!({"scope": spelled})).await.unwrap().scopes,
            expected,
            "{spelled}"
        );
    }
}

#[tokio::test]
async fn forms_and_marks_and_wrong_content_types_are_read() {
    let json = r#"{"access_token":"a","expires_in":60}"#;
    for reply in [
        Reply::of(200, "text/html; charset=utf-8", json),
        Reply::of(200, "text/plain", format!("\u{feff}{json}")),
        Reply::of(200, "application/json", format!("\r\n {json}\n")),
        Reply::Answer(200, vec![], json.into()),
        Reply::of(201, "application/json", json),
        Reply::of(
            200,
            "application/x-www-form-urlencoded",
            "access_token=a&expires_in=60&token_type=bearer",
        ),
        Reply::of(
            200,
            "text/plain",
            "access_token=a&expires_in=60&scope=accounting%2Coffline_access+accounting",
        ),
    ] {
        let answer = answer(reply.clone()).await.unwrap();
        assert_eq!(answer.held.access_token, "a");
        assert_eq!(
            answer.expires_in,
            Some(Duration::from_secs(60)),
            "{reply:?}"
        );
    }
}

#[tokio::test]
async fn an_error_that_is_none_is_none() {
    for no_error in [json!(null), json!(""), json!(false)] {
        assert!(with(json!({"error": no_error})).await.is_ok());
    }
}
