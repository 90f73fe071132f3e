//! What a use case can say instead of doing what it was asked.

use std::time::Duration;

use handclasp_domain::{ConnectionId, ConnectionStatus, FieldError, Scope};
use handclasp_integrations::api::NotPassedOn;
use handclasp_store::StoreError;

use crate::NeedsCredentials;

/// Why a use case was not carried out. Nothing of it was done.
#[derive(Debug, Clone, thiserror::Error)]
pub enum AppError {
    /// There is no such thing, or it is another client's: the two can't be told apart.
    #[error("there is no such {0}")]
    NotFound(&'static str),
    /// A field does not hold what it must.
    #[error(transparent)]
    Invalid(#[from] FieldError),
    /// The rules do not allow it.
    #[error("{0}")]
    Refused(#[from] Refusal),
    /// Somebody changed the same thing at the same moment. Use cases try again by themselves and do not let
    /// this out.
    #[error("the same was changed at the same moment")]
    Raced,
    /// Another request under the same idempotency key was faster.
    #[error("the same request was carried out at the same moment")]
    Repeated,
    /// A third party could not do its part.
    #[error(transparent)]
    ThirdParty(#[from] ThirdPartyError),
    /// The database could not do it.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// Something that must not happen: the cause is for the log.
    #[error("an internal error")]
    Internal(&'static str),
}

/// What a third party did not do. What is told of it is for the client's programs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum ThirdPartyError {
    /// The access token has ended, and there is no fresh one for now.
    #[error("the third party gives no fresh access token at the moment")]
    NoFreshToken {
        /// After which time it is tried again.
        wait: Duration,
    },
    /// It does not know the client's registration any more, or takes it for something else.
    #[error(
        "the third party refuses to renew the access; check the integration's client id and secret"
    )]
    RegistrationRefused,
    /// It asked for calls to wait, and the time is not over.
    #[error("the third party asked to wait before it is called again")]
    AskedToWait {
        /// For how long.
        wait: Duration,
    },
    /// It could not be reached, or broke off before it answered.
    #[error("the third party could not be reached")]
    Unreachable,
    /// It did not answer in time.
    #[error("the third party did not answer in time")]
    Silent,
    /// Its answer is none, or one that is too large to be passed on.
    #[error("the third party's answer can't be passed on")]
    Unintelligible,
}

/// What the rules do not allow.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// The company has another active connection of a kind that may exist once only.
    #[error("the company has another active connection of this kind; disconnect it first")]
    AnotherActive(ConnectionId),
    /// A journey is completed only where something is connected.
    #[error("nothing is connected")]
    NothingLinked,
    /// The integration is not one that this client offers.
    #[error("this integration is not enabled")]
    NotEnabled,
    /// What a client's staff enter for the integration is not there, or not good for where it leads by now.
    #[error(transparent)]
    NeedsCredentials(NeedsCredentials),
    /// Somebody changed the settings since they were read.
    #[error("the settings changed since the version that was read; read them again")]
    SettingsChanged,
    /// Only a linked connection can be unlinked.
    #[error("only a Linked connection can be unlinked; this one is {}", .0.as_str())]
    NotLinked(ConnectionStatus),
    /// Only a linked connection holds credentials that can be used.
    #[error("only a Linked connection has credentials; this one is {}", .0.as_str())]
    NoAccess(ConnectionStatus),
    /// A connection may be linked without credentials, as one of files is.
    #[error("this connection holds no credentials")]
    HoldsNothing,
    /// The integration has no API that calls could be passed on to.
    #[error("this integration has no API that can be called through the server")]
    NoApi,
    /// What a call asks for can't be passed on.
    #[error("{0}")]
    NotPassedOn(NotPassedOn),
    /// The body of a call broke off, or was too large.
    #[error("the request's body did not arrive whole within its limits")]
    BodyBroke,
    /// A connection is linked by its person, in Link, and in no other way.
    #[error("a connection's status can only be set to Unlinked")]
    OnlyUnlink,
    /// A client has as many rules as it may have.
    #[error("there are 50 rules, the most there may be; delete one first")]
    TooManyRules,
    /// A person authorizes such a connection, in Link, in the browser in which it was begun.
    #[error("a person authorizes this connection, in Link")]
    AuthorizedInLink,
    /// A client has as many webhook consumers as it may have.
    #[error("there are 50 webhook consumers, the most there may be; delete one first")]
    TooManyWebhooks,
    /// A client has as many API keys as it may have.
    #[error("there are 10 API keys, the most there may be; delete one first")]
    TooManyKeys,
    /// Without a key a client could not make another.
    #[error("this is the last API key; make another one first")]
    LastKey,
    /// A key gives no more than it has itself.
    #[error("this API key does not have the scope `{}`, and so cannot grant it", .0.as_str())]
    NotHeld(Scope),
}
