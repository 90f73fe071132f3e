//! `GET /profile` and `PUT /profile`

use axum::extract::State;
use handclasp_web::error::ApiJson;
use http::StatusCode;

use crate::auth::{MayRead, MayWrite};
use crate::reply::{self, Answer, Object};
use crate::state::Api;
use crate::wire::{Profile, UpdateProfile};

/// Tells the client's profile.
pub(crate) async fn get_profile(MayRead(client): MayRead, State(api): State<Api>) -> Answer {
    let client = api.client(client).await?;
    reply::json(StatusCode::OK, &Profile::from(&client))
}

/// Replaces the client's profile.
pub(crate) async fn update_profile(
    MayWrite(caller): MayWrite,
    State(api): State<Api>,
    ApiJson(Object(update)): ApiJson<Object<UpdateProfile>>,
) -> Answer {
    let client = api.change_profile(&caller, update.parse()?).await?;
    reply::json(StatusCode::OK, &Profile::from(&client))
}
