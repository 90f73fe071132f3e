//! What linked connections hold, and the queue of what is to be revoked.
//!
//! Both are sealed before they come here; a record is sealed for its own table, so that one moved from the
//! queue back to a connection does not open.

use handclasp_domain::{ClientId, CompanyId, ConnectionId, PlatformKey, ReplicaId, Timestamp};
use uuid::Uuid;

use crate::reader::Reader;
use crate::{StoreError, Tx, statements, values};

/// A connection's sealed credentials.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SealedCredential {
    /// The tenant.
    pub client: ClientId,
    /// The connection.
    pub connection: ConnectionId,
    /// The connection's company.
    pub company: CompanyId,
    /// The connection's integration.
    pub platform_key: PlatformKey,
    /// The sealed record.
    pub sealed: Vec<u8>,
    /// The granted scopes, separated by spaces.
    pub scopes: String,
    /// When the access token ends, where the third party says so.
    pub expires_at: Option<Timestamp>,
    /// When the refresh token ends, where the third party says so.
    pub lapses_at: Option<Timestamp>,
    /// When it is refreshed without being asked for; none where it never is. After a failure: when it is tried next, by anybody.
    pub due_at: Option<Timestamp>,
    /// How often refreshing it went wrong since it last went well.
    pub failures: i64,
    /// Who refreshes it. See [`crate::refresh`].
    pub claim: Option<Claim>,
    /// When it was saved.
    pub updated: Timestamp,
    /// Counts the changes. A new one begins with the microsecond that it is of, so that one that went and came again is another.
    pub version: i64,
}

/// A replica that refreshes a credential.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Claim {
    /// Which.
    pub by: ReplicaId,
    /// Since when.
    pub at: Timestamp,
    /// Until when it is left alone as long as it is alive.
    pub until: Timestamp,
}

/// A token on its way out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Revocation {
    /// The tenant.
    pub client: ClientId,
    /// Its own id; the record is sealed for it.
    pub id: Uuid,
    /// Which integration gave the token.
    pub platform_key: PlatformKey,
    /// The sealed record.
    pub sealed: Vec<u8>,
    /// How often it was tried.
    pub attempts: i64,
    /// When it is tried next.
    pub due_at: Timestamp,
    /// When it was queued.
    pub created: Timestamp,
}

statements! {
    /// The credentials of a connection.
    GET = "SELECT client_id, connection_id, company_id, platform_key, sealed, scopes, expires_at, lapses_at, due_at, failures,
        claimed_by, claimed_at, claimed_until, updated, version FROM credential WHERE client_id = $1 AND connection_id = $2";
    /// New credentials, or others in their place: nobody refreshes them yet.
    PUT = "INSERT INTO credential (client_id, connection_id, company_id, platform_key, sealed, scopes, expires_at, lapses_at,
        due_at, failures, updated, version) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, 0, $10, $11)
        ON CONFLICT (client_id, connection_id) DO UPDATE SET company_id = excluded.company_id,
        platform_key = excluded.platform_key, sealed = excluded.sealed, scopes = excluded.scopes,
        expires_at = excluded.expires_at, lapses_at = excluded.lapses_at, due_at = excluded.due_at, failures = 0,
        claimed_by = NULL, claimed_at = NULL, claimed_until = NULL, updated = excluded.updated,
        version = credential.version + 1";
    /// The credentials, if they are still those that were read.
    DELETE = "DELETE FROM credential WHERE client_id = $1 AND connection_id = $2 AND version = $3";
    /// A token to revoke.
    QUEUE = "INSERT INTO revocation (client_id, id, platform_key, sealed, attempts, due_at, created)
        VALUES ($1, $2, $3, $4, $5, $6, $7) ON CONFLICT (client_id, id) DO NOTHING";
    /// What is due to be revoked.
    DUE = "SELECT client_id, id, platform_key, sealed, attempts, due_at, created FROM revocation
        WHERE due_at <= $1 ORDER BY due_at LIMIT $2";
    /// A revocation taken for an attempt: nobody else takes it before the new due time.
    TAKE = "UPDATE revocation SET attempts = attempts + 1, due_at = $4
        WHERE client_id = $1 AND id = $2 AND attempts = $3";
    /// A revocation that is done with.
    DONE = "DELETE FROM revocation WHERE client_id = $1 AND id = $2";
}

/// Finds a connection's credentials.
pub async fn find(
    on: &mut impl Reader,
    client: ClientId,
    connection: ConnectionId,
) -> Result<Option<SealedCredential>, StoreError> {
    on.row(&GET, values![client, connection])
        .await?
        .map(|row| {
            let claim = (row.get(10)?, row.get(11)?, row.get(12)?);
            Ok(SealedCredential {
                client: row.get(0)?,
                connection: row.get(1)?,
                company: row.get(2)?,
                platform_key: row
                    .get::<String>(3)?
                    .parse()
                    .map_err(|_| StoreError::corrupt("credential.platform_key"))?,
                sealed: row.get(4)?,
                scopes: row.get(5)?,
                expires_at: row.get(6)?,
                lapses_at: row.get(7)?,
                due_at: row.get(8)?,
                failures: row.get(9)?,
                claim: match claim {
                    (Some(by), Some(at), Some(until)) => Some(Claim { by, at, until }),
                    (_, _, _) => None,
                },
                updated: row.get(13)?,
                version: row.get(14)?,
            })
        })
        .transpose()
}

/// Saves credentials, in place of any that are there. Whoever refreshed the old ones finds that out by their version.
pub async fn put(tx: &mut Tx, credential: &SealedCredential) -> Result<(), StoreError> {
    tx.execute(
        &PUT,
        values![
            credential.client,
            credential.connection,
            credential.company,
            credential.platform_key.as_str(),
            &credential.sealed,
            &credential.scopes,
            credential.expires_at,
            credential.lapses_at,
            credential.due_at,
            credential.updated,
            credential.version
        ],
    )
    .await?;
    Ok(())
}

/// Deletes credentials that were read at `version`; false where they are others by now.
pub async fn delete(
    tx: &mut Tx,
    client: ClientId,
    connection: ConnectionId,
    version: i64,
) -> Result<bool, StoreError> {
    Ok(tx
        .execute(&DELETE, values![client, connection, version])
        .await?
        == 1)
}

/// Queues a token to be revoked; the same one twice is once.
pub async fn queue_revocation(tx: &mut Tx, revocation: &Revocation) -> Result<(), StoreError> {
    tx.execute(
        &QUEUE,
        values![
            revocation.client,
            revocation.id,
            revocation.platform_key.as_str(),
            &revocation.sealed,
            revocation.attempts,
            revocation.due_at,
            revocation.created
        ],
    )
    .await?;
    Ok(())
}

/// The revocations that are due.
pub async fn due_revocations(
    on: &mut impl Reader,
    now: Timestamp,
    limit: u32,
) -> Result<Vec<Revocation>, StoreError> {
    on.rows(&DUE, values![now, limit])
        .await?
        .iter()
        .map(|row| {
            Ok(Revocation {
                client: row.get(0)?,
                id: row.get(1)?,
                platform_key: row
                    .get::<String>(2)?
                    .parse()
                    .map_err(|_| StoreError::corrupt("revocation.platform_key"))?,
                sealed: row.get(3)?,
                attempts: row.get(4)?,
                due_at: row.get(5)?,
                created: row.get(6)?,
            })
        })
        .collect()
}

/// Takes a revocation for one attempt, to be tried again at `next`; false where another took it.
pub async fn take_revocation(
    tx: &mut Tx,
    revocation: &Revocation,
    next: Timestamp,
) -> Result<bool, StoreError> {
    let taken = tx
        .execute(
            &TAKE,
            values![revocation.client, revocation.id, revocation.attempts, next],
        )
        .await?;
    Ok(taken == 1)
}

/// Destroys a revocation's token.
pub async fn delete_revocation(tx: &mut Tx, client: ClientId, id: Uuid) -> Result<(), StoreError> {
    tx.execute(&DONE, values![client, id]).await?;
    Ok(())
}
