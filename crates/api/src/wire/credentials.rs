//! What connections hold, on the wire.

use std::collections::BTreeMap;

use handclasp_app::UsableCredentials;
use serde::Serialize;
use serde_json::{Value, json};

use super::Instant;
use crate::doc::shape::{list, object, or_null, text, time, url, with};
use crate::doc::{Schemas, Shape};

/// What a call to a connected system needs.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Credentials<'a> {
    access_token: Option<&'a str>,
    token_type: Option<&'a str>,
    expires_at: Option<Instant>,
    scopes: &'a [String],
    base_url: Option<&'a str>,
    tenant: Option<Tenant<'a>>,
    values: &'a BTreeMap<String, String>,
}

#[derive(Serialize)]
struct Tenant<'a> {
    id: &'a str,
    name: &'a str,
}

impl<'a> Credentials<'a> {
    /// As they are now.
    pub(crate) fn of(held: &'a UsableCredentials) -> Self {
        Self {
            access_token: held
                .access_token
                .as_ref()
                .map(|token| token.expose().as_str()),
            token_type: held.token_type.as_deref(),
            expires_at: held.expires_at.map(Instant),
            scopes: &held.scopes,
            base_url: held.base_url.as_ref().map(|url| url.as_str()),
            tenant: held.tenant.as_ref().map(|tenant| Tenant {
                id: &tenant.id,
                name: &tenant.name,
            }),
            values: &held.values,
        }
    }
}

impl Shape for Credentials<'_> {
    const NAME: &'static str = "ConnectionCredentials";

    fn schema(_: &mut Schemas) -> Value {
        let tenant = object("The company that is connected, where the system told it.")
            .must("id", text("Its id there: tenant, realm, organisation."))
            .must("name", text("Its name there."))
            .schema();
        let values = json!({
            "type": "object",
            "description": "What else calls need, by where it came from. The system's own parameters, which nobody vouches for.",
            "additionalProperties": { "type": "string" },
            "example": { "callback.realmId": "4620816365" },
        });
        object("A fresh access token for a connected system, and what else calls to it need.")
            .must(
                "accessToken",
                or_null(with(
                    text(
                        "The access token. A secret. Null where calls are made with `values` alone, as with a key that a person typed.",
                    ),
                    json!({ "example": "eyJ…" }),
                )),
            )
            .must(
                "tokenType",
                or_null(text(
                    "How it is sent: `Authorization: Bearer …`. Null without a token, and where calls are signed (OAuth 1.0a): those are made through `proxy`.",
                )),
            )
            .must(
                "expiresAt",
                or_null(time("When it ends; null where the system does not say.")),
            )
            .must(
                "scopes",
                list(
                    "What the person allowed.",
                    text("A scope, in the system's own words."),
                ),
            )
            .must(
                "baseUrl",
                or_null(url(
                    "The address of the system's API, where it is known.",
                    "https://api.example.com/v1",
                )),
            )
            .must("tenant", or_null(tenant))
            .must("values", values)
            .schema()
    }
}
