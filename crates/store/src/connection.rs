//! Connections and their errors.

use handclasp_domain::{
    ClientId, CompanyId, Connection, ConnectionError, ConnectionErrorId, ConnectionId,
    ConnectionState, SourceType, ThirdParty, Timestamp,
};

use crate::company;
use crate::company_list;
use crate::reader::Reader;
use crate::{Row, StoreError, Tx, statements, values};

/// A connection with its errors.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ConnectionWithErrors {
    /// The connection.
    pub connection: Connection,
    /// Its errors, the oldest first.
    pub errors: Vec<ConnectionError>,
}

/// How many errors of a connection are kept: the newest.
pub const ERRORS_KEPT: i64 = 20;

macro_rules! columns {
    () => {
        "client_id, id, company_id, platform_key, source_type, state, state_since,
        third_party_id, third_party_name, created, last_sync, version"
    };
}

statements! {
    /// A connection of a company that is there.
    INSERT = concat!("INSERT INTO connection (", columns!(), ", company_created)
        SELECT $1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, created FROM company WHERE client_id = $1 AND id = $3");
    /// One connection of one company.
    GET = concat!("SELECT ", columns!(), " FROM connection WHERE client_id = $1 AND id = $2 AND company_id = $3");
    /// All connections of a company. Whose they are is the company's to say: asked for a client's connections, SQLite would go through all.
    OF_COMPANY = "SELECT n.client_id, n.id, n.company_id, n.platform_key, n.source_type, n.state, n.state_since,
            n.third_party_id, n.third_party_name, n.created, n.last_sync, n.version
        FROM company c JOIN connection n ON n.company_id = c.id WHERE c.client_id = $1 AND c.id = $2 ORDER BY n.created, n.id";
    /// A transition, if nobody was faster.
    UPDATE = "UPDATE connection SET state = $4, state_since = $5, third_party_id = $6, third_party_name = $7, version = $8
        WHERE client_id = $1 AND id = $2 AND company_id = $9 AND version = $3";
    /// When its data was last read, where that was noted long enough ago.
    SYNCED = "UPDATE connection SET last_sync = $4
        WHERE client_id = $1 AND company_id = $2 AND id = $3 AND (last_sync IS NULL OR last_sync <= $5)";
    /// A connection that nobody changed meanwhile.
    DELETE = "DELETE FROM connection WHERE client_id = $1 AND id = $2 AND version = $3 AND company_id = $4";
    /// An error.
    INSERT_ERROR = "INSERT INTO connection_error
        (client_id, connection_id, id, status_code, status_text, error_message, errored_at, resolved_at)
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8)";
    /// The errors of a connection.
    ERRORS = "SELECT status_code, status_text, error_message, errored_at, resolved_at FROM connection_error
        WHERE client_id = $1 AND connection_id = $2 ORDER BY id";
    /// The open errors of a connection.
    RESOLVE_ERRORS = "UPDATE connection_error SET resolved_at = $3
        WHERE client_id = $1 AND connection_id = $2 AND resolved_at IS NULL";
    /// The errors beyond those that are kept.
    TRIM_ERRORS = "DELETE FROM connection_error WHERE client_id = $1 AND connection_id = $2 AND id <= (
        SELECT id FROM connection_error WHERE client_id = $1 AND connection_id = $2 ORDER BY id DESC LIMIT 1 OFFSET $3)";
    /// The errors of a connection.
    DELETE_ERRORS = "DELETE FROM connection_error WHERE client_id = $1 AND connection_id = $2";
}

/// Reads a connection whose columns begin at `from`.
pub(crate) fn connection_at(row: &Row, from: usize) -> Result<Connection, StoreError> {
    let corrupt = |what: &str| StoreError::corrupt(format!("connection.{what} is not as stored"));
    let source: String = row.get(from + 4)?;
    let third_party = match (row.get(from + 7)?, row.get(from + 8)?) {
        (Some(id), Some(name)) => Some(ThirdParty { id, name }),
        _ => None,
    };
    Ok(Connection {
        client: row.get(from)?,
        id: row.get(from + 1)?,
        company: row.get(from + 2)?,
        platform_key: row
            .get::<String>(from + 3)?
            .parse()
            .map_err(|_| corrupt("platform_key"))?,
        source_type: SourceType::ALL
            .into_iter()
            .find(|one| one.as_str() == source)
            .ok_or_else(|| corrupt("source_type"))?,
        state: ConnectionState::parse(&row.get::<String>(from + 5)?, row.get(from + 6)?)
            .ok_or_else(|| corrupt("state"))?,
        third_party,
        created: row.get(from + 9)?,
        last_sync: row.get(from + 10)?,
        version: row.get(from + 11)?,
    })
}

/// Adds a connection. Its company is there: [`StoreError::NotOneRow`] otherwise.
pub async fn insert(tx: &mut Tx, connection: &Connection) -> Result<(), StoreError> {
    let third_party = connection.third_party.as_ref();
    let added = tx
        .execute(
            &INSERT,
            values![
                connection.client,
                connection.id,
                connection.company,
                connection.platform_key.as_str(),
                connection.source_type.as_str(),
                connection.state.as_str(),
                connection.state.since(),
                third_party.map(|t| t.id.as_str()),
                third_party.map(|t| t.name.as_str()),
                connection.created,
                connection.last_sync,
                connection.version
            ],
        )
        .await?;
    if added != 1 {
        return Err(StoreError::NotOneRow);
    }
    company_list::connected(tx, connection).await
}

/// Finds a connection of a company.
pub async fn find(
    on: &mut impl Reader,
    client: ClientId,
    company: CompanyId,
    id: ConnectionId,
) -> Result<Option<Connection>, StoreError> {
    on.row(&GET, values![client, id, company])
        .await?
        .map(|row| connection_at(&row, 0))
        .transpose()
}

/// Finds a connection of a company, with its errors.
pub async fn find_whole(
    on: &mut impl Reader,
    client: ClientId,
    company: CompanyId,
    id: ConnectionId,
) -> Result<Option<ConnectionWithErrors>, StoreError> {
    let Some(connection) = find(on, client, company, id).await? else {
        return Ok(None);
    };
    let errors = errors(on, client, id).await?;
    Ok(Some(ConnectionWithErrors { connection, errors }))
}

/// A company's connections, the oldest first.
pub async fn of_company(
    on: &mut impl Reader,
    client: ClientId,
    company: CompanyId,
) -> Result<Vec<Connection>, StoreError> {
    on.rows(&OF_COMPANY, values![client, company])
        .await?
        .iter()
        .map(|row| connection_at(row, 0))
        .collect()
}

/// Saves what a transition made of a connection that was read as `was`; false where somebody was faster.
pub async fn update(
    tx: &mut Tx,
    connection: &Connection,
    was: &Connection,
) -> Result<bool, StoreError> {
    let third_party = connection.third_party.as_ref();
    let changed = tx
        .execute(
            &UPDATE,
            values![
                connection.client,
                connection.id,
                was.version,
                connection.state.as_str(),
                connection.state.since(),
                third_party.map(|t| t.id.as_str()),
                third_party.map(|t| t.name.as_str()),
                connection.version,
                connection.company
            ],
        )
        .await?;
    if changed == 0 {
        return Ok(false);
    }
    company_list::moved(tx, was, connection).await?;
    Ok(true)
}

/// Notes that a connection's data was read at `at`, with its company, unless that was noted after `before`.
pub async fn synced(
    tx: &mut Tx,
    (client, company, id): (ClientId, CompanyId, ConnectionId),
    at: Timestamp,
    before: Timestamp,
) -> Result<(), StoreError> {
    let noted = tx
        .execute(&SYNCED, values![client, company, id, at, before])
        .await?;
    if noted == 1 {
        company::synced(tx, client, company, at, before).await?;
    }
    Ok(())
}

/// Deletes a connection and its errors; false where somebody changed it after it was read.
pub async fn delete(tx: &mut Tx, connection: &Connection) -> Result<bool, StoreError> {
    let (client, id) = (connection.client, connection.id);
    if tx
        .execute(
            &DELETE,
            values![client, id, connection.version, connection.company],
        )
        .await?
        == 0
    {
        return Ok(false);
    }
    tx.execute(&DELETE_ERRORS, values![client, id]).await?;
    company_list::disconnected(tx, connection).await?;
    Ok(true)
}

/// A connection's errors, the oldest first.
pub async fn errors(
    on: &mut impl Reader,
    client: ClientId,
    id: ConnectionId,
) -> Result<Vec<ConnectionError>, StoreError> {
    on.rows(&ERRORS, values![client, id])
        .await?
        .iter()
        .map(|row| {
            Ok(ConnectionError {
                status_code: row.get(0)?,
                status_text: row.get(1)?,
                error_message: row.get(2)?,
                errored_at: row.get(3)?,
                resolved_at: row.get(4)?,
            })
        })
        .collect()
}

/// Records an error, and lets go of the oldest beyond [`ERRORS_KEPT`].
pub async fn insert_error(
    tx: &mut Tx,
    client: ClientId,
    connection: ConnectionId,
    id: ConnectionErrorId,
    error: &ConnectionError,
) -> Result<(), StoreError> {
    tx.execute(
        &INSERT_ERROR,
        values![
            client,
            connection,
            id,
            &error.status_code,
            &error.status_text,
            &error.error_message,
            error.errored_at,
            error.resolved_at
        ],
    )
    .await?;
    tx.execute(&TRIM_ERRORS, values![client, connection, ERRORS_KEPT])
        .await?;
    Ok(())
}

/// Resolves the open errors of a connection.
pub async fn resolve_errors(
    tx: &mut Tx,
    client: ClientId,
    connection: ConnectionId,
    at: Timestamp,
) -> Result<(), StoreError> {
    tx.execute(&RESOLVE_ERRORS, values![client, connection, at])
        .await?;
    Ok(())
}
