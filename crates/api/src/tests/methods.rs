//! Methods and addresses, over every path of the table.

use std::collections::{BTreeMap, BTreeSet};

use axum::body::Body;
use handclasp_testkit::Answer;
use http::{Method, Request};

use super::rights::{Ids, address};
use super::{NOBODY, Stage, method, refused};
use crate::table::{Route, Verb, routes};

/// What each path takes; paths that take anything left out.
fn taken() -> BTreeMap<&'static str, (Route, BTreeSet<String>)> {
    let mut taken = BTreeMap::new();
    for route in routes() {
        if route.verb == Verb::Any {
            continue;
        }
        let verb = route.verb;
        let (_, methods) = taken
            .entry(route.path)
            .or_insert_with(|| (route, BTreeSet::new()));
        methods.insert(method(verb).to_string());
        if verb == Verb::Get {
            methods.insert("HEAD".to_owned());
        }
    }
    taken
}

async fn ask(stage: &Stage, method: &str, path: &str) -> Answer {
    let method = Method::from_bytes(method.as_bytes()).unwrap();
    let request = Request::builder().method(method).uri(path);
    let request = request.body(Body::empty()).unwrap();
    stage.api.request(request).await
}

#[tokio::test]
async fn a_method_that_a_path_does_not_take_is_405_with_those_that_it_takes() {
    let stage = Stage::new().await;
    let stranger = stage.api.without_key();
    for (path, (route, methods)) in taken() {
        let path_of = address(&route, Ids::all(NOBODY));
        for asked in [
            "GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "CONNECT",
            "REPORT", "get", "Post",
        ] {
            if methods.contains(asked) {
                continue;
            }
            let answer = ask(&stage, asked, &path_of).await;
            assert_eq!(answer.status, 405, "{asked} {path}");
            if asked != "HEAD" {
                refused(&answer, 405);
            }
            let allowed = answer.header("allow").split(',');
            let allowed: BTreeSet<String> = allowed.map(str::to_owned).collect();
            assert_eq!(allowed, methods, "{asked} {path}");
        }
        // Nobody needs a key to be told: it is in the documentation.
        let asked = Request::builder().method("TRACE").uri(&path_of);
        let answer = stranger.request(asked.body(Body::empty()).unwrap()).await;
        refused(&answer, 405);
    }
}

#[tokio::test]
async fn head_is_get_without_the_body_on_every_route() {
    let stage = Stage::new().await;
    let last = |path: String| path.rsplit('/').next().unwrap_or_default().to_owned();
    let company = stage.company().await;
    let connection = stage.connection(&company).await;
    let webhook = last(stage.webhook().await);
    let rule = last(stage.rule().await);
    let (company, connection) = (last(company), last(connection));
    let known = Ids {
        company: &company,
        connection: &connection,
        webhook: &webhook,
        rule: &rule,
        key: NOBODY,
    };
    for route in routes().iter().filter(|route| route.verb == Verb::Get) {
        for ids in [known, Ids::all(NOBODY)] {
            let path = address(route, ids);
            for api in [&stage.api, &stage.api.without_key()] {
                let get = api.get(&path).await;
                let head = Request::head(&path).body(Body::empty()).unwrap();
                let head = api.request(head).await;
                assert_eq!(get.status, head.status, "{path}");
                assert!(head.body.is_empty(), "{path}");
                assert_eq!(
                    head.header("content-length"),
                    get.body.len().to_string(),
                    "{path}"
                );
                let but_the_request = |answer: &Answer| {
                    let mut headers = answer.headers.clone();
                    headers.remove("x-correlation-id");
                    headers
                };
                assert_eq!(but_the_request(&get), but_the_request(&head), "{path}");
            }
        }
    }
}

#[tokio::test]
async fn a_path_has_one_spelling() {
    let stage = Stage::new().await;
    let company = stage.company().await;
    let id = company.rsplit('/').next().unwrap().to_owned();
    for (path, (route, _)) in taken() {
        let plain = address(
            &route,
            Ids {
                company: &id,
                ..Ids::all(NOBODY)
            },
        );
        let name = path.trim_start_matches('/').split('/').next().unwrap();
        let first = name.as_bytes()[0];
        for other in [
            format!("{plain}/"),
            format!("{plain}//"),
            format!("/{plain}"),
            plain.replacen("/api/", "/api//", 1),
            plain.replacen("/api/", "/api/./", 1),
            plain.replacen("/api/", "/api/x/../", 1),
            plain.replacen("/api/", "/api%2f", 1),
            plain.replacen("/api/", "/API/", 1),
            plain.replacen("/api/", "/api;x=y/", 1),
            format!("/api/%{first:02x}{}", &plain["/api/".len() + 1..]),
            plain.replacen(name, &name.to_uppercase(), 1),
            format!("{plain}%00"),
            format!("{plain};x=y"),
        ] {
            let answer = stage.api.get(&other).await;
            // The last two may spell an id or a key, which there is not; or a method that the address does not take.
            let odd_end = other.starts_with(&plain) && !other.ends_with('/');
            if odd_end {
                assert!(
                    [404, 405, 501].contains(&answer.status),
                    "{other}: {}",
                    answer.text()
                );
            } else {
                assert_eq!(answer.status, 404, "{other}: {}", answer.text());
            }
        }
    }
}

#[tokio::test]
async fn an_id_and_a_key_may_be_percent_encoded() {
    let stage = Stage::new().await;
    let company = stage.company().await;
    for path in [
        company.replace('-', "%2d"),
        company.replace('-', "%2D"),
        format!("{company}?"),
        "/api/integrations/%6dqjo".to_owned(),
    ] {
        assert_eq!(stage.api.get(&path).await.status, 200, "{path}");
    }
    for path in [
        company.replace('-', "%252d"),
        company.replace('-', "%"),
        company.replace('-', "%2"),
        format!("{company}%2fconnections"),
        "/api/integrations/%c3%28".to_owned(),
    ] {
        refused(&stage.api.get(&path).await, 404);
    }
}
