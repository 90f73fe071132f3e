//! Integrations on the wire.

use handclasp_app::ClientIntegrations;
use handclasp_domain::{IntegrationId, PlatformKey, SourceId, SourceType};
use serde::Serialize;
use serde_json::{Value, json};

use super::connection::source_type;
use crate::doc::shape::{flag, id, list, object, platform_key, text, url, with};
use crate::doc::{Schemas, Shape};
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
    pub(crate) fn of(
        api: &Api,
        integrations: &ClientIntegrations,
        integration: &'a handclasp_integrations::Integration,
    ) -> Self {
        Self {
            key: integration.key,
            logo_url: api.logo_url(integration.key),
            name: &integration.name,
            enabled: integrations.is_enabled(integration),
            source_id: integration.source_id,
            source_type: integration.source_type,
            integration_id: integration.integration_id,
            is_offline_connector: false,
            is_beta: false,
            datatype_features: [],
        }
    }
}

impl Shape for Integration<'_> {
    const NAME: &'static str = "Integration";

    fn schema(_: &mut Schemas) -> Value {
        let nothing = with(
            list(
                "Which data can be read through the server: none.",
                json!({}),
            ),
            json!({ "maxItems": 0 }),
        );
        object("A system that companies can connect.")
            .must("key", platform_key("Its key: four letters."))
            .must(
                "logoUrl",
                url(
                    "Its logo, an SVG picture.",
                    "https://link.example.com/api/integrations/mqjo/logo.svg",
                ),
            )
            .must(
                "name",
                with(text("Its name."), json!({ "example": "Sandbox" })),
            )
            .must("enabled", flag("Whether companies are offered it."))
            .must("sourceId", id("The id of the system that it leads to."))
            .must("sourceType", source_type())
            .must("integrationId", id("Its id."))
            .must(
                "isOfflineConnector",
                flag("Whether it needs a program on the company's own machine."),
            )
            .must("isBeta", flag("Whether it is still being tried out."))
            .must("datatypeFeatures", nothing)
            .schema()
    }
}
