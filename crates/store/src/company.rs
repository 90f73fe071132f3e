//! Companies.

use std::time::Duration;

use handclasp_domain::{
    ClientId, Company, CompanyId, CompanyName, CompanyReference, ConnectionError, Tags, Timestamp,
};

use crate::company_list;
use crate::company_reference;
use crate::connection::{ConnectionWithErrors, connection_at};
use crate::counter;
use crate::reader::{Reader, from_json, to_json};
use crate::{Row, StoreError, Tx, statements, values};

/// A company with all that its wire form shows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CompanyWithConnections {
    /// The company.
    pub company: Company,
    /// The company that it belongs to.
    pub parent: Option<CompanyReference>,
    /// The companies that belong to it, the oldest first.
    pub subsidiaries: Vec<CompanyReference>,
    /// Its connections, the oldest first.
    pub connections: Vec<ConnectionWithErrors>,
}

impl CompanyWithConnections {
    /// A company that has nothing yet and belongs to none, as most new ones.
    pub fn alone(company: Company) -> Self {
        Self {
            company,
            parent: None,
            subsidiaries: Vec::new(),
            connections: Vec::new(),
        }
    }
}

macro_rules! whole {
    () => {
        // Two rows of kinds are laid beside each company: to one go its connections, to the other its subsidiaries, so that the two
        // do not multiply. Most companies have no subsidiary, and for them the second gives no row.
        "SELECT c.client_id, c.id, c.name, c.description, c.tags, c.created, c.created_by, c.last_sync,
            n.client_id, n.id, n.company_id, n.platform_key, n.source_type, n.state, n.state_since,
            n.third_party_id, n.third_party_name, n.created, n.last_sync, n.version,
            e.status_code, e.status_text, e.error_message, e.errored_at, e.resolved_at,
            c.products, c.parent_id, u.id, u.name, u.description, u.tags, u.created,
            s.id, s.name, s.description, s.tags, s.created
        FROM company c
        CROSS JOIN (SELECT 0 AS kind UNION ALL SELECT 1 AS kind) k
        LEFT JOIN connection n ON k.kind = 0 AND n.company_id = c.id
        LEFT JOIN connection_error e ON e.client_id = n.client_id AND e.connection_id = n.id
        LEFT JOIN company u ON u.client_id = c.client_id AND u.id = c.parent_id
        LEFT JOIN subsidiary b ON k.kind = 1 AND b.client_id = c.client_id AND b.parent_id = c.id
        LEFT JOIN company s ON s.client_id = b.client_id AND s.id = b.company_id
        WHERE (k.kind = 0 OR s.id IS NOT NULL)"
    };
}

statements! {
    /// When data of a company was last read, where that was noted long enough ago.
    SYNCED = "UPDATE company SET last_sync = $3 WHERE client_id = $1 AND id = $2 AND (last_sync IS NULL OR last_sync <= $4)";
    /// A company.
    INSERT = "INSERT INTO company (client_id, id, name, description, tags, created, created_by, last_sync, products, parent_id)
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)";
    /// A company, changed.
    UPDATE = "UPDATE company SET name = $3, description = $4, tags = $5, products = $6
        WHERE client_id = $1 AND id = $2";
    /// One company alone.
    GET = "SELECT client_id, id, name, description, tags, created, created_by, last_sync, products, parent_id
        FROM company WHERE client_id = $1 AND id = $2";
    /// The client of a company, for an address that holds the company's id alone.
    LOCATE = "SELECT client_id FROM company WHERE id = $1";
    /// One company with its connections and their errors, in one round trip.
    GET_WHOLE = concat!(whole!(), " AND c.client_id = $1 AND c.id = $2 ORDER BY n.created, n.id, e.id");
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
}

/// `products` is the column where the products stand; the parent's id stands after it.
pub(crate) fn company(row: &Row, products: usize) -> Result<Company, StoreError> {
    Ok(Company {
        client: row.get(0)?,
        id: row.get(1)?,
        name: CompanyName::from_stored(row.get(2)?),
        description: row.get(3)?,
        tags: from_json::<Tags>("company.tags", &row.get::<String>(4)?)?,
        products: from_json("company.products", &row.get::<String>(products)?)?,
        parent: row.get(products + 1)?,
        created: row.get(5)?,
        created_by: row.get(6)?,
        last_sync: row.get(7)?,
    })
}

/// Gathers the rows of the joined query, which come sorted by company and connection.
fn gather(rows: &[Row]) -> Result<Vec<CompanyWithConnections>, StoreError> {
    let mut companies: Vec<CompanyWithConnections> = Vec::new();
    for row in rows {
        let id: CompanyId = row.get(1)?;
        if companies.last().is_none_or(|last| last.company.id != id) {
            companies.push(CompanyWithConnections {
                company: company(row, 25)?,
                parent: reference(row, 27)?,
                subsidiaries: Vec::new(),
                connections: Vec::new(),
            });
        }
        let Some(last) = companies.last_mut() else {
            continue;
        };
        last.subsidiaries.extend(reference(row, 32)?);
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
    for found in &mut companies {
        found
            .subsidiaries
            .sort_unstable_by_key(|one| (one.created, one.id));
    }
    Ok(companies)
}

/// Another company that stands in the columns from `at` on, where there is one.
pub(crate) fn reference(row: &Row, at: usize) -> Result<Option<CompanyReference>, StoreError> {
    let Some(id) = row.get(at)? else {
        return Ok(None);
    };
    Ok(Some(CompanyReference {
        id,
        name: CompanyName::from_stored(row.get(at + 1)?),
        description: row.get(at + 2)?,
        tags: from_json::<Tags>("company.tags", &row.get::<String>(at + 3)?)?,
        created: row.get(at + 4)?,
    }))
}

/// Adds a company and counts it.
pub async fn insert(tx: &mut Tx, company: &Company) -> Result<(), StoreError> {
    let tags = to_json("company.tags", &company.tags)?;
    let products = to_json("company.products", &company.products)?;
    tx.add(
        &INSERT,
        values![
            company.client,
            company.id,
            company.name.as_str(),
            &company.description,
            &tags,
            company.created,
            &company.created_by,
            company.last_sync,
            &products,
            company.parent
        ],
    )
    .await?;
    company_list::insert(tx, company).await?;
    if let Some(parent) = company.parent {
        company_reference::add(tx, company.client, company.id, parent).await?;
    }
    counter::add(tx, company.client, &[(counter::COMPANIES, 1)]).await
}

/// Saves what a client can change of a company that was read in this transaction, but for its parent, which
/// [`company_reference::set_parent`] saves.
pub async fn update(tx: &mut Tx, was: &Company, company: &Company) -> Result<(), StoreError> {
    let tags = to_json("company.tags", &company.tags)?;
    let products = to_json("company.products", &company.products)?;
    tx.execute(
        &UPDATE,
        values![
            company.client,
            company.id,
            company.name.as_str(),
            &company.description,
            &tags,
            &products
        ],
    )
    .await?;
    company_list::update(tx, was, company).await
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
        .map(|row| company(row, 8))
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
    counter::add(tx, client, &[(counter::COMPANIES, -1)]).await?;
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

/// Notes that data of a company was read at `at`, unless that was noted after `before`.
pub(crate) async fn synced(
    tx: &mut Tx,
    client: ClientId,
    company: CompanyId,
    at: Timestamp,
    before: Timestamp,
) -> Result<(), StoreError> {
    let noted = tx
        .execute(&SYNCED, values![client, company, at, before])
        .await?;
    if noted == 1 {
        company_list::synced(tx, client, company, at).await?;
    }
    Ok(())
}
