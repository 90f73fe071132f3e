//! A registration goes to the endpoints that it was entered for, and to no others.

use super::*;
use crate::{BadRegistration, ChangedEndpoints, Fingerprint, NotAFingerprint};

fn enter(id: &str, of_us: &str) -> BTreeMap<String, Secret<String>> {
    [("client_id", id), ("client_secret", of_us)]
        .map(|(name, value)| (name.to_owned(), secret(value)))
        .into()
}

#[test]
fn a_registration_is_bound_to_its_endpoints() {
    let before = declared(ACME);
    let registration = Registration::new(&before, &enter(" id\n", "\tsecret ")).unwrap();
    assert_eq!(registration.values()["client_id"].expose(), "id");
    assert_eq!(registration.values()["client_secret"].expose(), "secret");
    // Stored and read again.
    let bound_to = registration.bound_to().to_string().parse().unwrap();
    let registration = Registration::from_stored(enter("id", "secret"), bound_to);
    assert!(Client::new(Arc::clone(&before), registration.clone()).is_ok());

    for (from, to) in [
        (
            "https://acme.example/oauth/authorize",
            "https://evil.example/oauth/authorize",
        ),
        (
            "https://acme.example/oauth/token",
            "https://acme.example/oauth/token2",
        ),
        (
            "https://acme.example/oauth/revoke",
            "https://evil.example/oauth/revoke",
        ),
        (
            "issuer = \"https://acme.example\"",
            "issuer = \"https://acme2.example\"",
        ),
        ("https://api.acme.example/me", "https://evil.example/me"),
        ("\"post\"", "\"basic\""),
        ("key = \"acme\"", "key = \"acmf\""),
        (
            "revocation.rfc7009.endpoint = \"https://acme.example/oauth/revoke\"\n",
            "",
        ),
        (
            "prompt = \"consent\"",
            "prompt = \"{operator.client_secret}\"",
        ),
        ("realmId = {}", "realmId = { pattern = \"[0-9]+\" }"),
    ] {
        assert!(ACME.contains(from), "{from}");
        let after = declared(&ACME.replace(from, to));
        assert_eq!(
            Client::new(after, registration.clone()).unwrap_err(),
            ChangedEndpoints,
            "{to}"
        );
    }
    // What is no endpoint may change.
    let after = declared(
        &ACME
            .replace("Acme Books", "Acme Ledger")
            .replace("order = 10", "order = 3"),
    );
    assert!(Client::new(after, registration).is_ok());
}

#[test]
fn the_sandbox_may_move_with_the_server() {
    let registration =
        Registration::new(&sandbox(&url("http://localhost:8080")), &enter("id", "s")).unwrap();
    assert!(Client::new(sandbox(&url("https://hub.example")), registration).is_ok());
}

#[test]
fn what_cannot_be_a_registration_is_refused() {
    let acme = declared(ACME);
    let long = "x".repeat(10_001);
    for bad in ["", "  ", "a\u{0}b", "a\nb", "ü", long.as_str()] {
        let refused = |entered| match Registration::new(&acme, &entered) {
            Err(BadRegistration { field, .. }) => field,
            Ok(_) => panic!("{bad:?}"),
        };
        assert_eq!(refused(enter(bad, "s")), "client_id", "{bad:?}");
        assert_eq!(refused(enter("id", bad)), "client_secret", "{bad:?}");
    }
    let mut unknown = enter("id", "s");
    unknown.insert("tenant".to_owned(), secret("x"));
    assert_eq!(
        Registration::new(&acme, &unknown).unwrap_err().field,
        "tenant"
    );
    for bad in ["", "abc", "????"] {
        assert_eq!(bad.parse::<Fingerprint>(), Err(NotAFingerprint));
    }
}

#[test]
fn nothing_shows_the_secret() {
    let client = client(declared(ACME));
    assert!(!format!("{client:?} {:?}", client.registration).contains("s3cr3t"));
}
