//! Which company belongs to which. The parent's id stands in the company's row, and once more in a table where the subsidiaries are found
//! by their parent; `company` reads both sides with the company.

use handclasp_domain::{ClientId, CompanyId};

use crate::reader::Reader;
use crate::{StoreError, Tx, Value, statements, values};

statements! {
    /// The parent of a company.
    PARENT = "SELECT parent_id FROM company WHERE client_id = $1 AND id = $2";
    /// The subsidiaries of a company.
    SUBSIDIARIES = "SELECT company_id FROM subsidiary WHERE client_id = $1 AND parent_id = $2 LIMIT $3";
    /// A company with another parent, or without one.
    SET_PARENT = "UPDATE company SET parent_id = $3 WHERE client_id = $1 AND id = $2";
    /// A subsidiary.
    ADD = "INSERT INTO subsidiary (client_id, parent_id, company_id) VALUES ($1, $2, $3)";
    /// A subsidiary.
    REMOVE = "DELETE FROM subsidiary WHERE client_id = $1 AND parent_id = $2 AND company_id = $3";
    /// The subsidiaries of a company that goes.
    ORPHANS = "SELECT company_id FROM subsidiary WHERE client_id = $1 AND parent_id = $2";
    /// The same, gone.
    REMOVE_ALL = "DELETE FROM subsidiary WHERE client_id = $1 AND parent_id = $2";
}

/// A company as far as its parent goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Parent {
    /// There is no such company.
    NoCompany,
    /// It has this parent, or none.
    Is(Option<CompanyId>),
}

/// The parent of a company.
pub async fn parent(
    on: &mut impl Reader,
    client: ClientId,
    id: CompanyId,
) -> Result<Parent, StoreError> {
    match on.row(&PARENT, values![client, id]).await? {
        Some(row) => Ok(Parent::Is(row.get(0)?)),
        None => Ok(Parent::NoCompany),
    }
}

/// The subsidiaries of a company, in no order, and not more than `limit`.
pub async fn subsidiaries(
    on: &mut impl Reader,
    client: ClientId,
    id: CompanyId,
    limit: u32,
) -> Result<Vec<CompanyId>, StoreError> {
    on.rows(&SUBSIDIARIES, values![client, id, limit])
        .await?
        .iter()
        .map(|row| row.get(0))
        .collect()
}

/// Gives a company that was read in this transaction another parent than the one that it had, or takes it away.
pub async fn set_parent(
    tx: &mut Tx,
    client: ClientId,
    id: CompanyId,
    had: Option<CompanyId>,
    parent: Option<CompanyId>,
) -> Result<(), StoreError> {
    tx.execute(&SET_PARENT, values![client, id, parent]).await?;
    if let Some(had) = had {
        tx.execute(&REMOVE, values![client, had, id]).await?;
    }
    if let Some(parent) = parent {
        add(tx, client, id, parent).await?;
    }
    Ok(())
}

/// Adds a company to the subsidiaries of the parent that its row names.
pub(crate) async fn add(
    tx: &mut Tx,
    client: ClientId,
    id: CompanyId,
    parent: CompanyId,
) -> Result<(), StoreError> {
    tx.execute(&ADD, values![client, parent, id]).await?;
    Ok(())
}

/// Makes no company refer any more to one that goes, which had this parent.
pub async fn forget(
    tx: &mut Tx,
    client: ClientId,
    id: CompanyId,
    had: Option<CompanyId>,
) -> Result<(), StoreError> {
    if let Some(had) = had {
        tx.execute(&REMOVE, values![client, had, id]).await?;
    }
    // Each by its id: as one statement, the engines would go through all of the client's companies.
    let orphans = tx.query(&ORPHANS, values![client, id]).await?;
    let rows = orphans
        .iter()
        .map(|row| {
            Ok(vec![
                client.into(),
                row.get::<CompanyId>(0)?.into(),
                Value::Null,
            ])
        })
        .collect::<Result<Vec<_>, StoreError>>()?;
    tx.insert_many(&SET_PARENT, &rows).await?;
    tx.execute(&REMOVE_ALL, values![client, id]).await?;
    Ok(())
}
