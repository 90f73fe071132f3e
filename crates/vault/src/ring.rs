//! Where the keys come from.

use std::sync::Arc;

use handclasp_ambient::{Random, random_bytes};
use zeroize::Zeroizing;

use crate::{KeyId, MasterKey};

/// The key of one record: 256 random bits, wiped when dropped.
pub type DataKey = Zeroizing<[u8; 32]>;

/// A data key could not be wrapped or unwrapped.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum KeyError {
    /// No key of that id is at hand.
    #[error("no master key {0} is at hand")]
    Unknown(KeyId),
    /// It was not wrapped by this key for this place, or was changed since.
    #[error("the wrapped key is not genuine")]
    NotGenuine,
    /// The cipher or the key service failed.
    #[error("the key could not be used")]
    Failed,
}

/// Holds the master keys and uses them, without showing them: wraps the key of each record, and unwraps
/// it. A [`KeyRing`] does so in memory; one that asks a key service keeps what it unwrapped, since it is
/// asked for every record.
pub trait KeyProvider: Send + Sync + 'static {
    /// The key that new seals are made with.
    fn current(&self) -> KeyId;

    /// The further keys that old seals open with.
    fn older(&self) -> Vec<KeyId>;

    /// Wraps `data_key` with the key `key`, bound to `aad`. At most 65,535 bytes.
    fn wrap(
        &self,
        key: KeyId,
        data_key: &DataKey,
        aad: &[u8],
        random: &dyn Random,
    ) -> Result<Vec<u8>, KeyError>;

    /// Undoes [`KeyProvider::wrap`]. Takes any bytes for `wrapped`.
    fn unwrap(&self, key: KeyId, wrapped: &[u8], aad: &[u8]) -> Result<DataKey, KeyError>;
}

/// A ring that cannot be: two of its keys are the same.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the master key {0} is given twice; an older key is one that was replaced")]
pub struct BadKeyRing(pub KeyId);

/// The master keys in memory: the current one seals, all open. To replace a key, put the new one first
/// and the old one among the older, until nothing is sealed with it any more.
#[derive(Debug, Clone)]
pub struct KeyRing(Arc<[MasterKey]>);

impl KeyRing {
    /// A ring that seals with `current` and also opens what `older` sealed.
    pub fn new(current: MasterKey, older: Vec<MasterKey>) -> Result<Self, BadKeyRing> {
        let mut keys = vec![current];
        for key in older {
            if keys.iter().any(|known| known.id() == key.id()) {
                return Err(BadKeyRing(key.id()));
            }
            keys.push(key);
        }
        Ok(Self(keys.into()))
    }

    fn key(&self, id: KeyId) -> Result<&MasterKey, KeyError> {
        self.0
            .iter()
            .find(|key| key.id() == id)
            .ok_or(KeyError::Unknown(id))
    }
}

/// A ring of one key.
impl From<MasterKey> for KeyRing {
    fn from(key: MasterKey) -> Self {
        Self(Arc::new([key]))
    }
}

impl KeyProvider for KeyRing {
    fn current(&self) -> KeyId {
        // A ring is never empty; were it, no seal would open with this id.
        self.0
            .first()
            .map_or(KeyId::from_bytes([0; 8]), MasterKey::id)
    }

    fn older(&self) -> Vec<KeyId> {
        self.0.iter().skip(1).map(MasterKey::id).collect()
    }

    fn wrap(
        &self,
        key: KeyId,
        data_key: &DataKey,
        aad: &[u8],
        random: &dyn Random,
    ) -> Result<Vec<u8>, KeyError> {
        self.key(key)?
            .wrap(data_key, random_bytes(random), aad)
            .ok_or(KeyError::Failed)
    }

    fn unwrap(&self, key: KeyId, wrapped: &[u8], aad: &[u8]) -> Result<DataKey, KeyError> {
        self.key(key)?
            .unwrap(wrapped, aad)
            .ok_or(KeyError::NotGenuine)
    }
}
