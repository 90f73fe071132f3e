//! The token endpoint (RFC 6749, 4.1.3 and 6; OpenID Connect Core 1.0, 3.1.3 and 12).

use axum::extract::State;
use axum::response::Response;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use handclasp_domain::Timestamp;
use handclasp_store::sandbox::Grant;
use handclasp_store::{StoreError, Tx, sandbox as grants};
use handclasp_web::form::Fields;
use http::HeaderMap;
use serde_json::Map;
use subtle::ConstantTimeEq as _;
use uuid::Uuid;

use super::authenticate::authenticate;
use super::error::{OAuthError, json_response};
use super::{Form, fields, misbehave, value};
use crate::claims::{Access, Code, REFRESH_LIFE, Refresh, hash};
use crate::id_token::IdToken;
use crate::scenario::{Chosen, Life, Scenario, Tokens};
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
    let chosen = chosen(&code.scenario)?;
    if let Some(answer) = before_tokens(chosen, false).await {
        return Ok(answer);
    }
    let browser = code
        .browser
        .and_then(|hash| URL_SAFE_NO_PAD.decode(hash).ok()?.try_into().ok());
    let subject = code.subject;
    let grant = Grant {
        id: code.id,
        app: client.clone(),
        browser,
        subject: subject.clone(),
        organisations: code.organisations,
        scope: code.scope,
        scenario: code.scenario,
        generation: 0,
        revoked: chosen
            .ends_after()
            .map(|time| sandbox.time.now().plus(time)),
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
            chosen,
            renewal: false,
            generation: 0,
            subject,
            authenticated: code.authenticated,
            nonce: code.nonce,
            asked: &scopes,
            granted: &scopes,
        },
    )
}

/// What was chosen at the sign-in, or since.
fn chosen(stored: &str) -> Result<Chosen, OAuthError> {
    stored.parse().map_err(|_| {
        tracing::error!("a grant's scenario is not in the table");
        OAuthError::Server
    })
}

/// What comes before tokens are given, where it is chosen: some time, or another answer in their place.
async fn before_tokens(chosen: Chosen, renewal: bool) -> Option<Response> {
    match chosen.tokens(renewal) {
        Some(Tokens::Slow) => {
            tokio::time::sleep(chosen.seconds()).await;
            None
        }
        Some(Tokens::Instead(what)) => Some(misbehave::instead(what, chosen)),
        Some(Tokens::Shaped(_)) | None => None,
    }
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
    let now = sandbox.time.now();
    let token: Refresh = sandbox
        .signer
        .open(token, now)
        .map_err(|_| OAuthError::InvalidGrant("the refresh token is wrong or expired"))?;
    if token.client != client {
        let why = "the refresh token was given to another client";
        return Err(OAuthError::InvalidGrant(why));
    }
    // Looked at before the transaction, as it may take its time.
    let grant = grants::find(&mut &sandbox.store, token.grant).await?;
    let ended = OAuthError::InvalidGrant("the grant was revoked");
    let grant = grant.filter(|grant| grant.works(now)).ok_or(ended)?;
    let chosen = chosen(&grant.scenario)?;
    if let Some(answer) = before_tokens(chosen, true).await {
        return Ok(answer);
    }
    let rotate = match chosen.tokens(true) {
        Some(Tokens::Shaped(shape)) => shape.rotates(),
        Some(Tokens::Slow | Tokens::Instead(_)) | None => true,
    };
    let renewal = grants::Renewal {
        id: token.grant,
        generation: token.generation,
        rotate,
        at: sandbox.clock.now(),
        now,
    };
    let renewed = sandbox
        .store
        .write(
            "sandbox_refresh",
            (renewal, narrowed.clone()),
            |tx: &mut Tx, (renewal, narrowed)| Box::pin(renew(tx, renewal, narrowed.as_ref())),
        )
        .await?;
    match renewed {
        Renewal::Renewed(_) if chosen.scenario() == Scenario::Life(Life::AnswerLost) => {
            Ok(misbehave::broken_off())
        }
        Renewal::Renewed(grant) => {
            let granted = Scopes::parse(&grant.scope).map_err(|_| OAuthError::InvalidScope)?;
            let asked = narrowed.as_ref().unwrap_or(&granted);
            tokens(
                sandbox,
                client,
                &Granted {
                    grant: grant.id,
                    chosen,
                    renewal: true,
                    generation: token.generation + i64::from(rotate),
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
        Renewal::Ended => Err(ended),
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
    renewal: &grants::Renewal,
    narrowed: Option<&Scopes>,
) -> Result<Renewal, NotRenewed> {
    let Some(grant) = grants::find(tx, renewal.id).await? else {
        return Ok(Renewal::Ended);
    };
    if !grant.works(renewal.now) {
        return Ok(Renewal::Ended);
    }
    let within = |scopes: &Scopes| Scopes::parse(&grant.scope).is_ok_and(|all| scopes.within(&all));
    if !narrowed.is_none_or(within) {
        return Err(NotRenewed::Scope);
    }
    if grants::renew(tx, renewal).await? {
        return Ok(Renewal::Renewed(Box::new(grant)));
    }
    grants::revoke(tx, renewal.id, renewal.now).await?;
    Ok(Renewal::Reused)
}

/// What tokens are given for.
struct Granted<'a> {
    grant: Uuid,
    chosen: Chosen,
    /// Whether they are given for a refresh token.
    renewal: bool,
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
    let now = sandbox.time.now();
    let life = granted.chosen.access_life();
    let asked = granted.asked;
    let access = sandbox.signer.sign(&Access {
        grant: granted.grant,
        client: client.clone(),
        generation: granted.generation,
        scope: asked.to_string(),
        expires: now.plus(life),
    })?;
    let mut body = Map::new();
    body.insert("access_token".to_owned(), access.expose().as_str().into());
    body.insert("token_type".to_owned(), "Bearer".into());
    body.insert("expires_in".to_owned(), life.as_secs().into());
    body.insert("scope".to_owned(), asked.to_string().into());
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
            // Held against another clock than ours.
            sandbox.clock.now(),
        )
        .with_nonce(granted.nonce.as_deref());
        let signed = sandbox.id_tokens.sign(&id_token)?;
        body.insert("id_token".to_owned(), signed.expose().as_str().into());
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
        body.insert("refresh_token".to_owned(), refresh.expose().as_str().into());
    }
    Ok(match granted.chosen.tokens(granted.renewal) {
        Some(Tokens::Shaped(shape)) => misbehave::shaped(shape, body),
        Some(Tokens::Slow | Tokens::Instead(_)) | None => json_response(&body.into()),
    })
}
