//! Connections and their state machine: the table of what may happen to one, and nothing else may.

use serde::{Deserialize, Serialize};

use crate::{ClientId, CompanyId, ConnectionId, EventType, PlatformKey, SourceType, Timestamp};

/// A company's connection to one integration.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Connection {
    /// The tenant.
    pub client: ClientId,
    /// The company.
    pub company: CompanyId,
    /// Its id.
    pub id: ConnectionId,
    /// Which integration.
    pub platform_key: PlatformKey,
    /// What kind of source the integration is.
    pub source_type: SourceType,
    /// Where it stands.
    pub state: ConnectionState,
    /// The company at the third party that it was last linked to, kept when access ends: a reconnection must
    /// be to the same.
    pub third_party: Option<ThirdParty>,
    /// When it was created.
    pub created: Timestamp,
    /// When its data was last read through the server.
    pub last_sync: Option<Timestamp>,
    /// Counts the changes, so that two can't be made on the same state.
    pub version: i64,
}

/// The connected company, as the third party names it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ThirdParty {
    /// The third party's own id of it: tenant, realm, organisation.
    pub id: String,
    /// Its name there.
    pub name: String,
}

/// Where a connection stands, with what belongs to that state alone.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ConnectionState {
    /// Created, and not yet authorized.
    PendingAuth,
    /// Authorized, and held back until the platform confirms. Shown as `PendingAuth`.
    AwaitingConfirmation {
        /// Since when.
        since: Timestamp,
    },
    /// Authorized: the server holds credentials for it.
    Linked {
        /// Since when, without a break.
        since: Timestamp,
    },
    /// Ended by the person or the client.
    Unlinked {
        /// Since when.
        since: Timestamp,
    },
    /// Ended by the third party.
    Deauthorized {
        /// Since when.
        since: Timestamp,
    },
}

/// The wire's word for where a connection stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum ConnectionStatus {
    /// Not yet authorized.
    PendingAuth,
    /// Authorized.
    Linked,
    /// Ended by the person or the client.
    Unlinked,
    /// Ended by the third party.
    Deauthorized,
}

impl ConnectionStatus {
    /// The wire's word.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::PendingAuth => "PendingAuth",
            Self::Linked => "Linked",
            Self::Unlinked => "Unlinked",
            Self::Deauthorized => "Deauthorized",
        }
    }
}

impl ConnectionState {
    /// The state for the outside.
    pub const fn status(self) -> ConnectionStatus {
        match self {
            Self::PendingAuth | Self::AwaitingConfirmation { .. } => ConnectionStatus::PendingAuth,
            Self::Linked { .. } => ConnectionStatus::Linked,
            Self::Unlinked { .. } => ConnectionStatus::Unlinked,
            Self::Deauthorized { .. } => ConnectionStatus::Deauthorized,
        }
    }

    /// The stored word.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::PendingAuth => "PendingAuth",
            Self::AwaitingConfirmation { .. } => "AwaitingConfirmation",
            Self::Linked { .. } => "Linked",
            Self::Unlinked { .. } => "Unlinked",
            Self::Deauthorized { .. } => "Deauthorized",
        }
    }

    /// Since when it is so; none while it has never been anything else.
    pub const fn since(self) -> Option<Timestamp> {
        match self {
            Self::PendingAuth => None,
            Self::AwaitingConfirmation { since }
            | Self::Linked { since }
            | Self::Unlinked { since }
            | Self::Deauthorized { since } => Some(since),
        }
    }

    /// Reads the stored word and instant.
    pub fn parse(word: &str, since: Option<Timestamp>) -> Option<Self> {
        match (word, since) {
            ("PendingAuth", _) => Some(Self::PendingAuth),
            ("AwaitingConfirmation", Some(since)) => Some(Self::AwaitingConfirmation { since }),
            ("Linked", Some(since)) => Some(Self::Linked { since }),
            ("Unlinked", Some(since)) => Some(Self::Unlinked { since }),
            ("Deauthorized", Some(since)) => Some(Self::Deauthorized { since }),
            _ => None,
        }
    }

    /// Whether it occupies the one place of its kind that a company has for accounting and bank feeds.
    pub const fn is_active(self) -> bool {
        match self {
            Self::Linked { .. } | Self::AwaitingConfirmation { .. } => true,
            Self::PendingAuth | Self::Unlinked { .. } | Self::Deauthorized { .. } => false,
        }
    }
}

/// Something that happens to a connection.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Command {
    /// An authorization was completed.
    Authorize {
        /// To which company at the third party, where that is known.
        third_party: Option<ThirdParty>,
        /// Whether the client wants to confirm it first.
        hold_back: bool,
    },
    /// The platform confirmed it.
    Confirm,
    /// The platform rejected it, or did not confirm it in time.
    Reject,
    /// An attempt to authorize it failed or was declined.
    Fail,
    /// The client or the person ended it.
    Unlink,
    /// The third party ended it.
    Deauthorize,
    /// It was deleted.
    Delete,
}

/// What a command does.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Transition {
    /// The connection afterwards; none where it is gone.
    pub next: Option<Connection>,
    /// What is told.
    pub event: Option<EventType>,
    /// What becomes of the credentials that the server holds.
    pub credentials: CredentialsEffect,
    /// What becomes of the connection's errors.
    pub errors: ErrorsEffect,
}

/// What becomes of a connection's credentials.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CredentialsEffect {
    /// Nothing.
    Keep,
    /// The new ones take the place of the old.
    Replace,
    /// They go to the revocation queue, and nothing else can read them.
    Revoke,
}

/// What becomes of a connection's errors.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ErrorsEffect {
    /// Nothing.
    Keep,
    /// The failure is recorded.
    Record,
    /// The open ones are resolved.
    Resolve,
}

/// A command that this connection does not take.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum InvalidTransition {
    /// There is no such line in the table.
    #[error("a connection that is {} does not take this", .0.as_str())]
    NotFrom(ConnectionStatus),
    /// The authorization was for another company than the one that the connection holds.
    #[error("authorized for another company at the third party")]
    WrongCompany {
        /// The one that it holds.
        held: ThirdParty,
        /// The one that was authorized.
        authorized: ThirdParty,
    },
}

impl Connection {
    /// The state for the outside.
    pub fn status(&self) -> ConnectionStatus {
        self.state.status()
    }

    /// The whole state machine. `now` is when the command takes effect.
    pub fn apply(
        &self,
        command: &Command,
        now: Timestamp,
    ) -> Result<Transition, InvalidTransition> {
        use ConnectionState as S;
        let not = || Err(InvalidTransition::NotFrom(self.status()));
        match (command, self.state) {
            (
                Command::Authorize {
                    third_party,
                    hold_back,
                },
                state,
            ) => {
                if let (Some(held), Some(authorized)) = (&self.third_party, third_party)
                    && held.id != authorized.id
                {
                    return Err(InvalidTransition::WrongCompany {
                        held: held.clone(),
                        authorized: authorized.clone(),
                    });
                }
                let (next, event) = match state {
                    S::PendingAuth | S::AwaitingConfirmation { .. } if *hold_back => (
                        S::AwaitingConfirmation { since: now },
                        Some(EventType::ConnectionAwaitingConfirmation),
                    ),
                    S::PendingAuth | S::AwaitingConfirmation { .. } => (
                        S::Linked { since: now },
                        Some(EventType::ConnectionConnected),
                    ),
                    S::Unlinked { .. } | S::Deauthorized { .. } => (
                        S::Linked { since: now },
                        Some(EventType::ConnectionReconnected),
                    ),
                    S::Linked { since } => (S::Linked { since }, None),
                };
                let mut transition = self.to(next, event, CredentialsEffect::Replace);
                transition.errors = ErrorsEffect::Resolve;
                if let (Some(next), Some(third_party)) = (&mut transition.next, third_party) {
                    next.third_party = Some(third_party.clone());
                }
                Ok(transition)
            }
            (Command::Confirm, S::AwaitingConfirmation { .. }) => Ok(self.to(
                S::Linked { since: now },
                Some(EventType::ConnectionConnected),
                CredentialsEffect::Keep,
            )),
            (Command::Reject, S::AwaitingConfirmation { .. }) => {
                let mut transition = self.to(S::PendingAuth, None, CredentialsEffect::Revoke);
                // It was never linked: whose it would have been is not to be remembered.
                if let Some(next) = &mut transition.next {
                    next.third_party = None;
                }
                Ok(transition)
            }
            (Command::Fail, state) => {
                let mut transition = self.to(
                    state,
                    Some(EventType::ConnectionFailed),
                    CredentialsEffect::Keep,
                );
                transition.errors = ErrorsEffect::Record;
                Ok(transition)
            }
            (Command::Unlink, S::Linked { .. }) => Ok(self.to(
                S::Unlinked { since: now },
                Some(EventType::ConnectionDisconnected),
                CredentialsEffect::Revoke,
            )),
            (Command::Deauthorize, S::Linked { .. }) => {
                let mut transition = self.to(
                    S::Deauthorized { since: now },
                    Some(EventType::ConnectionDisconnected),
                    CredentialsEffect::Revoke,
                );
                // Why: what the third party said.
                transition.errors = ErrorsEffect::Record;
                Ok(transition)
            }
            (Command::Delete, _) => Ok(Transition {
                next: None,
                event: Some(EventType::ConnectionDeleted),
                credentials: CredentialsEffect::Revoke,
                errors: ErrorsEffect::Keep,
            }),
            (Command::Confirm | Command::Reject, S::PendingAuth | S::Linked { .. })
            | (
                Command::Confirm | Command::Reject | Command::Unlink | Command::Deauthorize,
                S::Unlinked { .. } | S::Deauthorized { .. },
            )
            | (
                Command::Unlink | Command::Deauthorize,
                S::PendingAuth | S::AwaitingConfirmation { .. },
            ) => not(),
        }
    }

    fn to(
        &self,
        state: ConnectionState,
        event: Option<EventType>,
        credentials: CredentialsEffect,
    ) -> Transition {
        Transition {
            next: Some(Self {
                state,
                version: self.version + 1,
                ..self.clone()
            }),
            event,
            credentials,
            errors: ErrorsEffect::Keep,
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::Id;

    const THEN: Timestamp = Timestamp::from_seconds(1_000);
    const NOW: Timestamp = Timestamp::from_seconds(2_000);

    fn connection(state: ConnectionState) -> Connection {
        let nil = uuid::Uuid::nil();
        Connection {
            client: ClientId::from_uuid(nil),
            company: CompanyId::from_uuid(nil),
            id: ConnectionId::from_uuid(nil),
            platform_key: "mqjo".parse().unwrap(),
            source_type: SourceType::Accounting,
            state,
            third_party: None,
            created: THEN,
            last_sync: None,
            version: 1,
        }
    }

    fn states() -> [ConnectionState; 5] {
        [
            ConnectionState::PendingAuth,
            ConnectionState::AwaitingConfirmation { since: THEN },
            ConnectionState::Linked { since: THEN },
            ConnectionState::Unlinked { since: THEN },
            ConnectionState::Deauthorized { since: THEN },
        ]
    }

    fn commands() -> [Command; 8] {
        let authorize = |hold_back| Command::Authorize {
            third_party: Some(acme("1")),
            hold_back,
        };
        [
            authorize(false),
            authorize(true),
            Command::Confirm,
            Command::Reject,
            Command::Fail,
            Command::Unlink,
            Command::Deauthorize,
            Command::Delete,
        ]
    }

    fn acme(id: &str) -> ThirdParty {
        ThirdParty {
            id: id.into(),
            name: "Acme".into(),
        }
    }

    /// Every state with every command, written out: state afterwards, event, credentials.
    #[test]
    fn the_whole_matrix() {
        let expected = [
            // PendingAuth
            "Linked connection.connected Replace",
            "AwaitingConfirmation connection.awaitingConfirmation Replace",
            "refused",
            "refused",
            "PendingAuth connection.failed Keep",
            "refused",
            "refused",
            "gone connection.deleted Revoke",
            // AwaitingConfirmation
            "Linked connection.connected Replace",
            "AwaitingConfirmation connection.awaitingConfirmation Replace",
            "Linked connection.connected Keep",
            "PendingAuth - Revoke",
            "AwaitingConfirmation connection.failed Keep",
            "refused",
            "refused",
            "gone connection.deleted Revoke",
            // Linked
            "Linked - Replace",
            "Linked - Replace",
            "refused",
            "refused",
            "Linked connection.failed Keep",
            "Unlinked connection.disconnected Revoke",
            "Deauthorized connection.disconnected Revoke",
            "gone connection.deleted Revoke",
            // Unlinked
            "Linked connection.reconnected Replace",
            "Linked connection.reconnected Replace",
            "refused",
            "refused",
            "Unlinked connection.failed Keep",
            "refused",
            "refused",
            "gone connection.deleted Revoke",
            // Deauthorized
            "Linked connection.reconnected Replace",
            "Linked connection.reconnected Replace",
            "refused",
            "refused",
            "Deauthorized connection.failed Keep",
            "refused",
            "refused",
            "gone connection.deleted Revoke",
        ];
        let mut found = Vec::new();
        for state in states() {
            for command in commands() {
                found.push(match connection(state).apply(&command, NOW) {
                    Err(_) => "refused".to_owned(),
                    Ok(t) => format!(
                        "{} {} {:?}",
                        t.next.as_ref().map_or("gone", |c| c.state.as_str()),
                        t.event.map_or("-", EventType::as_str),
                        t.credentials
                    ),
                });
            }
        }
        assert_eq!(found, expected);
    }

    #[test]
    fn what_went_wrong_is_recorded_and_resolved_by_an_authorization() {
        let effect = |state, command: &Command| {
            let applied = connection(state).apply(command, NOW);
            applied.unwrap().errors
        };
        for state in states() {
            assert_eq!(effect(state, &Command::Fail), ErrorsEffect::Record);
            let authorize = &commands()[0];
            assert_eq!(effect(state, authorize), ErrorsEffect::Resolve);
        }
        let linked = ConnectionState::Linked { since: THEN };
        assert_eq!(effect(linked, &Command::Deauthorize), ErrorsEffect::Record);
        assert_eq!(effect(linked, &Command::Unlink), ErrorsEffect::Keep);
    }

    #[test]
    fn another_company_is_refused_by_name() {
        let mut held = connection(ConnectionState::Deauthorized { since: THEN });
        held.third_party = Some(acme("1"));
        let again = |id| Command::Authorize {
            third_party: Some(acme(id)),
            hold_back: false,
        };
        assert!(held.apply(&again("1"), NOW).is_ok());
        assert_eq!(
            held.apply(&again("2"), NOW),
            Err(InvalidTransition::WrongCompany {
                held: acme("1"),
                authorized: acme("2"),
            })
        );
    }

    #[test]
    fn states_read_back() {
        for state in states() {
            assert_eq!(
                ConnectionState::parse(state.as_str(), state.since()),
                Some(state)
            );
        }
        assert_eq!(ConnectionState::parse("Linked", None), None);
        assert_eq!(ConnectionState::parse("linked", Some(THEN)), None);
    }

    proptest! {
        /// Whatever happens in whatever order: versions count up, a linked connection holds credentials and no
        /// other does, and only what is gone is gone.
        #[test]
        fn random_sequences_keep_the_promises(choices in proptest::collection::vec(0usize..8, 0..40)) {
            let mut now = THEN;
            let mut here = connection(ConnectionState::PendingAuth);
            let mut holds = false;
            for choice in choices {
                now = now.plus(std::time::Duration::from_secs(1));
                let command = &commands()[choice];
                let Ok(transition) = here.apply(command, now) else { continue };
                match transition.credentials {
                    CredentialsEffect::Keep => {}
                    CredentialsEffect::Replace => holds = true,
                    CredentialsEffect::Revoke => holds = false,
                }
                let Some(next) = transition.next else {
                    prop_assert_eq!(command, &Command::Delete);
                    break;
                };
                prop_assert_eq!(next.version, here.version + 1);
                prop_assert_eq!(next.state.is_active(), holds);
                prop_assert_eq!((next.client, next.company, next.id), (here.client, here.company, here.id));
                here = next;
            }
        }
    }
}
