//! The token endpoint (RFC 6749, 4.1.3 and 6; OpenID Connect Core 1.0, 3.1.3 and 12).

use axum::extract::State;
use axum::response::Response;
use handclasp_domain::Timestamp;
use handclasp_store::sandbox::Grant;
use handclasp_store::{StoreError, Tx, sandbox as grants};
use handclasp_web::form::Fields;
use http::HeaderMap;
use serde_json::json;
use subtle::ConstantTimeEq as _;
use uuid::Uuid;

use super::authenticate::authenticate;
use super::error::{OAuthError, json_response};
use super::{Form, fields, value};
use crate::claims::{ACCESS_LIFE, Access, Code, REFRESH_LIFE, Refresh, hash};
use crate::id_token::IdToken;
use crate::scope::{Scope, Scopes};
use crate::world::Person;
use crate::{Sandbox, Shared};

/// Answers with tokens.
pub(crate) async fn answer(
    State(sandbox): State<Shared>,
    headers: HeaderMap,
    form: Form,
) -> Result<Response, OAuthError> {
    let form = fields(form)?;
    let client = authenticate(&headers, &form, &sandbox.registrations)?;
    match value(&form, "grant_type")? {
        Some("authorization_code") => exchange(&sandbox, client, &form).await,
        Some("refresh_token") => refresh(&sandbox, client, &form).await,
        Some(_) => Err(OAuthError::UnsupportedGrantType),
        None => Err(OAuthError::InvalidRequest("the grant type is missing")),
    }
}

fn wanted<'a>(form: &'a Fields, name: &str, missing: &'static str) -> Result<&'a str, OAuthError> {
    value(form, name)?.ok_or(OAuthError::InvalidRequest(missing))
}

/// Turns a code into a grant, once.
async fn exchange(
    sandbox: &Sandbox,
    client: String,
    form: &Fields,
) -> Result<Response, OAuthError> {
    let code = wanted(form, "code", "the code is missing")?;
    let redirect_uri = wanted(form, "redirect_uri", "the redirect URI is missing")?;
    let verifier = wanted(form, "code_verifier", "the code verifier is missing")?;
    let now = sandbox.clock.now();
    let code: Code = sandbox
        .signer
        .open(code, now)
        .map_err(|_| OAuthError::InvalidGrant("the code is wrong or expired"))?;
    if code.client != client {
        let why = "the code was given to another client";
        return Err(OAuthError::InvalidGrant(why));
    }
    if code.redirect != hash(redirect_uri) {
        let why = "the redirect URI is not that of the request";
        return Err(OAuthError::InvalidGrant(why));
    }
    if !proves(verifier, &code.challenge) {
        let why = "the code verifier does not fit the challenge";
        return Err(OAuthError::InvalidGrant(why));
    }
    let scopes = Scopes::parse(&code.scope).map_err(|_| OAuthError::InvalidScope)?;
    let subject = code.subject;
    let grant = Grant {
        id: code.id,
        subject: subject.clone(),
        organisation: code.organisation,
        scope: code.scope,
        generation: 0,
        revoked: None,
        created: now,
    };
    let fresh = sandbox
        .store
        .write("sandbox_exchange", grant, |tx: &mut Tx, grant| {
            Box::pin(async move {
                let fresh = grants::insert(tx, grant).await?;
                if !fresh {
                    // A code that comes twice was stolen, from us or from the client: what came of it ends
                    // (RFC 6749, 4.1.2).
                    grants::revoke(tx, grant.id, grant.created).await?;
                }
                Ok::<_, StoreError>(fresh)
            })
        })
        .await?;
    if !fresh {
        return Err(OAuthError::InvalidGrant("the code was used before"));
    }
    tokens(
        sandbox,
        client,
        &Granted {
            grant: code.id,
            generation: 0,
            subject,
            authenticated: code.authenticated,
            nonce: code.nonce,
            asked: &scopes,
            granted: &scopes,
        },
    )
}

/// Whether a verifier is the one that a challenge was made of (RFC 7636, 4.1 and 4.6).
fn proves(verifier: &str, challenge: &str) -> bool {
    let unreserved = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'.' | b'_' | b'~');
    (43..=128).contains(&verifier.len())
        && verifier.bytes().all(unreserved)
        && bool::from(hash(verifier).as_bytes().ct_eq(challenge.as_bytes()))
}

/// What became of a refresh token.
enum Renewal {
    /// It was the present one, and is not any more.
    Renewed(Box<Grant>),
    /// It was used before. The grant has ended with that.
    Reused,
    /// The grant has ended, or never was.
    Ended,
}

/// Gives fresh tokens for the present refresh token. An older one has been stolen, or the present one has: there is no telling which,
/// so the grant ends (RFC 9700, 4.14.2).
async fn refresh(sandbox: &Sandbox, client: String, form: &Fields) -> Result<Response, OAuthError> {
    let token = wanted(form, "refresh_token", "the refresh token is missing")?;
    let narrowed = value(form, "scope")?
        .map(Scopes::parse)
        .transpose()
        .map_err(|_| OAuthError::InvalidScope)?;
    let now = sandbox.clock.now();
    let token: Refresh = sandbox
        .signer
        .open(token, now)
        .map_err(|_| OAuthError::InvalidGrant("the refresh token is wrong or expired"))?;
    if token.client != client {
        let why = "the refresh token was given to another client";
        return Err(OAuthError::InvalidGrant(why));
    }
    let input = (token.grant, token.generation, narrowed.clone(), now);
    let renewal = sandbox
        .store
        .write(
            "sandbox_refresh",
            input,
            |tx: &mut Tx, (grant, generation, narrowed, now)| {
                Box::pin(renew(tx, *grant, *generation, narrowed.as_ref(), *now))
            },
        )
        .await?;
    match renewal {
        Renewal::Renewed(grant) => {
            let granted = Scopes::parse(&grant.scope).map_err(|_| OAuthError::InvalidScope)?;
            let asked = narrowed.as_ref().unwrap_or(&granted);
            tokens(
                sandbox,
                client,
                &Granted {
                    grant: grant.id,
                    generation: token.generation + 1,
                    subject: grant.subject,
                    authenticated: token.authenticated,
                    // It was for the request's answer alone (OpenID Connect Core 1.0, 12.2).
                    nonce: None,
                    asked,
                    granted: &granted,
                },
            )
        }
        Renewal::Reused => Err(OAuthError::InvalidGrant(
            "the refresh token was used before",
        )),
        Renewal::Ended => Err(OAuthError::InvalidGrant("the grant was revoked")),
    }
}

/// Why no transaction renewed a grant.
enum NotRenewed {
    /// More was asked for than was granted.
    Scope,
    Store(StoreError),
}

impl From<StoreError> for NotRenewed {
    fn from(error: StoreError) -> Self {
        Self::Store(error)
    }
}

impl From<NotRenewed> for OAuthError {
    fn from(error: NotRenewed) -> Self {
        match error {
            NotRenewed::Scope => Self::InvalidScope,
            NotRenewed::Store(error) => error.into(),
        }
    }
}

async fn renew(
    tx: &mut Tx,
    id: Uuid,
    generation: i64,
    narrowed: Option<&Scopes>,
    now: Timestamp,
) -> Result<Renewal, NotRenewed> {
    let Some(grant) = grants::find(tx, id).await? else {
        return Ok(Renewal::Ended);
    };
    if grant.revoked.is_some() {
        return Ok(Renewal::Ended);
    }
    let within = |scopes: &Scopes| Scopes::parse(&grant.scope).is_ok_and(|all| scopes.within(&all));
    if !narrowed.is_none_or(within) {
        return Err(NotRenewed::Scope);
    }
    if grants::renew(tx, id, generation, now).await? {
        return Ok(Renewal::Renewed(Box::new(grant)));
    }
    grants::revoke(tx, id, now).await?;
    Ok(Renewal::Reused)
}

/// What tokens are given for.
struct Granted<'a> {
    grant: Uuid,
    generation: i64,
    subject: String,
    /// When the person agreed.
    authenticated: Timestamp,
    nonce: Option<String>,
    /// What the access token is for.
    asked: &'a Scopes,
    /// What the grant is for.
    granted: &'a Scopes,
}

/// The answer with tokens (RFC 6749, 5.1).
fn tokens(
    sandbox: &Sandbox,
    client: String,
    granted: &Granted<'_>,
) -> Result<Response, OAuthError> {
    let now = sandbox.clock.now();
    let asked = granted.asked;
    let access = sandbox.signer.sign(&Access {
        grant: granted.grant,
        client: client.clone(),
        generation: granted.generation,
        scope: asked.to_string(),
        expires: now.plus(ACCESS_LIFE),
    })?;
    let mut body = json!({
        "access_token": access.expose(),
        "token_type": "Bearer",
        "expires_in": ACCESS_LIFE.as_secs(),
        "scope": asked.to_string(),
    });
    if asked.has(Scope::OpenId) {
        let person = Person::find(&granted.subject)
            .ok_or(OAuthError::InvalidGrant("the person is gone"))?
            .claims(asked);
        let id_token = IdToken::new(
            &sandbox.issuer,
            &client,
            person,
            granted.authenticated,
            access.expose(),
            now,
        )
        .with_nonce(granted.nonce.as_deref());
        body["id_token"] = sandbox.id_tokens.sign(&id_token)?.expose().as_str().into();
    }
    // A renewal that asks for less still goes on with all that was granted (RFC 6749, 6).
    if granted.granted.has(Scope::OfflineAccess) {
        let refresh = sandbox.signer.sign(&Refresh {
            grant: granted.grant,
            client,
            generation: granted.generation,
            authenticated: granted.authenticated,
            expires: now.plus(REFRESH_LIFE),
        })?;
        body["refresh_token"] = refresh.expose().as_str().into();
    }
    Ok(json_response(&body))
}
