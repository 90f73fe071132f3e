//! The contract's shapes. They never leave this crate: handlers make them of what use cases give, and the other way round.

mod access_token;
mod api_key;
mod branding;
mod company;
mod company_body;
mod company_reference;
mod connection;
mod cors;
mod credentials;
mod integration;
mod integration_settings;
mod pairs;
mod profile;
mod rule;
mod webhook;

use handclasp_domain::{FieldError, Timestamp};
use serde::{Serialize, Serializer};

pub(crate) use access_token::{AccessToken, OldAccessToken};
pub(crate) use api_key::{ApiKeyDetails, ApiKeys, CreateApiKey};
pub(crate) use branding::Branding;
pub(crate) use company::{Companies, Company};
pub(crate) use company_body::{CreateCompany, UpdateCompany};
pub(crate) use connection::{
    Connection, Connections, CreateConnection, UpdateAuthorization, UpdateConnection,
};
pub(crate) use cors::{CorsSettings, SetCorsSettings};
pub(crate) use credentials::Credentials;
pub(crate) use integration::Integration;
pub(crate) use integration_settings::{IntegrationSettings, UpdateIntegrationSettings};
use pairs::Pairs;
pub(crate) use profile::{Profile, UpdateProfile};
pub(crate) use rule::{Rule, SetRule};
pub(crate) use webhook::{CreateWebhook, WebhookConsumer, WebhookConsumers, WebhookSecret};

/// An instant: UTC, seven fractional digits.
pub(crate) struct Instant(pub(crate) Timestamp);

impl Serialize for Instant {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(&self.0)
    }
}

/// A field that has to be there, and is absent or null.
fn missing(field: &str) -> FieldError {
    FieldError::new(field, "is required")
}
