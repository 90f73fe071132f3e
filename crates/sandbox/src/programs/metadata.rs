//! What the sandbox can do, for programs (RFC 8414).

use axum::extract::State;
use axum::response::Response;
use handclasp_web::i18n::Languages;
use serde_json::json;

use super::error::json_response;
use crate::Shared;
use crate::scope::Scope;

/// Answers with the metadata. They say nothing of ID tokens, as none are given.
pub(crate) async fn answer(State(sandbox): State<Shared>) -> Response {
    let issuer = &sandbox.issuer;
    let authentication = ["client_secret_basic", "client_secret_post"];
    json_response(&json!({
        "issuer": issuer,
        "authorization_endpoint": format!("{issuer}/authorize"),
        "token_endpoint": format!("{issuer}/token"),
        "revocation_endpoint": format!("{issuer}/revoke"),
        "userinfo_endpoint": format!("{issuer}/userinfo"),
        "scopes_supported": Scope::ALL.map(Scope::name),
        "response_types_supported": ["code"],
        "response_modes_supported": ["query"],
        "grant_types_supported": ["authorization_code", "refresh_token"],
        "token_endpoint_auth_methods_supported": authentication,
        "revocation_endpoint_auth_methods_supported": authentication,
        "code_challenge_methods_supported": ["S256"],
        "authorization_response_iss_parameter_supported": true,
        "ui_locales_supported": Languages::embedded().tags().collect::<Vec<_>>(),
    }))
}
