//! `POST /apiKeys`

use axum::extract::State;
use handclasp_web::error::ApiJson;
use http::StatusCode;

use crate::auth::MayGrant;
use crate::reply::{self, Answer, Object, Unless};
use crate::state::Api;
use crate::wire::{ApiKeyDetails, CreateApiKey};

/// Creates an API key, whose text is told this once. The contract lets the whole body be left out.
pub(crate) async fn create_key(
    MayGrant(caller, holds): MayGrant,
    State(api): State<Api>,
    Unless(new): Unless<ApiJson<Object<CreateApiKey>>>,
) -> Answer {
    let new = new.map_or_else(CreateApiKey::default, |ApiJson(Object(new))| new);
    let made = api.create_api_key(&caller, holds, new.parse()?).await?;
    reply::json(StatusCode::CREATED, &ApiKeyDetails::from(&made))
}
