//! Integrations on the wire.

use handclasp_domain::{IntegrationId, PlatformKey, SourceId, SourceType};
use serde::Serialize;

use crate::state::Api;

/// An integration.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Integration<'a> {
    key: PlatformKey,
    logo_url: String,
    name: &'a str,
    enabled: bool,
    source_id: SourceId,
    source_type: SourceType,
    integration_id: IntegrationId,
    is_offline_connector: bool,
    is_beta: bool,
    /// Which data can be read through the server: none, that is outside of it.
    datatype_features: [&'a str; 0],
}

impl<'a> Integration<'a> {
    /// An integration as a client sees it.
    pub(crate) fn of(api: &Api, integration: &'a handclasp_integrations::Integration) -> Self {
        Self {
            key: integration.key,
            logo_url: api.logo_url(integration.key),
            name: &integration.name,
            enabled: api.is_enabled(integration),
            source_id: integration.source_id,
            source_type: integration.source_type,
            integration_id: integration.integration_id,
            is_offline_connector: false,
            is_beta: false,
            datatype_features: [],
        }
    }
}
