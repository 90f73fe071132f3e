//! The revocation endpoint (RFC 7009).

use axum::extract::State;
use axum::response::{IntoResponse, Response};
use handclasp_store::{StoreError, Tx, sandbox as grants};
use http::{HeaderMap, StatusCode};

use super::authenticate::authenticate;
use super::error::OAuthError;
use super::{Form, fields, value};
use crate::Shared;
use crate::claims::{Access, Refresh};

/// Ends the grant that a token came of, and so all its tokens, whichever of the two kinds this one is. A token that is already no good
/// is a success (RFC 7009, 2.2). The kind is seen from the token, so that nobody needs the hint.
pub(crate) async fn answer(
    State(sandbox): State<Shared>,
    headers: HeaderMap,
    form: Form,
) -> Result<Response, OAuthError> {
    let form = fields(form)?;
    let client = authenticate(&headers, &form, &sandbox.registrations)?;
    let token = value(&form, "token")?.ok_or(OAuthError::InvalidRequest("the token is missing"))?;
    let now = sandbox.time.now();
    let refresh = sandbox.signer.open::<Refresh>(token, now);
    let known = refresh.map(|t| (t.client, t.grant)).or_else(|_| {
        let access = sandbox.signer.open::<Access>(token, now);
        access.map(|t| (t.client, t.grant))
    });
    let Ok((owner, grant)) = known else {
        return Ok(StatusCode::OK.into_response());
    };
    if owner != client {
        return Err(OAuthError::UnauthorizedClient);
    }
    sandbox
        .store
        .write(
            "sandbox_revoke",
            (grant, now),
            |tx: &mut Tx, (grant, now)| {
                Box::pin(async move { grants::revoke(tx, *grant, *now).await })
            },
        )
        .await
        .map_err(|error: StoreError| OAuthError::from(error))?;
    Ok(StatusCode::OK.into_response())
}
