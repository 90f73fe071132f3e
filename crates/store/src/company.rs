//! Companies.

use std::time::Duration;

use handclasp_domain::{
    ClientId, Company, CompanyId, CompanyName, ConnectionError, Id, Tags, Timestamp,
};

use crate::company_list;
use crate::composed::{Bound, Composed, Piece};
use crate::connection::{ConnectionWithErrors, connection_at};
use crate::reader::{Reader, from_json, to_json};
use crate::{Row, StoreError, Tx, statements, values};

/// A company with all that its wire form shows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CompanyWithConnections {
    /// The company.
    pub company: Company,
    /// Its connections, the oldest first.
    pub connections: Vec<ConnectionWithErrors>,
}

macro_rules! whole {
    () => {
        "SELECT c.client_id, c.id, c.name, c.description, c.tags, c.created, c.created_by, c.last_sync,
            n.client_id, n.id, n.company_id, n.platform_key, n.source_type, n.state, n.state_since,
            n.third_party_id, n.third_party_name, n.created, n.last_sync, n.version,
            e.status_code, e.status_text, e.error_message, e.errored_at, e.resolved_at
        FROM company c
        LEFT JOIN connection n ON n.client_id = c.client_id AND n.company_id = c.id
        LEFT JOIN connection_error e ON e.client_id = n.client_id AND e.connection_id = n.id"
    };
}

statements! {
    /// A company.
    INSERT = "INSERT INTO company (client_id, id, name, description, tags, created, created_by, last_sync)
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8)";
    /// One company alone.
    GET = "SELECT client_id, id, name, description, tags, created, created_by, last_sync
        FROM company WHERE client_id = $1 AND id = $2";
    /// The client of a company, for an address that holds the company's id alone.
    LOCATE = "SELECT client_id FROM company WHERE id = $1";
    /// One company with its connections and their errors, in one round trip.
    GET_WHOLE = concat!(whole!(), " WHERE c.client_id = $1 AND c.id = $2 ORDER BY n.created, n.id, e.id");
    /// A company.
    DELETE = "DELETE FROM company WHERE client_id = $1 AND id = $2 RETURNING created, tags";
    /// What is to be erased later: what the events of a deleted company remember of it.
    PLAN_ERASURE = "INSERT INTO erasure (client_id, company_id, due_at) VALUES ($1, $2, $3)";
    /// The erasures that are due.
    DUE_ERASURES = "SELECT client_id, company_id FROM erasure WHERE due_at <= $1 ORDER BY due_at LIMIT $2";
    /// What the events of a company remember of it, a bounded number at a time.
    ERASE_EVENTS = "UPDATE event SET facts = '' WHERE client_id = $1 AND id IN (
        SELECT id FROM event WHERE client_id = $1 AND company_id = $2 AND facts <> '' ORDER BY id LIMIT 500)";
    /// An erasure that is done.
    ERASED = "DELETE FROM erasure WHERE client_id = $1 AND company_id = $2";
    /// A count, changed in this connection's slot.
    COUNT = "INSERT INTO counter (client_id, kind, slot, n) VALUES ($1, $2, $3, $4)
        ON CONFLICT (client_id, kind, slot) DO UPDATE SET n = counter.n + excluded.n";
}

fn company(row: &Row) -> Result<Company, StoreError> {
    Ok(Company {
        client: row.get(0)?,
        id: row.get(1)?,
        name: CompanyName::from_stored(row.get(2)?),
        description: row.get(3)?,
        tags: from_json::<Tags>("company.tags", &row.get::<String>(4)?)?,
        created: row.get(5)?,
        created_by: row.get(6)?,
        last_sync: row.get(7)?,
    })
}

/// The companies with these ids, with their connections and errors, to be gathered by [`gather`].
pub(crate) fn whole_of(client: ClientId, ids: &[CompanyId]) -> Composed {
    use Piece::{Sql, Value};
    let client = Value(Bound::Uuid(client.uuid()));
    let mut pieces = vec![
        Sql(whole!()),
        Sql(" WHERE c.client_id = "),
        client,
        Sql(" AND c.id IN ("),
    ];
    for (number, id) in ids.iter().enumerate() {
        if number > 0 {
            pieces.push(Sql(", "));
        }
        pieces.push(Value(Bound::Uuid(id.uuid())));
    }
    pieces.push(Sql(") ORDER BY c.id, n.created, n.id, e.id"));
    Composed::join(pieces)
}

/// Gathers the rows of the joined query, which come sorted by company and connection.
pub(crate) fn gather(rows: &[Row]) -> Result<Vec<CompanyWithConnections>, StoreError> {
    let mut companies: Vec<CompanyWithConnections> = Vec::new();
    for row in rows {
        let id: CompanyId = row.get(1)?;
        if companies.last().is_none_or(|last| last.company.id != id) {
            companies.push(CompanyWithConnections {
                company: company(row)?,
                connections: Vec::new(),
            });
        }
        let Some(last) = companies.last_mut() else {
            continue;
        };
        let Some(connection) = row.get::<Option<_>>(9)? else {
            continue;
        };
        if last
            .connections
            .last()
            .is_none_or(|c| c.connection.id != connection)
        {
            last.connections.push(ConnectionWithErrors {
                connection: connection_at(row, 8)?,
                errors: Vec::new(),
            });
        }
        if let (Some(status_code), Some(here)) =
            (row.get::<Option<String>>(20)?, last.connections.last_mut())
        {
            here.errors.push(ConnectionError {
                status_code,
                status_text: row.get(21)?,
                error_message: row.get(22)?,
                errored_at: row.get(23)?,
                resolved_at: row.get(24)?,
            });
        }
    }
    Ok(companies)
}

/// Adds a company and counts it.
pub async fn insert(tx: &mut Tx, company: &Company) -> Result<(), StoreError> {
    let tags = to_json("company.tags", &company.tags)?;
    tx.execute(
        &INSERT,
        values![
            company.client,
            company.id,
            company.name.as_str(),
            &company.description,
            &tags,
            company.created,
            &company.created_by,
            company.last_sync
        ],
    )
    .await?;
    company_list::insert(tx, company).await?;
    count(tx, company.client, 1).await
}

async fn count(tx: &mut Tx, client: ClientId, change: i64) -> Result<(), StoreError> {
    let slot = tx.slot();
    tx.execute(&COUNT, values![client, "companies", slot, change])
        .await?;
    Ok(())
}

/// Finds a company, alone.
pub async fn find(
    on: &mut impl Reader,
    client: ClientId,
    id: CompanyId,
) -> Result<Option<Company>, StoreError> {
    on.row(&GET, values![client, id])
        .await?
        .as_ref()
        .map(company)
        .transpose()
}

/// Finds the client of a company: for Link, whose addresses hold the company's id alone.
pub async fn locate(on: &mut impl Reader, id: CompanyId) -> Result<Option<ClientId>, StoreError> {
    on.row(&LOCATE, values![id])
        .await?
        .map(|row| row.get(0))
        .transpose()
}

/// Finds a company with its connections.
pub async fn find_whole(
    on: &mut impl Reader,
    client: ClientId,
    id: CompanyId,
) -> Result<Option<CompanyWithConnections>, StoreError> {
    Ok(gather(&on.rows(&GET_WHOLE, values![client, id]).await?)?.pop())
}

/// How long the events of a deleted company keep their content: as long as they may still be tried to be delivered.
pub const ERASED_AFTER: Duration = Duration::from_secs(28 * 60 * 60);

/// Deletes the company's own row and plans the erasure of what its events remember; false where it is gone already.
/// Its connections and the rest are deleted by the use case.
pub async fn delete(
    tx: &mut Tx,
    client: ClientId,
    id: CompanyId,
    now: Timestamp,
) -> Result<bool, StoreError> {
    let Some(gone) = tx.query_opt(&DELETE, values![client, id]).await? else {
        return Ok(false);
    };
    let tags = from_json::<Tags>("company.tags", &gone.get::<String>(1)?)?;
    company_list::delete(tx, client, id, gone.get(0)?, &tags).await?;
    tx.execute(&PLAN_ERASURE, values![client, id, now.plus(ERASED_AFTER)])
        .await?;
    count(tx, client, -1).await?;
    Ok(true)
}

/// The deleted companies whose events are to be emptied.
pub async fn due_erasures(
    on: &mut impl Reader,
    now: Timestamp,
    limit: u32,
) -> Result<Vec<(ClientId, CompanyId)>, StoreError> {
    on.rows(&DUE_ERASURES, values![now, limit])
        .await?
        .iter()
        .map(|row| Ok((row.get(0)?, row.get(1)?)))
        .collect()
}

/// Empties some events of a deleted company; true once none is left.
pub async fn erase_some(
    tx: &mut Tx,
    client: ClientId,
    company: CompanyId,
) -> Result<bool, StoreError> {
    if tx.execute(&ERASE_EVENTS, values![client, company]).await? > 0 {
        return Ok(false);
    }
    tx.execute(&ERASED, values![client, company]).await?;
    Ok(true)
}
