//! `PUT /companies/{companyId}/connections/{connectionId}/authorization`

use axum::extract::State;
use handclasp_app::{AppError, Refusal};
use handclasp_web::error::{ApiError, ApiJson, ApiPath};
use http::StatusCode;

use super::OnePath;
use crate::auth::MayWrite;
use crate::reply::{self, Answer, Part};
use crate::state::Api;
use crate::wire::{Connection, UpdateAuthorization};

/// Authorizes a connection with what the client's server knows.
pub(crate) async fn update_authorization(
    MayWrite(caller): MayWrite,
    State(api): State<Api>,
    ApiPath((Part(company), Part(id))): OnePath,
    ApiJson(given): ApiJson<UpdateAuthorization>,
) -> Answer {
    let given = given.parse()?;
    let done = api.update_authorization(&caller, company, id, given).await;
    if let Err(AppError::Refused(Refusal::AuthorizedInLink)) = done {
        let url = api.connection_link_url(company, id);
        return Err(ApiError::bad_request(format!(
            "A person authorizes this connection, in Link: lead that person to its linkUrl, {url}"
        ))
        .into());
    }
    done?;
    let found = api.connection(caller.client, company, id).await?;
    let body = Connection::of(&api, &found.connection, &found.errors)?;
    reply::json(StatusCode::OK, &body)
}
