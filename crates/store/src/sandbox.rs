//! What the built-in third party granted. It knows nothing of clients and connections, as a real one would not.

use std::time::Duration;

use handclasp_domain::Timestamp;
use uuid::Uuid;

use crate::reader::Reader;
use crate::{Row, StoreError, Tx, statements, values};

/// How long a grant is kept from its making or its last renewal on: for longer than anything that was given for it works.
pub const KEPT: Duration = Duration::from_secs(61 * 24 * 3_600);

/// How long a grant is kept once it has ended: for long enough to be looked at.
pub const ENDED_KEPT: Duration = Duration::from_secs(24 * 3_600);

/// How many grants are kept in all. Beyond that the oldest go.
pub const KEPT_MOST: u32 = 200_000;

/// A grant: one sign-in that was allowed and exchanged.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Grant {
    /// The id of the code that it was exchanged for: a code works once.
    pub id: Uuid,
    /// The client id of the app that has it.
    pub app: String,
    /// The hash of the cookie of the browser in which it was allowed, where that had one.
    pub browser: Option<[u8; 32]>,
    /// Who signed in.
    pub subject: String,
    /// For which organisations, separated by spaces.
    pub organisations: String,
    /// What was allowed, separated by spaces.
    pub scope: String,
    /// How it is to go with it, as the sandbox writes that.
    pub scenario: String,
    /// How often the refresh token was renewed. Only the present one works.
    pub generation: i64,
    /// From when on it is revoked, which may be a time to come.
    pub revoked: Option<Timestamp>,
    /// When it was made, or last renewed.
    pub created: Timestamp,
}

impl Grant {
    /// Whether it works at this instant.
    pub fn works(&self, now: Timestamp) -> bool {
        self.revoked.is_none_or(|end| now < end)
    }
}

macro_rules! columns {
    () => {
        "id, app, browser, subject, organisations, scope, scenario, generation, revoked, created"
    };
}

statements! {
    /// A grant, unless its code was used before.
    INSERT = concat!("INSERT INTO sandbox_grant (", columns!(), ") VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)
        ON CONFLICT (id) DO NOTHING");
    /// One grant.
    GET = concat!("SELECT ", columns!(), " FROM sandbox_grant WHERE id = $1");
    /// The grants of a browser, the newest first.
    OF_BROWSER = concat!("SELECT ", columns!(), " FROM sandbox_grant WHERE browser = $1 ORDER BY created DESC LIMIT $2");
    /// The next refresh token, if the present one is at hand.
    RENEW = "UPDATE sandbox_grant SET generation = generation + $5, created = $3
        WHERE id = $1 AND generation = $2 AND (revoked IS NULL OR revoked > $4)";
    /// The end of a grant.
    REVOKE = "UPDATE sandbox_grant SET revoked = $2 WHERE id = $1 AND (revoked IS NULL OR revoked > $2)";
    /// How it is to go on with a grant.
    DIRECT = "UPDATE sandbox_grant SET scenario = $2, revoked = $3 WHERE id = $1 AND (revoked IS NULL OR revoked > $4)";
    /// Old grants, a bounded number at a time.
    PURGE = "DELETE FROM sandbox_grant WHERE id IN (SELECT id FROM sandbox_grant WHERE created < $1 ORDER BY created LIMIT $2)
        AND created < $1";
    /// Grants that ended, a bounded number at a time.
    PURGE_ENDED = "DELETE FROM sandbox_grant WHERE id IN (SELECT id FROM sandbox_grant WHERE revoked < $1 ORDER BY revoked LIMIT $2)
        AND revoked < $1";
    /// When the newest grant was made that there is no room for.
    BEYOND = "SELECT created FROM sandbox_grant ORDER BY created DESC LIMIT 1 OFFSET $1",
        whole_table = "run every few minutes, and reads no further than there is room";
}

fn grant(row: &Row) -> Result<Grant, StoreError> {
    let browser: Option<Vec<u8>> = row.get(2)?;
    let browser = browser
        .map(<[u8; 32]>::try_from)
        .transpose()
        .map_err(|_| StoreError::corrupt("sandbox_grant.browser is not as stored".to_owned()))?;
    Ok(Grant {
        id: row.get(0)?,
        app: row.get(1)?,
        browser,
        subject: row.get(3)?,
        organisations: row.get(4)?,
        scope: row.get(5)?,
        scenario: row.get(6)?,
        generation: row.get(7)?,
        revoked: row.get(8)?,
        created: row.get(9)?,
    })
}

/// Makes a grant of a code; false where the code was used before.
pub async fn insert(tx: &mut Tx, grant: &Grant) -> Result<bool, StoreError> {
    let inserted = tx
        .execute(
            &INSERT,
            values![
                grant.id,
                &grant.app,
                grant.browser.as_ref(),
                &grant.subject,
                &grant.organisations,
                &grant.scope,
                &grant.scenario,
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
        .map(|row| grant(&row))
        .transpose()
}

/// Up to `limit` grants that were allowed in a browser, the newest first.
pub async fn of_browser(
    on: &mut impl Reader,
    browser: [u8; 32],
    limit: u32,
) -> Result<Vec<Grant>, StoreError> {
    let rows = on.rows(&OF_BROWSER, values![&browser, limit]).await?;
    rows.iter().map(grant).collect()
}

/// Which refresh token is renewed, and how.
#[derive(Debug, Clone, Copy)]
pub struct Renewal {
    /// The grant.
    pub id: Uuid,
    /// The generation of the token at hand.
    pub generation: i64,
    /// Whether it is used up by that.
    pub rotate: bool,
    /// The present instant.
    pub at: Timestamp,
    /// The instant by which the grant may have ended.
    pub now: Timestamp,
}

/// Renews a refresh token; false where it is not the present one, or the grant has ended.
pub async fn renew(tx: &mut Tx, renewal: &Renewal) -> Result<bool, StoreError> {
    let values = values![
        renewal.id,
        renewal.generation,
        renewal.at,
        renewal.now,
        i64::from(renewal.rotate)
    ];
    Ok(tx.execute(&RENEW, values).await? == 1)
}

/// Ends a grant.
pub async fn revoke(tx: &mut Tx, id: Uuid, at: Timestamp) -> Result<(), StoreError> {
    tx.execute(&REVOKE, values![id, at]).await?;
    Ok(())
}

/// Says how it is to go on with a grant that works at `now`, and when it ends, if it does; false where it has ended.
pub async fn direct(
    tx: &mut Tx,
    id: Uuid,
    scenario: &str,
    ends: Option<Timestamp>,
    now: Timestamp,
) -> Result<bool, StoreError> {
    let values = values![id, scenario, ends, now];
    Ok(tx.execute(&DIRECT, values).await? == 1)
}

/// Deletes up to `limit` grants that were made, or last renewed, before `before`; how many.
pub async fn purge(tx: &mut Tx, before: Timestamp, limit: u32) -> Result<u64, StoreError> {
    tx.execute(&PURGE, values![before, limit]).await
}

/// Deletes up to `limit` grants that ended before `before`; how many.
pub async fn purge_ended(tx: &mut Tx, before: Timestamp, limit: u32) -> Result<u64, StoreError> {
    tx.execute(&PURGE_ENDED, values![before, limit]).await
}

/// When the newest grant was made for which there is no room beside `most` newer ones; none where there is room for all.
pub async fn beyond(on: &mut impl Reader, most: u32) -> Result<Option<Timestamp>, StoreError> {
    on.row(&BEYOND, values![most])
        .await?
        .map(|row| row.get(0))
        .transpose()
}
