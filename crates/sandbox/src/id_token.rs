//! ID tokens (OpenID Connect Core 1.0, 2) and the key that they are signed with.

use std::time::Duration;

use aws_lc_rs::digest::{SHA256, digest};
use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, KeyPair as _};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use handclasp_domain::{Secret, Timestamp};
use serde::Serialize;
use serde_json::{Map, Value, json};

use crate::claims::{CannotSign, hash};

/// The one algorithm: ECDSA on P-256 with SHA-256 (RFC 7518, 3.4).
pub(crate) const ALGORITHM: &str = "ES256";
/// How long an ID token is worth something.
pub(crate) const ID_TOKEN_LIFE: Duration = Duration::from_secs(3_600);
/// What an ID token says besides what it says of the person.
pub(crate) const PROTOCOL_CLAIMS: [&str; 7] =
    ["iss", "aud", "exp", "iat", "auth_time", "nonce", "at_hash"];

/// What an ID token says. The times are seconds.
#[derive(Serialize)]
pub(crate) struct IdToken<'a> {
    iss: &'a str,
    aud: &'a str,
    exp: i64,
    iat: i64,
    auth_time: i64,
    #[serde(skip_serializing_if = "Option::is_none")]
    nonce: Option<&'a str>,
    at_hash: String,
    /// `sub`, and what the scopes allow.
    #[serde(flatten)]
    person: Map<String, Value>,
}

impl<'a> IdToken<'a> {
    /// For `client`, of a person who pressed the button at `authenticated`. It comes with `access_token`, and is bound to it
    /// (3.1.3.6).
    pub(crate) fn new(
        issuer: &'a str,
        client: &'a str,
        person: Map<String, Value>,
        authenticated: Timestamp,
        access_token: &str,
        now: Timestamp,
    ) -> Self {
        let digest = digest(&SHA256, access_token.as_bytes());
        let (left, _) = digest.as_ref().split_at(digest.as_ref().len() / 2);
        Self {
            iss: issuer,
            aud: client,
            exp: now.plus(ID_TOKEN_LIFE).as_seconds(),
            iat: now.as_seconds(),
            auth_time: authenticated.as_seconds(),
            nonce: None,
            at_hash: URL_SAFE_NO_PAD.encode(left),
            person,
        }
    }

    /// With the nonce of the authorization request, where it had one.
    pub(crate) fn with_nonce(mut self, nonce: Option<&'a str>) -> Self {
        self.nonce = nonce;
        self
    }
}

/// The signing key is no ECDSA key on P-256 in PKCS#8.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the signing key is no ECDSA key on P-256 in PKCS#8")]
pub(crate) struct BadSigningKey;

/// Signs ID tokens, and shows clients the key to check them by.
pub(crate) struct IdTokenSigner {
    key: EcdsaKeyPair,
    public: PublicKey,
}

/// The public key, as a JWK (RFC 7517; RFC 7518, 6.2).
struct PublicKey {
    kid: String,
    x: String,
    y: String,
}

impl IdTokenSigner {
    /// With a key of PKCS#8.
    pub(crate) fn new(pkcs8: &Secret<Vec<u8>>) -> Result<Self, BadSigningKey> {
        let key = EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, pkcs8.expose())
            .map_err(|_| BadSigningKey)?;
        // An uncompressed point (SEC 1, 2.3.3): a byte that says so, and its two coordinates.
        let point = key.public_key().as_ref().split_first();
        let (x, y) = match point {
            Some((4, rest)) if rest.len() == 64 => rest.split_at(32),
            Some(_) | None => return Err(BadSigningKey),
        };
        let (x, y) = (URL_SAFE_NO_PAD.encode(x), URL_SAFE_NO_PAD.encode(y));
        // The key's thumbprint (RFC 7638, 3): the same key has the same id on every replica.
        let kid = hash(&format!(
            r#"{{"crv":"P-256","kty":"EC","x":"{x}","y":"{y}"}}"#
        ));
        let public = PublicKey { kid, x, y };
        Ok(Self { key, public })
    }

    /// The set of public keys (RFC 7517, 5).
    pub(crate) fn key_set(&self) -> Value {
        let PublicKey { kid, x, y } = &self.public;
        json!({"keys": [
            {"kty": "EC", "use": "sig", "alg": ALGORITHM, "kid": kid, "crv": "P-256", "x": x, "y": y},
        ]})
    }

    /// The token, signed (RFC 7515, 7.1).
    pub(crate) fn sign(&self, token: &IdToken<'_>) -> Result<Secret<String>, CannotSign> {
        let header = json!({"alg": ALGORITHM, "typ": "JWT", "kid": self.public.kid});
        let claims = serde_json::to_vec(token).map_err(|_| CannotSign)?;
        let mut text = URL_SAFE_NO_PAD.encode(header.to_string());
        text.push('.');
        URL_SAFE_NO_PAD.encode_string(claims, &mut text);
        let signature = self
            .key
            .sign(&SystemRandom::new(), text.as_bytes())
            .map_err(|_| CannotSign)?;
        text.push('.');
        URL_SAFE_NO_PAD.encode_string(signature, &mut text);
        Ok(Secret::new(text))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn another_key_than_an_ecdsa_one_on_p_256_is_refused() {
        let other = EcdsaKeyPair::generate(&aws_lc_rs::signature::ECDSA_P384_SHA384_FIXED_SIGNING);
        let other = other.unwrap().to_pkcs8v1().unwrap().as_ref().to_vec();
        for bad in [other, Vec::new(), vec![0x30; 200]] {
            let refused = IdTokenSigner::new(&Secret::new(bad)).err();
            assert_eq!(refused, Some(BadSigningKey));
        }
    }

    #[test]
    fn the_access_tokens_hash_is_that_of_the_standard() {
        // OpenID Connect Core 1.0, A.3.
        let token = IdToken::new(
            "i",
            "c",
            Map::new(),
            Timestamp::from_seconds(0),
            "jHkWEdUXMU1BwAsC4vtUsZwnNvTIxEl0z9K3vx5KF0Y",
            Timestamp::from_seconds(0),
        );
        assert_eq!(token.at_hash, "77QmUPtjPfzWtF2AnpK9RQ");
    }
}
