//! What a message says: an event in the contract's form.

use std::collections::BTreeMap;

use bytes::Bytes;
use handclasp_app::App;
use handclasp_domain::{
    CompanyFacts, CompanyId, ConnectionError, ConnectionFacts, ConnectionId, ConnectionStatus,
    EventFacts, EventId, IntegrationId, PlatformKey, ProductIdentifier, Products, RateLimitFacts,
    Remembered, SourceId, SourceType, Timestamp,
};
use handclasp_store::fan_out::Told;
use serde::{Serialize, Serializer};

/// Renders an event as the body of its messages, the same for every consumer. Of an event whose company was erased since, only
/// its id, its type and its date are left to tell.
pub(crate) fn render(app: &App, event: &Told) -> Result<Bytes, serde_json::Error> {
    let message = Message {
        id: event.id,
        event_type: event.kind.as_str(),
        generated_date: event.at,
        payload: event.facts.as_ref().map(|facts| match facts {
            Remembered::Company(facts) => payload(app, facts),
            Remembered::RateLimit(facts) => Payload::RateLimit(facts.into()),
        }),
    };
    let mut body = Vec::with_capacity(1024);
    serde_json::to_writer(&mut body, &message)?;
    body.shrink_to_fit();
    Ok(body.into())
}

fn payload<'a>(app: &App, facts: &'a EventFacts) -> Payload<'a> {
    let company = &facts.company;
    let Some(connection) = &facts.connection else {
        return match &company.product {
            Some(product) => Payload::Product(product_details(company, product)),
            None => Payload::Company(company_details(app, company)),
        };
    };
    Payload::Connection {
        reference_company: CompanyReference {
            id: company.id,
            name: company.name.as_str(),
            description: company.description.as_deref(),
            tags: company.tags.as_map(),
        },
        connection: connection_details(app, company.id, connection),
    }
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Message<'a> {
    id: EventId,
    event_type: &'static str,
    #[serde(serialize_with = "instant")]
    generated_date: Timestamp,
    #[serde(skip_serializing_if = "Option::is_none")]
    payload: Option<Payload<'a>>,
}

#[derive(Serialize)]
#[serde(untagged)]
enum Payload<'a> {
    Company(CompanyDetails<'a>),
    Product(ProductDetails<'a>),
    #[serde(rename_all = "camelCase")]
    Connection {
        reference_company: CompanyReference<'a>,
        connection: ConnectionDetails<'a>,
    },
    RateLimit(RateLimitDetails),
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct RateLimitDetails {
    daily_quota: u64,
    quota_remaining: u64,
    #[serde(serialize_with = "instant")]
    expiry_date: Timestamp,
}

impl From<&RateLimitFacts> for RateLimitDetails {
    fn from(facts: &RateLimitFacts) -> Self {
        Self {
            daily_quota: facts.daily_quota,
            quota_remaining: facts.quota_remaining,
            expiry_date: facts.expires,
        }
    }
}

// What is not known is left out rather than null: the contract's types do not all admit it.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct CompanyDetails<'a> {
    id: CompanyId,
    name: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    description: Option<&'a str>,
    redirect: String,
    #[serde(
        skip_serializing_if = "Option::is_none",
        serialize_with = "perhaps_instant"
    )]
    last_sync: Option<Timestamp>,
    #[serde(serialize_with = "instant")]
    created: Timestamp,
    #[serde(skip_serializing_if = "Option::is_none")]
    created_by_user_name: Option<&'a str>,
    #[serde(skip_serializing_if = "Products::is_empty")]
    products: &'a Products,
    tags: &'a BTreeMap<String, String>,
}

fn company_details<'a>(app: &App, company: &'a CompanyFacts) -> CompanyDetails<'a> {
    CompanyDetails {
        id: company.id,
        name: company.name.as_str(),
        description: company.description.as_deref(),
        redirect: app.link_url(company.id),
        last_sync: company.last_sync,
        created: company.created,
        created_by_user_name: company.created_by.as_deref(),
        products: &company.products,
        tags: company.tags.as_map(),
    }
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct ProductDetails<'a> {
    /// The company.
    id: CompanyId,
    name: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    description: Option<&'a str>,
    product_id: &'a ProductIdentifier,
    product_name: String,
    products: &'a Products,
}

fn product_details<'a>(
    company: &'a CompanyFacts,
    product: &'a ProductIdentifier,
) -> ProductDetails<'a> {
    ProductDetails {
        id: company.id,
        name: company.name.as_str(),
        description: company.description.as_deref(),
        product_id: product,
        product_name: product.title(),
        products: &company.products,
    }
}

#[derive(Serialize)]
struct CompanyReference<'a> {
    id: CompanyId,
    name: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    description: Option<&'a str>,
    tags: &'a BTreeMap<String, String>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct ConnectionDetails<'a> {
    id: ConnectionId,
    integration_id: IntegrationId,
    integration_key: PlatformKey,
    source_id: SourceId,
    source_type: SourceType,
    platform_name: &'a str,
    link_url: String,
    status: ConnectionStatus,
    #[serde(
        skip_serializing_if = "Option::is_none",
        serialize_with = "perhaps_instant"
    )]
    last_sync: Option<Timestamp>,
    #[serde(serialize_with = "instant")]
    created: Timestamp,
    data_connection_errors: Vec<ErrorDetails<'a>>,
    connection_info: ConnectionInfo<'a>,
}

/// What the contract has no field for.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct ConnectionInfo<'a> {
    /// As in the API's own answers.
    #[serde(skip_serializing_if = "Option::is_none")]
    company_name: Option<&'a str>,
    /// Whether the integration is a sandbox, and what it tells is made up.
    is_sandbox: bool,
}

fn connection_details<'a>(
    app: &App,
    company: CompanyId,
    connection: &'a ConnectionFacts,
) -> ConnectionDetails<'a> {
    ConnectionDetails {
        id: connection.id,
        integration_id: connection.integration_id,
        integration_key: connection.platform_key,
        source_id: connection.source_id,
        source_type: connection.source_type,
        platform_name: &connection.platform_name,
        link_url: app.connection_link_url(company, connection.id),
        status: connection.status,
        last_sync: connection.last_sync,
        created: connection.created,
        data_connection_errors: connection.errors.iter().map(error_details).collect(),
        connection_info: ConnectionInfo {
            company_name: connection.third_party_name.as_deref(),
            is_sandbox: app.is_sandbox(connection.platform_key),
        },
    }
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct ErrorDetails<'a> {
    status_code: &'a str,
    status_text: &'a str,
    error_message: &'a str,
    #[serde(serialize_with = "instant")]
    errored_on_utc: Timestamp,
    status: &'static str,
    #[serde(
        skip_serializing_if = "Option::is_none",
        serialize_with = "perhaps_instant"
    )]
    resolved_on_utc: Option<Timestamp>,
}

fn error_details(error: &ConnectionError) -> ErrorDetails<'_> {
    ErrorDetails {
        status_code: &error.status_code,
        status_text: &error.status_text,
        error_message: &error.error_message,
        errored_on_utc: error.errored_at,
        status: match error.resolved_at {
            None => "Active",
            Some(_) => "Resolved",
        },
        resolved_on_utc: error.resolved_at,
    }
}

fn instant<S: Serializer>(at: &Timestamp, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_str(at)
}

fn perhaps_instant<S: Serializer>(
    at: &Option<Timestamp>,
    serializer: S,
) -> Result<S::Ok, S::Error> {
    match at {
        Some(at) => instant(at, serializer),
        None => serializer.serialize_none(),
    }
}
