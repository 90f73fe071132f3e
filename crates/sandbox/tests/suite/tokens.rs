//! Codes and tokens that are not good, and how grants end.

use http::StatusCode;
use http::header::WWW_AUTHENTICATE;

use super::{CLIENT, OTHER, Place, as_strs, changed, exchange_fields, tokens_of, usual};

const GRANT: (u16, &str) = (400, "invalid_grant");

fn is(answer: &super::Answer, expected: (u16, &str)) {
    assert_eq!(
        answer.error(),
        (expected.0, expected.1.to_owned()),
        "{}",
        answer.body
    );
}

fn is_bad_token(answer: &super::Answer) {
    is(answer, (401, "invalid_token"));
    let challenge = answer.header(WWW_AUTHENTICATE);
    assert_eq!(
        challenge,
        "Bearer realm=\"sandbox\", error=\"invalid_token\""
    );
}

#[tokio::test]
async fn a_code_works_once_and_the_second_try_ends_the_grant() {
    let place = Place::new().await;
    let code = place.code().await;
    let (access, refresh) = tokens_of(&place.exchange(&code).await);
    assert_eq!(place.userinfo(&access).await.status, StatusCode::OK);
    is(&place.exchange(&code).await, GRANT);
    is_bad_token(&place.userinfo(&access).await);
    is(&place.refresh(&refresh).await, GRANT);
}

#[tokio::test]
async fn of_two_exchanges_at_once_one_is_answered_with_tokens() {
    let place = Place::new().await;
    let code = place.code().await;
    let (one, two) = tokio::join!(place.exchange(&code), place.exchange(&code));
    let mut statuses = [one.status.as_u16(), two.status.as_u16()];
    statuses.sort_unstable();
    assert_eq!(statuses, [200, 400]);
}

#[tokio::test]
async fn a_code_is_bound_to_its_request() {
    let place = Place::new().await;
    let code = place.code().await;
    let other_verifier = super::VERIFIER.replace("43", "44");
    let shorter = &super::VERIFIER[..42];
    let challenge = super::challenge();
    let others_uri = super::redirect_uri(OTHER);
    let with_slash = format!("{}/", super::redirect_uri(CLIENT));
    for (name, wrong) in [
        ("code_verifier", other_verifier.as_str()),
        ("code_verifier", shorter),
        ("code_verifier", &challenge),
        ("redirect_uri", &others_uri),
        ("redirect_uri", &with_slash),
        ("code", "nonsense"),
        ("code", &changed(&code, 5)),
        ("code", &changed(&code, code.len() - 1)),
    ] {
        let mut fields = exchange_fields(&code);
        fields.retain(|(n, _)| *n != name);
        fields.push((name, wrong.to_owned()));
        let answer = place
            .call("/sandbox/token", CLIENT, &as_strs(&fields))
            .await;
        is(&answer, GRANT);
    }
    // Another client cannot use it, though it names the right address.
    let fields = exchange_fields(&code);
    is(
        &place.call("/sandbox/token", OTHER, &as_strs(&fields)).await,
        GRANT,
    );
    // None of this used it up.
    assert_eq!(place.exchange(&code).await.status, StatusCode::OK);
}

#[tokio::test]
async fn codes_and_tokens_run_out() {
    let place = Place::new().await;
    let late = place.code().await;
    place.wait(60);
    is(&place.exchange(&late).await, GRANT);

    let (access, refresh) = place.tokens().await;
    place.wait(3_599);
    assert_eq!(place.userinfo(&access).await.status, StatusCode::OK);
    place.wait(1);
    is_bad_token(&place.userinfo(&access).await);
    let (access, refresh) = tokens_of(&place.refresh(&refresh).await);
    assert_eq!(place.userinfo(&access).await.status, StatusCode::OK);
    place.wait(60 * 24 * 3_600);
    is(&place.refresh(&refresh).await, GRANT);
}

#[tokio::test]
async fn a_refresh_token_works_once_and_using_it_again_ends_the_grant() {
    let place = Place::new().await;
    let (access, first) = place.tokens().await;
    let (renewed, second) = tokens_of(&place.refresh(&first).await);
    assert_ne!(access, renewed);
    assert_ne!(first, second);
    let (_, third) = tokens_of(&place.refresh(&second).await);
    assert_eq!(place.userinfo(&renewed).await.status, StatusCode::OK);

    is(&place.refresh(&first).await, GRANT);
    is(&place.refresh(&third).await, GRANT);
    is_bad_token(&place.userinfo(&access).await);
    is_bad_token(&place.userinfo(&renewed).await);
}

#[tokio::test]
async fn a_renewal_can_ask_for_less_but_not_for_more() {
    let place = Place::new().await;
    let refresh = |token: String, scope: &'static str| {
        let place = &place;
        async move {
            let fields = [
                ("grant_type", "refresh_token"),
                ("refresh_token", token.as_str()),
                ("scope", scope),
            ];
            place.call("/sandbox/token", CLIENT, &fields).await
        }
    };
    let (_, token) = place.tokens().await;
    is(
        &refresh(token.clone(), "accounting admin").await,
        (400, "invalid_scope"),
    );
    let answer = refresh(token, "offline_access").await;
    assert_eq!(answer.json()["scope"], "offline_access");
    let (access, token) = tokens_of(&answer);
    assert_eq!(
        place.userinfo(&access).await.json().get("organisation"),
        None
    );
    // What was granted is not lost by it.
    assert_eq!(
        refresh(token, "accounting").await.json()["scope"],
        "accounting"
    );

    let back = place.allow(&super::with("scope", "offline_access")).await;
    let (_, token) = tokens_of(&place.exchange(&super::value(&back, "code")).await);
    is(
        &refresh(token.clone(), "accounting").await,
        (400, "invalid_scope"),
    );
    // A refusal uses nothing up.
    assert_eq!(place.refresh(&token).await.status, StatusCode::OK);
}

#[tokio::test]
async fn a_revoked_grant_gives_nothing_more() {
    let place = Place::new().await;
    for which in ["access_token", "refresh_token"] {
        let (access, refresh) = place.tokens().await;
        let token = if which == "access_token" {
            &access
        } else {
            &refresh
        };
        // The hint may be wrong, and twice is as good as once.
        for hint in ["refresh_token", "access_token"] {
            let fields = [("token", token.as_str()), ("token_type_hint", hint)];
            let answer = place.call("/sandbox/revoke", CLIENT, &fields).await;
            assert_eq!(answer.status, StatusCode::OK, "{}", answer.body);
        }
        is_bad_token(&place.userinfo(&access).await);
        is(&place.refresh(&refresh).await, GRANT);
    }
}

#[tokio::test]
async fn revoking_ends_one_grant_and_no_other() {
    let place = Place::new().await;
    let (kept, _) = place.tokens().await;
    let (_, refresh) = place.tokens().await;
    let fields = [("token", refresh.as_str())];
    place.call("/sandbox/revoke", CLIENT, &fields).await;
    assert_eq!(place.userinfo(&kept).await.status, StatusCode::OK);
}

#[tokio::test]
async fn nobody_revokes_or_renews_what_is_anothers() {
    let place = Place::new().await;
    let (access, refresh) = place.tokens().await;
    for token in [&access, &refresh] {
        let answer = place
            .call("/sandbox/revoke", OTHER, &[("token", token)])
            .await;
        is(&answer, (400, "unauthorized_client"));
    }
    let fields = [("grant_type", "refresh_token"), ("refresh_token", &refresh)];
    is(&place.call("/sandbox/token", OTHER, &fields).await, GRANT);
    assert_eq!(place.userinfo(&access).await.status, StatusCode::OK);
    assert_eq!(place.refresh(&refresh).await.status, StatusCode::OK);
}

#[tokio::test]
async fn a_token_that_is_no_good_is_revoked_already() {
    let place = Place::new().await;
    let (access, _) = place.tokens().await;
    for token in ["nonsense", &changed(&access, 9)] {
        let answer = place
            .call("/sandbox/revoke", CLIENT, &[("token", token)])
            .await;
        assert_eq!(answer.status, StatusCode::OK);
    }
    is(
        &place.call("/sandbox/revoke", CLIENT, &[]).await,
        (400, "invalid_request"),
    );
    assert_eq!(place.userinfo(&access).await.status, StatusCode::OK);
}

#[tokio::test]
async fn one_kind_of_token_is_no_other() {
    let place = Place::new().await;
    let code = place.code().await;
    let (access, refresh) = place.tokens().await;
    for token in [&code, &refresh, &changed(&access, 3), &"".to_owned()] {
        let answer = place.userinfo(token).await;
        assert_eq!(answer.status, StatusCode::UNAUTHORIZED, "{token}");
    }
    is(&place.refresh(&access).await, GRANT);
    is(&place.refresh(&code).await, GRANT);
    is(&place.exchange(&refresh).await, GRANT);
}

#[tokio::test]
async fn what_is_kept_holds_no_code_and_no_token() {
    let place = Place::new().await;
    let code = place.code().await;
    let (access, refresh) = tokens_of(&place.exchange(&code).await);
    let dir = tempfile::tempdir().unwrap();
    let backup = dir.path().join("backup");
    place.store.backup_to(&backup).await.unwrap();
    let bytes = std::fs::read(backup).unwrap();
    let has = |text: &str| {
        bytes
            .windows(text.len())
            .any(|window| window == text.as_bytes())
    };
    assert!(has("harbour-street-cycles"));
    for secret in [&code, &access, &refresh] {
        let (payload, mac) = secret.split_once('.').unwrap();
        assert!(!has(payload) && !has(mac));
    }
    assert!(!has(&super::value(&place.allow(&usual()).await, "code")));
}
