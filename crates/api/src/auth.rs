//! Who is calling: the API key of a request, and what it may do.

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
use crate::state::Api;

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
        let peer = parts.extensions.get::<Peer>().and_then(|peer| peer.0);
        Ok(Self(Caller {
            client: key.client,
            actor: Actor::ApiKey(key.id),
            name: key.name,
            address: peer.map(|peer| peer.ip().to_canonical().to_string()),
            correlation: current::correlation(),
        }))
    }
}

impl FromRequestParts<Api> for MayUseCredentials {
    type Rejection = Failure;

    async fn from_request_parts(parts: &mut Parts, api: &Api) -> Result<Self, Failure> {
        permit(&parts.headers, api, Scope::Credentials).await?;
        Ok(Self)
    }
}

async fn permit(headers: &HeaderMap, api: &Api, needed: Scope) -> Result<ApiKey, Failure> {
    let shown = key_of(headers).ok_or_else(ApiError::unauthorized)?;
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
