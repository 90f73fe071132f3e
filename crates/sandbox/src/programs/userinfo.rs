//! Who signed in, and for which companies (OpenID Connect Core 1.0, 5.3).

use axum::extract::State;
use axum::response::Response;
use http::HeaderMap;
use serde_json::Value;

use super::bearer::Bearer;
use super::error::{OAuthError, json_response};
use crate::Shared;
use crate::world::{Organisation, Person};

/// Answers whoever has an access token, also of a grant without `openid`: the person as far as the scopes go, and with a scope that
/// reaches companies the first of these.
pub(crate) async fn answer(
    State(sandbox): State<Shared>,
    headers: HeaderMap,
) -> Result<Response, OAuthError> {
    let bearer = Bearer::of(&sandbox, &headers).await?;
    let invalid = OAuthError::InvalidToken;
    let person = Person::find(&bearer.grant.subject).ok_or(invalid)?;
    let mut claims = person.claims(&bearer.scopes);
    if bearer.scopes.reach_companies() {
        let organisations = Organisation::list(&bearer.grant.organisations);
        let first = organisations.first().ok_or(invalid)?;
        claims.insert("organisation".to_owned(), first.claim());
        if organisations.len() > 1 {
            let all = organisations.iter().map(|one| one.claim()).collect();
            claims.insert("organisations".to_owned(), Value::Array(all));
        }
    }
    Ok(json_response(&claims.into()))
}

/// Lists the companies that the grant reaches.
pub(crate) async fn organisations(
    State(sandbox): State<Shared>,
    headers: HeaderMap,
) -> Result<Response, OAuthError> {
    let bearer = Bearer::of(&sandbox, &headers).await?;
    if !bearer.scopes.reach_companies() {
        return Err(OAuthError::InsufficientScope);
    }
    let all = Organisation::list(&bearer.grant.organisations);
    let all = all.iter().map(|one| one.claim()).collect();
    Ok(json_response(&Value::Array(all)))
}
