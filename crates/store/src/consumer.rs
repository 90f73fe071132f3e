//! Webhook consumers.

use std::time::Duration;

use handclasp_domain::{ClientId, ConsumerId, EventType, Remembered, Timestamp};

use crate::fan_out::{Told, Unreadable};
use crate::lane::{self, LaneKey};
use crate::reader::{Reader, from_json, to_json};
use crate::{Row, StoreError, Tx, statements, values};

/// An address that a client's events are sent to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Consumer {
    /// The tenant.
    pub client: ClientId,
    /// Its id.
    pub id: ConsumerId,
    /// The address.
    pub url: String,
    /// The events it wants; empty for all.
    pub event_types: Vec<EventType>,
    /// The company labels it wants, as `key:value`, any of which will do; empty for all companies.
    pub company_tags: Vec<String>,
    /// Whether it gets nothing.
    pub disabled: bool,
    /// Its signing secret, sealed.
    pub secret: Vec<u8>,
    /// When it was made.
    pub created: Timestamp,
}

/// How far the clocks of two processes may be apart.
const CLOCKS_APART: Duration = Duration::from_secs(5);

impl Consumer {
    /// Whether an event is for this consumer. One that happened before the consumer was made is not. But the two instants may come
    /// from the clocks of two processes, and what happens after must not be missed where these differ: a consumer gets what
    /// happened, by the clocks, up to five seconds before it was made.
    pub fn wants(&self, event: &Told) -> bool {
        let has_tag = |pair: &String| match &event.facts {
            Some(Remembered::Company(facts)) => facts.company.tags.has_pair(pair),
            // What is about no company has no company's labels.
            Some(Remembered::RateLimit(_)) | None => false,
        };
        !self.disabled
            && self.created <= event.at.plus(CLOCKS_APART)
            && (self.event_types.is_empty() || self.event_types.contains(&event.kind))
            && (self.company_tags.is_empty() || self.company_tags.iter().any(has_tag))
    }
}

macro_rules! columns {
    () => {
        "client_id, id, url, event_types, company_tags, disabled, secret, created"
    };
}

statements! {
    /// A consumer.
    INSERT = concat!("INSERT INTO consumer (", columns!(), ") VALUES ($1, $2, $3, $4, $5, $6, $7, $8)");
    /// One consumer.
    GET = concat!("SELECT ", columns!(), " FROM consumer WHERE client_id = $1 AND id = $2");
    /// A client's consumers.
    LIST = concat!("SELECT ", columns!(), " FROM consumer WHERE client_id = $1 ORDER BY created, id");
    /// How many consumers a client has.
    COUNT = "SELECT count(*) FROM consumer WHERE client_id = $1";
    /// A consumer that is to get nothing more; not twice.
    DISABLE = "UPDATE consumer SET disabled = $3 WHERE client_id = $1 AND id = $2 AND disabled <> $3";
    /// A consumer.
    DELETE = "DELETE FROM consumer WHERE client_id = $1 AND id = $2";
}

fn event_words(row: &Row) -> Result<Vec<String>, StoreError> {
    from_json("consumer.event_types", &row.get::<String>(3)?)
}

fn consumer(row: &Row) -> Result<Consumer, StoreError> {
    let words = event_words(row)?;
    let event_types = words.iter().map(|word| {
        EventType::parse(word)
            .ok_or_else(|| StoreError::corrupt("consumer.event_types is not as stored"))
    });
    Ok(Consumer {
        event_types: event_types.collect::<Result<_, _>>()?,
        company_tags: from_json("consumer.company_tags", &row.get::<String>(4)?)?,
        ..unfiltered(row)?
    })
}

fn unfiltered(row: &Row) -> Result<Consumer, StoreError> {
    Ok(Consumer {
        client: row.get(0)?,
        id: row.get(1)?,
        url: row.get(2)?,
        event_types: Vec::new(),
        company_tags: Vec::new(),
        disabled: row.get(5)?,
        secret: row.get(6)?,
        created: row.get(7)?,
    })
}

/// A consumer as fan-out needs it; none where it wants only what a later version knows. Such words are passed over: no event
/// of theirs can be read here.
fn listener(row: &Row) -> Result<Option<Consumer>, StoreError> {
    let words = event_words(row)?;
    let known: Vec<_> = words.iter().filter_map(|w| EventType::parse(w)).collect();
    if known.is_empty() && !words.is_empty() {
        return Ok(None);
    }
    Ok(Some(Consumer {
        event_types: known,
        company_tags: from_json("consumer.company_tags", &row.get::<String>(4)?)?,
        ..unfiltered(row)?
    }))
}

/// Adds a consumer.
pub async fn insert(tx: &mut Tx, consumer: &Consumer) -> Result<(), StoreError> {
    let words: Vec<_> = consumer
        .event_types
        .iter()
        .map(|kind| kind.as_str())
        .collect();
    let event_types = to_json("consumer.event_types", &words)?;
    let company_tags = to_json("consumer.company_tags", &consumer.company_tags)?;
    tx.execute(
        &INSERT,
        values![
            consumer.client,
            consumer.id,
            &consumer.url,
            &event_types,
            &company_tags,
            consumer.disabled,
            &consumer.secret,
            consumer.created
        ],
    )
    .await?;
    lane::insert(tx, LaneKey::of(consumer)).await
}

/// Finds a consumer.
pub async fn find(
    on: &mut impl Reader,
    client: ClientId,
    id: ConsumerId,
) -> Result<Option<Consumer>, StoreError> {
    on.row(&GET, values![client, id])
        .await?
        .as_ref()
        .map(consumer)
        .transpose()
}

/// Finds a consumer as delivery needs it: without what it wants, which was asked at the fan-out and need not be readable any more.
pub async fn recipient(
    on: &mut impl Reader,
    client: ClientId,
    id: ConsumerId,
) -> Result<Option<Consumer>, StoreError> {
    on.row(&GET, values![client, id])
        .await?
        .as_ref()
        .map(unfiltered)
        .transpose()
}

/// A client's consumers as fan-out needs them.
#[derive(Debug, Clone, Default)]
pub struct Audience {
    /// The oldest first.
    pub consumers: Vec<Consumer>,
    /// Those of whom it can't be read what they want. They get nothing, and the others what is theirs.
    pub unreadable: Vec<Unreadable<ConsumerId>>,
}

/// Who may want a client's events.
pub async fn audience(on: &mut impl Reader, client: ClientId) -> Result<Audience, StoreError> {
    let mut audience = Audience::default();
    for row in on.rows(&LIST, values![client]).await? {
        match listener(&row) {
            Ok(found) => audience.consumers.extend(found),
            Err(error) => {
                let unreadable = Unreadable::new(row.get(1)?, &error);
                audience.unreadable.push(unreadable);
            }
        }
    }
    Ok(audience)
}

/// A client's consumers, the oldest first.
pub async fn list(on: &mut impl Reader, client: ClientId) -> Result<Vec<Consumer>, StoreError> {
    on.rows(&LIST, values![client])
        .await?
        .iter()
        .map(consumer)
        .collect()
}

/// How many consumers a client has.
pub async fn count(on: &mut impl Reader, client: ClientId) -> Result<i64, StoreError> {
    match on.row(&COUNT, values![client]).await? {
        Some(row) => row.get(0),
        None => Ok(0),
    }
}

/// Disables a consumer; false where it is disabled already, or gone. What it has not got yet waits until it is enabled again.
pub async fn disable(tx: &mut Tx, client: ClientId, id: ConsumerId) -> Result<bool, StoreError> {
    Ok(tx.execute(&DISABLE, values![client, id, true]).await? == 1)
}

/// Deletes a consumer; false where there is none. Nothing more is delivered to it, and what is left of its deliveries goes in the
/// background: see [`crate::delivery::purge_some`].
pub async fn delete(
    tx: &mut Tx,
    client: ClientId,
    id: ConsumerId,
    at: Timestamp,
) -> Result<bool, StoreError> {
    // The lane first: under SERIALIZABLE this is where a busy consumer gets in the way, if at all.
    let key = LaneKey {
        client,
        consumer: id,
    };
    lane::close(tx, key, at).await?;
    Ok(tx.execute(&DELETE, values![client, id]).await? == 1)
}
