//! Companies on the wire.

use std::fmt;

use handclasp_app::{CompanyWithConnections, ConnectionWithErrors, NewCompany};
use handclasp_domain::{CompanyId, CompanyName, DESCRIPTION_MAX, Tags, parse_description};
use serde::de::{Deserializer, MapAccess, Visitor};
use serde::{Deserialize, Serialize, Serializer};
use serde_json::{Value, json};

use super::{Connection, Connections, Instant, NotBuilt};
use crate::doc::shape::{id, line, list, name, object, or_null, text, time, url, with, word};
use crate::doc::{Schemas, Shape};
use crate::failure::Failure;
use crate::state::Api;

/// A company.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Company<'a> {
    id: CompanyId,
    name: &'a str,
    // Left out where there is none, not null: the published SDKs refuse null here, though the contract allows it.
    #[serde(skip_serializing_if = "Option::is_none")]
    description: Option<&'a str>,
    /// A relic of the contract.
    platform: &'static str,
    redirect: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    last_sync: Option<Instant>,
    created: Instant,
    created_by_user_name: Option<&'a str>,
    products: [&'a str; 0],
    tags: &'a Tags,
    data_connections: Connections<'a>,
    #[serde(skip_serializing_if = "Option::is_none")]
    reference_parent_company: Option<CompanyId>,
    reference_subsidiary_companies: [CompanyId; 0],
    owner_user_ids: [&'a str; 0],
}

impl<'a> Company<'a> {
    /// A company with these connections.
    pub(crate) fn of(
        api: &'a Api,
        company: &'a handclasp_domain::Company,
        connections: &'a [ConnectionWithErrors],
    ) -> Self {
        Self {
            id: company.id,
            name: company.name.as_str(),
            description: company.description.as_deref(),
            platform: "",
            redirect: api.link_url(company.id),
            last_sync: company.last_sync.map(Instant),
            created: Instant(company.created),
            created_by_user_name: company.created_by.as_deref(),
            products: [],
            tags: &company.tags,
            data_connections: Connections {
                api,
                list: connections,
            },
            reference_parent_company: None,
            reference_subsidiary_companies: [],
            owner_user_ids: [],
        }
    }
}

/// A list of companies, turned into their shape one by one as it is written.
pub(crate) struct Companies<'a> {
    pub(crate) api: &'a Api,
    pub(crate) list: &'a [CompanyWithConnections],
}

impl Serialize for Companies<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(
            self.list
                .iter()
                .map(|found| Company::of(self.api, &found.company, &found.connections)),
        )
    }
}

/// What a company is created with.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct CreateCompany {
    name: Option<String>,
    description: Option<String>,
    tags: Option<Pairs>,
    #[serde(default)]
    products: NotBuilt,
    #[serde(default)]
    reference_parent_company: NotBuilt,
    #[serde(default)]
    reference_subsidiary_companies: NotBuilt,
}

impl CreateCompany {
    /// Checks the fields.
    pub(crate) fn parse(self) -> Result<NewCompany, Failure> {
        self.products.refuse("products")?;
        self.reference_parent_company
            .refuse("referenceParentCompany")?;
        self.reference_subsidiary_companies
            .refuse("referenceSubsidiaryCompanies")?;
        let name = self.name.ok_or_else(|| super::missing("name"))?;
        Ok(NewCompany {
            name: CompanyName::parse(&name)?,
            description: parse_description(self.description.as_deref())?,
            tags: Tags::parse(self.tags.unwrap_or_default().0)?,
        })
    }
}

/// An object's members as they came, so that a key that stands there twice is seen.
#[derive(Default)]
struct Pairs(Vec<(String, String)>);

impl<'de> Deserialize<'de> for Pairs {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Members;

        impl<'de> Visitor<'de> for Members {
            type Value = Pairs;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut members: A) -> Result<Pairs, A::Error> {
                let mut pairs = Vec::new();
                while let Some(pair) = members.next_entry()? {
                    pairs.push(pair);
                }
                Ok(Pairs(pairs))
            }
        }

        deserializer.deserialize_map(Members)
    }
}

impl Shape for Company<'_> {
    const NAME: &'static str = "Company";

    fn schema(all: &mut Schemas) -> Value {
        let nothing = |text| with(list(text, json!({})), json!({ "maxItems": 0 }));
        let connections = all.of::<Connection<'_>>();
        object("A company: one of your customers, with its connections.")
            .must("id", id("The company's id."))
            .must("name", own_name())
            .may("description", description())
            .must(
                "platform",
                with(
                    word("A relic of the contract.", [""]),
                    json!({ "deprecated": true }),
                ),
            )
            .must(
                "redirect",
                url(
                    "Where the company's people connect their systems: its Link address.",
                    "https://link.example.com/company/0b5c7a5e-3f0d-4c1e-9a57-6d2f8b1c4e01",
                ),
            )
            .may(
                "lastSync",
                time("When its data was last read through the server."),
            )
            .must("created", time("When it was created."))
            .must(
                "createdByUserName",
                or_null(text("Who created it; null where it came through the API.")),
            )
            .must("products", nothing("The products it has."))
            .must("tags", tags())
            .must(
                "dataConnections",
                list("Its connections, the oldest first.", connections),
            )
            .may("referenceParentCompany", id("The company it belongs to."))
            .must(
                "referenceSubsidiaryCompanies",
                nothing("The companies that belong to it."),
            )
            .must(
                "ownerUserIds",
                nothing("The staff users who look after it."),
            )
            .schema()
    }
}

impl Shape for CreateCompany {
    const NAME: &'static str = "CreateCompany";

    fn schema(_: &mut Schemas) -> Value {
        object("What a company is created with.")
            .must("name", own_name())
            .may("description", or_null(description()))
            .may("tags", or_null(tags()))
            .schema()
    }
}

fn own_name() -> Value {
    name(
        "Your name for it, in any script. Spaces around it are taken away.",
        "Ash & Birch Ltd",
    )
}

fn description() -> Value {
    json!({
        "type": "string",
        "description": "Your notes. The one text that may have several lines.",
        "maxLength": DESCRIPTION_MAX,
        "pattern": r"^[^\u0000-\u0008\u000b\u000c\u000e-\u001f\u007f-\u009f\u2028\u2029]*$",
        "example": "Asked for a loan in March",
    })
}

fn tags() -> Value {
    json!({
        "type": "object",
        "description": "Your labels, each with its value.",
        "maxProperties": 10,
        "propertyNames": line("The label.", 1, 27),
        "additionalProperties": line("The value.", 0, 100),
        "example": { "region": "eu" },
    })
}
