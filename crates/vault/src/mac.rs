//! Keyed checksums: HMAC-SHA256 (RFC 2104) with keys derived by HKDF (RFC 5869).

use aws_lc_rs::hkdf::{HKDF_SHA256, KeyType, Salt};
use aws_lc_rs::hmac;
use handclasp_domain::Secret;
use zeroize::Zeroizing;

/// The length of a checksum, in bytes.
const MAC_LEN: usize = 32;

/// A key that vouches for values of one purpose. A value that one purpose's key vouched for is worthless
/// with another's. Cheap to clone.
#[derive(Clone)]
pub struct MacKey {
    key: hmac::Key,
    purpose: &'static str,
}

impl MacKey {
    /// The key for `purpose` under a secret, which should have 256 bits. The same secret and purpose
    /// always give the same key; `purpose` must never change once something was vouched for.
    pub fn derive(secret: &Secret<Vec<u8>>, purpose: &'static str) -> Self {
        let extracted = Salt::new(HKDF_SHA256, b"handclasp mac key 1").extract(secret.expose());
        let mut key = Zeroizing::new([0; MAC_LEN]);
        let info = [purpose.as_bytes()];
        let filled = extracted
            .expand(&info, KeyLen)
            .and_then(|output| output.fill(&mut key[..]));
        if filled.is_err() {
            // HKDF fails only for outputs beyond 8,160 bytes. Going on with a known key is worse than stopping.
            std::process::abort();
        }
        Self {
            key: hmac::Key::new(hmac::HMAC_SHA256, &key[..]),
            purpose,
        }
    }

    /// The checksum of these parts, in this order. Each counts with its length: moving a character from
    /// one part to the next gives another checksum.
    pub fn mac(&self, parts: &[&[u8]]) -> [u8; MAC_LEN] {
        let mut context = hmac::Context::with_key(&self.key);
        context.update(&(parts.len() as u64).to_be_bytes());
        for part in parts {
            context.update(&(part.len() as u64).to_be_bytes());
            context.update(part);
        }
        let mut mac = [0; MAC_LEN];
        mac.iter_mut()
            .zip(context.sign().as_ref())
            .for_each(|(to, from)| *to = *from);
        mac
    }

    /// Whether `mac` is the checksum of these parts. Takes any bytes, and the same time whether they are
    /// right or wrong. A shortened checksum is wrong.
    pub fn verify(&self, parts: &[&[u8]], mac: &[u8]) -> bool {
        aws_lc_rs::constant_time::verify_slices_are_equal(&self.mac(parts), mac).is_ok()
    }
}

/// Shows the purpose alone.
impl std::fmt::Debug for MacKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "MacKey({})", self.purpose)
    }
}

struct KeyLen;

impl KeyType for KeyLen {
    fn len(&self) -> usize {
        MAC_LEN
    }
}
