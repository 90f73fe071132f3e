//! `GET /companies/{companyId}/connections/{connectionId}/credentials`

use axum::extract::State;
use handclasp_web::error::ApiPath;
use http::StatusCode;

use super::OnePath;
use crate::auth::MayUseCredentials;
use crate::doc::{Doc, Tag};
use crate::reply::{self, Answer, Part};
use crate::state::Api;
use crate::wire::Credentials;

/// Gives what a connection holds, fresh. Like every answer of the API it is not to be stored.
pub(crate) async fn get_credentials(
    MayUseCredentials(caller): MayUseCredentials,
    State(api): State<Api>,
    ApiPath((Part(company), Part(id))): OnePath,
) -> Answer {
    let held = api.use_credentials(&caller, company, id).await?;
    reply::json(StatusCode::OK, &Credentials::of(&held))
}

/// Its documentation.
pub(crate) fn doc() -> Doc {
    Doc::new(
        "get-connection-credentials",
        Tag::Connections,
        "Get a connection's credentials",
    )
    .text(
        "A fresh access token for the connected system, and what else calls to it need. A token near its end is refreshed first. \
         Ask again for every piece of work instead of keeping it. Each use is in the audit log.",
    )
    .answers::<Credentials<'_>>(200, "What calls need.")
    .error(409)
    .error(502)
}
