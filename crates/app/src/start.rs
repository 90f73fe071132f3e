//! The start: the right master key, and the server's own secrets.

use handclasp_ambient::{Clock, Random};
use handclasp_domain::Secret;
use handclasp_store::{Store, StoreError, server_secret};
use handclasp_vault::{Cell, KeyCheckError, MacKey, OpenError, SealError, Vault};
use uuid::Uuid;

use crate::Secrets;

const KEY_CHECK: &str = "key_check";
const SERVER: &str = "server";

/// Why the server must not start.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// The master key is not the one that the database was sealed with.
    #[error(transparent)]
    Key(#[from] KeyCheckError),
    /// The server's own secrets do not open.
    #[error("the server's own secrets can't be opened: {0}")]
    Open(#[from] OpenError),
    /// They can't be sealed.
    #[error("the server's own secrets can't be sealed: {0}")]
    Seal(#[from] SealError),
    /// The database failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// Whether a database has been sealed before: with which key, the vault tells.
pub async fn is_sealed(store: &Store) -> Result<bool, StoreError> {
    Ok(server_secret::find(&mut &*store, KEY_CHECK)
        .await?
        .is_some())
}

/// Checks the master key against the database, or ties a fresh database to it, and reads the server's secrets. Two
/// replicas may do so at once.
pub async fn prepare(
    store: &Store,
    vault: &Vault,
    clock: &dyn Clock,
    random: &dyn Random,
) -> Result<Secrets, StartError> {
    let cell = Cell {
        client: None,
        table: "server_secret",
        row: Uuid::nil(),
        column: "sealed",
    };
    if server_secret::find(&mut &*store, KEY_CHECK)
        .await?
        .is_none()
    {
        let mut fresh = [0; 32];
        random.fill(&mut fresh);
        let fresh = Secret::new(fresh);
        let input = (
            vault.key_check()?,
            vault.seal(&cell, fresh.expose())?,
            clock.now(),
        );
        store
            .write("tie_to_master_key", input, |tx, (check, secret, now)| {
                Box::pin(async move {
                    // Together, so that a database is never half tied.
                    server_secret::insert(tx, KEY_CHECK, check, *now).await?;
                    server_secret::insert(tx, SERVER, secret, *now).await
                })
            })
            .await?;
    }
    let missing = || StoreError::Closed;
    let check = server_secret::find(&mut &*store, KEY_CHECK)
        .await?
        .ok_or_else(missing)?;
    vault.verify_key_check(&check)?;
    let sealed = server_secret::find(&mut &*store, SERVER)
        .await?
        .ok_or_else(missing)?;
    let secret = vault.open(&cell, &sealed)?;
    Ok(Secrets {
        forms: MacKey::derive(&secret, "forms"),
        sandbox_registration: MacKey::derive(&secret, "sandbox registration"),
        sandbox_tokens: MacKey::derive(&secret, "sandbox tokens"),
        consents: MacKey::derive(&secret, "consents"),
    })
}
