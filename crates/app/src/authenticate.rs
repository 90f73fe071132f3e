//! Who is calling: API keys.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::atomic::{AtomicBool, AtomicI64, Ordering};
use std::sync::{Arc, Mutex, PoisonError, RwLock};
use std::time::Duration;

use aws_lc_rs::digest::{SHA256, digest};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use handclasp_ambient::{Random, random_bytes};
use handclasp_domain::{
    ApiKeyId, ClientId, Day, Id, OverLimit, Scopes, Secret, Standing, Timestamp,
};
use handclasp_store::{client, quota};
use uuid::Uuid;

use crate::limits::{Meter, Metered};
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

/// A key that was found, and what is counted with it.
#[derive(Debug)]
pub struct KnownKey {
    /// Whose it is.
    pub client: ClientId,
    /// Its id.
    pub id: ApiKeyId,
    /// Its name, if it has one.
    pub name: Option<String>,
    /// What it may do.
    pub scopes: Scopes,
    /// When it was last found in the database, in microseconds.
    found: AtomicI64,
    /// When it was last used, in microseconds.
    used: AtomicI64,
    /// Whether that is to be written down.
    noted: AtomicBool,
    meter: Arc<Meter>,
}

impl KnownKey {
    /// Whether it was found so lately that the database is not asked again.
    fn is_believed(&self, now: Timestamp) -> bool {
        let found = Timestamp::from_micros(self.found.load(Ordering::Relaxed));
        now.since(found) < BELIEVED
    }

    /// Takes its last use, to be written down.
    pub(crate) fn take_use(&self) -> (ClientId, ApiKeyId, Timestamp) {
        // First: a use that comes in between is noted again, and the other way round it would be lost.
        self.noted.store(false, Ordering::Release);
        let used = Timestamp::from_micros(self.used.load(Ordering::Acquire));
        (self.client, self.id, used)
    }

    /// Whether the use is now noted by whoever asks.
    pub(crate) fn note(&self) -> bool {
        !self.noted.load(Ordering::Relaxed) && !self.noted.swap(true, Ordering::AcqRel)
    }
}

/// The keys that were looked up. The index is the hash, so that comparing takes no time that tells of the key.
#[derive(Default)]
pub struct KeyCache {
    cached: RwLock<Cached>,
    /// The keys that are being looked up for the first time.
    turns: Mutex<HashMap<[u8; 32], Arc<tokio::sync::Mutex<()>>>>,
}

#[derive(Default)]
struct Cached {
    keys: HashMap<[u8; 32], Arc<KnownKey>>,
    /// Counts the keys that were deleted here. What was read before one was is not remembered after it.
    deleted: u64,
}

impl KeyCache {
    fn get(&self, hash: &[u8; 32]) -> (Option<Arc<KnownKey>>, u64) {
        let cached = self.cached.read().unwrap_or_else(PoisonError::into_inner);
        (cached.keys.get(hash).cloned(), cached.deleted)
    }

    fn remember(&self, hash: [u8; 32], key: &Arc<KnownKey>, deleted: u64) {
        let mut cached = self.cached.write().unwrap_or_else(PoisonError::into_inner);
        if cached.deleted != deleted {
            return;
        }
        if cached.keys.len() >= REMEMBERED_MAX {
            cached.keys.clear();
        }
        cached.keys.insert(hash, key.clone());
    }

    fn forget_hash(&self, hash: &[u8; 32]) {
        let mut cached = self.cached.write().unwrap_or_else(PoisonError::into_inner);
        cached.keys.remove(hash);
    }

    /// The first look-up of a key: whoever has its lock does it, and others wait for him.
    fn turn(&self, hash: [u8; 32]) -> Turn<'_> {
        let mut turns = self.turns.lock().unwrap_or_else(PoisonError::into_inner);
        let lock = turns.entry(hash).or_default().clone();
        Turn {
            cache: self,
            hash,
            lock,
        }
    }

    /// Forgets a key that was deleted: from now on it is unknown here.
    pub(crate) fn forget(&self, id: ApiKeyId) {
        let mut cached = self.cached.write().unwrap_or_else(PoisonError::into_inner);
        cached.deleted += 1;
        cached.keys.retain(|_, key| key.id != id);
    }
}

/// A place among those who wait for one look-up. The last to leave takes the lock away.
struct Turn<'a> {
    cache: &'a KeyCache,
    hash: [u8; 32],
    lock: Arc<tokio::sync::Mutex<()>>,
}

impl Drop for Turn<'_> {
    fn drop(&mut self) {
        let turns = &self.cache.turns;
        let mut turns = turns.lock().unwrap_or_else(PoisonError::into_inner);
        // Its own and the map's: nobody comes by another while the map is locked.
        if Arc::strong_count(&self.lock) <= 2 {
            turns.remove(&self.hash);
        }
    }
}

/// A request whose key is good and whose client has something left of its quota.
#[derive(Debug)]
pub struct Authenticated {
    /// The key.
    pub key: Arc<KnownKey>,
    /// How the client stands; none where it has no quota.
    pub standing: Option<Standing>,
}

/// Why a request is not taken.
#[derive(Debug, thiserror::Error)]
pub enum NotTaken {
    /// There is no such key.
    #[error("there is no such key")]
    Unknown,
    /// Too many wrong keys were shown from there, or the client's quota is used up.
    #[error("too many requests")]
    Over(OverLimit),
    /// It could not be found out.
    #[error(transparent)]
    App(#[from] AppError),
}

impl From<OverLimit> for NotTaken {
    fn from(over: OverLimit) -> Self {
        Self::Over(over)
    }
}

impl App {
    /// Finds the key that a caller shows, and counts the request; none is what can't be a key. Where too many wrong keys came from an
    /// address, only keys that were good before are looked at, so that callers who share it with a guesser go on.
    pub async fn authenticate(
        &self,
        shown: Option<&ApiKeyText>,
        from: Option<IpAddr>,
    ) -> Result<Authenticated, NotTaken> {
        let Some(shown) = shown else {
            self.take_guess(from)?;
            return Err(NotTaken::Unknown);
        };
        let now = self.now();
        let (known, deleted) = self.keys().get(&shown.hash);
        let key = match known {
            Some(known) if known.is_believed(now) => known,
            Some(known) => self.look_up(shown, Some(known), deleted, now).await?,
            None => self.look_up_first(shown, from, now).await?,
        };
        key.used.store(now.as_micros(), Ordering::Release);
        if key.note() {
            self.limits().note_key(&key);
        }
        let standing = self.count(&key.meter, now)?;
        Ok(Authenticated { key, standing })
    }

    /// Counts a request that shows no API key for this client, as one with a company's access token. Says how the client stands;
    /// nothing where it has no quota.
    pub async fn count_for(&self, client: ClientId) -> Result<Option<Standing>, NotTaken> {
        let now = self.now();
        let today = Day::of(now);
        let quota = quota::find(&mut self.store(), client).await;
        let meter = self.limits().meter(client, today);
        let known = quota.map_err(AppError::from)?;
        meter.learn(&known, self.settings().limits.daily_quota, today);
        Ok(self.count(&meter, now)?)
    }

    fn count(&self, meter: &Arc<Meter>, now: Timestamp) -> Result<Option<Standing>, OverLimit> {
        let (metered, note) = meter.take(now);
        if note {
            self.limits().note_meter(meter);
        }
        match metered {
            Metered::Free => Ok(None),
            Metered::Counted(standing) => Ok(Some(standing)),
            Metered::Over(over) => Err(over),
        }
    }

    /// Looks up a key that was not good before, which may be a guess. Of many requests that show it at once one does it for all, so
    /// that a good key that is new here does not look like many guesses.
    async fn look_up_first(
        &self,
        shown: &ApiKeyText,
        from: Option<IpAddr>,
        now: Timestamp,
    ) -> Result<Arc<KnownKey>, NotTaken> {
        let turn = self.keys().turn(shown.hash);
        let held = turn.lock.try_lock();
        if held.is_err() {
            drop(turn.lock.lock().await);
        }
        let (known, deleted) = self.keys().get(&shown.hash);
        if let Some(known) = known
            && known.is_believed(now)
        {
            return Ok(known);
        }
        self.take_guess(from)?;
        let found = self.look_up(shown, None, deleted, now).await;
        match &found {
            Err(NotTaken::Unknown) => {}
            Ok(_) | Err(NotTaken::Over(_) | NotTaken::App(_)) => self.give_back_guess(from),
        }
        found
    }

    async fn look_up(
        &self,
        shown: &ApiKeyText,
        known: Option<Arc<KnownKey>>,
        deleted: u64,
        now: Timestamp,
    ) -> Result<Arc<KnownKey>, NotTaken> {
        let found = client::find_key(&mut self.store(), shown.client, &shown.hash).await;
        let Some((found, quota)) = found.map_err(AppError::from)? else {
            self.keys().forget_hash(&shown.hash);
            return Err(NotTaken::Unknown);
        };
        let today = Day::of(now);
        let meter = self.limits().meter(found.client, today);
        meter.learn(&quota, self.settings().limits.daily_quota, today);
        if let Some(known) = known
            && known.scopes == found.scopes
        {
            known.found.fetch_max(now.as_micros(), Ordering::Relaxed);
            return Ok(known);
        }
        let key = Arc::new(KnownKey {
            client: found.client,
            id: found.id,
            name: found.name.clone(),
            scopes: found.scopes,
            found: AtomicI64::new(now.as_micros()),
            used: AtomicI64::new(now.as_micros()),
            noted: AtomicBool::new(false),
            meter,
        });
        self.keys().remember(shown.hash, &key, deleted);
        Ok(key)
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
