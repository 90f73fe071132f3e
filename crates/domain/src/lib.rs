//! Companies, connections, events and their rules.
//!
//! Pure: no I/O, no async, no clock, no randomness, no database and no wire format. What needs the time or
//! an id is handed one.

mod ids;
mod secret;
mod time;

pub use ids::{
    ApiKeyId, AttemptId, AuditId, ClientId, CompanyId, ConnectionErrorId, ConnectionId, ConsentId,
    ConsumerId, CorrelationId, EventId, Id, IntegrationId, JourneyId, NotAnId, ReplicaId, SourceId,
};
pub use secret::Secret;
pub use time::Timestamp;
