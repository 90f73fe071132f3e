//! Who is calling: the API key of a request, or a company's access token, and what it may do.

mod company_token;

use std::sync::Arc;

use axum::extract::FromRequestParts;
use base64::Engine;
use base64::alphabet;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};
use handclasp_app::{ApiKeyText, Caller, KnownKey};
use handclasp_domain::{Actor, ClientId, Scope, Scopes};
use handclasp_web::error::ApiError;
use handclasp_web::layers::current;
use http::HeaderMap;
use http::header::AUTHORIZATION;
use http::request::Parts;

use crate::failure::Failure;
use crate::limits;
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

/// A caller that may change things, and all that his key may do. The first parameter of a handler, so that nothing else is looked at
/// before.
pub(crate) struct MayGrant(pub(crate) Caller, pub(crate) Scopes);

/// A caller that may use what connections hold at third parties. The first parameter of a handler, so that nothing else is looked at
/// before. What he asks is carried out as often as he asks: an idempotency key is the third party's.
pub(crate) struct MayUseCredentials(pub(crate) Caller);

impl FromRequestParts<Api> for MayRead {
    type Rejection = Failure;

    async fn from_request_parts(parts: &mut Parts, api: &Api) -> Result<Self, Failure> {
        let key = permit(parts, api, Scope::Read).await?;
        Ok(Self(key.client))
    }
}

impl FromRequestParts<Api> for MayWrite {
    type Rejection = Failure;

    async fn from_request_parts(parts: &mut Parts, api: &Api) -> Result<Self, Failure> {
        let key = permit(parts, api, Scope::Write).await?;
        caller(
            parts,
            api,
            key.client,
            Actor::ApiKey(key.id),
            key.name.clone(),
        )
        .await
        .map(Self)
    }
}

impl FromRequestParts<Api> for MayGrant {
    type Rejection = Failure;

    async fn from_request_parts(parts: &mut Parts, api: &Api) -> Result<Self, Failure> {
        let key = permit(parts, api, Scope::Write).await?;
        let caller = caller(
            parts,
            api,
            key.client,
            Actor::ApiKey(key.id),
            key.name.clone(),
        )
        .await?;
        Ok(Self(caller, key.scopes))
    }
}

async fn caller(
    parts: &Parts,
    api: &Api,
    client: ClientId,
    actor: Actor,
    name: Option<String>,
) -> Result<Caller, Failure> {
    Ok(Caller {
        once: once::begin(parts, api, client).await?,
        ..of(parts, client, actor, name)
    })
}

fn of(parts: &Parts, client: ClientId, actor: Actor, name: Option<String>) -> Caller {
    let address = limits::address(&parts.extensions);
    Caller {
        client,
        actor,
        name,
        address: address.map(|address| address.to_canonical().to_string()),
        correlation: current::correlation(),
        once: None,
    }
}

impl FromRequestParts<Api> for MayUseCredentials {
    type Rejection = Failure;

    async fn from_request_parts(parts: &mut Parts, api: &Api) -> Result<Self, Failure> {
        let key = permit(parts, api, Scope::Credentials).await?;
        let actor = Actor::ApiKey(key.id);
        Ok(Self(of(parts, key.client, actor, key.name.clone())))
    }
}

async fn permit(parts: &Parts, api: &Api, needed: Scope) -> Result<Arc<KnownKey>, Failure> {
    let headers = &parts.headers;
    let shown = key_of(headers);
    // Nothing shown is no guess, and neither is the token of a company.
    if !headers.contains_key(AUTHORIZATION) || shown_token(headers, api).is_some() {
        return Err(company_token::refusal(headers, api).await);
    }
    let from = limits::address(&parts.extensions);
    let found = api.authenticate(shown.as_ref(), from).await?;
    if let Some(standing) = found.standing {
        current::stand(standing);
    }
    if found.key.scopes.has(needed) {
        return Ok(found.key);
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
