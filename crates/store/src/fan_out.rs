//! Fan-out: from events to deliveries.
//!
//! An event waits (`pending` is 1) until a step turns it into deliveries, one a consumer (0). One that can't be read, because it is
//! damaged or of a kind that only a later version knows, is set aside (2), so that it holds up no other, and tried again later.

use std::collections::BTreeSet;

use handclasp_domain::{ClientId, CompanyId, EventId, EventType, Remembered, Timestamp};

use crate::lane::{self, Claim, LaneKey};
use crate::reader::{Reader, from_json};
use crate::{Row, StoreError, Tx, statements, values};

/// An event as fan-out and delivery read it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Told {
    /// Whose it is.
    pub client: ClientId,
    /// Its id.
    pub id: EventId,
    /// What kind.
    pub kind: EventType,
    /// The company that it is about; none where it is about the client itself.
    pub company: Option<CompanyId>,
    /// When it happened.
    pub at: Timestamp,
    /// What was so at that moment; none where the company was erased since.
    pub facts: Option<Remembered>,
}

/// Something that was found and can't be read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unreadable<I> {
    /// What.
    pub id: I,
    /// Why, for the log.
    pub cause: String,
}

impl<I> Unreadable<I> {
    pub(crate) fn new(id: I, error: &StoreError) -> Self {
        let cause = std::error::Error::source(error).map(ToString::to_string);
        Self {
            id,
            cause: cause.unwrap_or_else(|| error.to_string()),
        }
    }
}

/// Events that wait for their fan-out.
#[derive(Debug, Clone, Default)]
pub struct Waiting {
    /// The oldest first.
    pub events: Vec<Told>,
    /// Those among them that can't be read.
    pub unreadable: Vec<Unreadable<(ClientId, EventId)>>,
}

impl Waiting {
    /// How many there are.
    pub fn len(&self) -> usize {
        self.events.len() + self.unreadable.len()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    fn read(rows: &[Row]) -> Result<Self, StoreError> {
        let mut waiting = Self::default();
        for row in rows {
            match told(row) {
                Ok(event) => waiting.events.push(event),
                Err(error) => {
                    let id = (row.get(0)?, row.get(1)?);
                    waiting.unreadable.push(Unreadable::new(id, &error));
                }
            }
        }
        Ok(waiting)
    }
}

/// The columns of an event that [`told`] reads, which must come first.
macro_rules! told_columns {
    ($prefix:literal) => {
        concat!(
            $prefix,
            "client_id, ",
            $prefix,
            "id, ",
            $prefix,
            "kind, ",
            $prefix,
            "company_id, ",
            $prefix,
            "at, ",
            $prefix,
            "facts"
        )
    };
}
pub(crate) use told_columns;

statements! {
    /// Events that were not fanned out, the oldest first.
    WAITING = concat!("SELECT ", told_columns!(""), " FROM event WHERE pending = 1 ORDER BY id LIMIT $1");
    /// The same, taken from under the hands of other replicas.
    TAKE = concat!("SELECT ", told_columns!(""), " FROM event WHERE pending = 1 ORDER BY id LIMIT $1 FOR UPDATE SKIP LOCKED");
    /// An event that was fanned out; not twice.
    FANNED_OUT = "UPDATE event SET pending = 0 WHERE client_id = $1 AND id = $2 AND pending = 1";
    /// An event that can't be read.
    SET_ASIDE = "UPDATE event SET pending = 2 WHERE client_id = $1 AND id = $2 AND pending = 1";
    /// Events that were set aside, to be tried again.
    TRY_AGAIN = "UPDATE event SET pending = 1 WHERE pending = 2 AND id IN (
        SELECT e.id FROM event e WHERE e.pending = 2 ORDER BY e.id LIMIT $1)";
    /// A delivery.
    INSERT = "INSERT INTO delivery (client_id, consumer_id, event_id, state, attempts, open, due_at)
        VALUES ($1, $2, $3, 'sending', 0, 1, $4)";
}

/// Reads the columns that [`told_columns!`] names.
pub(crate) fn told(row: &Row) -> Result<Told, StoreError> {
    let kind: String = row.get(2)?;
    let kind = EventType::parse(&kind)
        .ok_or_else(|| StoreError::corrupt("event.kind is not as stored"))?;
    let facts: String = row.get(5)?;
    Ok(Told {
        client: row.get(0)?,
        id: row.get(1)?,
        kind,
        company: row.get(3)?,
        at: row.get(4)?,
        facts: match facts.as_str() {
            "" => None,
            facts if kind.is_of_client() => {
                Some(Remembered::RateLimit(from_json("event.facts", facts)?))
            }
            facts => Some(Remembered::Company(from_json("event.facts", facts)?)),
        },
    })
}

/// Up to `limit` events that wait for their fan-out, the oldest first.
pub async fn waiting(on: &mut impl Reader, limit: u32) -> Result<Waiting, StoreError> {
    Waiting::read(&on.rows(&WAITING, values![limit]).await?)
}

/// The same, locked: nobody else takes them before this transaction ends.
pub async fn take(tx: &mut Tx, limit: u32) -> Result<Waiting, StoreError> {
    Waiting::read(&tx.query(&TAKE, values![limit]).await?)
}

/// Lets up to `limit` events that were set aside wait for their fan-out again; how many.
pub async fn try_again(tx: &mut Tx, limit: u32) -> Result<u64, StoreError> {
    tx.execute(&TRY_AGAIN, values![limit]).await
}

/// What a fan-out step writes.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct FanOut {
    /// The events that are done with it.
    pub events: Vec<(ClientId, EventId)>,
    /// Which consumer gets which event, and when it happened.
    pub deliveries: Vec<(LaneKey, EventId, Timestamp)>,
    /// The events that can't be read and are set aside.
    pub unreadable: Vec<(ClientId, EventId)>,
}

impl FanOut {
    /// How many rows it touches.
    pub fn rows(&self) -> usize {
        self.events.len() + self.deliveries.len() + self.unreadable.len()
    }

    /// The consumers that get something, in order.
    pub fn lanes(&self) -> BTreeSet<LaneKey> {
        self.deliveries.iter().map(|(lane, ..)| *lane).collect()
    }
}

/// Writes a fan-out step, and claims the lanes it concerns where they are free. Those `in_hand` are this process's already, and
/// will be handed what is written here by the caller: nobody need look for it. Where one of the events was fanned out by somebody
/// else meanwhile it is [`StoreError::Conflict`].
pub async fn fan_out(
    tx: &mut Tx,
    step: &FanOut,
    in_hand: &BTreeSet<LaneKey>,
    claim: Claim,
    now: Timestamp,
) -> Result<(), StoreError> {
    let rows: Vec<Vec<_>> = step
        .deliveries
        .iter()
        .map(|(lane, event, at)| {
            vec![
                lane.client.into(),
                lane.consumer.into(),
                event.into(),
                (*at).into(),
            ]
        })
        .collect();
    tx.insert_many(&INSERT, &rows).await?;
    for (statement, events) in [(&FANNED_OUT, &step.events), (&SET_ASIDE, &step.unreadable)] {
        let rows: Vec<Vec<_>> = events
            .iter()
            .map(|(client, event)| vec![client.into(), event.into()])
            .collect();
        if tx.insert_many(statement, &rows).await? != rows.len() as u64 {
            return Err(StoreError::Conflict);
        }
    }
    lane::touch_and_claim(tx, &step.lanes(), in_hand, claim, now).await
}
