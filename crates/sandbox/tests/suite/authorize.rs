//! Requests that get no sign-in page.

use http::StatusCode;
use http::header::LOCATION;

use super::{BROKEN, CLIENT, ISSUER, OTHER, Place, authorize, redirect_uri, usual, value, with};

#[tokio::test]
async fn who_is_unknown_is_never_redirected_to() {
    let place = Place::new().await;
    let other = redirect_uri(OTHER);
    let upper = redirect_uri(CLIENT).replace("link.", "LINK.");
    let longer = format!("{}&a=b", redirect_uri(CLIENT));
    let twice = |name, value| {
        let mut request = usual();
        request.push((name, value));
        request
    };
    for request in [
        with("client_id", ""),
        with("client_id", "nobody"),
        with("client_id", OTHER),
        with("redirect_uri", ""),
        with("redirect_uri", &other),
        with("redirect_uri", &upper),
        with("redirect_uri", &longer),
        with("redirect_uri", "https://evil.example/"),
        with("redirect_uri", "javascript:alert(1)"),
        twice("client_id", CLIENT),
        twice("redirect_uri", "https://evil.example/"),
    ] {
        let address = authorize(&request);
        let fields = [("organisation", "marigold-bakery"), ("outcome", "allow")];
        for page in [
            place.get(&address).await,
            place.press(&address, &fields).await,
        ] {
            assert_eq!(page.status, StatusCode::BAD_REQUEST, "{address}");
            assert!(
                page.body.contains("We do not know who is asking"),
                "{}",
                page.body
            );
            assert!(!page.headers.contains_key(LOCATION));
            assert!(!page.body.contains("evil.example"));
        }
    }
}

#[tokio::test]
async fn what_is_wrong_is_told_to_the_client() {
    let place = Place::new().await;
    let long = "a".repeat(44);
    for (name, wrong, error) in [
        ("response_type", "", "invalid_request"),
        ("response_type", "token", "unsupported_response_type"),
        (
            "response_type",
            "code id_token",
            "unsupported_response_type",
        ),
        ("response_mode", "form_post", "invalid_request"),
        ("code_challenge", "", "invalid_request"),
        ("code_challenge", "short", "invalid_request"),
        ("code_challenge", &long, "invalid_request"),
        ("code_challenge_method", "", "invalid_request"),
        ("code_challenge_method", "plain", "invalid_request"),
        ("scope", "accounting admin", "invalid_scope"),
        ("scope", "everything", "invalid_scope"),
    ] {
        let answer = place.get(&authorize(&with(name, wrong))).await;
        let back: url::Url = answer.location().parse().unwrap();
        assert!(back.as_str().starts_with(&redirect_uri(CLIENT)), "{back}");
        assert_eq!(value(&back, "error"), error, "{name}={wrong}");
        assert_eq!(value(&back, "state"), "the state & more");
        assert_eq!(value(&back, "iss"), ISSUER);
    }
}

#[tokio::test]
async fn a_repeated_parameter_is_told_to_the_client() {
    let place = Place::new().await;
    for name in ["scope", "state", "code_challenge", "response_type"] {
        let mut request = usual();
        request.push((name, "another"));
        let answer = place.get(&authorize(&request)).await;
        let back: url::Url = answer.location().parse().unwrap();
        assert_eq!(value(&back, "error"), "invalid_request", "{name}");
        let states = back.query_pairs().filter(|(n, _)| n == "state").count();
        // Which of two states is the right one nobody knows.
        assert_eq!(states, usize::from(name != "state"));
    }
}

#[tokio::test]
async fn registrations_that_cannot_be_looked_at_are_a_pause() {
    let place = Place::new().await;
    let page = place.get(&authorize(&with("client_id", BROKEN))).await;
    assert_eq!(page.status, StatusCode::SERVICE_UNAVAILABLE);
    assert!(page.headers.contains_key("retry-after"));
    assert!(!page.body.contains("no database"));
}

#[tokio::test]
async fn a_form_with_other_choices_than_the_page_offers_is_refused() {
    let place = Place::new().await;
    let address = authorize(&usual());
    for fields in [
        vec![],
        vec![("outcome", "allow")],
        vec![("outcome", "allow"), ("organisation", "nobody")],
        vec![("organisation", "marigold-bakery")],
        vec![("outcome", "slow"), ("organisation", "marigold-bakery")],
        vec![("outcome", "scenario"), ("organisation", "marigold-bakery")],
        vec![
            ("outcome", "scenario"),
            ("scenario", "nothing"),
            ("organisation", "marigold-bakery"),
        ],
        vec![
            ("outcome", "scenario"),
            ("scenario", "html"),
            ("seconds", "5"),
            ("organisation", "marigold-bakery"),
        ],
        vec![
            ("outcome", "scenario"),
            ("scenario", "allow"),
            ("later", "on"),
            ("organisation", "marigold-bakery"),
        ],
        vec![
            ("outcome", "decline"),
            ("outcome", "allow"),
            ("organisation", "marigold-bakery"),
        ],
        vec![
            ("outcome", "allow"),
            ("organisation", "marigold-bakery"),
            ("organisation", "harbour-street-cycles"),
        ],
    ] {
        let page = place.press(&address, &fields).await;
        assert_eq!(page.status, StatusCode::BAD_REQUEST, "{fields:?}");
        assert!(!page.headers.contains_key(LOCATION));
    }
}
