//! `PATCH /companies/{companyId}/connections/{connectionId}`

use axum::extract::State;
use handclasp_web::error::{ApiJson, ApiPath};
use http::StatusCode;

use super::OnePath;
use crate::auth::MayWrite;
use crate::reply::{self, Answer, Object, Part};
use crate::state::Api;
use crate::wire::{Connection, UpdateConnection};

/// Unlinks a connection.
pub(crate) async fn unlink_connection(
    MayWrite(caller): MayWrite,
    State(api): State<Api>,
    ApiPath((Part(company), Part(id))): OnePath,
    ApiJson(Object(update)): ApiJson<Object<UpdateConnection>>,
) -> Answer {
    update.parse()?;
    api.unlink_connection(&caller, company, id).await?;
    let found = api.connection(caller.client, company, id).await?;
    let body = Connection::of(&api, &found.connection, &found.errors)?;
    reply::json(StatusCode::OK, &body)
}
