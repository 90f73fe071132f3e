//! Companies' access tokens: `Authorization: Bearer hct_…`, as a platform's own page shows it.

use axum::extract::{FromRequestParts, RawPathParams};
use handclasp_app::{Caller, CompanyToken};
use handclasp_domain::{Actor, ClientId};
use handclasp_web::error::ApiError;
use handclasp_web::layers::current;
use http::HeaderMap;
use http::header::AUTHORIZATION;
use http::request::Parts;

use super::{MayRead, MayWrite, caller};
use crate::failure::Failure;
use crate::state::Api;

/// A caller that may look: one with an API key, or with the access token of the company in the address. The first parameter of a
/// handler, so that nothing else is looked at before.
pub(crate) struct MayReadOwn(pub(crate) ClientId);

/// A caller that may change things: one with an API key, or with the access token of the company in the address, on behalf of that
/// company's person. The first parameter of a handler, so that nothing else is looked at before.
pub(crate) struct MayWriteOwn(pub(crate) Caller);

impl FromRequestParts<Api> for MayReadOwn {
    type Rejection = Failure;

    async fn from_request_parts(parts: &mut Parts, api: &Api) -> Result<Self, Failure> {
        match shown_token(&parts.headers, api) {
            Some(token) => Ok(Self(own(token, parts, api).await?.client)),
            None => {
                let MayRead(client) = MayRead::from_request_parts(parts, api).await?;
                Ok(Self(client))
            }
        }
    }
}

impl FromRequestParts<Api> for MayWriteOwn {
    type Rejection = Failure;

    async fn from_request_parts(parts: &mut Parts, api: &Api) -> Result<Self, Failure> {
        match shown_token(&parts.headers, api) {
            Some(token) => {
                let client = own(token, parts, api).await?.client;
                caller(parts, api, client, Actor::Person, None)
                    .await
                    .map(Self)
            }
            None => {
                let MayWrite(caller) = MayWrite::from_request_parts(parts, api).await?;
                Ok(Self(caller))
            }
        }
    }
}

/// The token that a request shows, as long as this server made it: it may have expired. Two headers are none, as with keys.
pub(crate) fn shown_token(headers: &HeaderMap, api: &Api) -> Option<CompanyToken> {
    let mut shown = headers.get_all(AUTHORIZATION).iter();
    let (Some(only), None) = (shown.next(), shown.next()) else {
        return None;
    };
    let (scheme, rest) = only.to_str().ok()?.split_once(' ')?;
    if !scheme.eq_ignore_ascii_case("bearer") {
        return None;
    }
    api.read_company_token(rest.trim_matches(' '))
}

/// The answer to whoever shows no API key where only one will do: a good token is told that it is not enough.
pub(super) async fn refusal(headers: &HeaderMap, api: &Api) -> Failure {
    let Some(token) = shown_token(headers, api) else {
        return ApiError::unauthorized().into();
    };
    match api.is_good(&token).await {
        Ok(true) => {
            ApiError::forbidden("A company's access token cannot be used for this operation.")
                .into()
        }
        Ok(false) => ApiError::unauthorized().into(),
        Err(error) => error.into(),
    }
}

/// Checks that a token is good, and for the company in the address, if there is one. Another company is answered like one that is not
/// there.
async fn own(token: CompanyToken, parts: &mut Parts, api: &Api) -> Result<CompanyToken, Failure> {
    if !api.is_good(&token).await? {
        return Err(ApiError::unauthorized().into());
    }
    let path = RawPathParams::from_request_parts(parts, api)
        .await
        .map_err(ApiError::internal)?;
    let another = path
        .iter()
        .any(|(name, value)| name == "companyId" && value.parse() != Ok(token.company));
    if another {
        return Err(ApiError::not_found("There is no such company.").into());
    }
    if let Some(standing) = api.count_for(token.client).await? {
        current::stand(standing);
    }
    Ok(token)
}
