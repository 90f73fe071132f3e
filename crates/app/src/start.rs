//! The start: the right master key, and the server's own secrets.

use aws_lc_rs::agreement::{ECDH_P256, PrivateKey};
use aws_lc_rs::encoding::{AsBigEndian, EcPrivateKeyBin};
use aws_lc_rs::signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair};
use handclasp_ambient::{Clock, Random, random_bytes};
use handclasp_domain::Secret;
use handclasp_store::{Store, StoreError, server_secret};
use handclasp_vault::{Cell, KeyCheckError, MacKey, OpenError, ResealError, SealError, Vault};
use uuid::Uuid;

use crate::Secrets;

const KEY_CHECK: &str = "key_check";
const SERVER: &str = "server";
const SANDBOX_SIGNING: &str = "sandbox_signing";

/// What each is sealed for, beside the table. The key check has a place of its own, in the vault.
const SERVER_COLUMN: &str = "sealed";
const SANDBOX_SIGNING_COLUMN: &str = "sandbox signing";

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
    /// The built-in third party's signing key cannot be made.
    #[error("no signing key can be made of what the system's random source gives")]
    SigningKey,
    /// The database failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// Checks the master key against the database, and changes nothing. False where the database is tied to none yet.
pub async fn check_key(store: &Store, vault: &Vault) -> Result<bool, StartError> {
    match server_secret::find(&mut &*store, KEY_CHECK).await? {
        Some(check) => {
            vault.verify_key_check(&check)?;
            Ok(true)
        }
        None => Ok(false),
    }
}

/// Checks the master key against the database, or ties a fresh database to it, and reads the server's secrets. Two
/// replicas may do so at once.
pub async fn prepare(
    store: &Store,
    vault: &Vault,
    clock: &dyn Clock,
    random: &dyn Random,
) -> Result<Secrets, StartError> {
    let cell = cell(SERVER_COLUMN);
    let missing = || StoreError::Closed;
    if !check_key(store, vault).await? {
        let fresh = Secret::new(random_bytes::<32>(random));
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
        // Another replica may have been first, perhaps with another key.
        if !check_key(store, vault).await? {
            return Err(missing().into());
        }
    }
    let sealed = server_secret::find(&mut &*store, SERVER)
        .await?
        .ok_or_else(missing)?;
    let secret = vault.open(&cell, &sealed)?;
    Ok(Secrets {
        forms: MacKey::derive(&secret, "forms"),
        sandbox_registration: MacKey::derive(&secret, "sandbox registration"),
        sandbox_tokens: MacKey::derive(&secret, "sandbox tokens"),
        consents: MacKey::derive(&secret, "consents"),
        company_tokens: MacKey::derive(&secret, "company access tokens"),
        idempotency: MacKey::derive(&secret, "idempotency"),
        sandbox_signing: sandbox_signing(store, vault, clock, random).await?,
    })
}

/// Where a secret of the server's own belongs. The rows have names and no ids, so it is `column` that keeps one from being
/// taken for another.
fn cell(column: &'static str) -> Cell {
    Cell {
        client: None,
        table: "server_secret",
        row: Uuid::nil(),
        column,
    }
}

/// Seals one of the server's own secrets anew with the current master key; none for a name that is not known.
pub(crate) fn reseal(
    vault: &Vault,
    name: &str,
    sealed: &[u8],
) -> Option<Result<Vec<u8>, ResealError>> {
    let column = match name {
        KEY_CHECK => return Some(vault.reseal_key_check(sealed)),
        SERVER => SERVER_COLUMN,
        SANDBOX_SIGNING => SANDBOX_SIGNING_COLUMN,
        _ => return None,
    };
    Some(vault.reseal(&cell(column), sealed))
}

/// The key that the built-in third party signs ID tokens with. A database that has none gets one, whether it is fresh or of a
/// time before there was such a key. Comes after the check of the master key, so that nothing is ever sealed with a wrong one.
async fn sandbox_signing(
    store: &Store,
    vault: &Vault,
    clock: &dyn Clock,
    random: &dyn Random,
) -> Result<Secret<Vec<u8>>, StartError> {
    let cell = cell(SANDBOX_SIGNING_COLUMN);
    if let Some(sealed) = server_secret::find(&mut &*store, SANDBOX_SIGNING).await? {
        return Ok(vault.open(&cell, &sealed)?);
    }
    let fresh = signing_key(random).ok_or(StartError::SigningKey)?;
    let input = (vault.seal(&cell, fresh.expose())?, clock.now());
    store
        .write("make_sandbox_signing_key", input, |tx, (sealed, now)| {
            Box::pin(async move { server_secret::insert(tx, SANDBOX_SIGNING, sealed, *now).await })
        })
        .await?;
    // Another replica may have been first: its key is the one.
    let sealed = server_secret::find(&mut &*store, SANDBOX_SIGNING)
        .await?
        .ok_or(StoreError::Closed)?;
    Ok(vault.open(&cell, &sealed)?)
}

/// A fresh ECDSA key on P-256, as PKCS#8 (RFC 5958).
fn signing_key(random: &dyn Random) -> Option<Secret<Vec<u8>>> {
    // One draw in 2³² is no number below the order of the curve, and is drawn again (FIPS 186-5, A.2.2).
    let private = (0..8).find_map(|_| {
        let drawn = Secret::new(random_bytes::<32>(random));
        PrivateKey::from_private_key(&ECDH_P256, drawn.expose()).ok()
    })?;
    let public = private.compute_public_key().ok()?;
    let private: EcPrivateKeyBin<'_> = private.as_be_bytes().ok()?;
    let pair = EcdsaKeyPair::from_private_key_and_public_key(
        &ECDSA_P256_SHA256_FIXED_SIGNING,
        private.as_ref(),
        public.as_ref(),
    );
    let document = pair.ok()?.to_pkcs8v1().ok()?;
    Some(Secret::new(document.as_ref().to_vec()))
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use handclasp_ambient::{ManualClock, SeededRandom};
    use handclasp_domain::Timestamp;
    use handclasp_store::{Database, StoreOptions};
    use handclasp_vault::{KeyRing, MasterKey};

    use super::*;

    const NOW: Timestamp = Timestamp::from_seconds(1_800_000_000);

    /// A database, and replicas that share its master key.
    struct Place {
        store: Store,
        _dir: tempfile::TempDir,
    }

    impl Place {
        async fn new() -> Self {
            let dir = tempfile::tempdir().unwrap();
            let path = dir.path().join("handclasp.db");
            let store = Store::open(StoreOptions::new(Database::Sqlite { path })).await;
            Self {
                store: store.unwrap(),
                _dir: dir,
            }
        }

        fn vault(seed: u64) -> Vault {
            let key = MasterKey::generate(&SeededRandom::new(1));
            let ring = KeyRing::new(key, Vec::new()).unwrap();
            Vault::new(ring, Arc::new(SeededRandom::new(seed)))
        }

        /// The start of a replica that draws what `seed` gives.
        async fn start(&self, seed: u64) -> Result<Secrets, StartError> {
            let (clock, random) = (ManualClock::at(NOW), SeededRandom::new(seed));
            prepare(&self.store, &Self::vault(seed), &clock, &random).await
        }

        async fn put(&self, rows: Vec<(&'static str, Vec<u8>)>) {
            self.store
                .write("test_put", rows, |tx, rows| {
                    Box::pin(async move {
                        for (name, sealed) in rows {
                            server_secret::insert(tx, name, sealed, NOW).await?;
                        }
                        Ok::<_, StoreError>(())
                    })
                })
                .await
                .unwrap();
        }
    }

    #[tokio::test]
    async fn the_signing_key_is_made_once_and_is_never_seen_in_the_database() {
        let place = Place::new().await;
        let first = place.start(2).await.unwrap().sandbox_signing;
        let pair = EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, first.expose());
        assert!(pair.is_ok());
        let again = place.start(3).await.unwrap().sandbox_signing;
        assert_eq!(first.expose(), again.expose());
        let sealed = server_secret::find(&mut &place.store, SANDBOX_SIGNING).await;
        let sealed = sealed.unwrap().unwrap();
        // The private number stands at the end of what PKCS#8 wraps, the public point behind it.
        let private = &first.expose()[36..68];
        assert!(!sealed.windows(32).any(|bytes| bytes == private));

        let other = Place::new().await.start(4).await.unwrap().sandbox_signing;
        assert_ne!(first.expose(), other.expose());
    }

    #[tokio::test]
    async fn two_replicas_that_start_at_once_have_one_key() {
        let place = Place::new().await;
        let (one, two) = tokio::join!(place.start(2), place.start(3));
        let (one, two) = (one.unwrap(), two.unwrap());
        assert_eq!(one.sandbox_signing.expose(), two.sandbox_signing.expose());
        let mac = |secrets: &Secrets| secrets.sandbox_tokens.mac(&[b"x"]);
        assert_eq!(mac(&one), mac(&two));
    }

    #[tokio::test]
    async fn a_database_of_a_time_before_the_key_gets_one() {
        let place = Place::new().await;
        let vault = Place::vault(9);
        let server = vault.seal(&cell("sealed"), &[7; 32]).unwrap();
        place
            .put(vec![
                (KEY_CHECK, vault.key_check().unwrap()),
                (SERVER, server),
            ])
            .await;
        let first = place.start(2).await.unwrap();
        // What was there before stays what it was.
        let expected = MacKey::derive(&Secret::new(vec![7; 32]), "forms");
        assert_eq!(first.forms.mac(&[b"x"]), expected.mac(&[b"x"]));
        let again = place.start(3).await.unwrap();
        assert_eq!(
            first.sandbox_signing.expose(),
            again.sandbox_signing.expose()
        );
    }

    #[tokio::test]
    async fn another_secret_in_its_place_is_refused() {
        let place = Place::new().await;
        let pkcs8 = signing_key(&SeededRandom::new(5)).unwrap();
        let elsewhere = Place::vault(9)
            .seal(&cell("sealed"), pkcs8.expose())
            .unwrap();
        place.put(vec![(SANDBOX_SIGNING, elsewhere)]).await;
        let refused = place.start(2).await.err().unwrap();
        assert!(matches!(refused, StartError::Open(_)), "{refused}");
    }

    #[test]
    fn a_random_source_that_gives_no_key_ends_the_start() {
        struct Broken;
        impl Random for Broken {
            fn fill(&self, bytes: &mut [u8]) {
                bytes.fill(0xff);
            }
        }
        assert!(signing_key(&Broken).is_none());
    }
}
