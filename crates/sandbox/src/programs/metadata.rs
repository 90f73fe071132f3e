//! What the sandbox can do, for programs (RFC 8414; OpenID Connect Discovery 1.0, 3).

use axum::extract::State;
use axum::response::Response;
use handclasp_web::i18n::Languages;
use serde_json::json;

use super::error::json_response;
use crate::Shared;
use crate::id_token::{ALGORITHM, PROTOCOL_CLAIMS};
use crate::request::Prompt;
use crate::scope::Scope;
use crate::world::PERSON_CLAIMS;

/// Answers with the metadata, the same at both of their addresses.
pub(crate) async fn answer(State(sandbox): State<Shared>) -> Response {
    let issuer = &sandbox.issuer;
    let authentication = ["client_secret_basic", "client_secret_post"];
    let claims: Vec<_> = PERSON_CLAIMS.iter().chain(&PROTOCOL_CLAIMS).collect();
    json_response(&json!({
        "issuer": issuer,
        "authorization_endpoint": format!("{issuer}/authorize"),
        "token_endpoint": format!("{issuer}/token"),
        "revocation_endpoint": format!("{issuer}/revoke"),
        "userinfo_endpoint": format!("{issuer}/userinfo"),
        "jwks_uri": format!("{issuer}/jwks"),
        "scopes_supported": Scope::ALL.map(Scope::name),
        "response_types_supported": ["code"],
        "response_modes_supported": ["query"],
        "grant_types_supported": ["authorization_code", "refresh_token"],
        "subject_types_supported": ["public"],
        "id_token_signing_alg_values_supported": [ALGORITHM],
        "claim_types_supported": ["normal"],
        "claims_supported": claims,
        "prompt_values_supported": Prompt::ALL.map(Prompt::name),
        "token_endpoint_auth_methods_supported": authentication,
        "revocation_endpoint_auth_methods_supported": authentication,
        "code_challenge_methods_supported": ["S256"],
        "authorization_response_iss_parameter_supported": true,
        "claims_parameter_supported": false,
        "request_parameter_supported": false,
        // Left out, this one would mean yes.
        "request_uri_parameter_supported": false,
        "ui_locales_supported": Languages::embedded().tags().collect::<Vec<_>>(),
    }))
}
