//! Answers to requests with an idempotency key, kept to be given again.

use handclasp_domain::{ClientId, CompanyId, Timestamp};
use uuid::Uuid;

use crate::reader::Reader;
use crate::{StoreError, Tx, statements, values};

/// An answer to be kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeptAnswer {
    /// The tenant.
    pub client: ClientId,
    /// The idempotency key.
    pub key: Uuid,
    /// The company that the answer tells of, with which it is erased.
    pub company: Option<CompanyId>,
    /// What the request was, as a MAC.
    pub fingerprint: [u8; 32],
    /// The answer, sealed.
    pub sealed: Vec<u8>,
    /// Until when it is given again.
    pub expires: Timestamp,
}

/// An answer that was kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Kept {
    /// What the request was, as a MAC.
    pub fingerprint: Vec<u8>,
    /// The answer, sealed.
    pub sealed: Vec<u8>,
}

statements! {
    /// An answer, in the place of none or of one that has expired.
    KEEP = "INSERT INTO kept_answer (client_id, request_key, company_id, fingerprint, sealed, expires_at)
        VALUES ($1, $2, $3, $4, $5, $6)
        ON CONFLICT (client_id, request_key) DO UPDATE SET company_id = excluded.company_id,
            fingerprint = excluded.fingerprint, sealed = excluded.sealed, expires_at = excluded.expires_at
        WHERE kept_answer.expires_at <= $7";
    /// One answer.
    GET = "SELECT fingerprint, sealed FROM kept_answer WHERE client_id = $1 AND request_key = $2 AND expires_at > $3";
    /// All answers that tell of a company.
    DELETE_OF_COMPANY = "DELETE FROM kept_answer WHERE client_id = $1 AND company_id = $2";
    /// Expired answers, a bounded number at a time.
    PURGE = "DELETE FROM kept_answer WHERE (client_id, request_key) IN (
        SELECT client_id, request_key FROM kept_answer WHERE expires_at <= $1 ORDER BY expires_at LIMIT $2)
        AND expires_at <= $1";
}

/// Keeps an answer; false where there is one already.
pub async fn keep(tx: &mut Tx, answer: &KeptAnswer, now: Timestamp) -> Result<bool, StoreError> {
    let kept = tx
        .execute(
            &KEEP,
            values![
                answer.client,
                answer.key,
                answer.company,
                &answer.fingerprint,
                &answer.sealed,
                answer.expires,
                now
            ],
        )
        .await?;
    Ok(kept == 1)
}

/// Finds an answer that has not expired.
pub async fn find(
    on: &mut impl Reader,
    client: ClientId,
    key: Uuid,
    now: Timestamp,
) -> Result<Option<Kept>, StoreError> {
    on.row(&GET, values![client, key, now])
        .await?
        .map(|row| {
            Ok(Kept {
                fingerprint: row.get(0)?,
                sealed: row.get(1)?,
            })
        })
        .transpose()
}

/// Deletes a company's answers.
pub async fn delete_of_company(
    tx: &mut Tx,
    client: ClientId,
    company: CompanyId,
) -> Result<(), StoreError> {
    tx.execute(&DELETE_OF_COMPANY, values![client, company])
        .await?;
    Ok(())
}

/// Deletes up to `limit` answers that have expired; how many.
pub async fn purge(tx: &mut Tx, now: Timestamp, limit: u32) -> Result<u64, StoreError> {
    tx.execute(&PURGE, values![now, limit]).await
}
