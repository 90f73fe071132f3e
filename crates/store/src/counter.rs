//! Exact totals without counting: each is the sum of its slots. A slot belongs to one database connection at a time, so that two
//! transactions never change the same row.

use handclasp_domain::ClientId;

use crate::reader::Reader;
use crate::{StoreError, Tx, statements, values};

/// The kind that counts a client's companies.
pub(crate) const COMPANIES: &str = "companies";

statements! {
    /// A count, changed in this connection's slot.
    ADD = "INSERT INTO counter (client_id, kind, slot, n) VALUES ($1, $2, $3, $4)
        ON CONFLICT (client_id, kind, slot) DO UPDATE SET n = counter.n + excluded.n";
    /// A total.
    TOTAL = "SELECT CAST(COALESCE(SUM(n), 0) AS BIGINT) FROM counter WHERE client_id = $1 AND kind = $2";
}

/// Adds to the counts of these kinds.
pub(crate) async fn add(
    tx: &mut Tx,
    client: ClientId,
    changes: &[(&str, i64)],
) -> Result<(), StoreError> {
    let slot = tx.slot();
    for (kind, n) in changes {
        tx.add(&ADD, values![client, *kind, slot, *n]).await?;
    }
    Ok(())
}

/// The total of a kind.
pub(crate) async fn total(
    on: &mut impl Reader,
    client: ClientId,
    kind: &str,
) -> Result<i64, StoreError> {
    match on.row(&TOTAL, values![client, kind]).await? {
        Some(row) => row.get(0),
        None => Ok(0),
    }
}
