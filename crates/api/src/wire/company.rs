//! Companies on the wire.

use handclasp_app::{CompanyWithConnections, ConnectionWithErrors};
use handclasp_domain::{CompanyId, Products, Tags};
use serde::{Serialize, Serializer};

use super::company_reference::Reference;
use super::{Connections, Instant};
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
