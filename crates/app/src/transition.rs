//! The one way in which a connection changes: the state machine asked, and its answer saved with the event, the audit entry and
//! what becomes of credentials and errors, in the caller's transaction.

use handclasp_domain::{
    Actor, AuditId, ClientId, Command, CompanyFacts, CompanyId, Connection, ConnectionError,
    ConnectionErrorId, ConnectionFacts, ConnectionId, CorrelationId, CredentialsEffect,
    ErrorsEffect, Event, EventFacts, EventId, Id, IntegrationId, InvalidTransition, SourceId,
    Timestamp,
};
use handclasp_integrations::Integration;
use handclasp_store::audit::{self, AuditEntry};
use handclasp_store::credential::SealedCredential;
use handclasp_store::{Tx, company, connection, credential, event};

use crate::credentials::{Outgoing, Replaced};
use crate::{App, AppError, Caller};

/// A command to a connection, with all that its effects may need, drawn and sealed beforehand.
#[derive(Clone)]
pub(crate) struct Change {
    pub(crate) client: ClientId,
    pub(crate) company: CompanyId,
    pub(crate) connection: ConnectionId,
    pub(crate) command: Command,
    pub(crate) at: Timestamp,
    pub(crate) integration: IntegrationFacts,
    /// The new credentials, where the command brings some, and what becomes of those in their place.
    pub(crate) credential: Option<(SealedCredential, Replaced)>,
    /// The old ones, where the command may revoke them.
    pub(crate) outgoing: Option<Outgoing>,
    /// What failed, where the command is that.
    pub(crate) failure: Option<ConnectionError>,
    action: &'static str,
    actor: Actor,
    address: Option<String>,
    correlation: Option<CorrelationId>,
    event_id: EventId,
    audit_id: AuditId,
    error_id: ConnectionErrorId,
}

/// What events tell of an integration.
#[derive(Debug, Clone)]
pub(crate) struct IntegrationFacts {
    platform_name: String,
    integration_id: IntegrationId,
    source_id: SourceId,
}

impl From<&Integration> for IntegrationFacts {
    fn from(integration: &Integration) -> Self {
        Self {
            platform_name: integration.name.clone(),
            integration_id: integration.integration_id,
            source_id: integration.source_id,
        }
    }
}

/// What became of a change.
pub(crate) enum Applied {
    /// It was made.
    Done,
    /// The state machine does not take it. Nothing was written.
    Refused(InvalidTransition),
    /// The connection is gone. Nothing was written.
    Gone,
}

impl App {
    /// Prepares a change.
    pub(crate) fn change(
        &self,
        caller: &Caller,
        company: CompanyId,
        connection: ConnectionId,
        integration: &Integration,
        command: Command,
    ) -> Change {
        Change {
            client: caller.client,
            company,
            connection,
            action: action(&command),
            command,
            at: self.now(),
            integration: integration.into(),
            credential: None,
            outgoing: None,
            failure: None,
            actor: caller.actor,
            address: caller.address.clone(),
            correlation: caller.correlation,
            event_id: self.logged_id(),
            audit_id: self.logged_id(),
            error_id: self.logged_id(),
        }
    }

    /// The declaration of a connection's integration.
    pub(crate) fn integration(
        &self,
        key: handclasp_domain::PlatformKey,
    ) -> Result<&std::sync::Arc<Integration>, AppError> {
        self.catalogue()
            .get(key)
            .ok_or(AppError::NotFound("integration"))
    }
}

const fn action(command: &Command) -> &'static str {
    match command {
        Command::Authorize { .. } => "connection.authorize",
        Command::Confirm => "connection.confirm",
        Command::Reject => "connection.reject",
        Command::Fail => "connection.fail",
        Command::Unlink => "connection.unlink",
        Command::Deauthorize => "connection.deauthorize",
        Command::Delete => "connection.delete",
    }
}

impl Change {
    /// Whose change it is, and the id of its audit entry.
    pub(crate) const fn mark(&self) -> (ClientId, AuditId) {
        (self.client, self.audit_id)
    }

    /// The audit entry of the change.
    pub(crate) fn entry(&self) -> AuditEntry {
        AuditEntry {
            client: self.client,
            id: self.audit_id,
            at: self.at,
            actor: self.actor,
            action: self.action,
            company: Some(self.company),
            subject: Some(self.connection.uuid()),
            address: self.address.clone(),
            correlation: self.correlation,
        }
    }

    /// Applies the change to the connection as it stands in this transaction.
    pub(crate) async fn apply(&self, tx: &mut Tx) -> Result<Applied, AppError> {
        match connection::find(tx, self.client, self.company, self.connection).await? {
            Some(found) => self.apply_to(tx, &found).await,
            None => Ok(Applied::Gone),
        }
    }

    /// Applies the change to a connection that was read in this transaction.
    pub(crate) async fn apply_to(
        &self,
        tx: &mut Tx,
        found: &Connection,
    ) -> Result<Applied, AppError> {
        let transition = match found.apply(&self.command, self.at) {
            Ok(transition) => transition,
            Err(refused) => return Ok(Applied::Refused(refused)),
        };
        let saved = match &transition.next {
            Some(next) => connection::update(tx, next, found).await?,
            None => connection::delete(tx, found).await?,
        };
        if !saved {
            return Err(AppError::Raced);
        }
        self.credentials(tx, transition.credentials).await?;
        let errors = match (&transition.next, transition.errors) {
            (None, _) => Vec::new(),
            (Some(_), effect) => self.errors(tx, effect).await?,
        };
        if let Some(kind) = transition.event {
            let Some(owner) = company::find(tx, self.client, self.company).await? else {
                return Err(AppError::Raced);
            };
            let told = Event {
                id: self.event_id,
                client: self.client,
                kind,
                at: self.at,
                facts: EventFacts {
                    company: CompanyFacts::from(&owner),
                    connection: Some(
                        self.integration
                            .facts(transition.next.as_ref().unwrap_or(found), errors),
                    ),
                },
            };
            event::insert(tx, &told).await?;
        }
        audit::insert(tx, &self.entry()).await?;
        Ok(Applied::Done)
    }

    async fn credentials(&self, tx: &mut Tx, effect: CredentialsEffect) -> Result<(), AppError> {
        match effect {
            CredentialsEffect::Keep => Ok(()),
            CredentialsEffect::Replace => match &self.credential {
                Some((new, replaced)) => {
                    let held = credential::find(tx, self.client, self.connection).await?;
                    if held.map(|held| held.version) != replaced.version {
                        return Err(AppError::Raced);
                    }
                    if let Some(revocation) = &replaced.revocation {
                        credential::queue_revocation(tx, revocation).await?;
                    }
                    Ok(credential::put(tx, new).await?)
                }
                None => Err(AppError::Internal("an authorization without credentials")),
            },
            CredentialsEffect::Revoke => {
                let held = credential::find(tx, self.client, self.connection).await?;
                match (held, &self.outgoing) {
                    (None, None) => Ok(()),
                    (Some(held), Some(outgoing)) if held.version == outgoing.version => {
                        credential::delete(tx, self.client, self.connection, held.version).await?;
                        Ok(credential::queue_revocation(tx, &outgoing.revocation).await?)
                    }
                    // They changed since they were read: read and seal them again.
                    (None | Some(_), _) => Err(AppError::Raced),
                }
            }
        }
    }

    async fn errors(
        &self,
        tx: &mut Tx,
        effect: ErrorsEffect,
    ) -> Result<Vec<ConnectionError>, AppError> {
        match (effect, &self.failure) {
            (ErrorsEffect::Record, Some(failure)) => {
                connection::insert_error(tx, self.client, self.connection, self.error_id, failure)
                    .await?;
            }
            (ErrorsEffect::Record, None) => {
                return Err(AppError::Internal("a failure without an error"));
            }
            (ErrorsEffect::Resolve, _) => {
                connection::resolve_errors(tx, self.client, self.connection, self.at).await?;
            }
            (ErrorsEffect::Keep, _) => {}
        }
        Ok(connection::errors(tx, self.client, self.connection).await?)
    }
}

impl IntegrationFacts {
    /// What an event remembers of a connection.
    pub(crate) fn facts(
        &self,
        connection: &Connection,
        errors: Vec<ConnectionError>,
    ) -> ConnectionFacts {
        ConnectionFacts {
            id: connection.id,
            platform_key: connection.platform_key,
            platform_name: self.platform_name.clone(),
            integration_id: self.integration_id,
            source_id: self.source_id,
            source_type: connection.source_type,
            status: connection.status(),
            created: connection.created,
            last_sync: connection.last_sync,
            errors,
            third_party_name: connection
                .third_party
                .as_ref()
                .map(|party| party.name.clone()),
        }
    }
}
