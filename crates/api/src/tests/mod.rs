//! Tests over all routes, and the stage on which every test of a route stands.

mod authorized;
mod bad_input;
mod canary;
mod company_token;
mod contract;
pub(crate) mod credentials;
mod cross_origin;
mod errors;
mod hostile;
mod hostile_requests;
mod integration_settings;
mod keys;
mod limits;
mod lists;
mod methods;
mod not_built;
mod once;
mod proxy;
mod references;
mod refresh;
mod rights;
mod rotation;

use std::sync::{Arc, LazyLock};

use axum::Router;
use handclasp_app::App;
use handclasp_domain::CompanyId;
use handclasp_testkit::{Holding, Http, OpenApi, Setup, TestApp, TestClient};
use handclasp_web::layers::{Outer, Surface};
use http::Method;
use serde_json::{Value, json};

use crate::doc::document;
use crate::table::{Verb, routes};

/// An id that nothing has.
pub(crate) const NOBODY: &str = "3fa85f64-5717-4562-b3fc-2c963f66afa6";

/// Where the API of the tests stands.
pub(crate) const BASE: &str = "http://127.0.0.1:4000/api";

/// The OpenAPI document, to hold answers against.
pub(crate) static OWN: LazyLock<Arc<OpenApi>> =
    LazyLock::new(|| Arc::new(OpenApi::new(document(BASE, &routes()))));

/// The use cases, one client, and the API with that client's key. Every answer is held against the contract and against our own document.
pub(crate) struct Stage {
    pub(crate) test: TestApp,
    pub(crate) client: TestClient,
    pub(crate) api: Http,
}

/// The router as the server has it.
pub(crate) fn router(test: &TestApp) -> Router {
    router_of(&test.app)
}

/// The router over these use cases.
pub(crate) fn router_of(app: &App) -> Router {
    let app = app.clone();
    let outer = Outer::new(Surface::Api, app.clock().clone(), app.random().clone());
    let outer = crate::limited(outer, app.clone());
    let origin = "http://127.0.0.1:4000".parse().unwrap();
    outer.wrap(crate::router(app, &origin))
}

impl Stage {
    pub(crate) async fn new() -> Self {
        Self::with(Setup::default()).await
    }

    /// A stage with something otherwise.
    pub(crate) async fn with(setup: Setup) -> Self {
        Self::over(TestApp::with(setup).await).await
    }

    /// The same over use cases that are there already.
    pub(crate) async fn over(test: TestApp) -> Self {
        let client = test.client().await;
        let api = client.api(router(&test)).held_to_contract(crate::PREFIX);
        let api = api.held_to(crate::PREFIX, OWN.clone());
        Self { test, client, api }
    }

    /// The API with the key of another client.
    pub(crate) async fn stranger(&self) -> Http {
        let other = self.test.client().await;
        self.api.with_key(other.key.expose())
    }

    /// Starts the server anew over the same database, with something otherwise.
    pub(crate) async fn restart(&mut self, setup: Setup) {
        self.test.restart(setup).await;
        let api = self.client.api(router(&self.test));
        self.api = api
            .held_to_contract(crate::PREFIX)
            .held_to(crate::PREFIX, OWN.clone());
    }

    /// Makes a company. Answers its address.
    pub(crate) async fn company(&self) -> String {
        let made = self
            .api
            .post("/api/companies", json!({ "name": "Ash & Birch" }))
            .await;
        assert_eq!(made.status, 200, "{}", made.text());
        format!("/api/companies/{}", made.at("/id"))
    }

    /// Makes a connection of a company. Answers its address.
    pub(crate) async fn connection(&self, company: &str) -> String {
        let path = format!("{company}/connections");
        let made = self.api.post(&path, json!({ "platformKey": "mqjo" })).await;
        assert_eq!(made.status, 200, "{}", made.text());
        format!("{path}/{}", made.at("/id"))
    }

    /// Makes a webhook consumer. Answers its address.
    pub(crate) async fn webhook(&self) -> String {
        let new = json!({ "url": "https://example.com/events", "eventTypes": ["company.created"] });
        let made = self.api.post("/api/webhooks", new).await;
        assert_eq!(made.status, 201, "{}", made.text());
        format!("/api/webhooks/{}", made.at("/id"))
    }

    /// Makes a rule. Answers its address.
    pub(crate) async fn rule(&self) -> String {
        let new = json!({
            "type": "DataConnectionStatusChanged",
            "notifiers": { "emails": [], "webhook": "https://example.com/rules" },
        });
        let made = self.api.post("/api/rules", new).await;
        assert_eq!(made.status, 200, "{}", made.text());
        format!("/api/rules/{}", made.at("/id"))
    }

    /// The API with the access token of a company.
    pub(crate) async fn company_api(&self, company: &str) -> Http {
        let answer = self.api.get(&format!("{company}/accessToken")).await;
        assert_eq!(answer.status, 200, "{}", answer.text());
        let token = answer.at("/accessToken");
        self.api.with_authorization(&format!("Bearer {token}"))
    }

    /// A body as a snapshot has it: ids that were drawn are numbered in the order in which they come.
    pub(crate) fn shown(&self, body: &Value) -> String {
        let catalogue = self.test.app.catalogue();
        let declared: Vec<String> = catalogue
            .iter()
            .flat_map(|one| [one.integration_id.to_string(), one.source_id.to_string()])
            .collect();
        let mut text = format!("{body:#}");
        let mut number = 0;
        let mut at = 0;
        while let Some(piece) = text.get(at..at + 36) {
            let is_id = piece.parse::<CompanyId>().is_ok();
            if is_id && !declared.iter().any(|id| id == piece) {
                number += 1;
                text = text.replace(&piece.to_owned(), &format!("[id {number}]"));
            }
            at += 1;
            while !text.is_char_boundary(at) {
                at += 1;
            }
        }
        text
    }

    /// Makes a connection that is `Linked` and holds tokens. Answers its address.
    pub(crate) async fn holding(&self, holding: Holding<'_>) -> String {
        let company = self.company().await;
        let path = format!("{company}/connections");
        let new = json!({ "platformKey": holding.platform_key });
        let made = self.api.post(&path, new).await;
        let id = made.at("/id").parse().unwrap();
        let company = company.rsplit('/').next().unwrap().parse().unwrap();
        self.test.hold(&self.client, company, id, holding).await;
        format!("{path}/{id}")
    }

    /// Makes a connection `Linked`.
    pub(crate) async fn link(&self, connection: &str) {
        let ids: Vec<&str> = connection.split('/').collect();
        let (company, id) = (ids[3].parse().unwrap(), ids[5].parse().unwrap());
        self.test
            .link(&self.client, company, id, "Birch Books Ltd")
            .await;
    }
}

/// A route's method; of one that takes any, one that it takes.
pub(crate) fn method(verb: Verb) -> Method {
    match verb {
        Verb::Get => Method::GET,
        Verb::Post | Verb::Any => Method::POST,
        Verb::Put => Method::PUT,
        Verb::Patch => Method::PATCH,
        Verb::Delete => Method::DELETE,
    }
}

/// An error's body as a snapshot has it: the correlation id, which differs, left out; and without the members of RFC 9457, which say
/// the same.
pub(crate) fn error(answer: &handclasp_testkit::Answer) -> String {
    let mut body = answer.json.clone();
    assert_eq!(
        body["correlationId"],
        answer.header("x-correlation-id"),
        "the id in the body is the one in the header"
    );
    let instance = format!("urn:uuid:{}", answer.header("x-correlation-id"));
    let title = http::StatusCode::from_u16(answer.status).unwrap();
    for (member, value) in [
        ("type", json!("about:blank")),
        ("title", json!(title.canonical_reason())),
        ("status", json!(answer.status)),
        ("detail", body["error"].clone()),
        ("instance", json!(instance)),
    ] {
        let members = body.as_object_mut().unwrap();
        assert_eq!(members.remove(member), Some(value), "{member}");
    }
    body["correlationId"] = Value::from("…");
    format!("{body:#}")
}

/// What an error says, after checking that it has the form of all errors and this status.
#[track_caller]
pub(crate) fn refused(answer: &handclasp_testkit::Answer, status: u16) -> String {
    assert_eq!(answer.status, status, "{}", answer.text());
    assert_eq!(answer.header("content-type"), "application/json");
    assert_eq!(answer.json["statusCode"], status);
    assert_eq!(answer.json["service"], "PublicApi");
    assert_eq!(
        answer.json["correlationId"],
        answer.header("x-correlation-id")
    );
    assert!(answer.json["canBeRetried"].is_string());
    assert!(answer.json["detailedErrorCode"].is_number());
    assert!(answer.json.get("validation").is_some());
    answer.at("/error").to_owned()
}

/// The field that an error names.
#[track_caller]
pub(crate) fn field(answer: &handclasp_testkit::Answer) -> &str {
    assert_eq!(answer.status, 400, "{}", answer.text());
    answer.at("/validation/errors/0/itemId")
}
