//! The security headers of each surface.

use std::fmt;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use handclasp_ambient::{Random, random_bytes};
use http::header::{
    CACHE_CONTROL, CONTENT_SECURITY_POLICY, REFERRER_POLICY, STRICT_TRANSPORT_SECURITY,
    X_CONTENT_TYPE_OPTIONS,
};
use http::{HeaderMap, HeaderName, HeaderValue};

use super::Surface;

const X_ROBOTS_TAG: HeaderName = HeaderName::from_static("x-robots-tag");
const OPENER_POLICY: HeaderName = HeaderName::from_static("cross-origin-opener-policy");
const PERMISSIONS_POLICY: HeaderName = HeaderName::from_static("permissions-policy");

const NO_FEATURES: &str = "accelerometer=(), autoplay=(), camera=(), display-capture=(), \
     encrypted-media=(), fullscreen=(), geolocation=(), gyroscope=(), magnetometer=(), microphone=(), \
     midi=(), payment=(), publickey-credentials-get=(), screen-wake-lock=(), usb=(), xr-spatial-tracking=()";

/// The nonce of one page: what lets its one `<style nonce>` through the content security policy. 128 random
/// bits.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Nonce([u8; 22]);

impl Nonce {
    /// Draws a nonce.
    pub fn draw(random: &dyn Random) -> Self {
        let mut text = [b'0'; 22];
        // 16 bytes are always 22 characters.
        let _written = URL_SAFE_NO_PAD.encode_slice(random_bytes::<16>(random), &mut text);
        Self(text)
    }

    /// The nonce as it stands in the policy and in the attribute.
    pub fn as_str(&self) -> &str {
        std::str::from_utf8(&self.0).unwrap_or_default()
    }
}

impl fmt::Display for Nonce {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl fmt::Debug for Nonce {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Nonce(…)")
    }
}

/// Sets what the surface wants. What a handler has set itself stays: an asset has its own caching, an
/// uploaded picture its own policy.
pub(super) fn set(headers: &mut HeaderMap, surface: Surface, nonce: Option<&Nonce>, hsts: bool) {
    let mut set = |name: HeaderName, value: HeaderValue| {
        headers.entry(name).or_insert(value);
    };
    set(X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    set(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    if hsts {
        set(
            STRICT_TRANSPORT_SECURITY,
            HeaderValue::from_static("max-age=31536000"),
        );
    }
    match surface {
        Surface::Api | Surface::Operator => {}
        Surface::Pages => {
            set(CONTENT_SECURITY_POLICY, policy(nonce));
            for (name, value) in OF_PAGES {
                set(name, HeaderValue::from_static(value));
            }
        }
    }
}

const OF_PAGES: [(HeaderName, &str); 4] = [
    (REFERRER_POLICY, "same-origin"),
    (X_ROBOTS_TAG, "noindex, nofollow"),
    (OPENER_POLICY, "same-origin"),
    (PERMISSIONS_POLICY, NO_FEATURES),
];

/// What every page has beside its content security policy, for a page that stands among answers to programs.
pub(crate) fn page_headers() -> HeaderMap {
    OF_PAGES
        .into_iter()
        .map(|(name, value)| (name, HeaderValue::from_static(value)))
        .collect()
}

fn policy(nonce: Option<&Nonce>) -> HeaderValue {
    const BARE: &str = "default-src 'none'; base-uri 'none'; form-action 'self'; \
                        frame-ancestors 'none'; connect-src 'self'; img-src 'self'; script-src 'self'; \
                        style-src 'self'";
    let Some(nonce) = nonce else {
        return HeaderValue::from_static(BARE);
    };
    let mut policy = String::with_capacity(BARE.len() + 40);
    policy.push_str(BARE);
    policy.push_str(" 'nonce-");
    policy.push_str(nonce.as_str());
    policy.push('\'');
    HeaderValue::try_from(policy).unwrap_or(HeaderValue::from_static(BARE))
}
