//! Who is calling: the API key of a request, or a company's access token, and what it may do.

mod company_token;

use axum::extract::FromRequestParts;
use base64::Engine;
use base64::alphabet;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};
use handclasp_app::{ApiKeyText, Caller};
use handclasp_domain::{Actor, ApiKey, ClientId, Scope};
use handclasp_web::error::ApiError;
use handclasp_web::front::Peer;
use handclasp_web::layers::current;
use http::HeaderMap;
use http::header::AUTHORIZATION;
use http::request::Parts;

use crate::failure::Failure;
use crate::once;
use crate::state::Api;

pub(crate) use company_token::{MayReadOwn, MayWriteOwn, shown_token};

/// More than any key with its colon takes.
const CREDENTIAL_MAX: usize = 128;

/// Some programs leave the padding out.
const BASE64: GeneralPurpose = GeneralPurpose::new(
    &alphabet::STANDARD,
    GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent),
);

/// A caller that may look. The first parameter of a handler, so that nothing else is looked at before.
pub(crate) struct MayRead(pub(crate) ClientId);

/// A caller that may change things. The first parameter of a handler, so that nothing else is looked at before.
pub(crate) struct MayWrite(pub(crate) Caller);

/// A caller that may use what connections hold at third parties. The first parameter of a handler, so that nothing else is looked at
/// before.
pub(crate) struct MayUseCredentials;

impl FromRequestParts<Api> for MayRead {
    type Rejection = Failure;

    async fn from_request_parts(parts: &mut Parts, api: &Api) -> Result<Self, Failure> {
        let key = permit(&parts.headers, api, Scope::Read).await?;
        Ok(Self(key.client))
    }
}

impl FromRequestParts<Api> for MayWrite {
    type Rejection = Failure;

    async fn from_request_parts(parts: &mut Parts, api: &Api) -> Result<Self, Failure> {
        let key = permit(&parts.headers, api, Scope::Write).await?;
        caller(parts, api, key.client, Actor::ApiKey(key.id))
            .await
            .map(Self)
    }
}

async fn caller(
    parts: &Parts,
    api: &Api,
    client: ClientId,
    actor: Actor,
) -> Result<Caller, Failure> {
    let peer = parts.extensions.get::<Peer>().and_then(|peer| peer.0);
    Ok(Caller {
        client,
        actor,
        address: peer.map(|peer| peer.ip().to_canonical().to_string()),
        correlation: current::correlation(),
        once: once::begin(parts, api, client).await?,
    })
}

impl FromRequestParts<Api> for MayUseCredentials {
    type Rejection = Failure;

    async fn from_request_parts(parts: &mut Parts, api: &Api) -> Result<Self, Failure> {
        permit(&parts.headers, api, Scope::Credentials).await?;
        Ok(Self)
    }
}

async fn permit(headers: &HeaderMap, api: &Api, needed: Scope) -> Result<ApiKey, Failure> {
    let Some(shown) = key_of(headers) else {
        return Err(company_token::refusal(headers, api).await);
    };
    let found = api.authenticate(&shown).await?;
    let key = found.ok_or_else(ApiError::unauthorized)?;
    if key.scopes.has(needed) {
        return Ok(key);
    }
    Err(ApiError::forbidden(format!(
        "This API key does not have the scope `{}`, which this operation needs.",
        needed.as_str()
    ))
    .into())
}

/// The key that a request shows: `Basic base64(key)`, `Basic base64(key:)` or `Bearer key`. The scheme's case does not matter
/// (RFC 9110, 11.1). Two headers are none: which of them another program in between looked at can't be known.
fn key_of(headers: &HeaderMap) -> Option<ApiKeyText> {
    let mut shown = headers.get_all(AUTHORIZATION).iter();
    let (Some(only), None) = (shown.next(), shown.next()) else {
        return None;
    };
    let (scheme, rest) = only.to_str().ok()?.split_once(' ')?;
    let rest = rest.trim_matches(' ');
    if scheme.eq_ignore_ascii_case("bearer") {
        return ApiKeyText::parse(rest);
    }
    if !scheme.eq_ignore_ascii_case("basic") {
        return None;
    }
    let mut decoded = [0; CREDENTIAL_MAX];
    let length = BASE64.decode_slice(rest, &mut decoded).ok()?;
    let text = std::str::from_utf8(decoded.get(..length)?).ok()?;
    ApiKeyText::parse(text.strip_suffix(':').unwrap_or(text))
}
