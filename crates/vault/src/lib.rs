//! Sealing of secrets at rest, and keyed checksums.
//!
//! A [`Vault`] turns a secret into bytes that may lie in a database or a backup, and back. The bytes are
//! bound to one [`Cell`]: moved to another client, table, row or column they do not open. The keys come
//! from a [`KeyProvider`], ordinarily a [`KeyRing`] of [`MasterKey`]s that the binary read from a file.
//!
//! A [`MacKey`] vouches for values that are not secret but must not be forged, as tokens in links are.
//!
//! Key material is seen in this crate alone. What the seals look like is fixed by test vectors: see
//! [`Vault`] for the format.

mod cell;
mod json;
mod key;
mod key_check;
mod mac;
mod ring;
mod vault;

pub use cell::Cell;
pub use key::{BadMasterKey, KeyId, MasterKey};
pub use key_check::{KeyCheckError, WrongKey};
pub use mac::MacKey;
pub use ring::{BadKeyRing, DataKey, KeyError, KeyProvider, KeyRing};
pub use vault::{OpenError, ResealError, SealError, Vault};
