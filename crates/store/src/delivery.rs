//! Deliveries: an event on its way to a consumer, and the log of attempts.

use std::collections::BTreeMap;

use handclasp_domain::{ClientId, ConsumerId, EventId, Timestamp};

use crate::fan_out::{Told, Unreadable, told, told_columns};
use crate::lane::{self, Claim, LaneKey};
use crate::reader::Reader;
use crate::{StoreError, Tx, Value, statements, values};

/// A delivery that is due.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Due {
    /// What is delivered.
    pub event: Told,
    /// How often it was tried.
    pub attempts: u32,
}

/// What is due to a consumer.
#[derive(Debug, Clone, Default)]
pub struct DueNow {
    /// The longest due first.
    pub deliveries: Vec<Due>,
    /// Those among them whose event can't be read.
    pub unreadable: Vec<Unreadable<EventId>>,
}

impl DueNow {
    /// How many there are.
    pub fn len(&self) -> usize {
        self.deliveries.len() + self.unreadable.len()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

/// Where a delivery stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DeliveryState {
    /// Not tried yet.
    Sending,
    /// Tried, and to be tried again.
    Attempting,
    /// Delivered.
    Success,
    /// Given up.
    Failure,
}

impl DeliveryState {
    /// The stored word.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Sending => "sending",
            Self::Attempting => "attempting",
            Self::Success => "success",
            Self::Failure => "failure",
        }
    }

    /// Whether something is still to be done.
    pub const fn is_open(self) -> bool {
        match self {
            Self::Sending | Self::Attempting => true,
            Self::Success | Self::Failure => false,
        }
    }
}

/// An attempt that was made, and what becomes of its delivery.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Attempt {
    /// Whose.
    pub lane: LaneKey,
    /// What was sent.
    pub event: EventId,
    /// Which attempt it was, from 1.
    pub number: u32,
    /// When it began.
    pub at: Timestamp,
    /// How it ended: `success`, or what kind of failure.
    pub outcome: &'static str,
    /// The answer's status, where there was one.
    pub status: Option<u16>,
    /// The beginning of the answer's body.
    pub response: String,
    /// How long it took, in microseconds.
    pub micros: i64,
    /// Where the delivery stands after it.
    pub state: DeliveryState,
    /// When it is tried next, where it is.
    pub next: Option<Timestamp>,
}

statements! {
    /// A consumer's deliveries that are due, with what is delivered.
    DUE = concat!("SELECT ", told_columns!("e."), ", d.attempts, d.event_id FROM delivery d
        LEFT JOIN event e ON e.client_id = d.client_id AND e.id = d.event_id
        WHERE d.client_id = $1 AND d.consumer_id = $2 AND d.open = 1 AND d.due_at <= $3
        ORDER BY d.due_at, d.event_id LIMIT $4");
    /// Which those are.
    OVERDUE = "SELECT event_id, due_at FROM delivery
        WHERE client_id = $1 AND consumer_id = $2 AND open = 1 AND due_at <= $3 ORDER BY due_at, event_id LIMIT $4";
    /// A delivery that can't be made as it is: not before a while.
    PUT_OFF = "UPDATE delivery SET due_at = $5
        WHERE client_id = $1 AND consumer_id = $2 AND event_id = $3 AND open = 1 AND due_at <= $4";
    /// A consumer's next delivery after those.
    NEXT = "SELECT due_at FROM delivery WHERE client_id = $1 AND consumer_id = $2 AND open = 1 AND due_at > $3
        ORDER BY due_at, event_id LIMIT 1";
    /// What an attempt made of its delivery, if that is as the attempt found it.
    SAVE = "UPDATE delivery SET state = $4, attempts = $5, open = $6, due_at = $7
        WHERE client_id = $1 AND consumer_id = $2 AND event_id = $3 AND open = 1 AND attempts + 1 = $5";
    /// The same, by the replica that holds the lane and nobody else.
    SAVE_CLAIMED = "UPDATE delivery SET state = $4, attempts = $5, open = $6, due_at = $7
        WHERE client_id = $1 AND consumer_id = $2 AND event_id = $3 AND open = 1 AND attempts + 1 = $5
        AND EXISTS (SELECT 1 FROM consumer_lane l WHERE l.client_id = $1 AND l.consumer_id = $2
            AND l.claimed_by = $8 AND l.claimed_epoch = $9)";
    /// The attempt, if its delivery is where it left it.
    LOG = "INSERT INTO delivery_attempt (client_id, consumer_id, event_id, number, at, outcome, status, response, micros)
        SELECT client_id, consumer_id, event_id, attempts, $5, $6, $7, $8, $9 FROM delivery
        WHERE client_id = $1 AND consumer_id = $2 AND event_id = $3 AND attempts = $4
        ON CONFLICT (client_id, consumer_id, event_id, number) DO NOTHING";
    /// The log of one delivery.
    ATTEMPTS = "SELECT number, at, outcome, status, response, micros FROM delivery_attempt
        WHERE client_id = $1 AND consumer_id = $2 AND event_id = $3 ORDER BY number";
    /// Where one delivery stands.
    STATE = "SELECT state, attempts, due_at FROM delivery WHERE client_id = $1 AND consumer_id = $2 AND event_id = $3";
    /// Deliveries of a deleted consumer, a bounded number at a time.
    PURGE = "DELETE FROM delivery WHERE client_id = $1 AND consumer_id = $2 AND event_id IN (
        SELECT event_id FROM delivery WHERE client_id = $1 AND consumer_id = $2 ORDER BY event_id LIMIT $3)";
    /// Their attempts.
    PURGE_LOG = "DELETE FROM delivery_attempt WHERE client_id = $1 AND consumer_id = $2 AND event_id IN (
        SELECT event_id FROM delivery_attempt WHERE client_id = $1 AND consumer_id = $2 ORDER BY event_id LIMIT $3)";
}

/// Up to `limit` of a consumer's deliveries that are due at `now`, the longest due first.
pub async fn due(
    on: &mut impl Reader,
    lane: LaneKey,
    now: Timestamp,
    limit: u32,
) -> Result<DueNow, StoreError> {
    let rows = on
        .rows(&DUE, values![lane.client, lane.consumer, now, limit])
        .await?;
    let mut due = DueNow::default();
    for row in &rows {
        match told(row) {
            Ok(event) => due.deliveries.push(Due {
                event,
                attempts: row.get(6)?,
            }),
            Err(error) => due.unreadable.push(Unreadable::new(row.get(7)?, &error)),
        }
    }
    Ok(due)
}

/// Which deliveries those are, and since when they are due, without what is delivered.
pub async fn overdue(
    on: &mut impl Reader,
    lane: LaneKey,
    now: Timestamp,
    limit: u32,
) -> Result<Vec<(EventId, Timestamp)>, StoreError> {
    on.rows(&OVERDUE, values![lane.client, lane.consumer, now, limit])
        .await?
        .iter()
        .map(|row| Ok((row.get(0)?, row.get(1)?)))
        .collect()
}

/// Lets deliveries that are due at `now` and can't be made as they are wait until `until`. It does not count as an attempt.
pub async fn put_off(
    tx: &mut Tx,
    lane: LaneKey,
    events: &[EventId],
    now: Timestamp,
    until: Timestamp,
) -> Result<(), StoreError> {
    let rows: Vec<Vec<_>> = events
        .iter()
        .map(|event| {
            vec![
                lane.client.into(),
                lane.consumer.into(),
                event.into(),
                now.into(),
                until.into(),
            ]
        })
        .collect();
    tx.insert_many(&PUT_OFF, &rows).await?;
    lane::touch(tx, &[(lane, until)]).await
}

/// When a consumer's next delivery after `now` is due.
pub async fn next_due(
    on: &mut impl Reader,
    lane: LaneKey,
    now: Timestamp,
) -> Result<Option<Timestamp>, StoreError> {
    on.row(&NEXT, values![lane.client, lane.consumer, now])
        .await?
        .map(|row| row.get(0))
        .transpose()
}

/// Writes attempts and what became of their deliveries; how many counted. One does not where the delivery is no longer as the
/// attempt found it: the consumer is gone, or the lane is another replica's by now.
pub async fn save(tx: &mut Tx, attempts: &[Attempt], claim: Claim) -> Result<u64, StoreError> {
    let fence = claim.map(|(replica, epoch)| [Value::from(replica), Value::from(epoch)]);
    let rows: Vec<Vec<_>> = attempts
        .iter()
        .map(|made| {
            let mut row = vec![
                made.lane.client.into(),
                made.lane.consumer.into(),
                made.event.into(),
                made.state.as_str().into(),
                made.number.into(),
                i64::from(made.state.is_open()).into(),
                made.next.unwrap_or(made.at).into(),
            ];
            row.extend(fence.into_iter().flatten());
            row
        })
        .collect();
    let statement = match claim {
        None => &SAVE,
        Some(_) => &SAVE_CLAIMED,
    };
    let saved = tx.insert_many(statement, &rows).await?;
    let rows: Vec<Vec<_>> = attempts
        .iter()
        .map(|made| {
            vec![
                made.lane.client.into(),
                made.lane.consumer.into(),
                made.event.into(),
                made.number.into(),
                made.at.into(),
                made.outcome.into(),
                made.status.into(),
                made.response.as_str().into(),
                made.micros.into(),
            ]
        })
        .collect();
    tx.insert_many(&LOG, &rows).await?;
    // Retries make their lanes due again, the earliest first.
    let mut again: BTreeMap<LaneKey, Timestamp> = BTreeMap::new();
    for (made, next) in attempts.iter().filter_map(|made| Some((made, made.next?))) {
        let due = again.entry(made.lane).or_insert(next);
        *due = next.min(*due);
    }
    let again: Vec<_> = again.into_iter().collect();
    lane::touch(tx, &again).await?;
    Ok(saved)
}

/// An entry of the log of attempts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LoggedAttempt {
    /// Which attempt it was, from 1.
    pub number: u32,
    /// When it began.
    pub at: Timestamp,
    /// How it ended.
    pub outcome: String,
    /// The answer's status, where there was one.
    pub status: Option<u32>,
    /// The beginning of the answer's body.
    pub response: String,
    /// How long it took, in microseconds.
    pub micros: i64,
}

/// The attempts to deliver an event to a consumer, in their order.
pub async fn attempts(
    on: &mut impl Reader,
    lane: LaneKey,
    event: EventId,
) -> Result<Vec<LoggedAttempt>, StoreError> {
    on.rows(&ATTEMPTS, values![lane.client, lane.consumer, event])
        .await?
        .iter()
        .map(|row| {
            Ok(LoggedAttempt {
                number: row.get(0)?,
                at: row.get(1)?,
                outcome: row.get(2)?,
                status: row.get(3)?,
                response: row.get(4)?,
                micros: row.get(5)?,
            })
        })
        .collect()
}

/// Where a delivery stands: its state's word, how often it was tried, and when it is due. None where there is no such delivery.
pub async fn state(
    on: &mut impl Reader,
    lane: LaneKey,
    event: EventId,
) -> Result<Option<(String, u32, Timestamp)>, StoreError> {
    on.row(&STATE, values![lane.client, lane.consumer, event])
        .await?
        .map(|row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)))
        .transpose()
}

/// How many deliveries and how many deliveries' attempts one step deletes: with eight attempts each, 500 rows.
const PURGED: i64 = 55;

/// Deletes some of what is left of a deleted consumer; true once nothing is.
pub async fn purge_some(
    tx: &mut Tx,
    client: ClientId,
    consumer: ConsumerId,
) -> Result<bool, StoreError> {
    let gone = tx
        .execute(&PURGE, values![client, consumer, PURGED])
        .await?
        + tx.execute(&PURGE_LOG, values![client, consumer, PURGED])
            .await?;
    Ok(gone == 0)
}
