//! A third party that is not built in: declared as any other, with a registration to be entered, and its endpoints on loopback.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

use axum::extract::State;
use axum::http::HeaderMap;
use axum::routing::{get, post};
use axum::{Form, Json, Router};
use handclasp_outbound::Pin;
use serde_json::{Value, json};
use url::Url;

use crate::{Setup, TestServer};

/// A third party called Acme Books, with the key `acme`. It takes any code, and notes what it is asked.
pub struct ThirdParty {
    server: TestServer,
    seen: Seen,
}

type Seen = Arc<Mutex<Vec<BTreeMap<String, String>>>>;

/// What it is declared as.
const DECLARATION: &str = r#"
key = "acme"
name = "Acme Books"
source_type = "Accounting"
integration_id = "00000000-0000-4000-8000-000000000001"
source_id = "00000000-0000-4000-8000-000000000002"
order = 10
docs = "https://acme.example/docs"
data_types = ["invoices"]

[auth.oauth2_code]
authorization_endpoint = "https://acme.example/authorize"
pkce = "S256"

[auth.oauth2_code.token]
endpoint = "https://acme.example/token"
client_authentication = "post"
scopes = ["books", "offline"]
required_scopes = ["books"]
refresh_tokens = "stay"
revocation.rfc7009.endpoint = "https://acme.example/revoke"

[account]
call.endpoint = "https://acme.example/me"
id = "/id"
name = "/name"
"#;

impl ThirdParty {
    /// Starts it.
    pub async fn start() -> Self {
        let mut server = TestServer::bind().await;
        let seen = Seen::default();
        let router = Router::new()
            .route("/token", post(token))
            .route("/revoke", post(revoke))
            .route("/me", get(me))
            .with_state(Arc::clone(&seen));
        server.serve(router);
        Self { server, seen }
    }

    /// A setup in which it is declared beside the embedded integrations, and reached.
    pub fn setup(&self) -> Setup {
        self.setup_with(|_| {})
    }

    /// The same, with something in its declaration changed.
    pub fn setup_with(&self, change: impl FnOnce(&mut String)) -> Setup {
        let mut declaration = DECLARATION.to_owned();
        change(&mut declaration);
        let url = self.server.url();
        let address = url
            .socket_addrs(|| None)
            .ok()
            .and_then(|all| all.first().copied());
        let (Ok(origin), Some(address)) = (Url::parse("https://acme.example"), address) else {
            panic!("{url} is no address of a socket");
        };
        Setup {
            declarations: vec![("acme", declaration)],
            pins: vec![Pin {
                origin,
                address,
                plain: true,
            }],
            ..Setup::default()
        }
    }

    /// The forms that came to its token and revocation endpoints, with the path as `path`.
    pub fn seen(&self) -> Vec<BTreeMap<String, String>> {
        self.seen
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }
}

fn note(seen: &Seen, path: &str, mut form: BTreeMap<String, String>) {
    form.insert("path".to_owned(), path.to_owned());
    seen.lock()
        .unwrap_or_else(PoisonError::into_inner)
        .push(form);
}

async fn token(
    State(seen): State<Seen>,
    Form(form): Form<BTreeMap<String, String>>,
) -> Json<Value> {
    note(&seen, "/token", form);
    Json(json!({
        "access_token": "acme-access",
        "refresh_token": "acme-refresh",
        "token_type": "Bearer",
        "expires_in": 3600,
    }))
}

async fn revoke(State(seen): State<Seen>, Form(form): Form<BTreeMap<String, String>>) {
    note(&seen, "/revoke", form);
}

async fn me(headers: HeaderMap) -> Json<Value> {
    let shown = headers
        .get("authorization")
        .and_then(|value| value.to_str().ok());
    assert_eq!(shown, Some("Bearer acme-access"));
    Json(json!({ "id": "acme-7", "name": "Birch Books Ltd" }))
}
