//! Companies, connections, events and their rules.
//!
//! Pure: no I/O, no async, no clock, no randomness, no database and no wire format. What needs the time or
//! an id is handed one.

mod access;
mod attempt;
mod company;
mod company_reference;
mod connection;
mod edit;
mod event;
mod field;
mod ids;
mod integration;
mod product;
pub mod redirect;
mod secret;
mod text;
mod time;

pub use access::{Actor, ApiKey, Scope, Scopes};
pub use attempt::{
    ATTEMPT_LIFETIME, AttemptFailure, AttemptState, CallbackTurn, EXCHANGE_LIMIT, FailureKind,
};
pub use company::{Company, CompanyName, DESCRIPTION_MAX, Tags, parse_description};
pub use company_reference::{
    ANCESTORS_MAX, CompanyReference, PARENT_FIELD, References, SUBSIDIARIES_FIELD,
    SUBSIDIARIES_MAX, Unnamed,
};
pub use connection::{
    Command, Connection, ConnectionState, ConnectionStatus, CredentialsEffect, ErrorsEffect,
    InvalidTransition, ThirdParty, Transition,
};
pub use edit::Edit;
pub use event::{CompanyFacts, ConnectionError, ConnectionFacts, Event, EventFacts, EventType};
pub use field::FieldError;
pub use ids::{
    ApiKeyId, AttemptId, AuditId, ClientId, CompanyId, ConnectionErrorId, ConnectionId, ConsentId,
    ConsumerId, CorrelationId, EventId, Id, IntegrationId, JourneyId, NotAnId, ReplicaId, SourceId,
};
pub use integration::{NotAPlatformKey, PlatformKey, SourceType};
pub use product::{NotAProduct, PRODUCTS_MAX, ProductIdentifier, Products};
pub use secret::Secret;
pub use text::{check_address, is_control, is_one_line, parse_name};
pub use time::Timestamp;
