//! What tests stand on: the whole of the use cases over a database of the test's own, a router driven without a socket or with one,
//! and answers held against the published contract.
//!
//! ```no_run
//! # async fn example(router: impl Fn(&handclasp_testkit::TestApp) -> axum::Router) {
//! use handclasp_testkit::TestApp;
//! use serde_json::json;
//!
//! let test = TestApp::start().await;
//! let client = test.client().await;
//! let api = client.api(router(&test));
//! let made = api.post("/api/companies", json!({ "name": "Ash & Birch" })).await;
//! assert_eq!(made.status, 200);
//! # }
//! ```
//!
//! Here alone the environment is read outside of the binary: `HANDCLASP_TEST_ENGINE` (`sqlite`, the default, or `postgres`),
//! `HANDCLASP_TEST_POSTGRES` (where databases can be made), `HANDCLASP_TEST_CONTRACT` (see [`contract`]) and `HANDCLASP_WRITE_DOCS` (see
//! [`committed`]). A test that can't be set up panics: that is how it fails.
#![expect(clippy::panic, reason = "a test that can't be set up has failed")]

mod answer;
mod app;
mod committed;
pub mod contract;
mod database;
mod heard;
mod http_client;
mod lossy;
mod openapi;
mod scripted;
mod server;
mod setting;
mod third_party;
mod written;

pub use answer::Answer;
pub use app::{MASTER_KEY, START, Setup, TestApp, TestClient};
pub use committed::committed;
pub use database::TestDatabase;
pub use heard::Heard;
pub use http_client::Http;
pub use lossy::{Break, Lossy};
pub use openapi::OpenApi;
pub use scripted::{Asked, ScriptedThirdParty, Told};
pub use server::TestServer;
pub use third_party::ThirdParty;
pub use written::{Audited, Holding};
