use std::sync::Arc;

use axum::Router;
use axum::extract::Request;
use axum::response::Response;
use axum::routing::get;
use handclasp_ambient::{ManualClock, SeededRandom};
use handclasp_domain::Timestamp;
use http::{HeaderValue, StatusCode};
use http_body_util::BodyExt;
use tower::ServiceExt;

use super::{Outer, Surface};
use crate::error::{PageError, PageErrorKind};
use crate::look::{Brand, PageContext};
use crate::{look, styleguide};

pub(super) fn outer(surface: Surface) -> Outer {
    let clock = ManualClock::at(Timestamp::from_seconds(1_700_000_000));
    Outer::new(surface, Arc::new(clock), Arc::new(SeededRandom::new(3)))
}

pub(super) async fn text(response: Response) -> String {
    let bytes = response.into_body().collect().await.unwrap().to_bytes();
    String::from_utf8(bytes.to_vec()).unwrap()
}

pub(super) fn ask(uri: &str) -> Request {
    Request::builder()
        .uri(uri)
        .body(axum::body::Body::empty())
        .unwrap()
}

fn pages() -> Router {
    let mut router = Router::new()
        .route(
            "/nonce",
            get(|c: PageContext| async move { c.nonce.to_string() }),
        )
        .route(
            "/panic",
            get(|| async {
                if true {
                    panic!("on purpose")
                }
            }),
        )
        .route(
            "/own",
            get(|| async {
                (
                    [
                        ("content-security-policy", "sandbox"),
                        ("cache-control", "max-age=1"),
                    ],
                    "x",
                )
            }),
        );
    for kind in PageErrorKind::ALL {
        router = router.route(
            &format!("/error/{}", kind.status().as_u16()),
            get(move || async move {
                PageError::new(kind)
                    .branded(Brand::of("<b>Acme</b>"))
                    .because("a secret cause")
                    .with_action("Back <", "/x?a=1&b=2")
            }),
        );
    }
    outer(Surface::Pages).wrap(
        router
            .merge(styleguide::router())
            .merge(look::assets::router()),
    )
}

fn assert_page_headers(response: &Response) -> String {
    let header = |name: &str| response.headers()[name].to_str().unwrap().to_owned();
    let policy = header("content-security-policy");
    for part in [
        "default-src 'none'",
        "base-uri 'none'",
        "form-action 'self'",
        "frame-ancestors 'none'",
        "script-src 'self'",
        "style-src 'self' 'nonce-",
    ] {
        assert!(policy.contains(part), "{part} in {policy}");
    }
    assert!(!policy.contains("unsafe"), "{policy}");
    assert_eq!(header("cache-control"), "no-store");
    assert_eq!(header("referrer-policy"), "same-origin");
    assert_eq!(header("x-robots-tag"), "noindex, nofollow");
    assert_eq!(header("x-content-type-options"), "nosniff");
    assert_eq!(header("cross-origin-opener-policy"), "same-origin");
    assert!(header("permissions-policy").contains("camera=()"));
    assert_eq!(header("x-correlation-id").len(), 36);
    let nonce = policy.split("'nonce-").nth(1).unwrap();
    nonce.trim_end_matches('\'').to_owned()
}

#[tokio::test]
async fn every_error_page_is_whole() {
    for kind in PageErrorKind::ALL {
        let status = kind.status();
        for (language, word) in [("en", "Reference"), ("de", "Referenz")] {
            let mut request = ask(&format!("/error/{}", status.as_u16()));
            request
                .headers_mut()
                .insert("accept-language", HeaderValue::from_static(language));
            let response = pages().oneshot(request).await.unwrap();
            assert_eq!(response.status(), status);
            assert_eq!(
                response.headers()["content-type"],
                "text/html; charset=utf-8"
            );
            let nonce = assert_page_headers(&response);
            let reference = response.headers()["x-correlation-id"]
                .to_str()
                .unwrap()
                .to_owned();
            let html = text(response).await;
            assert!(html.contains(&format!("<html lang=\"{language}\" dir=\"ltr\">")));
            assert!(
                html.contains(&format!("<style nonce=\"{nonce}\">")),
                "the nonce fits"
            );
            assert!(html.contains(word) && html.contains(&reference), "{html}");
            assert!(html.contains("&#60;b&#62;Acme"), "a name is text");
            assert!(html.contains("/x?a=1&#38;b=2"));
            assert!(!html.contains("secret cause"));
            assert!(!html.contains("web-error"), "a text is missing: {html}");
            assert!(!html.contains(" style="), "no style attributes");
            assert!(!html.contains("https://"), "nothing from elsewhere");
        }
    }
}

#[tokio::test]
async fn unknown_paths_wrong_methods_and_panics_are_pages() {
    for (method, path, status) in [
        ("GET", "/none", 404),
        ("POST", "/nonce", 405),
        ("GET", "/panic", 500),
    ] {
        let mut request = ask(path);
        *request.method_mut() = method.parse().unwrap();
        let response = pages().oneshot(request).await.unwrap();
        assert_eq!(response.status().as_u16(), status, "{path}");
        assert_page_headers(&response);
        if status == 405 {
            assert!(
                response.headers()["allow"]
                    .to_str()
                    .unwrap()
                    .contains("GET")
            );
        }
        let html = text(response).await;
        assert!(html.contains("<h1>") && !html.contains("on purpose"));
    }
}

#[tokio::test]
async fn each_answer_has_a_nonce_of_its_own() {
    let router = pages();
    let first = router.clone().oneshot(ask("/nonce")).await.unwrap();
    let header = assert_page_headers(&first);
    assert_eq!(text(first).await, header);
    let second = router.oneshot(ask("/nonce")).await.unwrap();
    assert_ne!(text(second).await, header);
}

#[tokio::test]
async fn what_a_handler_sets_stays() {
    let response = pages().oneshot(ask("/own")).await.unwrap();
    assert_eq!(response.headers()["content-security-policy"], "sandbox");
    assert_eq!(response.headers()["cache-control"], "max-age=1");
}

#[tokio::test]
async fn hsts_is_for_https_alone() {
    let answer = |hsts| {
        let router = outer(Surface::Api).with_hsts(hsts).wrap(Router::new());
        async move { router.oneshot(ask("/")).await.unwrap() }
    };
    assert!(
        answer(true)
            .await
            .headers()
            .contains_key("strict-transport-security")
    );
    assert!(
        !answer(false)
            .await
            .headers()
            .contains_key("strict-transport-security")
    );
}

#[tokio::test]
async fn assets_are_kept_under_their_hash_and_not_under_another() {
    for url in [
        look::assets::css_url(),
        look::assets::js_url(),
        look::assets::mark_url(),
    ] {
        let response = pages().oneshot(ask(url)).await.unwrap();
        assert_eq!(response.status(), StatusCode::OK);
        assert_eq!(
            response.headers()["cache-control"],
            "public, max-age=31536000, immutable"
        );
        let old = url.replace(url.split('/').nth(2).unwrap(), "0123456789abcdef");
        let response = pages().oneshot(ask(&old)).await.unwrap();
        assert_eq!(response.status(), StatusCode::OK);
        assert_eq!(response.headers()["cache-control"], "no-store");
    }
    let response = pages().oneshot(ask("/assets/x/secret")).await.unwrap();
    assert_eq!(response.status(), StatusCode::NOT_FOUND);
    // Its address does not change with it: it is not kept for ever.
    let response = pages().oneshot(ask("/favicon.ico")).await.unwrap();
    assert_eq!(response.headers()["content-type"], "image/svg+xml");
    assert_eq!(response.headers()["cache-control"], "public, max-age=86400");
}

#[tokio::test]
async fn the_styleguide_shows_every_page_by_the_rules() {
    let all = styleguide::PAGES.map(|p| format!("/styleguide/{p}"));
    for path in all.iter().map(String::as_str).chain(["/styleguide"]) {
        for query in ["", "?locale=de&colour=%23ffe600"] {
            let response = pages()
                .oneshot(ask(&format!("{path}{query}")))
                .await
                .unwrap();
            assert_page_headers(&response);
            let html = text(response).await;
            assert!(html.contains("<main id=\"main\""), "{path}");
            assert!(!html.contains(" style="), "{path} has a style attribute");
            assert!(!html.contains("<script>"), "{path} has a script of its own");
            assert!(!html.contains("onclick"), "{path}");
        }
    }
}

#[tokio::test]
async fn what_the_operator_asks_is_answered_as_for_programs() {
    let router = Router::new()
        .route("/healthz", get(|| async { "ok\n" }))
        .route(
            "/panic",
            get(|| async {
                if true {
                    panic!("on purpose")
                }
            }),
        );
    let router = outer(Surface::Operator).wrap(router);
    for (path, status) in [("/healthz", 200), ("/panic", 500), ("/none", 404)] {
        let response = router.clone().oneshot(ask(path)).await.unwrap();
        assert_eq!(response.status().as_u16(), status, "{path}");
        for (header, value) in [
            ("x-content-type-options", "nosniff"),
            ("cache-control", "no-store"),
        ] {
            assert_eq!(response.headers()[header], value, "{path}");
        }
        assert!(response.headers().contains_key("x-correlation-id"));
        if status != 200 {
            let kind = &response.headers()["content-type"];
            assert_eq!(kind, "application/json", "{path}");
        }
    }
}
