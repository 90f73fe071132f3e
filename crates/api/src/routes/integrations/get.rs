//! `GET /integrations/{platformKey}`

use axum::extract::State;
use handclasp_domain::PlatformKey;
use handclasp_web::error::ApiPath;
use http::StatusCode;

use super::find;
use crate::auth::MayRead;
use crate::doc::{Doc, Tag};
use crate::reply::{self, Answer, Part};
use crate::state::Api;
use crate::wire::Integration;

/// Tells an integration.
pub(crate) async fn get_integration(
    MayRead(client): MayRead,
    State(api): State<Api>,
    ApiPath(Part(key)): ApiPath<Part<PlatformKey>>,
) -> Answer {
    let found = find(&api, key)?;
    let integrations = api.client_integrations(client).await?;
    let body = Integration::of(&api, &integrations, found);
    reply::json(StatusCode::OK, &body)
}

/// Its documentation.
pub(crate) fn doc() -> Doc {
    Doc::new("get-integration", Tag::Integrations, "Get an integration")
        .sdk("integrations.get")
        .answers::<Integration<'_>>(200, "The integration.")
}
