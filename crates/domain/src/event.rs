//! Events: what the client's systems are told, and what is remembered of the moment.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::{
    ClientId, CompanyId, CompanyName, ConnectionId, ConnectionStatus, EventId, IntegrationId,
    PlatformKey, ProductIdentifier, Products, RateLimitFacts, SourceId, SourceType, Tags,
    Timestamp,
};

macro_rules! event_types {
    ($($(#[$doc:meta])* $name:ident = $word:literal;)*) => {
        /// What kind of event.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum EventType { $($(#[$doc])* $name,)* }

        impl EventType {
            /// All of them.
            pub const ALL: &'static [Self] = &[$(Self::$name),*];

            /// The wire's word.
            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$name => $word),* }
            }

            /// Reads the wire's word, as it is written and in no other case.
            pub fn parse(word: &str) -> Option<Self> {
                Self::ALL.iter().copied().find(|kind| kind.as_str() == word)
            }
        }
    };
}

event_types! {
    /// A company was created.
    CompanyCreated = "company.created";
    /// A company was deleted.
    CompanyDeleted = "company.deleted";
    /// A product was added to a company.
    CompanyProductAdded = "company.product.added";
    /// A product was removed from a company.
    CompanyProductRemoved = "company.product.removed";
    /// A connection was created.
    ConnectionCreated = "connection.created";
    /// A connection was authorized for the first time.
    ConnectionConnected = "connection.connected";
    /// A connection was authorized and waits for the platform to confirm it.
    ConnectionAwaitingConfirmation = "connection.awaitingConfirmation";
    /// A connection ended.
    ConnectionDisconnected = "connection.disconnected";
    /// A connection that had ended was authorized again.
    ConnectionReconnected = "connection.reconnected";
    /// An attempt to authorize a connection failed or was declined.
    ConnectionFailed = "connection.failed";
    /// A connection was deleted.
    ConnectionDeleted = "connection.deleted";
    /// A client has used up its quota of the day.
    ClientRateLimitReached = "client.rateLimit.reached";
    /// A client that had used up its quota has a new one.
    ClientRateLimitReset = "client.rateLimit.reset";
}

impl EventType {
    /// Whether it is about the client itself, and about no company.
    pub const fn is_of_client(self) -> bool {
        match self {
            Self::ClientRateLimitReached | Self::ClientRateLimitReset => true,
            Self::CompanyCreated
            | Self::CompanyDeleted
            | Self::CompanyProductAdded
            | Self::CompanyProductRemoved
            | Self::ConnectionCreated
            | Self::ConnectionConnected
            | Self::ConnectionAwaitingConfirmation
            | Self::ConnectionDisconnected
            | Self::ConnectionReconnected
            | Self::ConnectionFailed
            | Self::ConnectionDeleted => false,
        }
    }
}

impl fmt::Display for EventType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// An event: one row, written in the transaction of the change that causes it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Event {
    /// Its id, which is also the `webhook-id` of its deliveries.
    pub id: EventId,
    /// Whose it is.
    pub client: ClientId,
    /// What kind.
    pub kind: EventType,
    /// When it happened.
    pub at: Timestamp,
    /// What was so at that moment.
    pub facts: EventFacts,
}

/// What an event remembers. Stored as JSON: fields may be added here, never renamed or taken away.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct EventFacts {
    /// The company.
    pub company: CompanyFacts,
    /// The connection, where the event is about one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub connection: Option<ConnectionFacts>,
}

/// What any event remembers, as it is read back.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Remembered {
    /// Of an event about a company.
    Company(Box<EventFacts>),
    /// Of an event about the client's quota.
    RateLimit(RateLimitFacts),
}

/// A company at the moment of an event.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct CompanyFacts {
    /// Its id.
    pub id: CompanyId,
    /// Its name.
    pub name: CompanyName,
    /// Its description.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
    /// Its labels.
    #[serde(default)]
    pub tags: Tags,
    /// The products that are enabled for it, after the change.
    #[serde(default, skip_serializing_if = "Products::is_empty")]
    pub products: Products,
    /// The product that was added or removed, where the event is about one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub product: Option<ProductIdentifier>,
    /// When it was created.
    pub created: Timestamp,
    /// The name of the API key or the staff user that created it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub created_by: Option<String>,
    /// When it was last read.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_sync: Option<Timestamp>,
}

impl From<&crate::Company> for CompanyFacts {
    fn from(company: &crate::Company) -> Self {
        Self {
            id: company.id,
            name: company.name.clone(),
            description: company.description.clone(),
            tags: company.tags.clone(),
            products: company.products.clone(),
            product: None,
            created: company.created,
            created_by: company.created_by.clone(),
            last_sync: company.last_sync,
        }
    }
}

/// A connection at the moment of an event.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ConnectionFacts {
    /// Its id.
    pub id: ConnectionId,
    /// The integration's key.
    pub platform_key: PlatformKey,
    /// The integration's name.
    pub platform_name: String,
    /// The integration's id.
    pub integration_id: IntegrationId,
    /// The integration's source id.
    pub source_id: SourceId,
    /// What kind of source it is.
    pub source_type: SourceType,
    /// Its status after the change.
    pub status: ConnectionStatus,
    /// When it was created.
    pub created: Timestamp,
    /// When it was last read.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_sync: Option<Timestamp>,
    /// Its errors after the change.
    #[serde(default)]
    pub errors: Vec<ConnectionError>,
    /// The connected company's name at the third party.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub third_party_name: Option<String>,
}

/// An entry of a connection's `dataConnectionErrors`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ConnectionError {
    /// The status code of the journey, as in redirects: `403` declined, `500` failed.
    pub status_code: String,
    /// What the third party said, as it said it.
    pub status_text: String,
    /// What it means.
    pub error_message: String,
    /// When it happened.
    pub errored_at: Timestamp,
    /// When it was resolved; none while it stands.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub resolved_at: Option<Timestamp>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_read_back_and_are_exact() {
        for kind in EventType::ALL {
            assert_eq!(EventType::parse(kind.as_str()), Some(*kind));
        }
        assert_eq!(EventType::parse("Company.Created"), None);
    }
}
