//! Who refreshes a connection's credentials, and how that ends.
//!
//! On PostgreSQL a replica claims the row before it calls the third party, so that a refresh token is never used twice. A claim lasts
//! until the result is saved. One whose replica shows no life is taken over; that of a live one lasts until a time by which whatever
//! it got is saved or lost. On SQLite there is one process, and no claim is ever written.
//!
//! Every change names the version that was read: what came between, a new authorization or an end, is never overwritten.

use handclasp_domain::{ClientId, ConnectionId, PlatformKey, Timestamp};

use crate::credential::{Claim, SealedCredential};
use crate::reader::Reader;
use crate::{StoreError, Tx, statements, values};

/// Names a credential as somebody saw it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Seen {
    /// The tenant.
    pub client: ClientId,
    /// The connection.
    pub connection: ConnectionId,
    /// The version.
    pub version: i64,
}

impl From<&SealedCredential> for Seen {
    fn from(held: &SealedCredential) -> Self {
        Self {
            client: held.client,
            connection: held.connection,
            version: held.version,
        }
    }
}

statements! {
    /// What one integration's connections have due.
    DUE = "SELECT client_id, connection_id, version FROM credential
        WHERE platform_key = $1 AND due_at <= $2 ORDER BY due_at LIMIT $3";
    /// A credential taken to be refreshed, where it is free, or its holder dead or out of time.
    CLAIM = "UPDATE credential SET claimed_by = $4, claimed_at = $5, claimed_until = $6, due_at = $7
        WHERE client_id = $1 AND connection_id = $2 AND version = $3 AND (claimed_by IS NULL OR claimed_until <= $5
        OR (claimed_by <> $4 AND claimed_at < $8 AND NOT EXISTS (
            SELECT 1 FROM replica WHERE replica.id = credential.claimed_by AND replica.alive_until > $5)))";
    /// Fresh ones in place of those that were read.
    RENEW = "UPDATE credential SET sealed = $4, scopes = $5, expires_at = $6, lapses_at = $7, due_at = $8, failures = 0,
        claimed_by = NULL, claimed_at = NULL, claimed_until = NULL, updated = $9, version = version + 1
        WHERE client_id = $1 AND connection_id = $2 AND version = $3";
    /// None were given.
    FAIL = "UPDATE credential SET failures = failures + 1, due_at = $4,
        claimed_by = NULL, claimed_at = NULL, claimed_until = NULL
        WHERE client_id = $1 AND connection_id = $2 AND version = $3";
    /// None were given, and nobody is to ask again before a time.
    HOLD = "UPDATE credential SET failures = failures + 1, due_at = $4, claimed_until = $4
        WHERE client_id = $1 AND connection_id = $2 AND version = $3";
}

/// Up to `limit` credentials of an integration's connections that are due at `now`, the longest due first.
pub async fn due(
    on: &mut impl Reader,
    integration: PlatformKey,
    now: Timestamp,
    limit: u32,
) -> Result<Vec<Seen>, StoreError> {
    on.rows(&DUE, values![integration.as_str(), now, limit])
        .await?
        .iter()
        .map(|row| {
            Ok(Seen {
                client: row.get(0)?,
                connection: row.get(1)?,
                version: row.get(2)?,
            })
        })
        .collect()
}

/// Takes a credential; false where it has changed, or somebody else has it. Whoever took it before `of_the_dead` is passed over where
/// it is dead. `look_again` is when somebody is to look whether this claimant is.
pub async fn claim(
    tx: &mut Tx,
    seen: Seen,
    claim: Claim,
    look_again: Timestamp,
    of_the_dead: Timestamp,
) -> Result<bool, StoreError> {
    let taken = tx
        .execute(
            &CLAIM,
            values![
                seen.client,
                seen.connection,
                seen.version,
                claim.by,
                claim.at,
                claim.until,
                look_again,
                of_the_dead
            ],
        )
        .await?;
    Ok(taken == 1)
}

/// Saves what a refresh brought, in place of what was read as `was`, and gives the claim back; false where that is there no more. Of
/// `fresh` the version and the claim are of no interest.
pub async fn renew(tx: &mut Tx, was: Seen, fresh: &SealedCredential) -> Result<bool, StoreError> {
    let renewed = tx
        .execute(
            &RENEW,
            values![
                was.client,
                was.connection,
                was.version,
                &fresh.sealed,
                &fresh.scopes,
                fresh.expires_at,
                fresh.lapses_at,
                fresh.due_at,
                fresh.updated
            ],
        )
        .await?;
    Ok(renewed == 1)
}

/// Notes that a refresh went wrong, to be tried again at `next` (never where there is none), and gives the claim back.
pub async fn fail(tx: &mut Tx, seen: Seen, next: Option<Timestamp>) -> Result<(), StoreError> {
    tx.execute(
        &FAIL,
        values![seen.client, seen.connection, seen.version, next],
    )
    .await?;
    Ok(())
}

/// Notes that a refresh went wrong, and keeps the claim until `next`, so that nobody tries before.
pub async fn hold(tx: &mut Tx, seen: Seen, next: Timestamp) -> Result<(), StoreError> {
    tx.execute(
        &HOLD,
        values![seen.client, seen.connection, seen.version, next],
    )
    .await?;
    Ok(())
}
