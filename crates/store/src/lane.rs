//! Lanes: one for each webhook consumer, which keeps its deliveries moving.
//!
//! A lane's `due_at` is never later than the moment at which somebody should look for deliveries. Whatever may make
//! that moment earlier (a fan-out, a retry, the consumer's end) counts `version` up in its own transaction, and whoever has
//! looked and wants to make it later does so only at the version it saw. So nothing is ever overlooked, and nobody holds a lock
//! while looking.
//!
//! On PostgreSQL a lane is claimed by one replica, which alone delivers to its consumer; there is no claim on single deliveries.
//! On SQLite there is one process, and no claim is ever written.

use std::collections::BTreeSet;

use handclasp_domain::{ClientId, ConsumerId, Id, ReplicaId, Timestamp};
use uuid::Uuid;

use crate::consumer::Consumer;
use crate::reader::Reader;
use crate::{Row, StoreError, Tx, statements, values};

/// Names a lane.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct LaneKey {
    /// The tenant.
    pub client: ClientId,
    /// The consumer.
    pub consumer: ConsumerId,
}

impl LaneKey {
    /// The lane of a consumer.
    pub fn of(consumer: &Consumer) -> Self {
        Self {
            client: consumer.client,
            consumer: consumer.id,
        }
    }

    fn read(row: &Row) -> Result<Self, StoreError> {
        Ok(Self {
            client: row.get(0)?,
            consumer: row.get(1)?,
        })
    }
}

/// Who claims lanes: a replica, under its epoch. None on SQLite.
pub type Claim = Option<(ReplicaId, i64)>;

/// A lane as somebody saw it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Lane {
    /// Counts what may have made it due earlier.
    pub version: i64,
    /// Who delivers to the consumer.
    pub claim: Claim,
    /// When somebody is to look at it next.
    pub due_at: Timestamp,
    /// When the consumer was deleted.
    pub closed_at: Option<Timestamp>,
}

/// A lane without anything to do looks for deliveries at the end of time.
pub const NEVER: Timestamp = Timestamp::from_micros(i64::MAX);

macro_rules! owner_lives {
    ($now:literal) => {
        concat!(
            "EXISTS (SELECT 1 FROM replica r WHERE r.id = consumer_lane.claimed_by
            AND r.epoch = consumer_lane.claimed_epoch AND r.alive_until > ",
            $now,
            ")"
        )
    };
}

statements! {
    /// A new consumer's lane.
    INSERT = "INSERT INTO consumer_lane (client_id, consumer_id, due_at, version) VALUES ($1, $2, $3, 1)";
    /// One lane.
    GET = "SELECT version, claimed_by, claimed_epoch, due_at, closed_at FROM consumer_lane WHERE client_id = $1 AND consumer_id = $2";
    /// The lane of a consumer that is deleted: whoever delivers to it is to look at it now.
    CLOSE = "UPDATE consumer_lane SET closed_at = $3, due_at = $3, version = version + 1
        WHERE client_id = $1 AND consumer_id = $2 AND closed_at IS NULL";
    /// Lanes that are due and not another live replica's, a page at a time.
    DUE = concat!("SELECT client_id, consumer_id, due_at FROM consumer_lane
        WHERE due_at <= $1 AND (due_at, client_id, consumer_id) > ($2, $3, $4)
        AND (claimed_by IS NULL OR (claimed_by = $5 AND claimed_epoch = $6) OR NOT ", owner_lives!("$1"), ")
        ORDER BY due_at, client_id, consumer_id LIMIT $7");
    /// Lanes whose replica is dead. What it had in hand is found by looking.
    ORPHANED = concat!("SELECT client_id, consumer_id FROM consumer_lane WHERE claimed_by IS NOT NULL AND NOT ",
        owner_lives!("$1"), " LIMIT $2"),
        whole_table = "of replicas, which are as many as processes; the lanes are those of a partial index";
    /// A lane, taken by a replica where it is no live one's.
    CLAIM = concat!("UPDATE consumer_lane SET claimed_by = $3, claimed_epoch = $4, version = version + 1,
        due_at = CASE WHEN due_at > $5 THEN $5 ELSE due_at END
        WHERE client_id = $1 AND consumer_id = $2 AND (claimed_by IS NULL OR NOT ", owner_lives!("$5"), ")");
    /// The lanes of one client that a replica holds.
    HELD = "SELECT client_id, consumer_id FROM consumer_lane WHERE client_id = $1 AND claimed_by = $2 AND claimed_epoch = $3";
    /// Something to deliver.
    TOUCH = "UPDATE consumer_lane SET version = version + 1, due_at = CASE WHEN due_at > $3 THEN $3 ELSE due_at END
        WHERE client_id = $1 AND consumer_id = $2";
    /// Something to deliver; claimed with it, where it is free.
    TOUCH_AND_CLAIM = "UPDATE consumer_lane SET version = version + 1, due_at = CASE WHEN due_at > $3 THEN $3 ELSE due_at END,
        claimed_by = COALESCE(claimed_by, $4), claimed_epoch = COALESCE(claimed_epoch, $5)
        WHERE client_id = $1 AND consumer_id = $2";
    /// Something to deliver, which the replica that holds the lane has in hand already: it need not look. Where the lane is not
    /// its own any more, whoever has it must.
    TOUCH_HELD = "UPDATE consumer_lane SET version = version + 1,
        due_at = CASE WHEN due_at > $3 AND NOT (claimed_by IS NOT NULL AND claimed_by = $4 AND claimed_epoch = $5) THEN $3
            ELSE due_at END
        WHERE client_id = $1 AND consumer_id = $2";
    /// All that was due was seen: the next look is later, unless something came meanwhile.
    SETTLE = "UPDATE consumer_lane SET due_at = $4 WHERE client_id = $1 AND consumer_id = $2 AND version = $3";
    /// A claim given back.
    RELEASE = "UPDATE consumer_lane SET claimed_by = NULL, claimed_epoch = NULL, version = version + 1,
        due_at = CASE WHEN due_at > $5 THEN $5 ELSE due_at END
        WHERE client_id = $1 AND consumer_id = $2 AND claimed_by = $3 AND claimed_epoch = $4";
    /// Every lane: what the last process had in hand is found by looking.
    WAKE_ALL = "UPDATE consumer_lane SET due_at = $1 WHERE due_at > $1",
        whole_table = "once at the start, on SQLite; a row for each consumer";
    /// A lane of which nothing is left.
    REMOVE = "DELETE FROM consumer_lane WHERE client_id = $1 AND consumer_id = $2 AND closed_at IS NOT NULL";
}

/// What stands for nobody in a comparison.
fn parts(claim: Claim) -> (Uuid, i64) {
    claim.map_or((Uuid::nil(), 0), |(replica, epoch)| (replica.uuid(), epoch))
}

/// Adds the lane of a new consumer.
pub(crate) async fn insert(tx: &mut Tx, key: LaneKey) -> Result<(), StoreError> {
    tx.execute(&INSERT, values![key.client, key.consumer, NEVER])
        .await?;
    Ok(())
}

/// Closes the lane of a consumer that is deleted.
pub(crate) async fn close(tx: &mut Tx, key: LaneKey, at: Timestamp) -> Result<(), StoreError> {
    tx.execute(&CLOSE, values![key.client, key.consumer, at])
        .await?;
    Ok(())
}

/// Looks at a lane.
pub async fn find(on: &mut impl Reader, key: LaneKey) -> Result<Option<Lane>, StoreError> {
    on.row(&GET, values![key.client, key.consumer])
        .await?
        .map(|row| {
            let claim: (Option<ReplicaId>, Option<i64>) = (row.get(1)?, row.get(2)?);
            Ok(Lane {
                version: row.get(0)?,
                claim: claim.0.zip(claim.1),
                due_at: row.get(3)?,
                closed_at: row.get(4)?,
            })
        })
        .transpose()
}

/// The lanes that are due at `now` and held by nobody else who is alive, `limit` of them after the one that `after` names.
pub async fn due(
    on: &mut impl Reader,
    now: Timestamp,
    claim: Claim,
    after: Option<(Timestamp, LaneKey)>,
    limit: u32,
) -> Result<Vec<(Timestamp, LaneKey)>, StoreError> {
    let nil = Uuid::nil();
    let (at, client, consumer) = after
        .map_or((Timestamp::from_micros(i64::MIN), nil, nil), |(at, key)| {
            (at, key.client.uuid(), key.consumer.uuid())
        });
    let (replica, epoch) = parts(claim);
    on.rows(
        &DUE,
        values![now, at, client, consumer, replica, epoch, limit],
    )
    .await?
    .iter()
    .map(|row| Ok((row.get(2)?, LaneKey::read(row)?)))
    .collect()
}

/// Some lanes whose replica is dead at `now`.
pub async fn orphaned(
    on: &mut impl Reader,
    now: Timestamp,
    limit: u32,
) -> Result<Vec<LaneKey>, StoreError> {
    let rows = on.rows(&ORPHANED, values![now, limit]).await?;
    rows.iter().map(LaneKey::read).collect()
}

/// Takes a lane that is free, or whose replica is dead at `now`; false where somebody alive has it.
pub async fn claim(
    tx: &mut Tx,
    key: LaneKey,
    (replica, epoch): (ReplicaId, i64),
    now: Timestamp,
) -> Result<bool, StoreError> {
    let taken = tx
        .execute(
            &CLAIM,
            values![key.client, key.consumer, replica, epoch, now],
        )
        .await?;
    Ok(taken == 1)
}

/// Marks lanes as due at the given instants, in the transaction of what is to be delivered. `lanes` is in order, so that two never
/// wait for each other.
pub(crate) async fn touch(tx: &mut Tx, lanes: &[(LaneKey, Timestamp)]) -> Result<(), StoreError> {
    let rows: Vec<_> = lanes
        .iter()
        .map(|(key, at)| vec![key.client.into(), key.consumer.into(), (*at).into()])
        .collect();
    tx.insert_many(&TOUCH, &rows).await?;
    Ok(())
}

/// The same for a fan-out by the holder of a claim: a lane that is free becomes its own, and one of those in `in_hand` need not be
/// looked at as long as it is its own.
pub(crate) async fn touch_and_claim(
    tx: &mut Tx,
    lanes: &BTreeSet<LaneKey>,
    in_hand: &BTreeSet<LaneKey>,
    claim: Claim,
    now: Timestamp,
) -> Result<(), StoreError> {
    let Some((replica, epoch)) = claim else {
        // The one process there is: what it has in hand it does not forget without ending.
        let lanes: Vec<_> = lanes.difference(in_hand).map(|key| (*key, now)).collect();
        return touch(tx, &lanes).await;
    };
    for key in lanes {
        let statement = match in_hand.contains(key) {
            true => &TOUCH_HELD,
            false => &TOUCH_AND_CLAIM,
        };
        tx.execute(
            statement,
            values![key.client, key.consumer, now, replica, epoch],
        )
        .await?;
    }
    Ok(())
}

/// The lanes of a client that a replica holds.
pub async fn held(
    on: &mut impl Reader,
    client: ClientId,
    (replica, epoch): (ReplicaId, i64),
) -> Result<Vec<LaneKey>, StoreError> {
    let rows = on.rows(&HELD, values![client, replica, epoch]).await?;
    rows.iter().map(LaneKey::read).collect()
}

/// Sets when a lane is looked at next, if nothing happened to it since it was seen at `version`; false where something did.
pub async fn settle(
    tx: &mut Tx,
    key: LaneKey,
    version: i64,
    next: Timestamp,
) -> Result<bool, StoreError> {
    let settled = tx
        .execute(&SETTLE, values![key.client, key.consumer, version, next])
        .await?;
    Ok(settled == 1)
}

/// Gives lanes back, to be looked at by others at `due` at the latest.
pub async fn release(
    tx: &mut Tx,
    lanes: &[LaneKey],
    (replica, epoch): (ReplicaId, i64),
    due: Timestamp,
) -> Result<(), StoreError> {
    let rows: Vec<Vec<_>> = lanes
        .iter()
        .map(|key| {
            vec![
                key.client.into(),
                key.consumer.into(),
                replica.into(),
                epoch.into(),
                due.into(),
            ]
        })
        .collect();
    tx.insert_many(&RELEASE, &rows).await?;
    Ok(())
}

/// Makes every lane due: for the one process on SQLite, when it starts.
pub async fn wake_all(tx: &mut Tx, now: Timestamp) -> Result<(), StoreError> {
    tx.execute(&WAKE_ALL, values![now]).await?;
    Ok(())
}

/// Removes the lane of a deleted consumer.
pub async fn remove(tx: &mut Tx, key: LaneKey) -> Result<(), StoreError> {
    tx.execute(&REMOVE, values![key.client, key.consumer])
        .await?;
    Ok(())
}
