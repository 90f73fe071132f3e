//! What a linked connection holds, sealed and opened.

use handclasp_domain::{
    ClientId, CompanyId, Connection, ConnectionId, ConnectionState, Id, PlatformKey,
};
use handclasp_integrations::{Held, Integration};
use handclasp_store::attempt::AuthorizationRequest;
use handclasp_store::credential::{self, Revocation, SealedCredential};
use handclasp_store::{Tx, connection};
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

/// What becomes of the credentials that new ones replace.
#[derive(Clone)]
pub(crate) struct Replaced {
    /// The version that was read; none where there were none.
    pub(crate) version: Option<i64>,
    /// What is queued; none where they are left to end by themselves.
    pub(crate) revocation: Option<Revocation>,
}

/// Tokens of an authorization that comes to nothing.
#[derive(Clone)]
pub(crate) struct Unwanted {
    revocation: Revocation,
    company: CompanyId,
    ends_grant: bool,
}

impl Unwanted {
    /// Queues them to be revoked; not where that would end a connection of the company's that works, with all else that the person
    /// allowed there. They are destroyed in any case, and end by themselves.
    pub(crate) async fn queue(&self, tx: &mut Tx) -> Result<(), AppError> {
        let tokens = &self.revocation;
        if self.ends_grant {
            let there = connection::of_company(tx, tokens.client, self.company).await?;
            let works = |held: &Connection| match held.state {
                ConnectionState::Linked { .. } | ConnectionState::AwaitingConfirmation { .. } => {
                    held.platform_key == tokens.platform_key
                }
                ConnectionState::PendingAuth
                | ConnectionState::Unlinked { .. }
                | ConnectionState::Deauthorized { .. } => false,
            };
            if there.iter().any(works) {
                return Ok(());
            }
        }
        Ok(credential::queue_revocation(tx, tokens).await?)
    }
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

    /// Opens what a connection holds.
    pub(crate) fn open_tokens(&self, held: &SealedCredential) -> Result<Held, AppError> {
        self.vault()
            .open_json(&credential_cell(held.client, held.connection), &held.sealed)
            .map_err(|_| AppError::Internal("credentials can't be opened"))
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
        let tokens = self.open_tokens(&held)?;
        let now = self.now();
        Ok(Some(Outgoing {
            version: held.version,
            revocation: self.revocation(client, platform_key, &tokens, now)?,
        }))
    }

    /// What is to become of what a connection holds once `new` takes its place. It is revoked, unless that would revoke the new ones too:
    /// because the token that would be is the same, or because the third party ends all that the person granted with any of it.
    pub(crate) async fn replaced(
        &self,
        client: ClientId,
        connection: ConnectionId,
        new: &Held,
        revocation_ends_grant: bool,
    ) -> Result<Replaced, AppError> {
        let Some(held) = credential::find(&mut self.store(), client, connection).await? else {
            return Ok(Replaced {
                version: None,
                revocation: None,
            });
        };
        let old = self.open_tokens(&held)?;
        let stays = revocation_ends_grant || old.is_revoked_with(new);
        let revocation = match stays {
            true => None,
            false => Some(self.revocation(client, held.platform_key, &old, self.now())?),
        };
        Ok(Replaced {
            version: Some(held.version),
            revocation,
        })
    }

    /// Tokens that an authorization got, should they not be wanted.
    pub(crate) fn unwanted(
        &self,
        attempt: &AuthorizationRequest,
        integration: &Integration,
        held: &Held,
    ) -> Result<Unwanted, AppError> {
        let now = self.now();
        Ok(Unwanted {
            revocation: self.revocation(attempt.client, attempt.platform_key, held, now)?,
            company: attempt.company,
            ends_grant: integration.revocation_ends_grant(),
        })
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
