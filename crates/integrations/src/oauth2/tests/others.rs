//! The calls beside the token endpoint's: who was connected, and the end of a token.

use serde_json::json;

use super::fake::{Fake, Reply};
use super::*;

#[tokio::test]
async fn identities() {
    for (body, expected) in [
        (
            json!({"organisation": {"id": "7f", "name": "Acme Ltd"}}),
            Some(("7f", "Acme Ltd")),
        ),
        (
            json!({"organisation": {"id": 4_620_816_365_u64, "name": " Acme\n"}}),
            Some(("4620816365", "Acme")),
        ),
        (json!({"organisation": {"id": "7f"}}), Some(("7f", ""))),
        (
            json!({"organisation": {"id": "7f", "name": 3}}),
            Some(("7f", "")),
        ),
        (json!({"organisation": {"name": "Acme"}}), None),
        (json!({"organisation": {"id": ""}}), None),
        (json!({"organisation": {"id": " 7f"}}), None),
        (json!({"organisation": {"id": "7\u{0}f"}}), None),
        (json!({"organisation": {"id": "7\u{200b}f"}}), None),
        (json!({"organisation": {"id": "x".repeat(301)}}), None),
        (json!({"organisation": {"id": 1.5}}), None),
        (json!({"organisation": {"id": ["7f"]}}), None),
        (json!({"organisation": "7f"}), None),
    ] {
        let fake = Fake::always(Reply::json(200, &body)).await;
        let client = client(sandbox(&fake.origin));
        let found = client
            .identify(
                &outbound(),
                Deadline::start(),
                TokenType::Bearer,
                &secret("acc3ss"),
            )
            .await;
        match (found, expected) {
            (Ok(Some(party)), Some((id, name))) => {
                assert_eq!(
                    (party.id.as_str(), party.name.as_str()),
                    (id, name),
                    "{body}"
                );
            }
            (
                Err(ProviderFailure::Unintelligible {
                    why: Unintelligible::NoIdentity,
                    ..
                }),
                None,
            ) => {}
            (other, _) => panic!("{body}: {other:?}"),
        }
        let seen = &fake.seen()[0];
        assert_eq!(
            (seen.method.as_str(), seen.header("authorization")),
            ("GET", "Bearer acc3ss")
        );
    }
}

#[tokio::test]
async fn revocations() {
    for (reply, done) in [
        (Reply::of(200, "text/plain", ""), Some(true)),
        (Reply::of(200, "text/html", "<p>Bye"), Some(true)),
        (Reply::of(204, "text/plain", ""), Some(true)),
        (
            Reply::json(400, &json!({"error": "invalid_token"})),
            Some(true),
        ),
        (
            Reply::json(400, &json!({"error": "invalid_grant"})),
            Some(true),
        ),
        (
            Reply::json(400, &json!({"error": "unsupported_token_type"})),
            Some(false),
        ),
        (
            Reply::json(401, &json!({"error": "invalid_client"})),
            Some(false),
        ),
        (Reply::of(503, "text/plain", ""), None),
        (Reply::Reset, None),
    ] {
        let fake = Fake::always(reply.clone()).await;
        let client = client(sandbox(&fake.origin));
        let revoked = client
            .revoke(
                &outbound(),
                Deadline::start(),
                &secret("r3fresh"),
                TokenKind::Refresh,
            )
            .await;
        match done {
            Some(true) => assert_eq!(revoked.unwrap(), Revocation::Done),
            Some(false) => assert!(!revoked.unwrap_err().is_transient()),
            None => assert!(revoked.unwrap_err().is_transient()),
        }
        let seen = &fake.seen()[0];
        assert_eq!(seen.field("token"), Some("r3fresh"), "{reply:?}");
        assert_eq!(seen.field("token_type_hint"), Some("refresh_token"));
    }
}
