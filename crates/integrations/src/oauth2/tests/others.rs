//! The calls beside the token endpoint's: who was connected, and the end of a token.

use serde_json::json;

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
            Some(("7f", "3")),
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
        let listed = json!([body["organisation"]]);
        let fake = Fake::always(Reply::json(200, &listed)).await;
        let client = client(sandbox(&fake.origin));
        let with = With::new(outbound());
        let calls = with.calls(Deadline::start());
        let found = client.accounts(&calls, &held("acc3ss", None)).await;
        match (found, expected) {
            (Ok(found), Some((id, name))) => {
                assert_eq!(found.len(), 1);
                assert_eq!(
                    (found[0].id.as_str(), found[0].name.as_str()),
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
        let with = With::new(outbound());
        let calls = with.calls(Deadline::start());
        let revoked = client.revoke(&calls, &held("a", Some("r3fresh"))).await;
        match done {
            Some(true) => assert_eq!(revoked.unwrap(), crate::Revocation::Done),
            Some(false) => assert!(!revoked.unwrap_err().is_transient()),
            None => assert!(revoked.unwrap_err().is_transient()),
        }
        let seen = &fake.seen()[0];
        assert_eq!(seen.field("token"), Some("r3fresh"), "{reply:?}");
        assert_eq!(seen.field("token_type_hint"), None);
    }
}
