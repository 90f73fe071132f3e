//! The examples for curl, through the router.

use axum::body::Body;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use handclasp_testkit::{Holding, ScriptedThirdParty, Told};
use http::Request;
use serde_json::json;

use super::super::document;
use super::super::examples::Call;
use super::operations;
use crate::table::routes;
use crate::tests::BASE;
use crate::tests::credentials::stage_of;

/// The words of a command, as a shell reads them.
fn words(command: &str, key: &str) -> Vec<String> {
    let mut words = vec![String::new()];
    let mut rest = command.chars();
    let mut quote = None;
    while let Some(c) = rest.next() {
        let word = words.last_mut().unwrap();
        match (c, quote) {
            ('\'' | '"', None) => quote = Some(c),
            (c, Some(open)) if c == open => quote = None,
            ('\\', None) => match rest.next() {
                Some('\n') => {}
                other => word.extend(other),
            },
            (c, None) if c.is_whitespace() => {
                if !word.is_empty() {
                    words.push(String::new());
                }
            }
            (c, _) => word.push(c),
        }
    }
    assert_eq!(quote, None, "{command}");
    for word in &mut words {
        *word = word.replace("$HANDCLASP_KEY", key);
    }
    words
}

fn request(command: &str, key: &str) -> Request<Body> {
    let mut words = words(command, key).into_iter();
    assert_eq!(words.next().as_deref(), Some("curl"));
    let mut request = Request::builder();
    let (mut method, mut body) = (None, None);
    while let Some(word) = words.next() {
        let mut value = || words.next().unwrap();
        match word.as_str() {
            "-X" => method = Some(value()),
            "-u" => {
                request = request.header(
                    "authorization",
                    format!("Basic {}", STANDARD.encode(value())),
                )
            }
            "-H" => {
                let header = value();
                let (name, value) = header.split_once(": ").unwrap();
                request = request.header(name, value);
            }
            "-d" => body = Some(value()),
            address => {
                let path = address.strip_prefix("http://127.0.0.1:4000").unwrap();
                request = request.uri(path);
            }
        }
    }
    let method = method.unwrap_or_else(|| if body.is_some() { "POST" } else { "GET" }.to_owned());
    let request = request.method(method.as_str());
    request
        .body(body.map_or_else(Body::empty, Body::from))
        .unwrap()
}

#[tokio::test]
async fn each_does_what_it_says() {
    let third_party = ScriptedThirdParty::start(|_| Told::json(200, &json!({}))).await;
    let stage = stage_of(&third_party).await;
    let document = document(BASE, &routes());
    for (method, path, operation) in operations(&document) {
        // Things of its own: some examples delete them.
        let connection = stage.holding(Holding::default()).await;
        let webhook = stage.webhook().await;
        let rule = stage.rule().await;
        let key = stage.api.post("/api/apiKeys", json!({})).await;
        let ids: Vec<&str> = connection.split('/').collect();
        let mut curl = Call {
            base: BASE,
            method: &method.to_uppercase(),
            path,
            operation,
        }
        .examples()
        .curl;
        for parameter in operation["parameters"].as_array().into_iter().flatten() {
            let real = match parameter["name"].as_str().unwrap() {
                "companyId" => ids[3],
                "connectionId" => ids[5],
                "webhookId" => webhook.rsplit('/').next().unwrap(),
                "ruleId" => rule.rsplit('/').next().unwrap(),
                "apiKeyId" => key.at("/id"),
                _ => continue,
            };
            curl = curl.replace(parameter["schema"]["example"].as_str().unwrap(), real);
        }
        let own = stage.client.key.expose();
        let answer = stage.api.without_key().request(request(&curl, own)).await;
        // The Sandbox is authorized by a person: the refusal shows that the call was understood.
        if operation["operationId"] == "update-connection-authorization" {
            assert!(answer.text().contains("lead that person to its linkUrl"));
        } else {
            let is_done = (200..300).contains(&answer.status);
            assert!(is_done, "{curl}\n{}", answer.text());
        }
        // There can be only so many of these.
        stage.api.delete(&webhook).await;
        stage.api.delete(&rule).await;
        stage
            .api
            .delete(&format!("/api/apiKeys/{}", key.at("/id")))
            .await;
    }
}

#[test]
fn words_are_read_as_a_shell_reads_them() {
    let command = "curl -d '{\"a\": \"it'\\''s\"}' \\\n  -u \"$HANDCLASP_KEY:\"";
    assert_eq!(
        words(command, "k"),
        ["curl", "-d", "{\"a\": \"it's\"}", "-u", "k:"]
    );
}
