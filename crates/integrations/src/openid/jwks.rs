//! The keys that ID tokens are signed with (RFC 7517).

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use handclasp_domain::Timestamp;
use handclasp_outbound::{OutboundError, Request};
use http::Method;
use jsonwebtoken::DecodingKey;
use jsonwebtoken::jwk::{AlgorithmParameters, EllipticCurve, Jwk, KeyAlgorithm, PublicKeyUse};
use serde::Deserialize as _;
use serde_json::Value;
use url::Url;

use super::{IdTokenFailure, Rejection, library};
use crate::client::Calls;
use crate::oauth2::SigningAlgorithm;
use crate::provider::{ProviderFailure, Unintelligible, judge, send, unintelligible};

/// For how long keys are believed without asking again. One that was taken away is not believed longer than that.
const GOOD_FOR: Duration = Duration::from_secs(60 * 60);

/// How often is asked again for the sake of a key that is not known. Anybody can make a token that names one.
const AT_MOST_EVERY: Duration = Duration::from_secs(60);

/// The most keys of an issuer that are looked at.
const KEYS_MAX: usize = 100;

/// The most issuers that are remembered. Their addresses are declared; only where they have a value in them could there be many.
const ISSUERS_MAX: usize = 500;

/// The issuers' keys. One for the whole server.
#[derive(Debug, Default)]
pub struct JwksCache {
    /// By the address of the keys. Whoever asks an issuer holds its lock, so that others wait and ask no second time.
    issuers: Mutex<HashMap<String, Issuer>>,
}

type Issuer = Arc<tokio::sync::Mutex<Option<Fetched>>>;

#[derive(Debug)]
struct Fetched {
    keys: Vec<Jwk>,
    at: Timestamp,
    /// When was last asked, whether or not there was an answer.
    asked: Timestamp,
}

impl JwksCache {
    /// The key that a token names, or the only one that it can be signed with where it names none.
    pub(super) async fn key(
        &self,
        calls: &Calls<'_>,
        url: Url,
        kid: Option<&str>,
        algorithm: SigningAlgorithm,
    ) -> Result<DecodingKey, IdTokenFailure> {
        let issuer = self.issuer(&url);
        let waited = tokio::time::timeout(calls.deadline.remaining(), issuer.lock()).await;
        let Ok(mut held) = waited else {
            let late = OutboundError::Timeout { sent: false };
            return Err(ProviderFailure::from(late).into());
        };
        let now = calls.now;
        if let Some(fetched) = held.as_mut().filter(|it| now.since(it.at) < GOOD_FOR) {
            if let Some(key) = find(&fetched.keys, kid, algorithm) {
                return Ok(key);
            }
            if now.since(fetched.asked) < AT_MOST_EVERY {
                return Err(Rejection::UnknownKey.into());
            }
            fetched.asked = now;
        }
        let keys = fetch(calls, url).await?;
        let key = find(&keys, kid, algorithm);
        *held = Some(Fetched {
            keys,
            at: now,
            asked: now,
        });
        key.ok_or_else(|| Rejection::UnknownKey.into())
    }

    fn issuer(&self, url: &Url) -> Issuer {
        // A panic leaves the map as it was.
        let mut issuers = self.issuers.lock().unwrap_or_else(PoisonError::into_inner);
        if issuers.len() >= ISSUERS_MAX && !issuers.contains_key(url.as_str()) {
            issuers.clear();
        }
        Arc::clone(issuers.entry(url.as_str().to_owned()).or_default())
    }
}

async fn fetch(calls: &Calls<'_>, url: Url) -> Result<Vec<Jwk>, ProviderFailure> {
    let request = Request::new("jwks", Method::GET, url);
    let response = send(calls.outbound, calls.deadline, request).await?;
    let members = judge(&response)?;
    let Some(Value::Array(keys)) = members.get("keys") else {
        return Err(unintelligible(&response, Unintelligible::BadValue));
    };
    // One that we cannot read is no reason to do without the others.
    let read = keys.iter().filter_map(|key| Jwk::deserialize(key).ok());
    Ok(read.take(KEYS_MAX).collect())
}

/// The key that can have made such a signature: by its id, or, where the token names none, if there is but one.
fn find(keys: &[Jwk], kid: Option<&str>, algorithm: SigningAlgorithm) -> Option<DecodingKey> {
    let mut fitting = keys.iter().filter(|key| {
        let is_named = kid.is_none() || key.common.key_id.as_deref() == kid;
        is_named && signs(key, algorithm)
    });
    let key = fitting.next()?;
    if kid.is_none() && fitting.next().is_some() {
        return None;
    }
    DecodingKey::from_jwk(key).ok()
}

/// Whether a key is one for signatures of this kind. A shared secret is for none.
fn signs(key: &Jwk, algorithm: SigningAlgorithm) -> bool {
    let is_for_signing = !matches!(
        &key.common.public_key_use,
        Some(PublicKeyUse::Encryption | PublicKeyUse::Other(_))
    );
    #[expect(
        clippy::wildcard_enum_match_arm,
        reason = "the library's own, which may grow"
    )]
    let is_of_kind = match &key.algorithm {
        AlgorithmParameters::RSA(_) => matches!(
            algorithm,
            SigningAlgorithm::RS256
                | SigningAlgorithm::RS384
                | SigningAlgorithm::RS512
                | SigningAlgorithm::PS256
        ),
        AlgorithmParameters::EllipticCurve(ec) => matches!(
            (&ec.curve, algorithm),
            (EllipticCurve::P256, SigningAlgorithm::ES256)
                | (EllipticCurve::P384, SigningAlgorithm::ES384)
        ),
        AlgorithmParameters::OctetKeyPair(pair) => matches!(
            (&pair.curve, algorithm),
            (EllipticCurve::Ed25519, SigningAlgorithm::EdDSA)
        ),
        _ => false,
    };
    let declared = key.common.key_algorithm;
    let is_declared =
        declared.is_none_or(|declared| declared == KeyAlgorithm::from(library(algorithm)));
    is_for_signing && is_of_kind && is_declared
}
