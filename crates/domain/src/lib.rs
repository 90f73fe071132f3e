//! Companies, connections, events and their rules.
//!
//! Pure: no I/O, no async, no clock, no randomness, no database and no wire format. What needs the time or
//! an id is handed one.

mod access;
mod attempt;
mod company;
mod company_reference;
mod connection;
mod cors;
mod edit;
mod event;
mod field;
mod fold;
mod ids;
mod integration;
mod limit;
mod product;
pub mod query;
pub mod redirect;
mod rule;
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
pub use cors::CorsOrigin;
pub use edit::Edit;
pub use event::{
    CompanyFacts, ConnectionError, ConnectionFacts, Event, EventFacts, EventType, Remembered,
};
pub use field::FieldError;
pub use fold::fold;
pub use ids::{
    ApiKeyId, AttemptId, AuditId, ClientId, CompanyId, ConnectionErrorId, ConnectionId, ConsentId,
    ConsumerId, CorrelationId, EventId, Id, IntegrationId, JourneyId, NotAnId, ReplicaId, RuleId,
    SourceId,
};
pub use integration::{NotAPlatformKey, PlatformKey, SourceType};
pub use limit::{ClientEvent, Day, OverLimit, RateLimitFacts, Standing};
pub use product::{NotAProduct, PRODUCTS_MAX, ProductIdentifier, Products};
pub use rule::{Rule, RuleKind, check_email};
pub use secret::Secret;
pub use text::{check_address, is_control, is_one_line, parse_name, percent_encode};
pub use time::Timestamp;
