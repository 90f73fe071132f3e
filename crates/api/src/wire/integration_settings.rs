//! A client's settings for an integration on the wire. Beyond the contract.

use std::collections::BTreeMap;

use handclasp_app::{EnteredField, IntegrationChange, IntegrationSettings as Settings, NotOffered};
use handclasp_domain::{Edit, FieldError, PlatformKey, Secret};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::Instant;
use crate::doc::shape::{
    flag, list, object, or_null, platform_key, text, time, url, whole, with, word,
};
use crate::doc::{Schemas, Shape};

/// The settings. Secrets are not told, only whether they are there.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct IntegrationSettings<'a> {
    key: PlatformKey,
    enabled: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    order: Option<u32>,
    default_order: u16,
    #[serde(skip_serializing_if = "Option::is_none")]
    scopes: Option<&'a [String]>,
    default_scopes: &'a [String],
    required_scopes: &'a [String],
    fields: Vec<Field<'a>>,
    redirect_uri: &'a str,
    needs_credentials: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    not_offered: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    updated: Option<Instant>,
    version: i64,
}

/// What staff enter.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Field<'a> {
    name: &'a str,
    label: &'a str,
    is_secret: bool,
    is_optional: bool,
    is_set: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    value: Option<&'a str>,
}

impl<'a> From<&'a EnteredField> for Field<'a> {
    fn from(entered: &'a EnteredField) -> Self {
        Self {
            name: &entered.field.name,
            label: &entered.field.label,
            is_secret: entered.field.secret,
            is_optional: entered.field.optional,
            is_set: entered.is_set,
            value: entered.value.as_deref(),
        }
    }
}

impl<'a> From<&'a Settings> for IntegrationSettings<'a> {
    fn from(settings: &'a Settings) -> Self {
        let integration = &settings.integration;
        Self {
            key: integration.key,
            enabled: settings.enabled,
            order: settings.order,
            default_order: integration.order,
            scopes: settings.scopes.as_deref(),
            default_scopes: integration.scopes(),
            required_scopes: integration.required_scopes(),
            fields: settings.fields.iter().map(Field::from).collect(),
            redirect_uri: settings.redirect_uri.as_str(),
            needs_credentials: matches!(
                settings.not_offered,
                Some(NotOffered::NeedsCredentials(_))
            ),
            not_offered: settings.not_offered.map(NotOffered::as_str),
            updated: settings.updated.map(Instant),
            version: settings.version,
        }
    }
}

/// What the settings are replaced with. What is absent is as it is declared, but for what staff entered, which is not told again.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct UpdateIntegrationSettings {
    enabled: Option<bool>,
    order: Option<u16>,
    scopes: Option<Vec<String>>,
    values: Option<BTreeMap<String, Option<String>>>,
    version: Option<i64>,
}

impl UpdateIntegrationSettings {
    /// Checks that what is required is there; the rest is the use case's to check.
    pub(crate) fn parse(self) -> Result<IntegrationChange, FieldError> {
        let values = self.values.unwrap_or_default().into_iter();
        Ok(IntegrationChange {
            enabled: Edit::Set(self.enabled.ok_or_else(|| super::missing("enabled"))?),
            order: Edit::Set(self.order),
            scopes: Edit::Set(self.scopes),
            values: values
                .filter_map(|(name, value)| Some((name, Secret::new(value?))))
                .collect(),
            version: self.version,
        })
    }
}

impl Shape for IntegrationSettings<'_> {
    const NAME: &'static str = "IntegrationSettings";

    fn schema(all: &mut Schemas) -> Value {
        let field = all.named("IntegrationField", |_| field());
        object("What you set for an integration. What is left out is as it is declared.")
            .must("key", platform_key("The integration's key."))
            .must("enabled", enabled())
            .may("order", order())
            .must(
                "defaultOrder",
                whole("Where it stands where `order` is left out.", 0),
            )
            .may("scopes", scopes())
            .must(
                "defaultScopes",
                list(
                    "What is asked for where `scopes` is left out.",
                    text("A scope."),
                ),
            )
            .must(
                "requiredScopes",
                list("What `scopes` has to have.", text("A scope.")),
            )
            .must("fields", list("What your staff enter, by `values`.", field))
            .must(
                "redirectUri",
                url(
                    "The callback address to register at the third party.",
                    "https://link.example.com/callback/0b5c7a5e-3f0d-4c1e-9a57-6d2f8b1c4e01/mqjo",
                ),
            )
            .must(
                "needsCredentials",
                flag("Whether something has to be entered before companies are offered it."),
            )
            .may(
                "notOffered",
                word(
                    "Why companies are not offered it; left out where they are. `NotEntered`: a field is not set that has to be. \
                     `EndpointsChanged`: the integration leads elsewhere since a secret was entered, which has to be entered again. \
                     `SandboxOff`: this server offers nothing that is for trying out. `NotEnabled`: `enabled` is false.",
                    NotOffered::ALL.map(NotOffered::as_str),
                ),
            )
            .may("updated", time("When it was last changed."))
            .must(
                "version",
                whole("Counts the changes; 0 where nothing was ever set.", 0),
            )
            .schema()
    }
}

fn field() -> Value {
    object("What your staff enter for an integration.")
        .must("name", text("Its name, under which it is set."))
        .must("label", text("What it is called."))
        .must("isSecret", flag("Whether it is never told again."))
        .must("isOptional", flag("Whether it may be left out."))
        .must(
            "isSet",
            flag("Whether it is there, and good for where the integration leads."),
        )
        .may("value", text("What it is, where it is set and no secret."))
        .schema()
}

impl Shape for UpdateIntegrationSettings {
    const NAME: &'static str = "UpdateIntegrationSettings";

    fn schema(_: &mut Schemas) -> Value {
        let values = json!({
            "type": "object",
            "description": "What your staff enter, by the names of `fields`. What is left out or null stays as it is; an empty text takes it away.",
            "additionalProperties": {
                "type": ["string", "null"],
                "description": "Visible characters of ASCII; spaces around them are taken off.",
            },
        });
        object("What the settings are replaced with. What is left out becomes what is declared, but for `values`.")
            .must("enabled", enabled())
            .may("order", or_null(order()))
            .may("scopes", or_null(scopes()))
            .may("values", or_null(values))
            .may(
                "version",
                or_null(whole(
                    "The version that you read: where it is another by now nothing is changed. Left out, whatever is there is replaced.",
                    0,
                )),
            )
            .schema()
    }
}

fn enabled() -> Value {
    flag("Whether companies are to be offered it, once all is there that it needs.")
}

fn order() -> Value {
    with(
        whole(
            "Where it stands among those of its kind: lower ones first.",
            0,
        ),
        json!({ "maximum": u16::MAX }),
    )
}

fn scopes() -> Value {
    let scope = with(
        text("A scope."),
        json!({ "minLength": 1, "maxLength": 250, "pattern": r"^[!#-\[\]-~]+$", "example": "accounting" }),
    );
    with(
        list("What is asked for at the third party.", scope),
        json!({ "maxItems": 100, "uniqueItems": true }),
    )
}
