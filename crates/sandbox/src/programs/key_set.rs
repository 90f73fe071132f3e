//! The public keys, for whoever checks an ID token (OpenID Connect Core 1.0, 10.1).

use axum::extract::State;
use axum::response::Response;

use super::error::json_response;
use crate::Shared;

/// Answers with the set of keys.
pub(crate) async fn answer(State(sandbox): State<Shared>) -> Response {
    json_response(&sandbox.id_tokens.key_set())
}
