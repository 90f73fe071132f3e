//! The audit log: who changed what, when and from where. Written in the transaction of the change.

use handclasp_domain::{Actor, AuditId, ClientId, CompanyId, CorrelationId, Id, Timestamp};
use uuid::Uuid;

use crate::reader::Reader;
use crate::{StoreError, Tx, statements, values};

/// An entry.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AuditEntry {
    /// The tenant.
    pub client: ClientId,
    /// Its id.
    pub id: AuditId,
    /// When.
    pub at: Timestamp,
    /// Who.
    pub actor: Actor,
    /// What, as `company.create`.
    pub action: &'static str,
    /// The company that it is about.
    pub company: Option<CompanyId>,
    /// The thing itself, where it is not the company.
    pub subject: Option<Uuid>,
    /// From which network address.
    pub address: Option<String>,
    /// The request that caused it.
    pub correlation: Option<CorrelationId>,
}

statements! {
    /// An entry.
    INSERT = "INSERT INTO audit (client_id, id, at, actor, actor_id, action, company_id, subject_id, address, correlation_id)
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)";
    /// Whether there is an entry.
    EXISTS = "SELECT 1 FROM audit WHERE client_id = $1 AND id = $2";
}

/// Whether an entry was written. Since it is part of its change's transaction, so was the change.
pub async fn exists(
    on: &mut impl Reader,
    client: ClientId,
    id: AuditId,
) -> Result<bool, StoreError> {
    Ok(on.row(&EXISTS, values![client, id]).await?.is_some())
}

/// Writes an entry.
pub async fn insert(tx: &mut Tx, entry: &AuditEntry) -> Result<(), StoreError> {
    let actor_id = match entry.actor {
        Actor::ApiKey(id) => Some(id.uuid()),
        Actor::Person | Actor::Operator | Actor::System => None,
    };
    tx.add(
        &INSERT,
        values![
            entry.client,
            entry.id,
            entry.at,
            entry.actor.as_str(),
            actor_id,
            entry.action,
            entry.company,
            entry.subject,
            &entry.address,
            entry.correlation
        ],
    )
    .await
}
