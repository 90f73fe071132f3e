//! The origins whose pages may call the API with a company's access token.

use handclasp_domain::{ClientId, CorsOrigin};

use crate::reader::Reader;
use crate::{StoreError, Tx, statements, values};

statements! {
    /// An origin that a client allows.
    INSERT = "INSERT INTO cors_origin (client_id, origin, place) VALUES ($1, $2, $3)
        ON CONFLICT (client_id, origin) DO NOTHING";
    /// What a client allows.
    LIST = "SELECT origin FROM cors_origin WHERE client_id = $1 ORDER BY place";
    /// Whether a client allows an origin.
    ALLOWED = "SELECT 1 FROM cors_origin WHERE client_id = $1 AND origin = $2";
    /// Whether any client allows an origin, for a request that can't name one.
    KNOWN = "SELECT 1 FROM cors_origin WHERE origin = $1 LIMIT 1";
    /// All that a client allows.
    CLEAR = "DELETE FROM cors_origin WHERE client_id = $1";
}

/// The origins that a client allows, in its own order.
pub async fn list(on: &mut impl Reader, client: ClientId) -> Result<Vec<String>, StoreError> {
    on.rows(&LIST, values![client])
        .await?
        .iter()
        .map(|row| row.get(0))
        .collect()
}

/// Whether a client allows an origin.
pub async fn is_allowed(
    on: &mut impl Reader,
    client: ClientId,
    origin: &str,
) -> Result<bool, StoreError> {
    let found = on.row(&ALLOWED, values![client, origin]).await?;
    Ok(found.is_some())
}

/// Whether any client allows an origin.
pub async fn is_known(on: &mut impl Reader, origin: &str) -> Result<bool, StoreError> {
    Ok(on.row(&KNOWN, values![origin]).await?.is_some())
}

/// Replaces what a client allows.
pub async fn replace(
    tx: &mut Tx,
    client: ClientId,
    origins: &[CorsOrigin],
) -> Result<(), StoreError> {
    tx.execute(&CLEAR, values![client]).await?;
    for (place, origin) in (0_u32..).zip(origins) {
        tx.execute(&INSERT, values![client, origin.as_str(), place])
            .await?;
    }
    Ok(())
}
