//! Sealing and opening.

use std::sync::Arc;

use aws_lc_rs::aead::{AES_256_GCM_SIV, Aad, LessSafeKey, Nonce, UnboundKey};
use handclasp_ambient::{SharedRandom, random_bytes};
use handclasp_domain::Secret;
use serde::Serialize;
use serde::de::DeserializeOwned;
use zeroize::Zeroizing;

use crate::json;
use crate::key::{NONCE_LEN, TAG_LEN};
use crate::{Cell, DataKey, KeyError, KeyId, KeyProvider};

/// The one version of the format so far.
const VERSION: u8 = 1;
const KEY_ID_LEN: usize = 8;
const WRAPPED_LEN_LEN: usize = 2;

/// A value could not be sealed. None of it says anything of the value.
#[derive(Debug, thiserror::Error)]
pub enum SealError {
    /// The master key did not do its part.
    #[error("a secret could not be sealed")]
    Key(#[source] KeyError),
    /// The cipher failed, which it does for values beyond 64 GiB.
    #[error("a secret could not be sealed")]
    Cipher,
    /// The value has no JSON form, as a map whose keys are no texts has none.
    #[error("a secret could not be written as JSON")]
    Json,
}

/// A value could not be opened. None of it says anything of the value.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// The bytes are no seal, or end too soon.
    #[error("these bytes are no sealed secret")]
    Malformed,
    /// The seal is of a version that this program does not know: a newer one made it.
    #[error("the secret was sealed by a newer version of the program (format {0})")]
    Version(u8),
    /// The key it was sealed with is not at hand.
    #[error("the secret was sealed with the master key {0}, which is not at hand")]
    UnknownKey(KeyId),
    /// It was sealed for another place, or its bytes were changed.
    #[error("the sealed secret is not genuine: it was changed, or belongs elsewhere")]
    NotGenuine,
    /// The key provider failed.
    #[error("the secret could not be opened")]
    Key(#[source] KeyError),
    /// It opens, but what is in it is not UTF-8, or no JSON of the expected shape.
    #[error("the secret opens, but is not of the expected form")]
    Content,
}

/// A value could not be sealed anew.
#[derive(Debug, thiserror::Error)]
pub enum ResealError {
    /// It does not open.
    #[error(transparent)]
    Open(#[from] OpenError),
    /// It does not seal.
    #[error(transparent)]
    Seal(#[from] SealError),
}

/// Seals secrets for their [`Cell`] and opens them there. Cheap to clone.
///
/// A seal is, byte for byte: the version (1), the master key's id (8), the length of the wrapped key (2,
/// big endian), the wrapped key (60 with a [`crate::KeyRing`]: nonce, key, tag), the nonce (12), the
/// ciphertext, the tag (16). Each value has a random key of its own, used once; that key is wrapped by the
/// master key. Both layers are AES-256-GCM-SIV (RFC 8452), which stays safe if a nonce should ever repeat,
/// and both are bound to the cell, the version and the master key's id. A seal is 99 bytes longer than
/// its value, whose length it shows.
#[derive(Clone)]
pub struct Vault {
    keys: Arc<dyn KeyProvider>,
    random: SharedRandom,
}

impl Vault {
    /// A vault over these keys.
    pub fn new(keys: impl KeyProvider, random: SharedRandom) -> Self {
        Self {
            keys: Arc::new(keys),
            random,
        }
    }

    /// The key that seals.
    pub fn current_key(&self) -> KeyId {
        self.keys.current()
    }

    pub(crate) fn keys(&self) -> &dyn KeyProvider {
        &*self.keys
    }

    /// Seals a value for its place. Two seals of one value are never alike.
    pub fn seal(&self, cell: &Cell, value: &[u8]) -> Result<Vec<u8>, SealError> {
        let key = self.keys.current();
        let aad = cell.associated_data(VERSION, key);
        let data_key: DataKey = Zeroizing::new(random_bytes(&*self.random));
        let wrapped = self
            .keys
            .wrap(key, &data_key, &aad, &*self.random)
            .map_err(SealError::Key)?;
        let wrapped_len =
            u16::try_from(wrapped.len()).map_err(|_| SealError::Key(KeyError::Failed))?;
        let nonce: [u8; NONCE_LEN] = random_bytes(&*self.random);

        let head = 1 + KEY_ID_LEN + WRAPPED_LEN_LEN + wrapped.len() + NONCE_LEN;
        let mut sealed = Vec::with_capacity(head + value.len() + TAG_LEN);
        sealed.push(VERSION);
        sealed.extend_from_slice(&key.to_bytes());
        sealed.extend_from_slice(&wrapped_len.to_be_bytes());
        sealed.extend_from_slice(&wrapped);
        sealed.extend_from_slice(&nonce);
        sealed.resize(head + value.len() + TAG_LEN, 0);
        let (_, rest) = sealed.split_at_mut_checked(head).ok_or(SealError::Cipher)?;
        let (ciphertext, tag) = rest
            .split_at_mut_checked(value.len())
            .ok_or(SealError::Cipher)?;
        cipher(&data_key)
            .ok_or(SealError::Cipher)?
            .seal_out_of_place_scatter(
                Nonce::assume_unique_for_key(nonce),
                Aad::from(&aad),
                value,
                ciphertext,
                &[],
                tag,
            )
            .map_err(|_| SealError::Cipher)?;
        Ok(sealed)
    }

    /// Opens what was sealed for this place. Takes any bytes.
    pub fn open(&self, cell: &Cell, sealed: &[u8]) -> Result<Secret<Vec<u8>>, OpenError> {
        let parts = Parts::of(sealed)?;
        let aad = cell.associated_data(VERSION, parts.key);
        let data_key =
            self.keys
                .unwrap(parts.key, parts.wrapped, &aad)
                .map_err(|error| match error {
                    KeyError::Unknown(key) => OpenError::UnknownKey(key),
                    KeyError::NotGenuine => OpenError::NotGenuine,
                    KeyError::Failed => OpenError::Key(error),
                })?;
        let mut value = Zeroizing::new(vec![0; parts.ciphertext.len()]);
        cipher(&data_key)
            .ok_or(OpenError::Key(KeyError::Failed))?
            .open_separate_gather(
                Nonce::assume_unique_for_key(*parts.nonce),
                Aad::from(&aad),
                parts.ciphertext,
                parts.tag,
                &mut value,
            )
            .map_err(|_| OpenError::NotGenuine)?;
        Ok(Secret::new(std::mem::take(&mut *value)))
    }

    /// As [`Vault::open`], for a value that is a text.
    pub fn open_text(&self, cell: &Cell, sealed: &[u8]) -> Result<Secret<String>, OpenError> {
        let value = self.open(cell, sealed)?;
        let text = std::str::from_utf8(value.expose()).map_err(|_| OpenError::Content)?;
        Ok(Secret::new(text.to_owned()))
    }

    /// Seals a value's JSON form. The buffers in between are wiped.
    pub fn seal_json<T: Serialize + ?Sized>(
        &self,
        cell: &Cell,
        value: &T,
    ) -> Result<Vec<u8>, SealError> {
        let text = json::to_bytes(value).ok_or(SealError::Json)?;
        self.seal(cell, &text)
    }

    /// Opens what [`Vault::seal_json`] sealed. The value's own texts are the caller's to wipe: its secret
    /// fields should be [`Secret`]s.
    pub fn open_json<T: DeserializeOwned>(
        &self,
        cell: &Cell,
        sealed: &[u8],
    ) -> Result<T, OpenError> {
        let text = self.open(cell, sealed)?;
        // Its error may quote the secret, and is dropped for that.
        serde_json::from_slice(text.expose()).map_err(|_| OpenError::Content)
    }

    /// Whether a seal was not made with the current key, and wants [`Vault::reseal`]. True also of bytes
    /// that are no seal, so that a rotation comes upon them.
    pub fn reseal_needed(&self, sealed: &[u8]) -> bool {
        Parts::of(sealed).map_or(true, |parts| parts.key != self.keys.current())
    }

    /// The master key that a seal was made with; none for bytes that are no seal.
    pub fn sealed_with(&self, sealed: &[u8]) -> Option<KeyId> {
        Parts::of(sealed).ok().map(|parts| parts.key)
    }

    /// The keys that old seals open with, beside the current one.
    pub fn older_keys(&self) -> Vec<KeyId> {
        self.keys.older()
    }

    /// Opens a seal and makes a new one with the current key.
    pub fn reseal(&self, cell: &Cell, sealed: &[u8]) -> Result<Vec<u8>, ResealError> {
        let value = self.open(cell, sealed)?;
        Ok(self.seal(cell, value.expose())?)
    }
}

/// Shows no more than the keys' ids.
impl std::fmt::Debug for Vault {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Vault")
            .field("current", &self.keys.current())
            .field("older", &self.keys.older())
            .finish_non_exhaustive()
    }
}

fn cipher(data_key: &DataKey) -> Option<LessSafeKey> {
    UnboundKey::new(&AES_256_GCM_SIV, &data_key[..])
        .ok()
        .map(LessSafeKey::new)
}

/// A seal taken apart.
pub(crate) struct Parts<'a> {
    pub(crate) key: KeyId,
    wrapped: &'a [u8],
    nonce: &'a [u8; NONCE_LEN],
    ciphertext: &'a [u8],
    tag: &'a [u8],
}

impl<'a> Parts<'a> {
    pub(crate) fn of(sealed: &'a [u8]) -> Result<Self, OpenError> {
        let (version, rest) = sealed.split_first().ok_or(OpenError::Malformed)?;
        if *version != VERSION {
            return Err(OpenError::Version(*version));
        }
        Self::after_version(rest).ok_or(OpenError::Malformed)
    }

    fn after_version(rest: &'a [u8]) -> Option<Self> {
        let (key, rest) = rest.split_first_chunk::<KEY_ID_LEN>()?;
        let (wrapped_len, rest) = rest.split_first_chunk::<WRAPPED_LEN_LEN>()?;
        let (wrapped, rest) =
            rest.split_at_checked(usize::from(u16::from_be_bytes(*wrapped_len)))?;
        let (nonce, rest) = rest.split_first_chunk::<NONCE_LEN>()?;
        let (ciphertext, tag) = rest.split_last_chunk::<TAG_LEN>()?;
        Some(Self {
            key: KeyId::from_bytes(*key),
            wrapped,
            nonce,
            ciphertext,
            tag,
        })
    }
}
