//! A new connection.

use handclasp_domain::{
    CompanyFacts, CompanyId, Connection, ConnectionState, Event, EventFacts, EventId, EventType,
    Id, PlatformKey,
};
use handclasp_integrations::Integration;
use handclasp_store::audit::{self, AuditEntry};
use handclasp_store::{Tx, company, connection, event};

use crate::transition::IntegrationFacts;
use crate::{App, AppError, Caller};

/// A connection to be added, with its event and audit entry drawn beforehand.
#[derive(Clone)]
pub(crate) struct Creation {
    pub(crate) connection: Connection,
    integration: IntegrationFacts,
    event_id: EventId,
    entry: AuditEntry,
}

impl App {
    /// Creates a connection that waits for its person, with its `connection.created`.
    pub async fn create_connection(
        &self,
        caller: &Caller,
        company: CompanyId,
        platform_key: PlatformKey,
    ) -> Result<Connection, AppError> {
        let integration = self.integration(platform_key)?;
        self.check_enabled(caller.client, integration).await?;
        let creation = self.creation(caller, company, integration);
        let mark = caller.mark(&creation.entry);
        let created = self
            .carry_out_once("create_connection", mark, creation, |tx, creation| {
                Box::pin(async move {
                    creation.insert(tx).await?;
                    Ok(creation.connection.clone())
                })
            })
            .await?;
        self.events_written().notify_one();
        Ok(created)
    }

    pub(crate) fn creation(
        &self,
        caller: &Caller,
        company: CompanyId,
        integration: &Integration,
    ) -> Creation {
        let now = self.now();
        let connection = Connection {
            client: caller.client,
            company,
            id: self.id(),
            platform_key: integration.key,
            source_type: integration.source_type,
            state: ConnectionState::PendingAuth,
            third_party: None,
            created: now,
            last_sync: None,
            version: 1,
        };
        Creation {
            entry: AuditEntry {
                company: Some(company),
                subject: Some(connection.id.uuid()),
                ..self.entry(caller, "connection.create", now)
            },
            connection,
            integration: integration.into(),
            event_id: self.logged_id(),
        }
    }
}

impl Creation {
    /// Adds the connection to its company.
    pub(crate) async fn insert(&self, tx: &mut Tx) -> Result<(), AppError> {
        let new = &self.connection;
        let Some(owner) = company::find(tx, new.client, new.company).await? else {
            return Err(AppError::NotFound("company"));
        };
        connection::insert(tx, new).await?;
        let told = Event {
            id: self.event_id,
            client: new.client,
            kind: EventType::ConnectionCreated,
            at: new.created,
            facts: EventFacts {
                company: CompanyFacts::from(&owner),
                connection: Some(self.integration.facts(new, Vec::new())),
            },
        };
        event::insert(tx, &told).await?;
        audit::insert(tx, &self.entry).await?;
        Ok(())
    }
}
