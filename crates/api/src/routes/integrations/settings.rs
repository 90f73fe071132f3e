//! `GET` and `PUT /integrations/{platformKey}/settings`. Beyond the contract

use axum::extract::State;
use handclasp_domain::PlatformKey;
use handclasp_web::error::{ApiJson, ApiPath};
use http::StatusCode;
use serde_json::json;

use crate::auth::{MayRead, MayWrite};
use crate::doc::{Doc, Tag};
use crate::reply::{self, Answer, Object, Part};
use crate::state::Api;
use crate::wire::{IntegrationSettings, UpdateIntegrationSettings};

/// Tells what the client set for an integration.
pub(crate) async fn get_settings(
    MayRead(client): MayRead,
    State(api): State<Api>,
    ApiPath(Part(key)): ApiPath<Part<PlatformKey>>,
) -> Answer {
    let settings = api.integration_settings(client, key).await?;
    reply::json(StatusCode::OK, &IntegrationSettings::from(&settings))
}

/// Replaces it.
pub(crate) async fn update_settings(
    MayWrite(caller): MayWrite,
    State(api): State<Api>,
    ApiPath(Part(key)): ApiPath<Part<PlatformKey>>,
    ApiJson(Object(update)): ApiJson<Object<UpdateIntegrationSettings>>,
) -> Answer {
    let settings = api
        .change_integration_settings(&caller, key, update.parse()?)
        .await?;
    reply::json(StatusCode::OK, &IntegrationSettings::from(&settings))
}

/// The documentation of `GET`.
pub(crate) fn get_doc() -> Doc {
    Doc::new(
        "get-integration-settings",
        Tag::Integrations,
        "Get an integration's settings",
    )
    .text("Secrets are not told, only whether they are set.")
    .answers::<IntegrationSettings<'_>>(200, "The settings.")
}

/// The documentation of `PUT`.
pub(crate) fn update_doc() -> Doc {
    Doc::new(
        "update-integration-settings",
        Tag::Integrations,
        "Replace an integration's settings",
    )
    .text(
        "What is left out becomes what is declared, but for `values`: what was entered stays until it is replaced or taken away. \
         Companies are offered the integration once it is enabled and all is there that it needs.",
    )
    .body::<UpdateIntegrationSettings>(json!({
        "enabled": true,
        "order": 10,
        "scopes": ["accounting", "offline_access"],
    }))
    .answers::<IntegrationSettings<'_>>(200, "The settings as they are now.")
    .error(409)
}
