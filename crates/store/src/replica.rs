//! Running processes, and whether they are alive.
//!
//! A process renews its row each second. What it claimed names it and its epoch; a process that finds its own row run out
//! goes on under the next epoch, and what it claimed before is no longer its own.

use handclasp_domain::{ReplicaId, Timestamp};

use crate::reader::Reader;
use crate::{StoreError, Tx, statements, values};

statements! {
    /// A process, new or under its next epoch.
    REGISTER = "INSERT INTO replica (id, epoch, alive_until) VALUES ($1, 1, $2)
        ON CONFLICT (id) DO UPDATE SET epoch = replica.epoch + 1, alive_until = excluded.alive_until";
    /// The epoch of a process.
    EPOCH = "SELECT epoch FROM replica WHERE id = $1";
    /// A sign of life, while it is not too late for it.
    RENEW = "UPDATE replica SET alive_until = $4 WHERE id = $1 AND epoch = $2 AND alive_until > $3";
    /// A process that stops.
    RESIGN = "DELETE FROM replica WHERE id = $1 AND epoch = $2";
    /// Processes that are dead for long, and hold no claim any more.
    PURGE = "DELETE FROM replica WHERE id IN (
        SELECT r.id FROM replica r WHERE r.alive_until < $1
        AND NOT EXISTS (SELECT 1 FROM consumer_lane l WHERE l.claimed_by = r.id) ORDER BY r.alive_until LIMIT 100)",
        whole_table = "there are as many replicas as processes";
}

/// Enters a process, or gives it its next epoch; the epoch.
pub async fn register(
    tx: &mut Tx,
    id: ReplicaId,
    alive_until: Timestamp,
) -> Result<i64, StoreError> {
    tx.execute(&REGISTER, values![id, alive_until]).await?;
    tx.query_one(&EPOCH, values![id]).await?.get(0)
}

/// Renews a process's sign of life; false where it was dead already, or has another epoch.
pub async fn renew(
    tx: &mut Tx,
    id: ReplicaId,
    epoch: i64,
    now: Timestamp,
    alive_until: Timestamp,
) -> Result<bool, StoreError> {
    Ok(tx
        .execute(&RENEW, values![id, epoch, now, alive_until])
        .await?
        == 1)
}

/// Takes a process out. Whatever it still claims is free from then on.
pub async fn resign(tx: &mut Tx, id: ReplicaId, epoch: i64) -> Result<(), StoreError> {
    tx.execute(&RESIGN, values![id, epoch]).await?;
    Ok(())
}

/// Forgets processes that died before `before`.
pub async fn purge(tx: &mut Tx, before: Timestamp) -> Result<u64, StoreError> {
    tx.execute(&PURGE, values![before]).await
}

/// The epoch of a process that was entered.
pub async fn epoch(on: &mut impl Reader, id: ReplicaId) -> Result<Option<i64>, StoreError> {
    on.row(&EPOCH, values![id])
        .await?
        .map(|row| row.get(0))
        .transpose()
}
