use axum::Router;
use axum::response::IntoResponse;
use axum::routing::get;
use http::HeaderValue;
use tower::ServiceExt;

use super::{Origin, OriginError, Sites};
use crate::layers::Surface;
use crate::layers::tests::{ask, outer, text};

#[test]
fn origins_are_read_strictly() {
    for (text, authority, https, loopback) in [
        ("https://Link.Example.com", "link.example.com", true, false),
        (
            "https://link.example.com:443/",
            "link.example.com",
            true,
            false,
        ),
        ("https://a.example:8443", "a.example:8443", true, false),
        ("http://127.0.0.1:80", "127.0.0.1", false, true),
        ("http://[::1]:3000", "[::1]:3000", false, true),
        ("http://app.localhost:1", "app.localhost:1", false, true),
        ("http://10.0.0.1", "10.0.0.1", false, false),
    ] {
        let origin: Origin = text.parse().unwrap();
        assert_eq!(origin.authority(), authority);
        assert_eq!(
            (origin.is_https(), origin.is_loopback()),
            (https, loopback),
            "{text}"
        );
    }
    for text in [
        "https://a/b",
        "https://a?b",
        "https://a#b",
        "https://u@a",
        "https://:p@a",
    ] {
        assert_eq!(text.parse::<Origin>(), Err(OriginError::TooMuch), "{text}");
    }
    assert_eq!("ftp://a".parse::<Origin>(), Err(OriginError::Scheme));
    assert!("a.example".parse::<Origin>().is_err());
}

fn named(name: &'static str, paths: &[&str]) -> Router {
    paths.iter().fold(Router::new(), |router, path| {
        router.route(path, get(move || async move { name.into_response() }))
    })
}

#[tokio::test]
async fn hosts_and_prefixes_choose_the_router_and_others_are_misdirected() {
    let one: Origin = "https://one.example".parse().unwrap();
    let two: Origin = "http://127.0.0.1:8080".parse().unwrap();
    let sites = Sites::new(outer(Surface::Pages))
        .mount(&one, "/api", named("api", &["/api/a"]))
        .mount(&one, "/", named("link", &["/apis", "/a"]))
        .mount(&two, "/portal", named("portal", &["/portal"]))
        .everywhere("/healthz", named("health", &["/healthz"]));
    let ask = |host: Option<&'static str>, uri: &'static str| {
        let mut request = ask(uri);
        if let Some(host) = host {
            request
                .headers_mut()
                .insert("host", HeaderValue::from_static(host));
        }
        let sites = sites.clone();
        async move {
            let response = sites.oneshot(request).await.unwrap();
            (response.status().as_u16(), text(response).await)
        }
    };
    for (host, uri, answer) in [
        ("one.example", "/api/a", "api"),
        ("ONE.example:443", "/api/a?b", "api"),
        ("one.example", "/apis", "link"),
        ("one.example", "/a", "link"),
        ("one.example", "http://one.example/a", "link"),
        ("127.0.0.1:8080", "/portal", "portal"),
        ("anything", "/healthz", "health"),
    ] {
        assert_eq!(
            ask(Some(host), uri).await,
            (200, answer.to_owned()),
            "{host} {uri}"
        );
    }
    for (host, uri, status) in [
        (Some("two.example"), "/a", 421),
        (Some("localhost:8080"), "/portal", 421),
        (Some("127.0.0.1"), "/portal", 421),
        (Some("one.example:8080"), "/a", 421),
        (Some("one.example."), "/a", 421),
        (Some("one.example"), "http://evil.example/a", 421),
        (Some(""), "/a", 421),
        (None, "/a", 421),
        (Some("127.0.0.1:8080"), "/portals", 404),
        (Some("one.example"), "/healthzz", 404),
    ] {
        assert_eq!(ask(host, uri).await.0, status, "{host:?} {uri}");
    }
    let mut twice = self::ask("/a");
    for _ in 0..2 {
        twice
            .headers_mut()
            .append("host", HeaderValue::from_static("one.example"));
    }
    assert_eq!(sites.oneshot(twice).await.unwrap().status().as_u16(), 421);
}

#[tokio::test]
async fn programs_are_refused_as_programs() {
    let shared: Origin = "https://one.example".parse().unwrap();
    let alone: Origin = "https://api.example".parse().unwrap();
    let pages: Origin = "https://link.example".parse().unwrap();
    let api = || outer(Surface::Api).wrap(named("api", &["/api/a"]));
    let link = || outer(Surface::Pages).wrap(named("link", &["/a", "/apis"]));
    let sites = Sites::new(outer(Surface::Pages))
        .for_programs("/api", outer(Surface::Api))
        .mount(&shared, "/api", api())
        .mount(&shared, "/", link())
        .mount(&alone, "/api", api())
        .mount(&pages, "/", link());
    let ask = |host: &'static str, uri: &'static str| {
        let mut request = ask(uri);
        request
            .headers_mut()
            .insert("host", HeaderValue::from_static(host));
        let sites = sites.clone();
        async move { sites.oneshot(request).await.unwrap() }
    };
    for (host, uri, status) in [
        // Hosts that are none of ours.
        ("two.example", "/api", 421),
        ("two.example", "/api/companies?x", 421),
        ("two.example", "//api/companies", 421),
        ("one.example:81", "/api/companies", 421),
        // Paths that mean the API, and are not its own.
        ("one.example", "/api/none", 404),
        ("one.example", "//api/companies", 404),
        ("one.example", "/./api/a", 404),
        ("one.example", "/api%2fcompanies", 404),
        ("one.example", "/%61pi/a", 404),
        ("one.example", "/API/a", 404),
        ("link.example", "/api/companies", 404),
        // A host that has nothing else.
        ("api.example", "/", 404),
        ("api.example", "/companies", 404),
        ("api.example", "/apis", 404),
    ] {
        let response = ask(host, uri).await;
        assert_eq!(response.status().as_u16(), status, "{host} {uri}");
        let kind = &response.headers()["content-type"];
        assert_eq!(kind, "application/json", "{host} {uri}");
        let correlation = response.headers()["x-correlation-id"].clone();
        let said: serde_json::Value = serde_json::from_str(&text(response).await).unwrap();
        assert_eq!(said["statusCode"], status);
        assert_eq!(said["correlationId"], correlation.to_str().unwrap());
    }
    for (host, uri, status) in [
        ("two.example", "/", 421),
        ("two.example", "/apis", 421),
        ("one.example", "/none", 404),
        ("one.example", "/x/api", 404),
        ("one.example", "/%zz/api", 404),
        ("one.example", "/api%", 404),
    ] {
        let response = ask(host, uri).await;
        assert_eq!(response.status().as_u16(), status, "{host} {uri}");
        let kind = &response.headers()["content-type"];
        assert_eq!(kind, "text/html; charset=utf-8", "{host} {uri}");
    }
    assert_eq!(text(ask("one.example", "/api/a").await).await, "api");
    assert_eq!(text(ask("one.example", "/apis").await).await, "link");
}
