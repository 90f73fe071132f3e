//! What the built-in third party granted. It knows nothing of clients and connections, as a real one would not.

use std::time::Duration;

use handclasp_domain::Timestamp;
use uuid::Uuid;

use crate::reader::Reader;
use crate::{StoreError, Tx, statements, values};

/// How long a grant is kept from its making or its last renewal on: for longer than anything that was given for it works.
pub const KEPT: Duration = Duration::from_secs(61 * 24 * 3_600);

/// A grant: one sign-in that was allowed and exchanged.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Grant {
    /// The id of the code that it was exchanged for: a code works once.
    pub id: Uuid,
    /// Who signed in.
    pub subject: String,
    /// For which organisation.
    pub organisation: String,
    /// What was allowed, separated by spaces.
    pub scope: String,
    /// How often the refresh token was renewed. Only the present one works.
    pub generation: i64,
    /// When it was revoked.
    pub revoked: Option<Timestamp>,
    /// When it was made, or last renewed.
    pub created: Timestamp,
}

statements! {
    /// A grant, unless its code was used before.
    INSERT = "INSERT INTO sandbox_grant (id, subject, organisation, scope, generation, revoked, created)
        VALUES ($1, $2, $3, $4, $5, $6, $7) ON CONFLICT (id) DO NOTHING";
    /// One grant.
    GET = "SELECT id, subject, organisation, scope, generation, revoked, created FROM sandbox_grant WHERE id = $1";
    /// The next refresh token, if the present one is at hand.
    RENEW = "UPDATE sandbox_grant SET generation = generation + 1, created = $3 WHERE id = $1 AND generation = $2 AND revoked IS NULL";
    /// The end of a grant.
    REVOKE = "UPDATE sandbox_grant SET revoked = $2 WHERE id = $1 AND revoked IS NULL";
    /// Old grants, a bounded number at a time.
    PURGE = "DELETE FROM sandbox_grant WHERE id IN (SELECT id FROM sandbox_grant WHERE created < $1 ORDER BY created LIMIT $2)
        AND created < $1";
}

/// Makes a grant of a code; false where the code was used before.
pub async fn insert(tx: &mut Tx, grant: &Grant) -> Result<bool, StoreError> {
    let inserted = tx
        .execute(
            &INSERT,
            values![
                grant.id,
                &grant.subject,
                &grant.organisation,
                &grant.scope,
                grant.generation,
                grant.revoked,
                grant.created
            ],
        )
        .await?;
    Ok(inserted == 1)
}

/// Finds a grant.
pub async fn find(on: &mut impl Reader, id: Uuid) -> Result<Option<Grant>, StoreError> {
    on.row(&GET, values![id])
        .await?
        .map(|row| {
            Ok(Grant {
                id: row.get(0)?,
                subject: row.get(1)?,
                organisation: row.get(2)?,
                scope: row.get(3)?,
                generation: row.get(4)?,
                revoked: row.get(5)?,
                created: row.get(6)?,
            })
        })
        .transpose()
}

/// Uses up the refresh token of `generation`; false where it is not the present one.
pub async fn renew(
    tx: &mut Tx,
    id: Uuid,
    generation: i64,
    at: Timestamp,
) -> Result<bool, StoreError> {
    Ok(tx.execute(&RENEW, values![id, generation, at]).await? == 1)
}

/// Ends a grant.
pub async fn revoke(tx: &mut Tx, id: Uuid, at: Timestamp) -> Result<(), StoreError> {
    tx.execute(&REVOKE, values![id, at]).await?;
    Ok(())
}

/// Deletes up to `limit` grants that were made, or last renewed, before `before`; how many.
pub async fn purge(tx: &mut Tx, before: Timestamp, limit: u32) -> Result<u64, StoreError> {
    tx.execute(&PURGE, values![before, limit]).await
}
