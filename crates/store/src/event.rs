//! Events.

use handclasp_domain::{ClientEvent, ClientId, Event, EventFacts, EventId, EventType};

use crate::reader::{Reader, from_json, to_json};
use crate::{Row, StoreError, Tx, Value, statements, values};

statements! {
    /// An event, to be fanned out.
    INSERT = "INSERT INTO event (client_id, id, kind, company_id, facts, at, pending) VALUES ($1, $2, $3, $4, $5, $6, 1)";
    /// One event about a company.
    GET = "SELECT client_id, id, kind, facts, at FROM event WHERE client_id = $1 AND id = $2 AND company_id IS NOT NULL";
    /// Events about companies that were not fanned out, the oldest first.
    PENDING = "SELECT client_id, id, kind, facts, at FROM event
        WHERE pending = 1 AND company_id IS NOT NULL ORDER BY id LIMIT $1";
}

fn event(row: &Row) -> Result<Event, StoreError> {
    let kind: String = row.get(2)?;
    Ok(Event {
        client: row.get(0)?,
        id: row.get(1)?,
        kind: EventType::parse(&kind)
            .ok_or_else(|| StoreError::corrupt("event.kind is not as stored"))?,
        facts: from_json::<EventFacts>("event.facts", &row.get::<String>(3)?)?,
        at: row.get(4)?,
    })
}

/// Writes an event, in the transaction of the change that causes it.
pub async fn insert(tx: &mut Tx, event: &Event) -> Result<(), StoreError> {
    let facts = to_json("event.facts", &event.facts)?;
    tx.add(
        &INSERT,
        values![
            event.client,
            event.id,
            event.kind.as_str(),
            event.facts.company.id,
            &facts,
            event.at
        ],
    )
    .await
}

/// Writes an event about the client itself, in the transaction of the change that causes it.
pub async fn insert_of_client(tx: &mut Tx, event: &ClientEvent) -> Result<(), StoreError> {
    let facts = to_json("event.facts", &event.facts)?;
    tx.add(
        &INSERT,
        values![
            event.client,
            event.id,
            event.kind.as_str(),
            Value::Null,
            &facts,
            event.at
        ],
    )
    .await
}

/// Finds an event about a company; none where its content was erased, too.
pub async fn find(
    on: &mut impl Reader,
    client: ClientId,
    id: EventId,
) -> Result<Option<Event>, StoreError> {
    match on.row(&GET, values![client, id]).await? {
        Some(row) if row.get::<String>(3)?.is_empty() => Ok(None),
        row => row.as_ref().map(event).transpose(),
    }
}

/// Up to `limit` events about companies that wait for their fan-out.
pub async fn pending(on: &mut impl Reader, limit: u32) -> Result<Vec<Event>, StoreError> {
    on.rows(&PENDING, values![limit])
        .await?
        .iter()
        .map(event)
        .collect()
}
