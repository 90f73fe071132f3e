//! The whole way, and the person's other choices.

use http::StatusCode;
use http::header::CACHE_CONTROL;
use serde_json::json;

use super::{ISSUER, Place, authorize, redirect_uri, tokens_of, usual, value, with};

#[tokio::test]
async fn a_person_allows_and_the_client_learns_who_it_was() {
    let place = Place::new().await;
    let back = place.allow(&usual()).await;
    assert!(
        back.as_str().starts_with(&redirect_uri(super::CLIENT)),
        "{back}"
    );
    assert_eq!(value(&back, "kept"), "1 2");
    assert_eq!(value(&back, "state"), "the state & more");
    assert_eq!(value(&back, "iss"), ISSUER);

    let answer = place.exchange(&value(&back, "code")).await;
    assert_eq!(answer.status, StatusCode::OK, "{}", answer.body);
    assert_eq!(answer.header(CACHE_CONTROL), "no-store");
    let json = answer.json();
    assert_eq!(json["token_type"], "Bearer");
    assert_eq!(json["expires_in"], 3600);
    assert_eq!(json["scope"], "accounting offline_access");
    assert_eq!(json.get("id_token"), None);

    let (access, _) = tokens_of(&answer);
    let person = place.userinfo(&access).await;
    assert_eq!(person.status, StatusCode::OK, "{}", person.body);
    assert_eq!(
        person.json(),
        json!({
            "sub": "sam-taylor",
            "organisation": {"id": "harbour-street-cycles", "name": "Harbour Street Cycles"},
        })
    );
}

#[tokio::test]
async fn declining_and_a_server_error_are_told_to_the_client() {
    let place = Place::new().await;
    for (outcome, error) in [
        ("decline", "access_denied"),
        ("server-error", "server_error"),
        ("unavailable", "temporarily_unavailable"),
    ] {
        let fields = [("outcome", "scenario"), ("scenario", outcome)];
        let answer = place.press(&authorize(&usual()), &fields).await;
        let back = place.follow(&answer.location()).await;
        assert!(
            back.as_str().starts_with(&redirect_uri(super::CLIENT)),
            "{back}"
        );
        assert_eq!(value(&back, "error"), error);
        assert_eq!(value(&back, "state"), "the state & more");
        assert_eq!(value(&back, "iss"), ISSUER);
        assert!(!back.query_pairs().any(|(name, _)| name == "code"));
    }
}

#[tokio::test]
async fn without_offline_access_there_is_no_refresh_token() {
    let place = Place::new().await;
    for scope in ["accounting", ""] {
        let back = place.allow(&with("scope", scope)).await;
        let json = place.exchange(&value(&back, "code")).await.json();
        assert_eq!(json["scope"], "accounting");
        assert_eq!(json.get("refresh_token"), None);
    }
}

#[tokio::test]
async fn without_accounting_the_company_stays_untold() {
    let place = Place::new().await;
    let back = place.allow(&with("scope", "offline_access")).await;
    let (access, _) = tokens_of(&place.exchange(&value(&back, "code")).await);
    let person = place.userinfo(&access).await.json();
    assert_eq!(person["sub"], "sam-taylor");
    assert_eq!(person.get("organisation"), None);
}

#[tokio::test]
async fn a_request_without_state_is_answered_without_one() {
    let place = Place::new().await;
    let back = place.allow(&with("state", "")).await;
    assert!(!back.query_pairs().any(|(name, _)| name == "state"));
}

#[tokio::test]
async fn the_way_back_is_open_as_long_as_the_code_is_good() {
    let place = Place::new().await;
    let fields = [("organisation", "marigold-bakery"), ("outcome", "allow")];
    let way = place.press(&authorize(&usual()), &fields).await.location();
    place.wait(59);
    let code = value(&place.follow(&way).await, "code");
    assert_eq!(place.exchange(&code).await.status, StatusCode::OK);
    place.wait(1);
    let page = place.get(&way).await;
    assert_eq!(page.status, StatusCode::GONE);
    assert!(
        page.body.contains("This sign-in has run out"),
        "{}",
        page.body
    );
}
