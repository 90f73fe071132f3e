//! Who signed in, and for which company (OpenID Connect Core 1.0, 5.3).

use axum::extract::State;
use axum::response::Response;
use handclasp_store::sandbox::{self as grants, Grant};
use http::HeaderMap;

use super::authenticate::{authorization, of_scheme};
use super::error::{OAuthError, json_response};
use crate::Shared;
use crate::claims::Access;
use crate::scope::{Scope, Scopes};
use crate::world::{Organisation, Person};

/// Answers whoever has an access token (RFC 6750, 2.1), also of a grant without `openid`: the person as far as the scopes go, and
/// with the scope `accounting` the company.
pub(crate) async fn answer(
    State(sandbox): State<Shared>,
    headers: HeaderMap,
) -> Result<Response, OAuthError> {
    let (token, grant) = granted(&sandbox, &headers).await?;
    let invalid = OAuthError::InvalidToken;
    let person = Person::find(&grant.subject).ok_or(invalid)?;
    let scopes = Scopes::parse(&token.scope).map_err(|_| invalid)?;
    let mut claims = person.claims(&scopes);
    if scopes.has(Scope::Accounting) {
        let organisation = Organisation::find(&grant.organisation).ok_or(invalid)?;
        claims.insert("organisation".to_owned(), organisation.claim());
    }
    Ok(json_response(&claims.into()))
}

/// What a request's access token says, and the grant that it is of.
pub(super) async fn granted(
    sandbox: &Shared,
    headers: &HeaderMap,
) -> Result<(Access, Grant), OAuthError> {
    let token = authorization(headers)?
        .and_then(|header| of_scheme(header, "Bearer"))
        .ok_or(OAuthError::NoToken)?;
    let invalid = OAuthError::InvalidToken;
    let token = sandbox.signer.open::<Access>(token, sandbox.clock.now());
    let token = token.map_err(|_| invalid)?;
    // Tokens are signed, but only the grant tells whether it was revoked.
    let grant = grants::find(&mut &sandbox.store, token.grant).await?;
    let grant = grant.filter(|g| g.revoked.is_none()).ok_or(invalid)?;
    Ok((token, grant))
}
