//! `GET /companies/{companyId}/connections/{connectionId}`

use axum::extract::State;
use handclasp_web::error::ApiPath;
use http::StatusCode;

use super::OnePath;
use crate::auth::MayReadOwn;
use crate::doc::{Doc, Tag};
use crate::reply::{self, Answer, Part};
use crate::state::Api;
use crate::wire::Connection;

/// Tells a connection.
pub(crate) async fn get_connection(
    MayReadOwn(client): MayReadOwn,
    State(api): State<Api>,
    ApiPath((Part(company), Part(id))): OnePath,
) -> Answer {
    let found = api.connection(client, company, id).await?;
    let body = Connection::of(&api, &found.connection, &found.errors)?;
    reply::json(StatusCode::OK, &body)
}

/// Its documentation.
pub(crate) fn doc() -> Doc {
    Doc::new("get-connection", Tag::Connections, "Get a connection")
        .sdk("connections.get")
        .answers::<Connection<'_>>(200, "The connection.")
}
