//! What the built-in third party granted. It knows nothing of clients and connections, as a real one would not.

use handclasp_domain::Timestamp;
use uuid::Uuid;

use crate::reader::Reader;
use crate::{StoreError, Tx, statements, values};

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
    /// When it was made.
    pub created: Timestamp,
}

statements! {
    /// A grant, unless its code was used before.
    INSERT = "INSERT INTO sandbox_grant (id, subject, organisation, scope, generation, revoked, created)
        VALUES ($1, $2, $3, $4, $5, $6, $7) ON CONFLICT (id) DO NOTHING";
    /// One grant.
    GET = "SELECT id, subject, organisation, scope, generation, revoked, created FROM sandbox_grant WHERE id = $1";
    /// The next refresh token, if the present one is at hand.
    RENEW = "UPDATE sandbox_grant SET generation = generation + 1 WHERE id = $1 AND generation = $2 AND revoked IS NULL";
    /// The end of a grant.
    REVOKE = "UPDATE sandbox_grant SET revoked = $2 WHERE id = $1 AND revoked IS NULL";
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
pub async fn renew(tx: &mut Tx, id: Uuid, generation: i64) -> Result<bool, StoreError> {
    Ok(tx.execute(&RENEW, values![id, generation]).await? == 1)
}

/// Ends a grant.
pub async fn revoke(tx: &mut Tx, id: Uuid, at: Timestamp) -> Result<(), StoreError> {
    tx.execute(&REVOKE, values![id, at]).await?;
    Ok(())
}
