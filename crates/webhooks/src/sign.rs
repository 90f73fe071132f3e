//! Signatures, as the Standard Webhooks specification 1.0 has them.

use aws_lc_rs::hmac;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use handclasp_domain::{EventId, Secret, Timestamp};
use http::header::{CONTENT_TYPE, HeaderMap, HeaderName, HeaderValue};
use zeroize::Zeroizing;

static WEBHOOK_ID: HeaderName = HeaderName::from_static("webhook-id");
static WEBHOOK_TIMESTAMP: HeaderName = HeaderName::from_static("webhook-timestamp");
static WEBHOOK_SIGNATURE: HeaderName = HeaderName::from_static("webhook-signature");

/// A consumer's key, ready to sign.
#[derive(Clone)]
pub(crate) struct SigningKey(hmac::Key);

/// A secret is not of the form `whsec_` and base64, or is no key of 24 to 64 bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a webhook's secret has not the form whsec_ and base64 of 24 to 64 bytes")]
pub(crate) struct BadSecret;

impl SigningKey {
    /// Takes the key out of its text.
    pub(crate) fn new(secret: &Secret<String>) -> Result<Self, BadSecret> {
        let text = secret.expose().strip_prefix("whsec_").ok_or(BadSecret)?;
        let key = Zeroizing::new(STANDARD.decode(text).map_err(|_| BadSecret)?);
        if !(24..=64).contains(&key.len()) {
            return Err(BadSecret);
        }
        Ok(Self(hmac::Key::new(hmac::HMAC_SHA256, &key)))
    }

    /// The headers of a message sent at `at`.
    pub(crate) fn headers(&self, id: EventId, at: Timestamp, body: &[u8]) -> HeaderMap {
        let id = id.to_string();
        let at = at.as_seconds().to_string();
        let mut context = hmac::Context::with_key(&self.0);
        context.update(id.as_bytes());
        context.update(b".");
        context.update(at.as_bytes());
        context.update(b".");
        context.update(body);
        let mut signature = String::with_capacity(48);
        signature.push_str("v1,");
        STANDARD.encode_string(context.sign(), &mut signature);
        let mut headers = HeaderMap::with_capacity(4);
        headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
        for (name, value) in [
            (&WEBHOOK_ID, id),
            (&WEBHOOK_TIMESTAMP, at),
            (&WEBHOOK_SIGNATURE, signature),
        ] {
            // They hold hexadecimal digits, decimal digits and base64: nothing that a header can't.
            if let Ok(value) = HeaderValue::try_from(value) {
                headers.insert(name, value);
            }
        }
        headers
    }
}

/// Shows nothing.
impl std::fmt::Debug for SigningKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("SigningKey(…)")
    }
}
