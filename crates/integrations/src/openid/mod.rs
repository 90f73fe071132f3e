//! Who the person is, by an ID token (OpenID Connect Core).
//!
//! Signatures are `jsonwebtoken`'s to verify, with the one algorithm that the token names and the declaration allows; what the token
//! says is checked here, by our own clock.

mod claims;
mod jwks;
#[cfg(test)]
mod tests;

use aws_lc_rs::digest::{self, Algorithm as Digest, SHA256, SHA384, SHA512};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use handclasp_domain::Timestamp;
use handclasp_outbound::Request;
use http::Method;
use jsonwebtoken::{Algorithm, DecodingKey, Validation, decode, decode_header};
use serde_json::{Map, Value};
use subtle::ConstantTimeEq;

use crate::api::bearer;
use crate::client::{Calls, Client, Granted};
use crate::integration::Auth;
use crate::oauth2::{OAuth2Code, OpenId, SigningAlgorithm};
use crate::provider::{ProviderFailure, judge, send};
use crate::template::Unfilled;

pub use claims::Claims;
pub use jwks::JwksCache;

/// By how many seconds other clocks may be off.
const LEEWAY: i64 = 60;

/// Why nothing is known of the person.
#[derive(Debug, Clone, thiserror::Error)]
pub enum IdTokenFailure {
    /// The declaration knows no ID tokens.
    #[error("the integration has no ID tokens")]
    NotDeclared,
    /// None came with the tokens.
    #[error("no ID token came")]
    Missing,
    /// It is not to be believed.
    #[error("the ID token is refused: {0}")]
    Rejected(#[from] Rejection),
    /// The keys, or what is told besides, could not be fetched.
    #[error(transparent)]
    Provider(#[from] ProviderFailure),
}

impl From<Unfilled> for IdTokenFailure {
    fn from(unfilled: Unfilled) -> Self {
        Self::Provider(unfilled.into())
    }
}

/// Why an ID token is not to be believed (OpenID Connect Core, 3.1.3.7).
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Rejection {
    /// It is no signed token, or demands what we do not know (RFC 7515, 4.1.11).
    #[error("it is no signed token")]
    Malformed,
    /// It is signed in a way that the declaration does not allow.
    #[error("it is signed with an algorithm that is not allowed")]
    Algorithm,
    /// None of the issuer's keys is the one that it names.
    #[error("its key is not among the issuer's")]
    UnknownKey,
    /// The signature does not hold.
    #[error("its signature does not hold")]
    Signature,
    /// Somebody else issued it.
    #[error("another issuer made it")]
    Issuer,
    /// It is for somebody else.
    #[error("it is for somebody else")]
    Audience,
    /// Its time is over.
    #[error("its time is over")]
    Expired,
    /// It is from a time to come, or does not say from when.
    #[error("it is from a time to come")]
    Future,
    /// It answers another request than this one.
    #[error("it answers another request")]
    Nonce,
    /// The access token that came with it is another than the one that it vouches for.
    #[error("it vouches for another access token")]
    AccessToken,
    /// It names nobody, or the userinfo endpoint names somebody else.
    #[error("it names nobody, or somebody else")]
    Subject,
}

impl Client {
    /// Verifies the ID token that came with the tokens, and asks what else is told about the person. `nonce` is that of
    /// [`crate::Begin`]; `cache` is the server's one.
    ///
    /// # Errors
    /// [`IdTokenFailure`]. Where it is a [`Rejection`], the tokens beside it are not to be used either.
    pub async fn verify_id_token(
        &self,
        calls: &Calls<'_>,
        cache: &JwksCache,
        granted: &Granted,
        nonce: &str,
    ) -> Result<Claims, IdTokenFailure> {
        let Auth::OAuth2Code(code) = &self.integration.auth else {
            return Err(IdTokenFailure::NotDeclared);
        };
        let openid = code.openid.as_ref().ok_or(IdTokenFailure::NotDeclared)?;
        let token = granted.id_token.as_ref().ok_or(IdTokenFailure::Missing)?;
        let (algorithm, members) = self
            .signed(openid, calls, cache, granted, token.expose())
            .await?;
        self.check(code, calls.now, granted, nonce, algorithm, &members)?;
        let subject = subject(&members).ok_or(Rejection::Subject)?.to_owned();
        let mut claims = Claims::default();
        claims.add(&members);
        if openid.userinfo.is_some() {
            let more = self.userinfo(openid, calls, granted).await?;
            if crate::openid::subject(&more) != Some(subject.as_str()) {
                return Err(Rejection::Subject.into());
            }
            claims.add(&more);
        }
        Ok(claims)
    }

    /// What a token says that one of the issuer's keys signed.
    async fn signed(
        &self,
        openid: &OpenId,
        calls: &Calls<'_>,
        cache: &JwksCache,
        granted: &Granted,
        token: &str,
    ) -> Result<(SigningAlgorithm, Map<String, Value>), IdTokenFailure> {
        let header = decode_header(token).map_err(|_| Rejection::Malformed)?;
        if header.crit.is_some() {
            return Err(Rejection::Malformed.into());
        }
        let mut allowed = openid.algorithms.iter().copied();
        let algorithm = allowed
            .find(|allowed| library(*allowed) == header.alg)
            .ok_or(Rejection::Algorithm)?;
        let url = openid.jwks.url(&self.known(&granted.held.values))?;
        let kid = header.kid.as_deref();
        let key = cache.key(calls, url, kid, algorithm).await?;
        Ok((algorithm, verified(token, &key, algorithm)?))
    }

    fn check(
        &self,
        code: &OAuth2Code,
        now: Timestamp,
        granted: &Granted,
        nonce: &str,
        algorithm: SigningAlgorithm,
        members: &Map<String, Value>,
    ) -> Result<(), IdTokenFailure> {
        let known = self.known(&granted.held.values);
        let issuer = match &code.issuer {
            Some(issuer) => issuer.value.fill(&known)?,
            None => return Err(IdTokenFailure::NotDeclared),
        };
        let text = |name: &str| members.get(name).and_then(Value::as_str);
        if text("iss") != Some(issuer.as_str()) {
            return Err(Rejection::Issuer.into());
        }
        let (us, _) = self.id_and_secret(&known);
        if !is_for(&us, members) {
            return Err(Rejection::Audience.into());
        }
        let now = now.as_seconds();
        let instant = |name: &str| members.get(name).and_then(seconds);
        if instant("exp").is_none_or(|end| end.saturating_add(LEEWAY) <= now) {
            return Err(Rejection::Expired.into());
        }
        let is_future = |instant: i64| instant > now.saturating_add(LEEWAY);
        if instant("iat").is_none_or(is_future) || instant("nbf").is_some_and(is_future) {
            return Err(Rejection::Future.into());
        }
        let is_same = |one: &str, other: &str| bool::from(one.as_bytes().ct_eq(other.as_bytes()));
        if nonce.is_empty() || !text("nonce").is_some_and(|told| is_same(told, nonce)) {
            return Err(Rejection::Nonce.into());
        }
        // Where it is there at all: in this flow the token comes straight from the issuer.
        if let Some(told) = members.get("at_hash") {
            let ours = half_hash(&granted.held.access_token, algorithm);
            if !told.as_str().is_some_and(|told| is_same(told, &ours)) {
                return Err(Rejection::AccessToken.into());
            }
        }
        Ok(())
    }

    async fn userinfo(
        &self,
        openid: &OpenId,
        calls: &Calls<'_>,
        granted: &Granted,
    ) -> Result<Map<String, Value>, ProviderFailure> {
        let Some(endpoint) = &openid.userinfo else {
            return Ok(Map::new());
        };
        let url = endpoint.url(&self.known(&granted.held.values))?;
        let mut request = Request::new("userinfo", Method::GET, url);
        bearer(&mut request, &granted.held)?;
        judge(&send(calls.outbound, calls.deadline, request).await?)
    }
}

/// The library's name for it.
fn library(declared: SigningAlgorithm) -> Algorithm {
    match declared {
        SigningAlgorithm::RS256 => Algorithm::RS256,
        SigningAlgorithm::RS384 => Algorithm::RS384,
        SigningAlgorithm::RS512 => Algorithm::RS512,
        SigningAlgorithm::PS256 => Algorithm::PS256,
        SigningAlgorithm::ES256 => Algorithm::ES256,
        SigningAlgorithm::ES384 => Algorithm::ES384,
        SigningAlgorithm::EdDSA => Algorithm::EdDSA,
    }
}

/// The members of a token whose signature holds. What it says of times and parties is not looked at.
fn verified(
    token: &str,
    key: &DecodingKey,
    algorithm: SigningAlgorithm,
) -> Result<Map<String, Value>, Rejection> {
    let mut validation = Validation::new(library(algorithm));
    validation.required_spec_claims.clear();
    validation.validate_exp = false;
    validation.validate_nbf = false;
    validation.validate_aud = false;
    decode(token, key, &validation)
        .map(|data| data.claims)
        .map_err(|_| Rejection::Signature)
}

/// Whether we are the one whom it is for (3.1.3.7, 3 to 5). Of several audiences, `azp` says who asked.
fn is_for(us: &str, members: &Map<String, Value>) -> bool {
    let several = match members.get("aud") {
        Some(Value::String(one)) if one == us => false,
        Some(Value::Array(several)) if several.iter().any(|one| one == us) => several.len() > 1,
        Some(_) | None => return false,
    };
    match members.get("azp") {
        Some(party) => party == us,
        None => !several,
    }
}

/// A number of seconds since 1970, whole or not.
fn seconds(value: &Value) -> Option<i64> {
    let number = value.as_number()?;
    number.as_i64().or_else(|| {
        let float = number.as_f64()?.floor();
        // Beyond these no instant is meant, and nothing is lost below.
        #[expect(clippy::cast_possible_truncation, reason = "it is within the range")]
        (-1e15..1e15).contains(&float).then_some(float as i64)
    })
}

/// Whom it names: at most 255 characters of ASCII (2).
fn subject(members: &Map<String, Value>) -> Option<&str> {
    let subject = members.get("sub")?.as_str()?;
    ((1..=255).contains(&subject.len()) && subject.is_ascii()).then_some(subject)
}

/// The left half of a hash, as the algorithm of the signature has it (3.1.3.6).
fn half_hash(token: &str, algorithm: SigningAlgorithm) -> String {
    let digest: &Digest = match algorithm {
        SigningAlgorithm::RS256 | SigningAlgorithm::PS256 | SigningAlgorithm::ES256 => &SHA256,
        SigningAlgorithm::RS384 | SigningAlgorithm::ES384 => &SHA384,
        // Ed25519 hashes with SHA-512.
        SigningAlgorithm::RS512 | SigningAlgorithm::EdDSA => &SHA512,
    };
    let hash = digest::digest(digest, token.as_bytes());
    let half = hash.as_ref().get(..hash.as_ref().len() / 2);
    URL_SAFE_NO_PAD.encode(half.unwrap_or_default())
}
