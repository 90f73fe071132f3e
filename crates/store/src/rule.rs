//! Rules: the older form of webhook consumers.

use handclasp_domain::{ClientId, CompanyId, Rule, RuleId, RuleKind};

use crate::reader::Reader;
use crate::{Row, StoreError, Tx, statements, values};

statements! {
    /// A rule.
    INSERT = "INSERT INTO rule (client_id, id, company_id, kind, webhook, created) VALUES ($1, $2, $3, $4, $5, $6)";
    /// One rule.
    GET = "SELECT client_id, id, company_id, kind, webhook, created FROM rule WHERE client_id = $1 AND id = $2";
    /// A client's rules.
    LIST = "SELECT client_id, id, company_id, kind, webhook, created FROM rule WHERE client_id = $1 ORDER BY created, id";
    /// How many rules a client has.
    COUNT = "SELECT count(*) FROM rule WHERE client_id = $1";
    /// All that can be said of a rule anew.
    UPDATE = "UPDATE rule SET company_id = $3, kind = $4, webhook = $5 WHERE client_id = $1 AND id = $2";
    /// A rule.
    DELETE = "DELETE FROM rule WHERE client_id = $1 AND id = $2";
    /// The rules for one company alone. A client has few rules.
    DELETE_OF_COMPANY = "DELETE FROM rule WHERE client_id = $1 AND company_id = $2";
}

fn rule(row: &Row) -> Result<Rule, StoreError> {
    let kind = RuleKind::parse(&row.get::<String>(3)?);
    Ok(Rule {
        client: row.get(0)?,
        id: row.get(1)?,
        company: row.get(2)?,
        kind: kind.ok_or_else(|| StoreError::corrupt("rule.kind is not as stored"))?,
        webhook: row.get(4)?,
        created: row.get(5)?,
    })
}

/// Adds a rule.
pub async fn insert(tx: &mut Tx, rule: &Rule) -> Result<(), StoreError> {
    tx.execute(
        &INSERT,
        values![
            rule.client,
            rule.id,
            rule.company,
            rule.kind.as_str(),
            &rule.webhook,
            rule.created
        ],
    )
    .await?;
    Ok(())
}

/// Finds a rule.
pub async fn find(
    on: &mut impl Reader,
    client: ClientId,
    id: RuleId,
) -> Result<Option<Rule>, StoreError> {
    on.row(&GET, values![client, id])
        .await?
        .as_ref()
        .map(rule)
        .transpose()
}

/// A client's rules, the oldest first.
pub async fn list(on: &mut impl Reader, client: ClientId) -> Result<Vec<Rule>, StoreError> {
    on.rows(&LIST, values![client])
        .await?
        .iter()
        .map(rule)
        .collect()
}

/// How many rules a client has.
pub async fn count(on: &mut impl Reader, client: ClientId) -> Result<i64, StoreError> {
    match on.row(&COUNT, values![client]).await? {
        Some(row) => row.get(0),
        None => Ok(0),
    }
}

/// Replaces all that can be said of a rule, which keeps its id and its place; false where there is none.
pub async fn update(tx: &mut Tx, rule: &Rule) -> Result<bool, StoreError> {
    let changed = tx
        .execute(
            &UPDATE,
            values![
                rule.client,
                rule.id,
                rule.company,
                rule.kind.as_str(),
                &rule.webhook
            ],
        )
        .await?;
    Ok(changed == 1)
}

/// Deletes a rule; false where there is none.
pub async fn delete(tx: &mut Tx, client: ClientId, id: RuleId) -> Result<bool, StoreError> {
    Ok(tx.execute(&DELETE, values![client, id]).await? == 1)
}

/// Deletes the rules that are for this company alone.
pub async fn delete_of_company(
    tx: &mut Tx,
    client: ClientId,
    company: CompanyId,
) -> Result<(), StoreError> {
    tx.execute(&DELETE_OF_COMPANY, values![client, company])
        .await?;
    Ok(())
}
