//! Signed assertions that say who we are (RFC 7523, 2.2 and 3; OpenID Connect Core, 9, `private_key_jwt`).

use handclasp_ambient::random_bytes;
use handclasp_domain::Secret;
use handclasp_outbound::OutboundError;
use jsonwebtoken::{Algorithm, EncodingKey, Header, encode};
use serde::Serialize;
use uuid::Uuid;

use crate::client::Calls;
use crate::provider::ProviderFailure;

/// For how many seconds an assertion is good: it is sent at once.
const GOOD_FOR: i64 = 120;

#[derive(Serialize)]
struct Claims<'a> {
    iss: &'a str,
    sub: &'a str,
    aud: &'a str,
    jti: String,
    iat: i64,
    exp: i64,
}

/// Whom an assertion is about and for.
pub(super) struct Who<'a> {
    /// Who says it: mostly the client itself.
    pub(super) issuer: &'a str,
    /// The client id.
    pub(super) subject: &'a str,
    /// Whom it is said to: mostly the token endpoint.
    pub(super) audience: &'a str,
}

/// An assertion for a token endpoint. The secret is a private key as PEM: RSA signs with RS256, P-256 with ES256.
pub(super) fn assertion(
    who: &Who<'_>,
    key: &Secret<String>,
    calls: &Calls<'_>,
) -> Result<String, ProviderFailure> {
    let unusable = || ProviderFailure::Forbidden(OutboundError::Unsendable);
    let pem = key.expose().as_bytes();
    let (algorithm, key) = match EncodingKey::from_rsa_pem(pem) {
        Ok(key) => (Algorithm::RS256, key),
        Err(_) => (
            Algorithm::ES256,
            EncodingKey::from_ec_pem(pem).map_err(|_| unusable())?,
        ),
    };
    let now = calls.now.as_seconds();
    let claims = Claims {
        iss: who.issuer,
        sub: who.subject,
        aud: who.audience,
        jti: Uuid::from_bytes(random_bytes(calls.random)).to_string(),
        iat: now,
        exp: now + GOOD_FOR,
    };
    encode(&Header::new(algorithm), &claims, &key).map_err(|_| unusable())
}
