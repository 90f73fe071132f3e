//! What a linked connection holds, sealed and opened.

use std::collections::BTreeMap;

use handclasp_domain::{ClientId, ConnectionId, Id, PlatformKey, Secret};
use handclasp_store::credential::{self, Revocation, SealedCredential};
use handclasp_vault::Cell;
use serde::{Deserialize, Serialize};
use uuid::Uuid;
use zeroize::Zeroize;

use crate::{App, AppError};

/// The sealed record of a connection authorized by OAuth 2. Fields may be added, never renamed or taken away.
#[derive(Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Tokens {
    pub(crate) access_token: String,
    #[serde(default)]
    pub(crate) refresh_token: Option<String>,
    pub(crate) token_type: String,
    /// What else calls need, by where it came from, as in `callback.realmId`. Not authenticated.
    #[serde(default)]
    pub(crate) values: BTreeMap<String, String>,
}

impl Drop for Tokens {
    fn drop(&mut self) {
        self.access_token.zeroize();
        self.refresh_token.zeroize();
        // Some third parties put secrets here.
        self.values.values_mut().for_each(Zeroize::zeroize);
    }
}

impl Tokens {
    /// What a third party said, unless it repeats one of these.
    pub(crate) fn without_them<'a>(&self, said: &'a str) -> &'a str {
        let repeats = said.contains(&self.access_token)
            || self
                .refresh_token
                .as_ref()
                .is_some_and(|it| said.contains(it));
        if repeats { "" } else { said }
    }

    /// Whether revoking these would revoke those.
    pub(crate) fn are_revoked_with(&self, others: &Self) -> bool {
        self.refresh_token == others.refresh_token
            && (self.refresh_token.is_some() || self.access_token == others.access_token)
    }

    /// The token to revoke: the one that ends the others with it.
    pub(crate) fn to_revoke(&self) -> (Secret<String>, bool) {
        match &self.refresh_token {
            Some(refresh) => (Secret::new(refresh.clone()), true),
            None => (Secret::new(self.access_token.clone()), false),
        }
    }
}

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
    pub(crate) fn seal_tokens(
        &self,
        client: ClientId,
        connection: ConnectionId,
        tokens: &Tokens,
    ) -> Result<Vec<u8>, AppError> {
        self.vault()
            .seal_json(&credential_cell(client, connection), tokens)
            .map_err(|_| AppError::Internal("tokens can't be sealed"))
    }

    /// Opens what a connection holds.
    pub(crate) fn open_tokens(&self, held: &SealedCredential) -> Result<Tokens, AppError> {
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
        new: &Tokens,
        revocation_ends_grant: bool,
    ) -> Result<Replaced, AppError> {
        let Some(held) = credential::find(&mut self.store(), client, connection).await? else {
            return Ok(Replaced {
                version: None,
                revocation: None,
            });
        };
        let old = self.open_tokens(&held)?;
        let stays = revocation_ends_grant || old.are_revoked_with(new);
        let revocation = match stays {
            true => None,
            false => Some(self.revocation(client, held.platform_key, &old, self.now())?),
        };
        Ok(Replaced {
            version: Some(held.version),
            revocation,
        })
    }

    /// A token to be revoked.
    pub(crate) fn revocation(
        &self,
        client: ClientId,
        platform_key: PlatformKey,
        tokens: &Tokens,
        now: handclasp_domain::Timestamp,
    ) -> Result<Revocation, AppError> {
        let id = handclasp_ambient::logged_uuid(now, &**self.random());
        let sealed = self
            .vault()
            .seal_json(&revocation_cell(client, id), tokens)
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
