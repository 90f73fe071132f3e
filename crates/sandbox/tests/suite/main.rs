//! The sandbox's promises, through its real router and a real database.
#![expect(clippy::unwrap_used, reason = "tests fail by panicking")]

mod authorize;
mod flow;
mod grants;
mod openid;
mod pages;
mod programs;
mod scenarios;
mod tokens;

use std::sync::Arc;
use std::time::Duration;

use aws_lc_rs::signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair};
use axum::Router;
use axum::body::Body;
use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use handclasp_ambient::{ManualClock, SeededRandom};
use handclasp_domain::{Secret, Timestamp};
use handclasp_sandbox::{
    Registered, Registrations, RegistrationsUnavailable, SandboxParts, router,
};
use handclasp_store::{Database, Store, StoreOptions};
use handclasp_vault::MacKey;
use http::header::{AUTHORIZATION, CONTENT_TYPE, LOCATION};
use http::{HeaderMap, Method, Request, StatusCode};
use http_body_util::BodyExt as _;
use serde_json::Value;
use tower::ServiceExt as _;
use url::Url;
use url::form_urlencoded::Serializer;

const ISSUER: &str = "http://localhost:3000/sandbox";
const CLIENT: &str = "11111111-1111-4111-8111-111111111111";
const OTHER: &str = "22222222-2222-4222-8222-222222222222";
/// A registration that cannot be looked up.
const BROKEN: &str = "broken";
const VERIFIER: &str = "a-verifier-of-at-least-43-characters-~._0123456789";

fn secret_of(client: &str) -> String {
    // What has to be encoded, so that the encoding is put to the test too.
    format!("s+e:c%r&e=t {client}")
}

fn redirect_uri(client: &str) -> String {
    format!("https://link.example.com/callback/{client}/mqjo?kept=1%202")
}

/// Where the same client is sent back from another integration.
fn other_uri(client: &str) -> String {
    format!("https://link.example.com/callback/{client}/sbnk")
}

fn registrations() -> Registrations {
    Registrations::new(
        |client| {
            [CLIENT, OTHER]
                .contains(&client)
                .then(|| Secret::new(secret_of(client)))
        },
        |client: String| async move {
            match client.as_str() {
                BROKEN => Err(RegistrationsUnavailable("no database".into())),
                CLIENT | OTHER => Ok(Some(Registered {
                    name: "Northwind <Lending>".into(),
                    redirect_uris: vec![
                        other_uri(&client).parse().unwrap(),
                        redirect_uri(&client).parse().unwrap(),
                    ],
                })),
                _ => Ok(None),
            }
        },
    )
}

/// One sandbox with its database.
struct Place {
    router: Router,
    clock: Arc<ManualClock>,
    store: Store,
    _dir: tempfile::TempDir,
}

/// An answer, read to its end.
struct Answer {
    status: StatusCode,
    headers: HeaderMap,
    body: String,
}

impl Answer {
    fn header(&self, name: impl http::header::AsHeaderName) -> &str {
        self.headers.get(name).map_or("", |v| v.to_str().unwrap())
    }

    fn json(&self) -> Value {
        assert_eq!(self.header(CONTENT_TYPE), "application/json");
        serde_json::from_str(&self.body).unwrap()
    }

    /// Status and error code.
    fn error(&self) -> (u16, String) {
        let code = self.json()["error"].as_str().unwrap().to_owned();
        (self.status.as_u16(), code)
    }

    fn location(&self) -> String {
        assert_eq!(self.status, StatusCode::SEE_OTHER, "{}", self.body);
        self.header(LOCATION).to_owned()
    }
}

impl Place {
    async fn new() -> Self {
        Self::with(true).await
    }

    async fn with(movable_clock: bool) -> Self {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("handclasp.db");
        let store = Store::open(StoreOptions::new(Database::Sqlite { path }))
            .await
            .unwrap();
        let clock = Arc::new(ManualClock::at(Timestamp::from_seconds(1_800_000_000)));
        let key = Secret::new(vec![7; 32]);
        let router = router(SandboxParts {
            origin: "http://localhost:3000".parse().unwrap(),
            registrations: registrations(),
            store: store.clone(),
            tokens: MacKey::derive(&key, "tokens"),
            signing: signing_key(),
            forms: MacKey::derive(&key, "forms"),
            clock: clock.clone(),
            movable_clock,
            random: Arc::new(SeededRandom::new(1)),
        })
        .unwrap();
        Self {
            router,
            clock,
            store,
            _dir: dir,
        }
    }

    fn wait(&self, seconds: u64) {
        self.clock.advance(Duration::from_secs(seconds));
    }

    async fn send(&self, request: http::request::Builder, body: String) -> Answer {
        let request = request.body(Body::from(body)).unwrap();
        let response = self.router.clone().oneshot(request).await.unwrap();
        let (parts, body) = response.into_parts();
        let body = body.collect().await.unwrap().to_bytes();
        Answer {
            status: parts.status,
            headers: parts.headers,
            body: String::from_utf8(body.to_vec()).unwrap(),
        }
    }

    async fn get(&self, address: &str) -> Answer {
        self.send(Request::get(address), String::new()).await
    }

    async fn get_in(&self, address: &str, language: &str) -> Answer {
        let request = Request::get(address).header("accept-language", language);
        self.send(request, String::new()).await
    }

    /// As a browser posts the form on the page at this address.
    async fn press(&self, address: &str, fields: &[(&str, &str)]) -> Answer {
        let action = address.replace("/sandbox/authorize?", "/sandbox/sign-in?");
        let request = form(Method::POST, &action).header("sec-fetch-site", "same-origin");
        self.send(request, encode(fields)).await
    }

    /// As a program posts a form, with the client's credentials in the header.
    async fn call(&self, address: &str, client: &str, fields: &[(&str, &str)]) -> Answer {
        let request = form(Method::POST, address).header(AUTHORIZATION, basic(client));
        self.send(request, encode(fields)).await
    }

    /// Allows, and gives the answer at the redirect URI.
    async fn allow(&self, request: &[(&str, &str)]) -> Url {
        let address = authorize(request);
        let fields = [
            ("organisation", "harbour-street-cycles"),
            ("outcome", "allow"),
        ];
        let answer = self.press(&address, &fields).await;
        self.follow(&answer.location()).await
    }

    /// Where the page after the form leads.
    async fn follow(&self, address: &str) -> Url {
        let page = self.get(address).await;
        assert_eq!(page.status, StatusCode::OK, "{}", page.body);
        let by_itself = between(&page.body, "http-equiv=\"refresh\" content=\"0;url=", "\"");
        let by_hand = between(&page.body, "<a class=\"button primary\" href=\"", "\"");
        assert_eq!(by_itself, by_hand);
        unescape(by_hand).parse().unwrap()
    }

    async fn code(&self) -> String {
        value(&self.allow(&usual()).await, "code")
    }

    async fn exchange(&self, code: &str) -> Answer {
        let fields = exchange_fields(code);
        self.call("/sandbox/token", CLIENT, &as_strs(&fields)).await
    }

    async fn refresh(&self, token: &str) -> Answer {
        let fields = [("grant_type", "refresh_token"), ("refresh_token", token)];
        self.call("/sandbox/token", CLIENT, &fields).await
    }

    async fn userinfo(&self, token: &str) -> Answer {
        let request =
            Request::get("/sandbox/userinfo").header(AUTHORIZATION, format!("Bearer {token}"));
        self.send(request, String::new()).await
    }

    /// Fresh tokens: access and refresh.
    async fn tokens(&self) -> (String, String) {
        let answer = self.exchange(&self.code().await).await;
        assert_eq!(answer.status, StatusCode::OK, "{}", answer.body);
        tokens_of(&answer)
    }
}

/// A fresh one.
fn signing_key() -> Secret<Vec<u8>> {
    let pair = EcdsaKeyPair::generate(&ECDSA_P256_SHA256_FIXED_SIGNING).unwrap();
    Secret::new(pair.to_pkcs8v1().unwrap().as_ref().to_vec())
}

fn tokens_of(answer: &Answer) -> (String, String) {
    let json = answer.json();
    let text = |name: &str| json[name].as_str().unwrap().to_owned();
    (text("access_token"), text("refresh_token"))
}

fn form(method: Method, address: &str) -> http::request::Builder {
    Request::builder()
        .method(method)
        .uri(address)
        .header(CONTENT_TYPE, "application/x-www-form-urlencoded")
}

fn basic(client: &str) -> String {
    let part =
        |text: &str| -> String { url::form_urlencoded::byte_serialize(text.as_bytes()).collect() };
    let joined = format!("{}:{}", part(client), part(&secret_of(client)));
    format!("Basic {}", STANDARD.encode(joined))
}

fn encode(fields: &[(&str, &str)]) -> String {
    Serializer::new(String::new()).extend_pairs(fields).finish()
}

fn challenge() -> String {
    let digest = aws_lc_rs::digest::digest(&aws_lc_rs::digest::SHA256, VERIFIER.as_bytes());
    URL_SAFE_NO_PAD.encode(digest)
}

/// The usual request.
fn usual() -> Vec<(&'static str, &'static str)> {
    static PARTS: std::sync::LazyLock<(String, String)> =
        std::sync::LazyLock::new(|| (redirect_uri(CLIENT), challenge()));
    vec![
        ("response_type", "code"),
        ("client_id", CLIENT),
        ("redirect_uri", &PARTS.0),
        ("state", "the state & more"),
        ("scope", "accounting offline_access"),
        ("code_challenge", &PARTS.1),
        ("code_challenge_method", "S256"),
    ]
}

/// The usual request with another value; without it where the value is empty.
fn with<'a>(name: &'a str, value: &'a str) -> Vec<(&'a str, &'a str)> {
    let mut request: Vec<(&str, &str)> = usual();
    request.retain(|(n, _)| *n != name);
    if !value.is_empty() {
        request.push((name, value));
    }
    request
}

fn authorize(request: &[(&str, &str)]) -> String {
    format!("/sandbox/authorize?{}", encode(request))
}

fn exchange_fields(code: &str) -> Vec<(&'static str, String)> {
    vec![
        ("grant_type", "authorization_code".to_owned()),
        ("code", code.to_owned()),
        ("redirect_uri", redirect_uri(CLIENT)),
        ("code_verifier", VERIFIER.to_owned()),
    ]
}

fn as_strs<'a>(fields: &'a [(&'a str, String)]) -> Vec<(&'a str, &'a str)> {
    fields.iter().map(|(n, v)| (*n, v.as_str())).collect()
}

/// The value of a query that has it once.
fn value(url: &Url, name: &str) -> String {
    let found: Vec<_> = url
        .query_pairs()
        .filter(|(n, _)| n == name)
        .map(|(_, v)| v.into_owned())
        .collect();
    assert_eq!(found.len(), 1, "{name} in {url}");
    found[0].clone()
}

fn between<'a>(text: &'a str, before: &str, after: &str) -> &'a str {
    assert!(text.contains(before), "no {before} in {text}");
    let start = text.find(before).unwrap() + before.len();
    let rest = &text[start..];
    &rest[..rest.find(after).unwrap()]
}

fn unescape(html: &str) -> String {
    html.replace("&#38;", "&").replace("&amp;", "&")
}

/// A text with one character of it changed.
fn changed(text: &str, at: usize) -> String {
    let mut bytes = text.as_bytes().to_vec();
    bytes[at] = if bytes[at] == b'A' { b'B' } else { b'A' };
    String::from_utf8(bytes).unwrap()
}
