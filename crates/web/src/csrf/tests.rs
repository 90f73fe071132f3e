use axum::routing::get;
use handclasp_ambient::{ManualClock, SeededRandom};
use handclasp_domain::Timestamp;
use http::HeaderValue;
use http_body_util::BodyExt;
use tower::ServiceExt;

use super::*;
use crate::form::Form;
use crate::layers::{Outer, Surface};
use crate::look::PageContext;

const OURS: &str = "https://link.example.com";

#[derive(serde::Deserialize)]
struct Name {
    name: String,
}

/// Stands in for the vault: tells parts apart and depends on each byte.
fn mac(parts: &[&[u8]]) -> [u8; 32] {
    let mut all = b"key".to_vec();
    for part in parts {
        all.extend_from_slice(&part.len().to_be_bytes());
        all.extend_from_slice(part);
    }
    let digest = aws_lc_rs::digest::digest(&aws_lc_rs::digest::SHA256, &all);
    digest.as_ref().try_into().unwrap()
}

fn pages() -> Router {
    let origin: Origin = OURS.parse().unwrap();
    let random: SharedRandom = Arc::new(SeededRandom::new(5));
    let gate = CsrfGate::new(
        mac,
        &origin,
        CookiePolicy::of(&origin).unwrap(),
        random.clone(),
    );
    let form = get(|c: PageContext| async move {
        axum::response::Html(c.csrf.unwrap().as_str().to_owned())
    })
    .post(|Form(f): Form<Name>| async move { f.name });
    let clock = ManualClock::at(Timestamp::from_seconds(1));
    Outer::new(Surface::Pages, Arc::new(clock), random)
        .wrap(gate.wrap(Router::new().route("/", form)))
}

/// A browser's cookie and the token of its page.
async fn visit(router: &Router) -> (String, String) {
    let request = Request::builder().uri("/").body(Body::empty()).unwrap();
    let response = router.clone().oneshot(request).await.unwrap();
    let cookie = response.headers()["set-cookie"].to_str().unwrap();
    assert!(cookie.starts_with("__Host-hc_browser="), "{cookie}");
    assert!(cookie.contains("; Secure") && cookie.contains("; HttpOnly"));
    let cookie = cookie.split(';').next().unwrap().to_owned();
    let token = response.into_body().collect().await.unwrap().to_bytes();
    (cookie, String::from_utf8(token.to_vec()).unwrap())
}

async fn post(router: &Router, headers: &[(&'static str, &str)], body: String) -> u16 {
    let mut request = Request::post("/").body(Body::from(body)).unwrap();
    request.headers_mut().insert(
        "content-type",
        HeaderValue::from_static("application/x-www-form-urlencoded"),
    );
    for (name, value) in headers {
        request
            .headers_mut()
            .insert(*name, HeaderValue::from_str(value).unwrap());
    }
    router
        .clone()
        .oneshot(request)
        .await
        .unwrap()
        .status()
        .as_u16()
}

#[tokio::test]
async fn sec_fetch_site_comes_first_then_origin_then_the_token() {
    let router = pages();
    let (cookie, token) = visit(&router).await;
    let (foreign_cookie, foreign_token) = visit(&router).await;
    assert_ne!(token, foreign_token);
    let site = |value| ("sec-fetch-site", value);
    let origin = |value| ("origin", value);
    let cookie = ("cookie", cookie.as_str());
    let evil = "https://evil.example";
    let with = |token: &str| format!("name=a&_csrf={token}");
    let plain = || "name=a".to_owned();
    type Case<'a> = (Vec<(&'static str, &'a str)>, String, u16);
    let cases: Vec<Case<'_>> = vec![
        (vec![site("same-origin")], plain(), 200),
        (vec![site("none")], plain(), 200),
        (vec![site("same-origin"), origin("null")], plain(), 200),
        (
            vec![site("cross-site"), origin(OURS), cookie],
            with(&token),
            403,
        ),
        (
            vec![site("same-site"), origin(OURS), cookie],
            with(&token),
            403,
        ),
        (vec![site("what"), cookie], with(&token), 403),
        (vec![origin(OURS)], plain(), 200),
        (vec![origin(evil), cookie], with(&token), 403),
        (
            vec![origin("https://link.example.com.evil.example"), cookie],
            with(&token),
            403,
        ),
        (
            vec![origin("http://link.example.com"), cookie],
            with(&token),
            403,
        ),
        (vec![origin("null"), cookie], with(&token), 200),
        (vec![origin("null"), cookie], plain(), 403),
        (vec![cookie], with(&token), 200),
        (vec![cookie], plain(), 403),
        (vec![cookie], with(""), 403),
        (vec![cookie], with(&foreign_token), 403),
        (
            vec![cookie],
            format!("name=a&_csrf={token}&_csrf={token}"),
            403,
        ),
        (vec![("cookie", &foreign_cookie)], with(&token), 403),
        (vec![], with(&token), 403),
        (
            vec![("cookie", "__Host-hc_browser=short")],
            with(&token),
            403,
        ),
        (
            vec![cookie, ("content-type", "text/plain")],
            with(&token),
            403,
        ),
        (
            vec![cookie],
            format!("name={}&_csrf={token}", "a".repeat(70_000)),
            413,
        ),
    ];
    for (headers, body, status) in cases {
        assert_eq!(
            post(&router, &headers, body.clone()).await,
            status,
            "{headers:?} {body:.60}"
        );
    }
}

#[tokio::test]
async fn a_browser_keeps_its_secret() {
    let router = pages();
    let (cookie, token) = visit(&router).await;
    let request = Request::builder()
        .uri("/")
        .header("cookie", &cookie)
        .body(Body::empty())
        .unwrap();
    let response = router.oneshot(request).await.unwrap();
    assert!(!response.headers().contains_key("set-cookie"));
    let again = response.into_body().collect().await.unwrap().to_bytes();
    assert_eq!(again, token.as_bytes());
}
