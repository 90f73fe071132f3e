//! Master keys and their ids.

use std::fmt;
use std::str::FromStr;

use aws_lc_rs::aead::{AES_256_GCM_SIV, Aad, LessSafeKey, Nonce, UnboundKey};
use aws_lc_rs::digest::{SHA256, digest};
use aws_lc_rs::hmac;
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use handclasp_ambient::{Random, random_bytes};
use handclasp_domain::Secret;
use zeroize::Zeroizing;

/// What a master key's text begins with, so that one is known when it lies where it should not.
const PREFIX: &str = "hcmk1_";
const KEY_LEN: usize = 32;
const CHECKSUM_LEN: usize = 4;
/// 43 characters for the key, 6 for the checksum.
const TEXT_LEN: usize = PREFIX.len() + 43 + 6;

pub(crate) const NONCE_LEN: usize = 12;
pub(crate) const TAG_LEN: usize = 16;

/// Names a master key without giving anything of it away: eight bytes of an HMAC under it. Shown as
/// sixteen hexadecimal digits.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct KeyId([u8; 8]);

impl KeyId {
    /// The id whose bytes these are. For a [`crate::KeyProvider`] that names its keys by other means.
    pub const fn from_bytes(bytes: [u8; 8]) -> Self {
        Self(bytes)
    }

    /// The id's bytes, as they stand in a seal.
    pub const fn to_bytes(self) -> [u8; 8] {
        self.0
    }
}

impl fmt::Display for KeyId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

impl fmt::Debug for KeyId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "KeyId({self})")
    }
}

/// A text is not a master key. It says how, and nothing of the text.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum BadMasterKey {
    /// It does not begin with `hcmk1_`.
    #[error("a master key begins with hcmk1_")]
    Prefix,
    /// It is too short or too long, as after an incomplete copy.
    #[error("a master key has 55 characters, this one has {0}")]
    Length(usize),
    /// It has a character that base64url does not have.
    #[error("a master key has only letters, digits, - and _ after hcmk1_")]
    Characters,
    /// Its checksum is another: a character was changed.
    #[error("the master key is mistyped: its checksum does not match")]
    Checksum,
}

/// The key under which a server's secrets are sealed: 256 bits. Whoever has it and the database has the
/// secrets; whoever loses it has lost them.
pub struct MasterKey {
    bytes: Secret<[u8; KEY_LEN]>,
    cipher: LessSafeKey,
    id: KeyId,
}

impl MasterKey {
    /// A new key.
    pub fn generate(random: &dyn Random) -> Self {
        // The cipher takes any 32 bytes; drawing anew can only ever happen if it were broken.
        loop {
            if let Some(key) = Self::from_bytes(random_bytes(random)) {
                return key;
            }
        }
    }

    /// Reads a key's text form, `hcmk1_` with 49 characters of base64url: the key and four bytes of
    /// checksum. White space around it is ignored, as files end in a newline.
    pub fn parse(text: &str) -> Result<Self, BadMasterKey> {
        let text = text.trim_ascii();
        let body = text.strip_prefix(PREFIX).ok_or(BadMasterKey::Prefix)?;
        if !text.is_ascii() {
            return Err(BadMasterKey::Characters);
        }
        if text.len() != TEXT_LEN {
            return Err(BadMasterKey::Length(text.len()));
        }
        let (key, sum) = body.split_at_checked(43).ok_or(BadMasterKey::Characters)?;
        let mut bytes = Zeroizing::new([0; KEY_LEN]);
        let mut checksum = [0; CHECKSUM_LEN];
        for (part, into) in [(key, &mut bytes[..]), (sum, &mut checksum[..])] {
            URL_SAFE_NO_PAD
                .decode_slice(part, into)
                .map_err(|_| BadMasterKey::Characters)?;
        }
        if checksum != checksum_of(&bytes) {
            return Err(BadMasterKey::Checksum);
        }
        Self::from_bytes(*bytes).ok_or(BadMasterKey::Characters)
    }

    /// The key's text form, which [`MasterKey::parse`] reads: for the one time that it is written to its file.
    pub fn to_text(&self) -> Secret<String> {
        let bytes = self.bytes.expose();
        // Room for the whole text, so that no half of it is left behind in memory by growing.
        let mut text = String::with_capacity(TEXT_LEN + 1);
        text.push_str(PREFIX);
        URL_SAFE_NO_PAD.encode_string(bytes, &mut text);
        URL_SAFE_NO_PAD.encode_string(checksum_of(bytes), &mut text);
        Secret::new(text)
    }

    /// The key's name. Not secret.
    pub fn id(&self) -> KeyId {
        self.id
    }

    fn from_bytes(bytes: [u8; KEY_LEN]) -> Option<Self> {
        let bytes = Secret::new(bytes);
        let cipher = LessSafeKey::new(UnboundKey::new(&AES_256_GCM_SIV, bytes.expose()).ok()?);
        let named = hmac::sign(
            &hmac::Key::new(hmac::HMAC_SHA256, bytes.expose()),
            b"handclasp master key id 1",
        );
        let id = KeyId(*named.as_ref().first_chunk()?);
        Some(Self { bytes, cipher, id })
    }

    /// Wraps a data key: nonce, 32 bytes encrypted, tag.
    pub(crate) fn wrap(
        &self,
        data_key: &[u8; KEY_LEN],
        nonce: [u8; NONCE_LEN],
        aad: &[u8],
    ) -> Option<Vec<u8>> {
        let mut wrapped = Vec::with_capacity(NONCE_LEN + KEY_LEN + TAG_LEN);
        wrapped.extend_from_slice(&nonce);
        wrapped.extend_from_slice(data_key);
        let tag = self
            .cipher
            .seal_in_place_separate_tag(
                Nonce::assume_unique_for_key(nonce),
                Aad::from(aad),
                wrapped.get_mut(NONCE_LEN..)?,
            )
            .ok()?;
        wrapped.extend_from_slice(tag.as_ref());
        Some(wrapped)
    }

    /// Takes a data key out again; `None` for anything that this key did not wrap with this `aad`.
    pub(crate) fn unwrap(&self, wrapped: &[u8], aad: &[u8]) -> Option<Zeroizing<[u8; KEY_LEN]>> {
        let (nonce, rest) = wrapped.split_first_chunk::<NONCE_LEN>()?;
        let (encrypted, tag) = rest.split_first_chunk::<KEY_LEN>()?;
        let mut data_key = Zeroizing::new([0; KEY_LEN]);
        self.cipher
            .open_separate_gather(
                Nonce::assume_unique_for_key(*nonce),
                Aad::from(aad),
                encrypted,
                tag,
                &mut data_key[..],
            )
            .ok()?;
        Some(data_key)
    }
}

/// As [`MasterKey::parse`].
impl FromStr for MasterKey {
    type Err = BadMasterKey;

    fn from_str(text: &str) -> Result<Self, BadMasterKey> {
        Self::parse(text)
    }
}

/// Shows the id alone.
impl fmt::Debug for MasterKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "MasterKey({})", self.id)
    }
}

/// Four bytes of SHA-256: against slips of the hand, not against people. Of a 256-bit random key they
/// help nobody to guess the rest.
fn checksum_of(bytes: &[u8; KEY_LEN]) -> [u8; CHECKSUM_LEN] {
    let mut hashed = Zeroizing::new([0; PREFIX.len() + KEY_LEN]);
    hashed[..PREFIX.len()].copy_from_slice(PREFIX.as_bytes());
    hashed[PREFIX.len()..].copy_from_slice(bytes);
    let mut sum = [0; CHECKSUM_LEN];
    sum.iter_mut()
        .zip(digest(&SHA256, &hashed[..]).as_ref())
        .for_each(|(to, from)| *to = *from);
    sum
}
