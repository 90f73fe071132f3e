//! Whose access token it is that a program calls with (RFC 6750, 2.1).

use handclasp_store::sandbox::{self as grants, Grant};
use http::HeaderMap;

use super::authenticate::{authorization, of_scheme};
use super::error::OAuthError;
use crate::Sandbox;
use crate::claims::Access;
use crate::scope::Scopes;

/// An access token that works, and what it was given for.
pub(crate) struct Bearer {
    pub(crate) grant: Grant,
    /// How often the grant had been renewed when it was given.
    pub(crate) generation: i64,
    /// What it is for.
    pub(crate) scopes: Scopes,
}

impl Bearer {
    /// Reads the token of a request.
    pub(crate) async fn of(sandbox: &Sandbox, headers: &HeaderMap) -> Result<Self, OAuthError> {
        let token = authorization(headers)?
            .and_then(|header| of_scheme(header, "Bearer"))
            .ok_or(OAuthError::NoToken)?;
        let invalid = OAuthError::InvalidToken;
        let now = sandbox.time.now();
        let token = sandbox.signer.open::<Access>(token, now);
        let token = token.map_err(|_| invalid)?;
        // Tokens are signed, but only the grant tells whether it was revoked.
        let grant = grants::find(&mut &sandbox.store, token.grant).await?;
        Ok(Self {
            grant: grant.filter(|grant| grant.works(now)).ok_or(invalid)?,
            generation: token.generation,
            scopes: Scopes::parse(&token.scope).map_err(|_| invalid)?,
        })
    }
}
