//! Companies on the wire.

use handclasp_app::{CompanyWithConnections, ConnectionWithErrors};
use handclasp_domain::{CompanyId, Products, Tags};
use serde::{Serialize, Serializer};
use serde_json::{Value, json};

use super::company_body::{description, own_name, products, tags};
use super::company_reference::Reference;
use super::{Connection, Connections, Instant};
use crate::doc::shape::{id, list, object, or_null, text, time, url, with, word};
use crate::doc::{Schemas, Shape};
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
    products: &'a Products,
    tags: &'a Tags,
    data_connections: Connections<'a>,
    #[serde(skip_serializing_if = "Option::is_none")]
    reference_parent_company: Option<Reference<'a>>,
    reference_subsidiary_companies: Vec<Reference<'a>>,
    /// Users are the Portal's: nothing sets them here.
    owner_user_ids: [&'a str; 0],
}

impl<'a> Company<'a> {
    /// A company with its connections and those that it refers to.
    pub(crate) fn of(api: &'a Api, found: &'a CompanyWithConnections) -> Self {
        Self {
            reference_parent_company: found.parent.as_ref().map(Reference::from),
            reference_subsidiary_companies: found
                .subsidiaries
                .iter()
                .map(Reference::from)
                .collect(),
            ..Self::alone(api, &found.company, &found.connections)
        }
    }

    /// A company with these connections, which refers to no other.
    pub(crate) fn alone(
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
            products: &company.products,
            tags: &company.tags,
            data_connections: Connections {
                api,
                list: connections,
            },
            reference_parent_company: None,
            reference_subsidiary_companies: Vec::new(),
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
        serializer.collect_seq(self.list.iter().map(|found| Company::of(self.api, found)))
    }
}

impl Shape for Company<'_> {
    const NAME: &'static str = "Company";

    fn schema(all: &mut Schemas) -> Value {
        let nothing = |text| with(list(text, json!({})), json!({ "maxItems": 0 }));
        let connections = all.of::<Connection<'_>>();
        let reference = all.of::<Reference<'_>>();
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
                or_null(text(
                    "The name of the API key that created it; null where it has none.",
                )),
            )
            .must("products", products())
            .must("tags", tags())
            .must(
                "dataConnections",
                list("Its connections, the oldest first.", connections),
            )
            .may("referenceParentCompany", reference.clone())
            .must(
                "referenceSubsidiaryCompanies",
                list(
                    "The companies that belong to it, the oldest first.",
                    reference,
                ),
            )
            .must(
                "ownerUserIds",
                nothing("The staff users who look after it."),
            )
            .schema()
    }
}
