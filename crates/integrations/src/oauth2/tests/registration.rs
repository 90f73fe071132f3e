//! A registration goes to the endpoints that it was entered for, and to no others.

use super::*;

#[test]
fn a_registration_is_bound_to_its_endpoints() {
    let before = declared(ACME);
    let registration = Registration::new(&before, " id\n", &secret("\tsecret ")).unwrap();
    assert_eq!(registration.client_id(), "id");
    assert_eq!(registration.client_secret().expose(), "secret");
    // Stored and read again.
    let bound_to = registration.bound_to().to_string().parse().unwrap();
    let registration = Registration::from_stored("id".to_owned(), secret("secret"), bound_to);
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
            "revocation_endpoint = \"https://acme.example/oauth/revoke\"\n",
            "",
        ),
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
        Registration::new(&sandbox(&url("http://localhost:8080")), "id", &secret("s")).unwrap();
    assert!(Client::new(sandbox(&url("https://hub.example")), registration).is_ok());
}

#[test]
fn what_cannot_be_a_registration_is_refused() {
    let declaration = declared(ACME);
    let long = "x".repeat(1_001);
    for bad in ["", "  ", "a b", "a\u{0}b", "ü", long.as_str()] {
        let as_id = Registration::new(&declaration, bad, &secret("s")).unwrap_err();
        assert_eq!(as_id, BadRegistration::ClientId, "{bad:?}");
        let as_secret = Registration::new(&declaration, "id", &secret(bad)).unwrap_err();
        assert_eq!(as_secret, BadRegistration::ClientSecret, "{bad:?}");
    }
    for bad in ["", "abc", "????"] {
        assert_eq!(bad.parse::<Fingerprint>(), Err(NotAFingerprint));
    }
}

#[test]
fn nothing_shows_the_secret() {
    let client = client(declared(ACME));
    assert!(!format!("{client:?} {:?}", client.registration).contains("s3cr3t"));
}
