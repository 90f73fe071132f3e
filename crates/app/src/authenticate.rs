//! Who is calling: API keys.

use std::collections::HashMap;
use std::sync::{PoisonError, RwLock};
use std::time::Duration;

use aws_lc_rs::digest::{SHA256, digest};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use handclasp_ambient::{Random, random_bytes};
use handclasp_domain::{ApiKey, ClientId, Id, Secret, Timestamp};
use handclasp_store::client;
use uuid::Uuid;

use crate::{App, AppError};

/// What every key begins with, so that scanners of code and logs recognise one.
const PREFIX: &str = "hck_";

/// How long a key is believed without asking the database again. A revoked key is dead on every replica within 5 s.
const BELIEVED: Duration = Duration::from_secs(3);

/// At most this many keys are remembered; then all are forgotten.
const REMEMBERED_MAX: usize = 10_000;

/// The text of an API key: its client's id and 192 random bits. It carries the client's id so that it is looked
/// up among that client's keys alone.
#[derive(Debug, Clone)]
pub struct ApiKeyText {
    client: ClientId,
    hash: [u8; 32],
}

impl ApiKeyText {
    /// Draws a key for a client: the text, which is shown once, and what is stored.
    pub fn draw(client: ClientId, random: &dyn Random) -> (Secret<String>, Self) {
        let mut bytes = [0; 40];
        bytes[..16].copy_from_slice(client.uuid().as_bytes());
        bytes[16..].copy_from_slice(&random_bytes::<24>(random));
        let text = format!("{PREFIX}{}", URL_SAFE_NO_PAD.encode(bytes));
        let hash = hash(&text);
        (Secret::new(text), Self { client, hash })
    }

    /// Takes a key apart; none where it is none.
    pub fn parse(text: &str) -> Option<Self> {
        let mut bytes = [0; 40];
        let length = URL_SAFE_NO_PAD
            .decode_slice(text.strip_prefix(PREFIX)?, &mut bytes)
            .ok()?;
        if length != bytes.len() {
            return None;
        }
        let client: [u8; 16] = bytes.get(..16)?.try_into().ok()?;
        Some(Self {
            client: ClientId::from_uuid(Uuid::from_bytes(client)),
            hash: hash(text),
        })
    }

    /// The hash that is stored.
    pub fn hash(&self) -> &[u8; 32] {
        &self.hash
    }
}

/// SHA-256: a key has 192 random bits, so there is nothing to slow a guesser down for.
fn hash(text: &str) -> [u8; 32] {
    let mut hash = [0; 32];
    hash.copy_from_slice(digest(&SHA256, text.as_bytes()).as_ref());
    hash
}

/// The keys that were looked up in the last seconds. The index is the hash, so that comparing takes no time that
/// tells of the key.
#[derive(Default)]
pub struct KeyCache(RwLock<HashMap<[u8; 32], (ApiKey, Timestamp)>>);

impl App {
    /// Finds the key that a caller shows; none where there is no such key.
    pub async fn authenticate(&self, key: &ApiKeyText) -> Result<Option<ApiKey>, AppError> {
        let now = self.now();
        let known = {
            let cache = self.keys().0.read().unwrap_or_else(PoisonError::into_inner);
            cache.get(&key.hash).cloned()
        };
        if let Some((known, since)) = known
            && now.since(since) < BELIEVED
        {
            return Ok(Some(known));
        }
        let found = client::find_key(&mut self.store(), key.client, &key.hash).await?;
        let mut cache = self
            .keys()
            .0
            .write()
            .unwrap_or_else(PoisonError::into_inner);
        match &found {
            Some(found) => {
                if cache.len() >= REMEMBERED_MAX {
                    cache.clear();
                }
                cache.insert(key.hash, (found.clone(), now));
            }
            None => {
                cache.remove(&key.hash);
            }
        }
        Ok(found)
    }
}

#[cfg(test)]
mod tests {
    use handclasp_ambient::{SeededRandom, new_id};

    use super::*;

    #[test]
    fn a_key_carries_its_client_and_reads_back() {
        let random = SeededRandom::new(1);
        let client = new_id(&random);
        let (text, stored) = ApiKeyText::draw(client, &random);
        let read = ApiKeyText::parse(text.expose()).unwrap();
        assert_eq!((read.client, read.hash), (client, stored.hash));
        for bad in [
            "",
            "hck_",
            "hck_AAAA",
            &text.expose()[1..],
            &format!("{}A", text.expose()),
        ] {
            assert!(ApiKeyText::parse(bad).is_none(), "{bad}");
        }
    }
}
