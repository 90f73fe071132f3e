//! Finding out at the start, not at the first secret, that the master key is another.

use std::fmt;

use uuid::Uuid;

use crate::vault::Parts;
use crate::{Cell, KeyId, OpenError, ResealError, SealError, Vault};

/// Where the key check belongs; there is one in a database.
const CELL: Cell = Cell {
    client: None,
    table: "key_check",
    row: Uuid::nil(),
    column: "sealed",
};
const CONTENT: &[u8] = b"handclasp key check";

/// The master key at hand is not the one that this database's secrets are sealed with.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WrongKey {
    /// The key that the database wants.
    pub expected: KeyId,
    /// The keys at hand, the current one first.
    pub have: Vec<KeyId>,
}

impl fmt::Display for WrongKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { expected, have } = self;
        write!(
            f,
            "the secrets in this database are sealed with the master key {expected}, but the "
        )?;
        match have.as_slice() {
            [] => f.write_str("server was given none")?,
            [one] => write!(f, "server was given the key {one}")?,
            [current, older @ ..] => {
                write!(f, "server was given the key {current} and the older ")?;
                for (n, key) in older.iter().enumerate() {
                    write!(f, "{}{key}", if n == 0 { "" } else { ", " })?;
                }
            }
        }
        write!(
            f,
            "; give it the key {expected}: as the master key, or, where it was replaced, among the older \
             ones. Without it nothing that was sealed can be read"
        )
    }
}

impl std::error::Error for WrongKey {}

/// Why a server must not start on its database.
#[derive(Debug, thiserror::Error)]
pub enum KeyCheckError {
    /// The master key is another one.
    #[error(transparent)]
    WrongKey(#[from] WrongKey),
    /// The key check itself is damaged, and the database with it perhaps.
    #[error("the key check stored in the database is damaged; restore the database from a backup")]
    Damaged(#[source] OpenError),
}

impl Vault {
    /// What the server stores once, when it first starts on an empty database, and hands to
    /// [`Vault::verify_key_check`] at every later start.
    pub fn key_check(&self) -> Result<Vec<u8>, SealError> {
        self.seal(&CELL, CONTENT)
    }

    /// The key check sealed anew with the current key.
    pub fn reseal_key_check(&self, stored: &[u8]) -> Result<Vec<u8>, ResealError> {
        self.reseal(&CELL, stored)
    }

    /// Whether the keys at hand are those of the database with this key check. An older key of the ring
    /// will do; [`Vault::reseal_needed`] then says that the check wants renewing once all else is resealed.
    pub fn verify_key_check(&self, stored: &[u8]) -> Result<(), KeyCheckError> {
        let expected = Parts::of(stored).map_err(KeyCheckError::Damaged)?.key;
        match self.open(&CELL, stored) {
            Ok(content) if content.expose() == CONTENT => Ok(()),
            Ok(_) => Err(KeyCheckError::Damaged(OpenError::Content)),
            Err(OpenError::UnknownKey(_)) => {
                let mut have = vec![self.keys().current()];
                have.extend(self.keys().older());
                Err(WrongKey { expected, have }.into())
            }
            Err(error) => Err(KeyCheckError::Damaged(error)),
        }
    }
}
