//! The authorization request: one attempt to sign in at a third party (RFC 6749, 4.1). A state machine of
//! its own, apart from the connection's, so that a failed attempt never disturbs a linked connection.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::{ReplicaId, Timestamp};

/// How long a person may take at the third party.
pub const ATTEMPT_LIFETIME: Duration = Duration::from_secs(60 * 60);

/// How long an exchange and the saving of its result may take while whoever holds it lives: longer than the 30 s that every exchange
/// is limited to and the minutes for which a result is saved again while the database is gone. Of a dead holder nothing is waited for.
pub const EXCHANGE_LIMIT: Duration = Duration::from_secs(6 * 60);

/// Where an attempt stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum AttemptState {
    /// The person was sent to the third party.
    Started,
    /// A callback has come, and one process is exchanging its code. From here on the code may be used up:
    /// there is no way back to `Started`.
    Exchanging {
        /// The process that does it.
        by: ReplicaId,
        /// Since when.
        since: Timestamp,
    },
    /// The authorization reaches several companies, and the person is asked which is meant.
    Choosing,
    /// The connection was linked.
    Completed,
    /// The third party or we said no.
    Failed(AttemptFailure),
    /// Nobody came back in time.
    Expired,
}

/// Why an attempt failed, in kinds that the person can be told about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum FailureKind {
    /// The person declined at the third party.
    Declined,
    /// The third party answered with an error, or with what cannot be understood.
    ThirdParty,
    /// The third party could not be reached, or did not answer in time.
    Unreachable,
    /// The person allowed too little to work with.
    TooFewScopes,
    /// What was allowed reaches no company.
    NoCompany,
    /// Another company at the third party than the one that this connection holds.
    WrongCompany,
    /// The answer did not come from where it had to: a security check failed.
    Untrusted,
    /// The process that exchanged the code ended before it could say how it went.
    Interrupted,
    /// What the client's staff entered for the integration was taken away meanwhile.
    NotSetUp,
    /// The company has another active connection of the kind that may exist once only.
    AnotherActive,
    /// The connection was deleted meanwhile.
    ConnectionGone,
}

impl FailureKind {
    /// The stored word.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Declined => "declined",
            Self::ThirdParty => "thirdParty",
            Self::Unreachable => "unreachable",
            Self::TooFewScopes => "tooFewScopes",
            Self::NoCompany => "noCompany",
            Self::WrongCompany => "wrongCompany",
            Self::Untrusted => "untrusted",
            Self::Interrupted => "interrupted",
            Self::NotSetUp => "notSetUp",
            Self::AnotherActive => "anotherActive",
            Self::ConnectionGone => "connectionGone",
        }
    }

    /// All of them.
    pub const ALL: [Self; 11] = [
        Self::Declined,
        Self::ThirdParty,
        Self::Unreachable,
        Self::TooFewScopes,
        Self::NoCompany,
        Self::WrongCompany,
        Self::Untrusted,
        Self::Interrupted,
        Self::NotSetUp,
        Self::AnotherActive,
        Self::ConnectionGone,
    ];

    /// Reads the stored word.
    pub fn parse(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.as_str() == word)
    }
}

/// A failed attempt.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AttemptFailure {
    /// What kind of failure.
    pub kind: FailureKind,
    /// The third party's own code, as it gave it and without control characters: `access_denied`.
    pub status_text: String,
    /// The company that was authorized, where it is not the one that the connection holds.
    pub other_party: Option<String>,
}

/// What a callback may do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum CallbackTurn {
    /// Nobody has come before: take the attempt, and exchange.
    Take,
    /// Another callback is at it: wait for its result.
    Wait,
    /// It is over: show the stored result.
    Show,
    /// The person took too long.
    TooLate,
}

impl AttemptState {
    /// What a callback may do that comes at `now` to an attempt begun at `started`.
    pub fn on_callback(&self, started: Timestamp, now: Timestamp) -> CallbackTurn {
        match self {
            Self::Started if now.since(started) > ATTEMPT_LIFETIME => CallbackTurn::TooLate,
            Self::Started => CallbackTurn::Take,
            Self::Exchanging { .. } => CallbackTurn::Wait,
            Self::Choosing | Self::Completed | Self::Failed(_) => CallbackTurn::Show,
            Self::Expired => CallbackTurn::TooLate,
        }
    }

    /// Whether nothing is being done any more: it is over, or it is the person's turn.
    pub fn is_over(&self) -> bool {
        match self {
            Self::Started | Self::Exchanging { .. } => false,
            Self::Choosing | Self::Completed | Self::Failed(_) | Self::Expired => true,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Id;

    #[test]
    fn a_callback_takes_its_turn_once() {
        let start = Timestamp::from_seconds(1_000);
        let at = |seconds| start.plus(Duration::from_secs(seconds));
        let by = ReplicaId::from_uuid(uuid::Uuid::nil());
        let exchanging = AttemptState::Exchanging { by, since: at(10) };
        let failed = AttemptState::Failed(AttemptFailure {
            kind: FailureKind::Declined,
            status_text: String::new(),
            other_party: None,
        });
        for (state, now, turn) in [
            (AttemptState::Started, at(3_600), CallbackTurn::Take),
            (AttemptState::Started, at(3_601), CallbackTurn::TooLate),
            (exchanging, at(9_999), CallbackTurn::Wait),
            (AttemptState::Completed, at(99_999), CallbackTurn::Show),
            (failed, at(99_999), CallbackTurn::Show),
            (AttemptState::Expired, at(1), CallbackTurn::TooLate),
        ] {
            assert_eq!(state.on_callback(start, now), turn, "{state:?}");
        }
    }

    #[test]
    fn every_kind_reads_back() {
        for kind in FailureKind::ALL {
            assert_eq!(FailureKind::parse(kind.as_str()), Some(kind));
        }
        assert_eq!(FailureKind::parse("other"), None);
    }
}
