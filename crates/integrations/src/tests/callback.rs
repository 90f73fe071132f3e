//! What comes back with the person.

use handclasp_domain::FailureKind;
use proptest::prelude::*;
use url::form_urlencoded;

use super::*;
use crate::{CallbackQuery, RefusedCallback, Values};

const ISS: &str = "iss=http%3A%2F%2Flocalhost%3A8080%2Fsandbox";

fn pairs(query: &str) -> Vec<(String, String)> {
    form_urlencoded::parse(query.as_bytes())
        .into_owned()
        .collect()
}

/// What the sandbox's callback with this query says, in one word and, of a code, its text.
fn said(query: &str) -> String {
    say(&sandbox(&url("http://localhost:8080")), query)
}

fn say(integration: &Arc<Integration>, query: &str) -> String {
    let query = match CallbackQuery::parse(pairs(query)) {
        Ok(query) => query,
        Err(why) => return format!("{why:?}"),
    };
    match client(Arc::clone(integration)).read_callback(&query, &Values::default()) {
        Ok(answer) => {
            let kept: Vec<_> = answer
                .values
                .of("callback")
                .map(|(name, value)| format!(" {name}={value}"))
                .collect();
            format!("code {}{}", answer.code.unwrap().expose(), kept.concat())
        }
        Err(RefusedCallback::Declined(error)) => format!("declined: {}", error.status_text()),
        Err(RefusedCallback::Failed(error)) => format!("failed: {}", error.status_text()),
        Err(RefusedCallback::Malformed(why)) => format!("{why:?}"),
    }
}

#[test]
fn every_outcome() {
    for (query, outcome) in [
        (format!("code=abc%20d%2F&state=s&{ISS}"), "code abc d/"),
        (
            format!("state=s&{ISS}&error=access_denied"),
            "declined: access_denied",
        ),
        (
            format!("{ISS}&error=access_denied&error_description=No+thanks%0d%0a"),
            "declined: No thanks",
        ),
        (format!("{ISS}&error=server_error"), "failed: server_error"),
        (format!("{ISS}&error=%1b%5b31m%00"), "failed: [31m"),
        (format!("{ISS}&error=%00"), "failed: "),
        // A code that comes with an error is not to be trusted.
        (
            format!("{ISS}&code=abc&error=access_denied"),
            "declined: access_denied",
        ),
        (
            format!("{ISS}&code=abc&error=invalid_scope"),
            "failed: invalid_scope",
        ),
        (format!("{ISS}&code=abc&error="), "code abc"),
        (format!("{ISS}&state=s"), "Empty"),
        (format!("{ISS}&code="), "Empty"),
        (format!("{ISS}&code=a%0ab"), "BadCode"),
        (format!("{ISS}&code=%00"), "BadCode"),
        (format!("{ISS}&code=%C3%BC"), "BadCode"),
        // RFC 9207: missing, another, and another spelling of the same.
        ("code=abc".to_owned(), "IssuerMissing"),
        ("code=abc&iss=".to_owned(), "IssuerMissing"),
        ("error=access_denied".to_owned(), "IssuerMissing"),
        (
            "code=abc&iss=https://evil.example".to_owned(),
            "IssuerWrong",
        ),
        (
            "error=access_denied&iss=https://evil.example".to_owned(),
            "IssuerWrong",
        ),
        (format!("code=abc&{ISS}%2F"), "IssuerWrong"),
        (
            "code=abc&iss=http://LOCALHOST:8080/sandbox".to_owned(),
            "IssuerWrong",
        ),
        // Repeated ones, whichever they are.
        (format!("{ISS}&code=a&code=a"), "Repeated"),
        (format!("{ISS}&code=a&state=1&state=2"), "Repeated"),
        (format!("{ISS}&{ISS}&code=a"), "Repeated"),
        (format!("{ISS}&code=a&x=1&x=2"), "Repeated"),
        (
            format!("{ISS}&error=access_denied&error=server_error"),
            "Repeated",
        ),
        (format!("{ISS}&code={}", "a".repeat(8_001)), "TooLarge"),
        (format!("{ISS}&code=a&{}=1", "a".repeat(201)), "TooLarge"),
        (
            format!(
                "{ISS}&code=a{}",
                (0..50).map(|n| format!("&p{n}=1")).collect::<String>()
            ),
            "TooLarge",
        ),
    ] {
        assert_eq!(said(&query), outcome, "{query}");
    }
}

#[test]
fn the_state_is_as_it_came() {
    let state = |query| {
        let query = CallbackQuery::parse(pairs(query)).unwrap();
        query.state().map(str::to_owned)
    };
    assert_eq!(state("state=a%20b%00"), Some("a b\0".to_owned()));
    assert_eq!(state("state="), None);
    assert_eq!(state("code=a"), None);
}

#[test]
fn declared_values_are_kept_and_others_are_not() {
    let acme = declared(ACME);
    for (query, outcome) in [
        (
            "code=a&realmId=4620816365&shop=x",
            "code a realmId=4620816365".to_owned(),
        ),
        ("code=a", "code a".to_owned()),
        ("code=a&realmId=", "code a".to_owned()),
        ("code=a&realmId=1%0a2", "BadValue".to_owned()),
        ("code=a&realmId=%E2%80%AE12", "BadValue".to_owned()),
        (
            &format!("code=a&realmId={}", "1".repeat(501)),
            "BadValue".to_owned(),
        ),
        // An issuer that is not promised may be missing, and must be right where it is there.
        ("code=a&iss=https://acme.example", "code a".to_owned()),
        ("code=a&iss=https://evil.example", "IssuerWrong".to_owned()),
    ] {
        assert_eq!(say(&acme, query), outcome, "{query}");
    }
    let without = declared(
        &ACME
            .replace("issuer = \"https://acme.example\"\n", "")
            .replace("issuer_in_callback = false\n", ""),
    );
    assert_eq!(say(&without, "code=a&iss=anything"), "code a");
}

#[test]
fn each_refusal_has_its_kind_and_status() {
    let sandbox = client(sandbox(&url("http://localhost:8080")));
    for (query, kind, status) in [
        (
            format!("{ISS}&error=access_denied"),
            FailureKind::Declined,
            403,
        ),
        (
            format!("{ISS}&error=server_error"),
            FailureKind::ThirdParty,
            500,
        ),
        (
            format!("{ISS}&error=temporarily_unavailable"),
            FailureKind::Unreachable,
            503,
        ),
        (
            format!("{ISS}&error=invalid_scope"),
            FailureKind::ThirdParty,
            400,
        ),
        (ISS.to_owned(), FailureKind::ThirdParty, 502),
        ("code=a".to_owned(), FailureKind::Untrusted, 502),
    ] {
        let callback = CallbackQuery::parse(pairs(&query)).unwrap();
        let refused = sandbox
            .read_callback(&callback, &Values::default())
            .unwrap_err();
        assert_eq!(
            (refused.kind(), refused.status_code()),
            (kind, status),
            "{query}"
        );
    }
}

#[test]
fn nothing_shows_the_code() {
    let query = CallbackQuery::parse(pairs(&format!("{ISS}&code=c0de"))).unwrap();
    let sandbox = client(sandbox(&url("http://localhost:8080")));
    let outcome = sandbox.read_callback(&query, &Values::default());
    assert!(!format!("{query:?} {outcome:?}").contains("c0de"));
}

proptest! {
    /// Whatever comes: no panic, and nothing that steers a terminal, a log or a page comes out.
    #[test]
    fn nothing_that_steers_comes_out(
        values in proptest::collection::vec((prop_oneof!["code|error|error_description|iss|state|realmId", ".{0,9}"], any::<String>()), 0..8),
    ) {
        let Ok(query) = CallbackQuery::parse(values) else { return Ok(()) };
        for declaration in [declared(ACME), sandbox(&url("http://localhost:8080"))] {
            let read = client(declaration).read_callback(&query, &Values::default());
            let shown: Vec<String> = match read {
                Ok(answer) => {
                    let kept = answer.values.iter().map(|(_, value)| value.to_owned());
                    let code = answer.code.unwrap().expose().clone();
                    kept.chain([code]).collect()
                }
                Err(refused) => vec![refused.status_text().to_owned()],
            };
            let steers = |c: char| c.is_control() || c == '\u{202e}';
            let any = shown.iter().any(|text| text.contains(steers));
            prop_assert!(!any, "something steers");
        }
    }
}
