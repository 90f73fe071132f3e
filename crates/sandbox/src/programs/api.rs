//! A small API of the connected company's: what a client's programs call with the access token that a connection holds.

use axum::body::Bytes;
use axum::extract::State;
use axum::response::Response;
use http::header::CONTENT_TYPE;
use http::{HeaderMap, Method, Uri};
use serde_json::json;

use super::error::{OAuthError, json_response};
use super::userinfo::granted;
use crate::Shared;
use crate::scope::{Scope, Scopes};
use crate::world::Organisation;

/// Tells the company.
pub(crate) async fn organisation(
    State(sandbox): State<Shared>,
    headers: HeaderMap,
) -> Result<Response, OAuthError> {
    let (token, grant) = granted(&sandbox, &headers).await?;
    let scopes = Scopes::parse(&token.scope).map_err(|_| OAuthError::InvalidToken)?;
    let found = Organisation::find(&grant.organisation).filter(|_| scopes.has(Scope::Accounting));
    let organisation = found.ok_or(OAuthError::InvalidToken)?;
    Ok(json_response(&organisation.claim()))
}

/// Tells what it was asked, for whoever tries out what is passed on to it.
pub(crate) async fn echo(
    State(sandbox): State<Shared>,
    method: Method,
    uri: Uri,
    headers: HeaderMap,
    body: Bytes,
) -> Result<Response, OAuthError> {
    granted(&sandbox, &headers).await?;
    let kind = headers
        .get(CONTENT_TYPE)
        .and_then(|kind| kind.to_str().ok());
    Ok(json_response(&json!({
        "method": method.as_str(),
        "query": uri.query(),
        "contentType": kind,
        "bytes": body.len(),
    })))
}
