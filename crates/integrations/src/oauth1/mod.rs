//! OAuth 1.0a (RFC 5849) as a client, driven by declarations.

mod sign;

use std::collections::BTreeMap;

use handclasp_domain::Secret;
use handclasp_outbound::Request;
use http::Method;
use http::header::AUTHORIZATION;
use serde::Deserialize;
use serde_json::{Map, Value};
use subtle::ConstantTimeEq;

use crate::callback::{CallbackQuery, MalformedCallback, RefusedCallback};
use crate::client::{Begin, Begun, Calls, Client, Granted};
use crate::endpoint::Endpoint;
use crate::held::Held;
use crate::oauth2::{CallbackValue, GrantedScopes, RevocationWay};
use crate::provider::{ProviderFailure, Unintelligible, judge, send, sensitive, unintelligible};
use crate::template::Template;
use crate::values::Values;
use sign::{Signer, Token};

/// How a third party does OAuth 1.0a, as declared.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OAuth1 {
    /// Where a request token is fetched (2.1).
    pub request_endpoint: Endpoint,
    /// Where the person is sent (2.2).
    pub authorization_endpoint: Endpoint,
    /// Where the request token is exchanged (2.3).
    pub token_endpoint: Endpoint,
    /// How requests are signed (3.4).
    pub signature: SignatureMethod,
    /// The realm of the `Authorization` header (3.5.1).
    pub realm: Option<Template>,
    /// Which callback parameters are kept, as `callback.<name>`.
    pub callback_values: BTreeMap<String, CallbackValue>,
    /// How access is ended.
    pub revocation: RevocationWay,
}

/// How requests are signed. `PLAINTEXT` is not taken: with it the secrets themselves go along.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
pub enum SignatureMethod {
    /// HMAC-SHA1 (3.4.2).
    #[serde(rename = "HMAC-SHA1")]
    HmacSha1,
    /// HMAC-SHA256, which came later and is made in the same way.
    #[serde(rename = "HMAC-SHA256")]
    HmacSha256,
}

/// What is known of a request token between the two steps.
const REQUEST_TOKEN: &str = "oauth1.request_token";
const REQUEST_SECRET: &str = "oauth1.request_secret";

/// That a callback answers this request: it names the request token (2.2).
pub(crate) fn check_request(query: &CallbackQuery, kept: &Values) -> Result<(), RefusedCallback> {
    // One who declined comes back with an error, and perhaps without it.
    if query.value("error").is_some() {
        return Ok(());
    }
    let ours = kept.get(REQUEST_TOKEN).unwrap_or_default();
    let theirs = query.value("oauth_token").unwrap_or_default();
    if !ours.is_empty() && bool::from(ours.as_bytes().ct_eq(theirs.as_bytes())) {
        return Ok(());
    }
    Err(RefusedCallback::Malformed(MalformedCallback::OtherRequest))
}

impl Client {
    /// Fetches a request token (2.1), and makes the address that the person is sent to with it (2.2).
    pub(crate) async fn request_token(
        &self,
        declared: &OAuth1,
        calls: &Calls<'_>,
        begin: &Begin<'_>,
    ) -> Result<Begun, ProviderFailure> {
        let known = self.known(begin.person);
        // OAuth 1 knows no state: it comes back as a part of the callback's address.
        let mut back = begin.redirect_uri.clone();
        back.query_pairs_mut().append_pair("state", begin.state);
        let url = declared.request_endpoint.url(&known)?;
        let mut request = Request::new("token", Method::POST, url);
        let none = Token::default();
        let more = [("oauth_callback", back.as_str())];
        self.sign_with(declared, &mut request, calls, &none, &more, &known)?;
        let (token, secret, _) = self.token_of(calls, request).await?;

        let mut address = declared.authorization_endpoint.url(&known)?;
        address.query_pairs_mut().append_pair("oauth_token", &token);
        let kept = [(REQUEST_TOKEN, token), (REQUEST_SECRET, secret)];
        Ok(Begun {
            address,
            kept: kept.into_iter().collect(),
        })
    }

    /// Exchanges a request token for the one that lasts (2.3).
    pub(crate) async fn access_token(
        &self,
        declared: &OAuth1,
        calls: &Calls<'_>,
        kept: &Values,
        verifier: &Secret<String>,
        own: Values,
    ) -> Result<Granted, ProviderFailure> {
        let known = self.known(&own);
        let url = declared.token_endpoint.url(&known)?;
        let mut request = Request::new("token", Method::POST, url);
        let token = Token {
            token: kept.get(REQUEST_TOKEN).unwrap_or_default(),
            secret: kept.get(REQUEST_SECRET).unwrap_or_default(),
        };
        let more = [("oauth_verifier", verifier.expose().as_str())];
        self.sign_with(declared, &mut request, calls, &token, &more, &known)?;
        let (token, secret, _) = self.token_of(calls, request).await?;
        Ok(Granted {
            held: Held {
                access_token: token,
                refresh_token: None,
                token_type: "OAuth".to_owned(),
                token_secret: Some(secret),
                values: own,
            },
            expires_in: None,
            refresh_expires_in: None,
            scopes: GrantedScopes::Enough(Vec::new()),
            id_token: None,
        })
    }

    /// Signs a call to the integration's API (3.1).
    pub(crate) fn sign(
        &self,
        declared: &OAuth1,
        request: &mut Request,
        calls: &Calls<'_>,
        held: &Held,
        known: &Values,
    ) -> Result<(), ProviderFailure> {
        let token = Token {
            token: &held.access_token,
            secret: held.token_secret.as_deref().unwrap_or_default(),
        };
        self.sign_with(declared, request, calls, &token, &[], known)
    }

    fn sign_with(
        &self,
        declared: &OAuth1,
        request: &mut Request,
        calls: &Calls<'_>,
        token: &Token<'_>,
        more: &[(&str, &str)],
        known: &Values,
    ) -> Result<(), ProviderFailure> {
        let (key, secret) = self.id_and_secret(known);
        let realm = match &declared.realm {
            None => None,
            Some(realm) => Some(realm.fill(known)?),
        };
        let signer = Signer {
            method: declared.signature,
            consumer_key: &key,
            consumer_secret: secret.expose(),
            realm: realm.as_deref(),
        };
        let header = signer.header(request, token, more, calls);
        request
            .headers
            .insert(AUTHORIZATION, sensitive(&Secret::new(header))?);
        Ok(())
    }

    async fn token_of(
        &self,
        calls: &Calls<'_>,
        request: Request,
    ) -> Result<(String, String, Map<String, Value>), ProviderFailure> {
        let answer = send(calls.outbound, calls.deadline, request).await?;
        let members = judge(&answer)?;
        let text = |name: &str| {
            let text = members.get(name).and_then(Value::as_str);
            text.filter(|text| {
                (1..=2_000).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_graphic())
            })
            .map(str::to_owned)
            .ok_or_else(|| unintelligible(&answer, Unintelligible::NoAccessToken))
        };
        let (token, secret) = (text("oauth_token")?, text("oauth_token_secret")?);
        Ok((token, secret, members))
    }
}
