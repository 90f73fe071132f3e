//! Third parties fail: how each way ends, by when, and what is told of it.

use std::time::{Duration, Instant};

use handclasp_domain::FailureKind;
use handclasp_outbound::{Outbound, Policy};
use serde_json::json;

use super::*;

#[tokio::test]
async fn what_nobody_can_read_fails_cleanly() {
    let deep = format!("{{\"access_token\":\"a\",\"b\":{}", "[".repeat(200_000));
    for (reply, expected) in [
        (
            Reply::of(200, "text/html", "<!doctype html><title>Sign in</title>"),
            Unintelligible::Html,
        ),
        (
            Reply::of(403, "text/html", " <h1>invalid_grant</h1>"),
            Unintelligible::Html,
        ),
        (
            Reply::of(200, "application/json", ""),
            Unintelligible::Empty,
        ),
        (
            Reply::of(200, "application/json", "null"),
            Unintelligible::NotAnObject,
        ),
        (
            Reply::of(200, "application/json", "[]"),
            Unintelligible::NotAnObject,
        ),
        (
            Reply::of(200, "application/json", "{\"access_token\":\"a\""),
            Unintelligible::NotJson,
        ),
        (
            Reply::of(200, "application/json", deep),
            Unintelligible::NotJson,
        ),
        (
            Reply::of(
                200,
                "application/json",
                b"{\"access_token\":\"\xff\xfe\"}".to_vec(),
            ),
            Unintelligible::NotUtf8,
        ),
        (
            Reply::of(
                200,
                "application/json",
                b"\x1f\x8b\x08\x00compressed".to_vec(),
            ),
            Unintelligible::NotUtf8,
        ),
        (
            Reply::of(
                200,
                "application/json",
                r#"{"access_token":"a","access_token":"b"}"#,
            ),
            Unintelligible::Repeated,
        ),
        (
            Reply::of(
                200,
                "application/x-www-form-urlencoded",
                "access_token=a&access_token=b",
            ),
            Unintelligible::Repeated,
        ),
        (Reply::of(200, "text/plain", "OK"), Unintelligible::NotJson),
        (Reply::of(204, "text/plain", ""), Unintelligible::Empty),
        (
            Reply::Answer(
                302,
                vec![("location", "https://evil.example/".to_owned())],
                vec![],
            ),
            Unintelligible::Redirect,
        ),
        (
            Reply::Answer(307, vec![("location", "/token2".to_owned())], vec![]),
            Unintelligible::Redirect,
        ),
        (Reply::Endless { announced: true }, Unintelligible::TooLarge),
        (
            Reply::Endless { announced: false },
            Unintelligible::TooLarge,
        ),
    ] {
        let start = Instant::now();
        let failure = answer(reply.clone()).await.unwrap_err();
        assert!(start.elapsed() < Duration::from_secs(8), "{reply:?}");
        assert!(failure.is_transient() && failure.error().is_none());
        assert_eq!(failure.kind(), FailureKind::ThirdParty);
        assert_eq!(failure.status_text(), "");
        assert_eq!(why(Err(failure)), expected, "{reply:?}");
    }
}

#[tokio::test]
async fn slow_and_broken_connections_end_by_the_deadline() {
    for (reply, status) in [
        (Reply::Drip, 504),
        (Reply::Silence, 504),
        (Reply::Reset, 502),
        (Reply::ResetInBody, 502),
        (Reply::Garbage, 502),
    ] {
        let start = Instant::now();
        let failure = exchange(reply.clone(), Duration::from_millis(400))
            .await
            .unwrap_err();
        assert!(start.elapsed() < Duration::from_secs(4), "{reply:?}");
        assert!(
            matches!(failure, ProviderFailure::Unreachable(_)),
            "{reply:?}: {failure:?}"
        );
        assert!(failure.is_transient());
        assert_eq!(
            (failure.kind(), failure.status_code()),
            (FailureKind::Unreachable, status),
            "{reply:?}"
        );
    }
    assert_eq!(Deadline::TOTAL, Duration::from_secs(30));
}

#[tokio::test]
async fn a_deadline_that_is_over_sends_nothing() {
    let fake = Fake::always(Reply::json(200, &json!({"organisation": {"id": "1"}}))).await;
    let client = client(sandbox(&fake.origin));
    let with = With::new(outbound());
    let calls = with.calls(Deadline::after(Duration::ZERO));
    let failure = client.accounts(&calls, &held("a", None)).await.unwrap_err();
    assert_eq!(failure.status_code(), 504);
    assert!(fake.seen().is_empty());
}

#[tokio::test]
async fn refusals_are_told_apart() {
    #[derive(Debug, PartialEq)]
    enum Is {
        Grant,
        Client,
        Other,
    }
    for (reply, is, text) in [
        (
            Reply::json(400, &json!({"error": "invalid_grant"})),
            Is::Grant,
            "invalid_grant",
        ),
        (
            Reply::json(
                401,
                &json!({"error": "invalid_grant", "error_description": "Code\r\nexpired\u{202e}"}),
            ),
            Is::Grant,
            "Code expired",
        ),
        (
            Reply::json(200, &json!({"error": "invalid_grant", "access_token": "a"})),
            Is::Grant,
            "invalid_grant",
        ),
        (
            Reply::of(
                400,
                "text/plain",
                "error=invalid_grant&error_description=Gone",
            ),
            Is::Grant,
            "Gone",
        ),
        (
            Reply::json(401, &json!({"error": "invalid_client"})),
            Is::Client,
            "invalid_client",
        ),
        (
            Reply::json(400, &json!({"error": "unauthorized_client"})),
            Is::Client,
            "unauthorized_client",
        ),
        (
            Reply::json(400, &json!({"error": "invalid_request"})),
            Is::Other,
            "invalid_request",
        ),
        (
            Reply::json(200, &json!({"error": "invalid_code"})),
            Is::Other,
            "invalid_code",
        ),
        (
            Reply::json(
                200,
                &json!({"error": {"code": "E7", "message": "Not today"}}),
            ),
            Is::Other,
            "Not today",
        ),
        (Reply::json(200, &json!({"error": true})), Is::Other, ""),
        (
            Reply::json(400, &json!({"error": ["invalid_grant"]})),
            Is::Other,
            "",
        ),
        (
            Reply::json(400, &json!({"message": "invalid_grant"})),
            Is::Other,
            "",
        ),
        (
            Reply::of(404, "text/html", "<h1>invalid_grant</h1>"),
            Is::Other,
            "",
        ),
        (Reply::of(404, "application/json", "{"), Is::Other, ""),
    ] {
        let failure = answer(reply.clone()).await.unwrap_err();
        let (found, status) = match &failure {
            ProviderFailure::GrantRefused { status, .. } => (Is::Grant, *status),
            ProviderFailure::ClientRefused { status, .. } => (Is::Client, *status),
            ProviderFailure::Refused { status, .. } => (Is::Other, *status),
            ProviderFailure::Unavailable { .. }
            | ProviderFailure::Unreachable(_)
            | ProviderFailure::Forbidden(_)
            | ProviderFailure::Unfilled(_)
            | ProviderFailure::Unintelligible { .. } => panic!("{reply:?}: {failure:?}"),
        };
        assert_eq!((found, failure.status_text()), (is, text), "{reply:?}");
        assert_eq!(failure.status_code(), status);
        assert_eq!(failure.kind(), FailureKind::ThirdParty);
        assert!(!failure.is_transient());
        // What a stranger says never stands in our own words.
        assert!(
            text.is_empty() || !failure.to_string().contains(text),
            "{failure}"
        );
    }
}

/// Some repeat the code that they refuse, as Stripe does.
#[tokio::test]
async fn what_was_sent_does_not_come_back_in_what_is_told() {
    let said = "Authorization code does not exist: the-code";
    let body = json!({"error": "invalid_grant", "error_description": said});
    let failure = answer(Reply::json(400, &body)).await.unwrap_err();
    assert!(matches!(failure, ProviderFailure::GrantRefused { .. }));
    let told = "Authorization code does not exist: …";
    assert_eq!(failure.status_text(), told);
}

#[tokio::test]
async fn being_out_of_order_is_no_refusal_whatever_is_said() {
    for status in [408, 425, 429, 500, 502, 503, 504, 599] {
        let failure = answer(Reply::json(status, &json!({"error": "invalid_grant"})))
            .await
            .unwrap_err();
        assert!(
            matches!(
                failure,
                ProviderFailure::Unavailable {
                    retry_after: None,
                    ..
                }
            ),
            "{failure:?}"
        );
        assert!(failure.is_transient());
        assert_eq!(
            (failure.kind(), failure.status_code()),
            (FailureKind::Unreachable, status)
        );
    }
    for (header, seconds) in [
        ("17", Some(17)),
        ("999999999", Some(3600)),
        ("Fri, 07 Nov 2026 23:59:59 GMT", None),
        ("-1", None),
    ] {
        let reply = Reply::Answer(429, vec![("retry-after", header.to_owned())], vec![]);
        let Err(ProviderFailure::Unavailable { retry_after, .. }) = answer(reply).await else {
            panic!()
        };
        assert_eq!(retry_after, seconds.map(Duration::from_secs), "{header}");
    }
}

#[tokio::test]
async fn an_address_inside_our_own_network_is_not_called() {
    let fake = Fake::always(Reply::json(200, &json!({"access_token": "a"}))).await;
    let client = client(sandbox(&fake.origin));
    let strict = With::new(Outbound::new(Policy::default()).unwrap());
    let calls = strict.calls(Deadline::start());
    let failure = client.accounts(&calls, &held("a", None)).await.unwrap_err();
    assert!(
        matches!(failure, ProviderFailure::Forbidden(_)),
        "{failure:?}"
    );
    assert!(!failure.is_transient());
    assert!(fake.seen().is_empty());
}
