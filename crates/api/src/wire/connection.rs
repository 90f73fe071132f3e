//! Connections on the wire.

use std::collections::BTreeMap;
use std::fmt;

use handclasp_app::{AppError, ConnectionWithErrors};
use handclasp_domain::{
    ConnectionError, ConnectionId, ConnectionStatus, FieldError, IntegrationId, PlatformKey,
    SourceId, SourceType, is_one_line,
};
use serde::de::value::MapAccessDeserializer;
use serde::de::{Deserializer, MapAccess, Visitor};
use serde::ser::Error as _;
use serde::{Deserialize, Serialize, Serializer};
use serde_json::{Value, json};

use super::{Instant, Pairs};
use crate::doc::shape::{flag, id, line, list, object, platform_key, text, time, url, with, word};
use crate::doc::{Schemas, Shape};
use crate::state::Api;

/// A connection. The contract allows no field beyond its own: what is ours stands in `connectionInfo`.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Connection<'a> {
    id: ConnectionId,
    integration_id: IntegrationId,
    integration_key: PlatformKey,
    source_id: SourceId,
    source_type: SourceType,
    platform_name: &'a str,
    link_url: String,
    status: ConnectionStatus,
    // Left out where there is none, not null: the published SDKs refuse null here, though the contract allows it.
    #[serde(skip_serializing_if = "Option::is_none")]
    last_sync: Option<Instant>,
    created: Instant,
    data_connection_errors: Errors<'a>,
    connection_info: Info<'a>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Info<'a> {
    /// The connected company's name at the third party, where that told it.
    #[serde(skip_serializing_if = "Option::is_none")]
    company_name: Option<&'a str>,
    /// Whether the integration is a sandbox, and what it tells is made up.
    is_sandbox: bool,
}

impl<'a> Connection<'a> {
    /// A connection with its errors.
    pub(crate) fn of(
        api: &'a Api,
        connection: &'a handclasp_domain::Connection,
        errors: &'a [ConnectionError],
    ) -> Result<Self, AppError> {
        let integration = api
            .catalogue()
            .get(connection.platform_key)
            .ok_or(AppError::Internal(UNKNOWN_INTEGRATION))?;
        let third_party = connection.third_party.as_ref();
        Ok(Self {
            id: connection.id,
            integration_id: integration.integration_id,
            integration_key: connection.platform_key,
            source_id: integration.source_id,
            source_type: connection.source_type,
            platform_name: &integration.name,
            link_url: api.connection_link_url(connection.company, connection.id),
            status: connection.status(),
            last_sync: connection.last_sync.map(Instant),
            created: Instant(connection.created),
            data_connection_errors: Errors(errors),
            connection_info: Info {
                company_name: third_party.map(|party| party.name.as_str()),
                is_sandbox: integration.sandbox,
            },
        })
    }
}

const UNKNOWN_INTEGRATION: &str = "a connection's integration is not in the catalogue";

/// A list of connections, turned into their shape one by one as it is written.
pub(crate) struct Connections<'a> {
    pub(crate) api: &'a Api,
    pub(crate) list: &'a [ConnectionWithErrors],
}

impl Serialize for Connections<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        use serde::ser::SerializeSeq;
        let mut list = serializer.serialize_seq(Some(self.list.len()))?;
        for found in self.list {
            let connection = Connection::of(self.api, &found.connection, &found.errors)
                .map_err(|_| S::Error::custom(UNKNOWN_INTEGRATION))?;
            list.serialize_element(&connection)?;
        }
        list.end()
    }
}

struct Errors<'a>(&'a [ConnectionError]);

impl Serialize for Errors<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        #[derive(Serialize)]
        #[serde(rename_all = "camelCase")]
        struct DataConnectionError<'a> {
            status_code: &'a str,
            status_text: &'a str,
            error_message: &'a str,
            errored_on_utc: Instant,
            status: &'static str,
            #[serde(skip_serializing_if = "Option::is_none")]
            resolved_on_utc: Option<Instant>,
        }
        serializer.collect_seq(self.0.iter().map(|error| DataConnectionError {
            status_code: &error.status_code,
            status_text: &error.status_text,
            error_message: &error.error_message,
            errored_on_utc: Instant(error.errored_at),
            status: match error.resolved_at {
                None => "Active",
                Some(_) => "Resolved",
            },
            resolved_on_utc: error.resolved_at.map(Instant),
        }))
    }
}

/// Which integration a connection is created for: `{"platformKey": "gbol"}`, or in the older form `"gbol"` alone.
pub(crate) struct CreateConnection {
    platform_key: Option<String>,
}

impl CreateConnection {
    /// Checks that there is such an integration.
    pub(crate) fn parse(self, api: &Api) -> Result<PlatformKey, FieldError> {
        const FIELD: &str = "platformKey";
        let text = self.platform_key.ok_or_else(|| super::missing(FIELD))?;
        let key: PlatformKey = text
            .parse()
            .map_err(|_| FieldError::new(FIELD, "must have four letters"))?;
        if api.catalogue().get(key).is_none() {
            let problem = format!("there is no integration with the key `{key}`");
            return Err(FieldError::new(FIELD, problem));
        }
        Ok(key)
    }
}

impl<'de> Deserialize<'de> for CreateConnection {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Either;

        impl<'de> Visitor<'de> for Either {
            type Value = CreateConnection;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a JSON object")
            }

            fn visit_map<A: MapAccess<'de>>(self, members: A) -> Result<Self::Value, A::Error> {
                #[derive(Deserialize)]
                #[serde(rename_all = "camelCase")]
                struct Members {
                    platform_key: Option<String>,
                }
                let members = Members::deserialize(MapAccessDeserializer::new(members))?;
                Ok(CreateConnection {
                    platform_key: members.platform_key,
                })
            }

            fn visit_str<E: serde::de::Error>(self, text: &str) -> Result<Self::Value, E> {
                Ok(CreateConnection {
                    platform_key: Some(text.to_owned()),
                })
            }
        }

        deserializer.deserialize_any(Either)
    }
}

/// What a connection's status is set to.
#[derive(Deserialize)]
pub(crate) struct UpdateConnection {
    status: Option<String>,
}

impl UpdateConnection {
    /// Checks that it is to be unlinked, the only thing that can be done to a status from here.
    pub(crate) fn parse(self) -> Result<(), FieldError> {
        let status = self.status.ok_or_else(|| super::missing("status"))?;
        if status == ConnectionStatus::Unlinked.as_str() {
            return Ok(());
        }
        Err(FieldError::new("status", "can only be set to Unlinked"))
    }
}

/// What a connection is authorized with: an object of texts.
#[derive(Deserialize)]
#[serde(transparent)]
pub(crate) struct UpdateAuthorization(Pairs);

/// The most that an authorization has.
const GIVEN_MAX: usize = 50;

/// The longest key and the longest value of an authorization, in characters.
const GIVEN_LENGTHS: (usize, usize) = (100, 10_000);

impl UpdateAuthorization {
    /// Checks that it is not beyond measure; what it must hold is the integration's to say.
    pub(crate) fn parse(self) -> Result<BTreeMap<String, String>, FieldError> {
        let mut given = BTreeMap::new();
        for (key, value) in self.0.0 {
            if !(1..=GIVEN_LENGTHS.0).contains(&key.chars().count()) || !is_one_line(&key) {
                let problem = "must have keys of 1 to 100 characters without control characters";
                return Err(FieldError::new("authorization", problem));
            }
            if value.chars().count() > GIVEN_LENGTHS.1 {
                let problem = format!("must have at most {} characters", GIVEN_LENGTHS.1);
                return Err(FieldError::new(key, problem));
            }
            if given.contains_key(&key) {
                return Err(FieldError::new(key, "is given twice"));
            }
            if given.len() == GIVEN_MAX {
                let problem = format!("must have at most {GIVEN_MAX} entries");
                return Err(FieldError::new("authorization", problem));
            }
            given.insert(key, value);
        }
        Ok(given)
    }
}

impl Shape for Connection<'_> {
    const NAME: &'static str = "Connection";

    fn schema(all: &mut Schemas) -> Value {
        let error = all.named("DataConnectionError", |_| error());
        object("A connection of a company to one of its systems.")
            .must("id", id("The connection's id."))
            .must("integrationId", id("The integration's id."))
            .must("integrationKey", platform_key("The integration's key."))
            .must("sourceId", id("The id of the system that it leads to."))
            .must("sourceType", source_type())
            .must("platformName", with(text("The integration's name."), json!({ "example": "Sandbox" })))
            .must("linkUrl", url("Where the company's people authorize it.", "https://link.example.com/company/0b5c7a5e-3f0d-4c1e-9a57-6d2f8b1c4e01/connection/5d1f62a4-8f0b-4b7c-8e39-2c7a9d3f5b02"))
            .must("status", word("Where it stands.", STATUSES.iter().map(|status| status.as_str())))
            .may("lastSync", time("When its data was last read through the server."))
            .must("created", time("When it was created."))
            .must("dataConnectionErrors", list("What went wrong with it, the oldest first.", error))
            .must("connectionInfo", info())
            .schema()
    }
}

const STATUSES: [ConnectionStatus; 4] = [
    ConnectionStatus::PendingAuth,
    ConnectionStatus::Linked,
    ConnectionStatus::Unlinked,
    ConnectionStatus::Deauthorized,
];

pub(super) fn source_type() -> Value {
    word(
        "What kind of system it is.",
        SourceType::ALL.iter().map(|kind| kind.as_str()),
    )
}

fn error() -> Value {
    object("Something that went wrong with a connection.")
        .must(
            "statusCode",
            with(text("A status as of HTTP."), json!({ "example": "403" })),
        )
        .must(
            "statusText",
            with(
                text("What it means in a word or two."),
                json!({ "example": "Forbidden" }),
            ),
        )
        .must(
            "errorMessage",
            with(
                text("What happened."),
                json!({ "example": "Access was not granted." }),
            ),
        )
        .must("erroredOnUtc", time("When it happened."))
        .must(
            "status",
            word("Whether it is still so.", ["Active", "Resolved"]),
        )
        .may("resolvedOnUtc", time("When it was over."))
        .schema()
}

fn info() -> Value {
    let company = with(
        text("The company's name over there, where the system told it."),
        json!({ "example": "Birch Books Ltd" }),
    );
    object("What is known of it beyond the contract.")
        .may("companyName", company)
        .must(
            "isSandbox",
            flag("Whether the integration is a sandbox, and what it tells is made up."),
        )
        .schema()
}

impl Shape for CreateConnection {
    const NAME: &'static str = "CreateConnection";

    fn schema(_: &mut Schemas) -> Value {
        let members = object("Which integration the connection is for.")
            .must(
                "platformKey",
                platform_key("The integration's key, in any case."),
            )
            .schema();
        let alone = with(
            platform_key("The older form: the integration's key alone."),
            json!({ "deprecated": true }),
        );
        json!({ "oneOf": [members, alone] })
    }
}

impl Shape for UpdateConnection {
    const NAME: &'static str = "UpdateConnection";

    fn schema(_: &mut Schemas) -> Value {
        let status = word(
            "The new status. Only a linked connection can be unlinked.",
            [ConnectionStatus::Unlinked.as_str()],
        );
        object("What a connection's status is set to.")
            .must("status", status)
            .schema()
    }
}

impl Shape for UpdateAuthorization {
    const NAME: &'static str = "UpdateAuthorization";

    fn schema(_: &mut Schemas) -> Value {
        json!({
            "type": "object",
            "description": "What the integration asks for, by its names.",
            "maxProperties": GIVEN_MAX,
            "propertyNames": line("The name.", 1, GIVEN_LENGTHS.0 as u32),
            "additionalProperties": { "type": "string", "maxLength": GIVEN_LENGTHS.1 },
        })
    }
}
