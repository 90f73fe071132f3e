//! Ids: a type each, so that one can never stand where another is meant.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};
use uuid::Uuid;

/// What every id is: a UUID with a meaning.
pub trait Id: Copy + Eq + Ord + fmt::Display + Send + Sync + 'static {
    /// Gives a UUID this meaning.
    fn from_uuid(uuid: Uuid) -> Self;
    /// The UUID itself.
    fn uuid(self) -> Uuid;
}

macro_rules! ids {
    ($($(#[$doc:meta])* $name:ident;)*) => {$(
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(transparent)]
        pub struct $name(Uuid);

        impl Id for $name {
            fn from_uuid(uuid: Uuid) -> Self { Self(uuid) }
            fn uuid(self) -> Uuid { self.0 }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result { self.0.fmt(f) }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, concat!(stringify!($name), "({})"), self.0)
            }
        }

        /// Takes the hyphenated form in either case, and no other: one thing has one address.
        impl FromStr for $name {
            type Err = NotAnId;
            fn from_str(text: &str) -> Result<Self, NotAnId> {
                if text.len() != 36 { return Err(NotAnId); }
                Uuid::try_parse(text).map(Self).map_err(|_| NotAnId)
            }
        }
    )*};
}

/// A text is not a hyphenated UUID.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not a UUID of the form 8-4-4-4-12")]
pub struct NotAnId;

ids! {
    /// A client: one tenant of the server.
    ClientId;
    /// A company: one of the client's customers. It is part of its Link URL, and so a capability.
    CompanyId;
    /// A connection of a company to one integration.
    ConnectionId;
    /// An API key.
    ApiKeyId;
    /// A webhook consumer.
    ConsumerId;
    /// A rule: the older form of a webhook consumer.
    RuleId;
    /// An event, and the `webhook-id` of its deliveries. Version 7.
    EventId;
    /// A journey: one browser's walk through Link for one company.
    JourneyId;
    /// An authorization request: one attempt to sign in at a third party.
    AttemptId;
    /// A recorded acceptance of a consent text. Version 7.
    ConsentId;
    /// An entry of the audit log. Version 7.
    AuditId;
    /// An entry of a connection's `dataConnectionErrors`. Version 7.
    ConnectionErrorId;
    /// An integration's published id.
    IntegrationId;
    /// An integration's published source id.
    SourceId;
    /// A running process of the server.
    ReplicaId;
    /// Ties an answer, its log lines and its error body together. Version 7.
    CorrelationId;
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_hyphenated_form_is_taken() {
        let text = "67e55044-10b1-426f-9247-bb680e5fe0c8";
        assert_eq!(text.parse::<CompanyId>().unwrap().to_string(), text);
        assert!(text.to_uppercase().parse::<CompanyId>().is_ok());
        for bad in [
            "",
            "67e5504410b1426f9247bb680e5fe0c8",
            "{67e55044-10b1-426f-9247-bb680e5fe0c8}",
            "67e55044-10b1-426f-9247-bb680e5fe0cg",
        ] {
            assert_eq!(bad.parse::<CompanyId>(), Err(NotAnId), "{bad}");
        }
    }
}
