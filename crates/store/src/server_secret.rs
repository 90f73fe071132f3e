//! The server's own sealed secrets.

use handclasp_domain::Timestamp;

use crate::reader::Reader;
use crate::{StoreError, Tx, statements, values};

statements! {
    /// One secret.
    GET = "SELECT sealed FROM server_secret WHERE name = $1";
    /// A secret that is not there yet.
    INSERT = "INSERT INTO server_secret (name, sealed, created) VALUES ($1, $2, $3) ON CONFLICT (name) DO NOTHING";
}

/// Finds a secret by name.
pub async fn find(on: &mut impl Reader, name: &str) -> Result<Option<Vec<u8>>, StoreError> {
    on.row(&GET, values![name])
        .await?
        .map(|row| row.get(0))
        .transpose()
}

/// Saves a secret, unless there is one of that name: the first of two replicas that start at once wins.
pub async fn insert(
    tx: &mut Tx,
    name: &str,
    sealed: &[u8],
    at: Timestamp,
) -> Result<(), StoreError> {
    tx.execute(&INSERT, values![name, sealed, at]).await?;
    Ok(())
}
