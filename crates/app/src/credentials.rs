//! What a linked connection holds, sealed and opened.

use handclasp_domain::{ClientId, ConnectionId, Id, PlatformKey};
use handclasp_integrations::Held;
use handclasp_store::credential::{self, Revocation};
use handclasp_vault::Cell;
use uuid::Uuid;

use crate::{App, AppError};

/// A connection's credentials on their way to the revocation queue, prepared outside of the transaction.
#[derive(Clone)]
pub(crate) struct Outgoing {
    /// The version that was read.
    pub(crate) version: i64,
    /// What is queued.
    pub(crate) revocation: Revocation,
}

pub(crate) fn credential_cell(client: ClientId, connection: ConnectionId) -> Cell {
    Cell {
        client: Some(client),
        table: "credential",
        row: connection.uuid(),
        column: "sealed",
    }
}

pub(crate) fn revocation_cell(client: ClientId, id: Uuid) -> Cell {
    Cell {
        client: Some(client),
        table: "revocation",
        row: id,
        column: "sealed",
    }
}

impl App {
    /// Seals tokens for a connection.
    pub(crate) fn seal_held(
        &self,
        client: ClientId,
        connection: ConnectionId,
        held: &Held,
    ) -> Result<Vec<u8>, AppError> {
        self.vault()
            .seal_json(&credential_cell(client, connection), held)
            .map_err(|_| AppError::Internal("tokens can't be sealed"))
    }

    /// Seals a connection's credentials anew for the revocation queue; none where it has none.
    pub(crate) async fn outgoing(
        &self,
        client: ClientId,
        connection: ConnectionId,
        platform_key: PlatformKey,
    ) -> Result<Option<Outgoing>, AppError> {
        let Some(held) = credential::find(&mut self.store(), client, connection).await? else {
            return Ok(None);
        };
        let tokens: Held = self
            .vault()
            .open_json(&credential_cell(client, connection), &held.sealed)
            .map_err(|_| AppError::Internal("credentials can't be opened"))?;
        let now = self.now();
        Ok(Some(Outgoing {
            version: held.version,
            revocation: self.revocation(client, platform_key, &tokens, now)?,
        }))
    }

    /// A token to be revoked.
    pub(crate) fn revocation(
        &self,
        client: ClientId,
        platform_key: PlatformKey,
        held: &Held,
        now: handclasp_domain::Timestamp,
    ) -> Result<Revocation, AppError> {
        let id = handclasp_ambient::logged_uuid(now, &**self.random());
        let sealed = self
            .vault()
            .seal_json(&revocation_cell(client, id), held)
            .map_err(|_| AppError::Internal("tokens can't be sealed"))?;
        Ok(Revocation {
            client,
            id,
            platform_key,
            sealed,
            attempts: 0,
            due_at: now,
            created: now,
        })
    }
}
