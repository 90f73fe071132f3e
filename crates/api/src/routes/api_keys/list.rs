//! `GET /apiKeys`

use axum::extract::State;
use http::StatusCode;

use crate::auth::MayRead;
use crate::reply::{self, Answer};
use crate::state::Api;
use crate::wire::{ApiKeyDetails, ApiKeys};

/// Lists the client's API keys, the oldest first. Their text is known to nobody any more.
pub(crate) async fn list_keys(MayRead(client): MayRead, State(api): State<Api>) -> Answer {
    let list = api.list_api_keys(client).await?;
    let results = list.iter().map(ApiKeyDetails::from).collect();
    reply::json(StatusCode::OK, &ApiKeys { results })
}
