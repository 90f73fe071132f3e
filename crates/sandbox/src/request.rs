//! The authorization request (RFC 6749, 4.1.1; RFC 7636, 4.3; OpenID Connect Core 1.0, 3.1.2.1) and its answers.
//!
//! What OpenID adds counts only with the scope `openid`. Of it, `max_age` needs nothing done, as every request is a sign-in of its
//! own and every ID token says when it was. `id_token_hint` and `login_hint` name the one person there is, or nobody: they
//! change nothing. Nor do `display`, `acr_values` and `claims_locales`, which may go unheeded.

use handclasp_web::form::Fields;
use url::Url;

use crate::Sandbox;
use crate::registrations::{Registered, RegistrationsUnavailable};
use crate::scenario::Chosen;
use crate::scope::{Scope, Scopes};

/// A request that a sign-in page may be shown for.
pub(crate) struct AuthorizationRequest {
    pub(crate) client_id: String,
    pub(crate) app: Registered,
    /// The one of the app's addresses that it named.
    pub(crate) redirect_uri: Url,
    pub(crate) state: Option<String>,
    pub(crate) challenge: String,
    pub(crate) scopes: Scopes,
    /// What the client wants to find again in the ID token, where it gets one.
    pub(crate) nonce: Option<String>,
    /// What is to happen, where the request says so: then there is nothing to choose.
    pub(crate) fixed: Option<Chosen>,
}

/// The parameter that says what is to happen. No standard knows it.
pub(crate) const SCENARIO: &str = "sandbox_scenario";

/// The longest nonce, in bytes. It travels in the code, and that in an address.
const NONCE_MOST: usize = 512;

/// Parameters that the standard wants refused where they are not supported (OpenID Connect Core 1.0, 6 and 7.2.1), as what they say
/// would go unheeded.
const UNSUPPORTED: [(&str, AnswerError); 3] = [
    ("request", AnswerError::RequestNotSupported),
    ("request_uri", AnswerError::RequestUriNotSupported),
    ("registration", AnswerError::RegistrationNotSupported),
];

/// What the person is to be asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Prompt {
    /// Nothing.
    None,
    /// To sign in, though signed in already.
    Login,
    /// To agree, though agreed already.
    Consent,
    /// Which account.
    SelectAccount,
}

impl Prompt {
    pub(crate) const ALL: [Self; 4] = [Self::None, Self::Login, Self::Consent, Self::SelectAccount];

    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::None => "none",
            Self::Login => "login",
            Self::Consent => "consent",
            Self::SelectAccount => "select_account",
        }
    }

    /// Looks whether a page may be shown. It asks all there is to ask, every time.
    fn allows_page(text: &str) -> Result<(), AnswerError> {
        let invalid = AnswerError::InvalidRequest;
        let mut prompts = Vec::new();
        for name in text.split(' ').filter(|name| !name.is_empty()) {
            let prompt = Self::ALL.into_iter().find(|prompt| prompt.name() == name);
            prompts.push(prompt.ok_or(invalid("a prompt is unknown"))?);
        }
        match prompts.as_slice() {
            // Nobody stays signed in here.
            [Self::None] => Err(AnswerError::LoginRequired),
            all if all.contains(&Self::None) => Err(invalid("the prompt none stands alone")),
            _ => Ok(()),
        }
    }
}

/// Why there is no sign-in page.
pub(crate) enum Refusal {
    /// Who asks is not known, or where to answer: the person is told, and nobody is redirected (RFC 6749,
    /// 4.1.2.1).
    NobodyToAnswer(&'static str),
    /// The client is told, at its redirect URI.
    Answer(Box<Url>),
    /// A scenario is asked for that there is not. The person, who tries something, is told.
    NoSuchScenario,
    /// Just now nothing can be looked up.
    Unavailable(RegistrationsUnavailable),
}

/// An error that the client is told in a redirect (RFC 6749, 4.1.2.1).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum AnswerError {
    InvalidRequest(&'static str),
    UnsupportedResponseType,
    InvalidScope,
    /// The person would have to be asked, and must not be.
    LoginRequired,
    RequestNotSupported,
    RequestUriNotSupported,
    RegistrationNotSupported,
    /// The person's own wish.
    AccessDenied,
    /// Likewise, for a try.
    ServerError,
    /// Likewise.
    TemporarilyUnavailable,
}

impl AnswerError {
    fn code(self) -> &'static str {
        match self {
            Self::InvalidRequest(_) => "invalid_request",
            Self::UnsupportedResponseType => "unsupported_response_type",
            Self::InvalidScope => "invalid_scope",
            Self::LoginRequired => "login_required",
            Self::RequestNotSupported => "request_not_supported",
            Self::RequestUriNotSupported => "request_uri_not_supported",
            Self::RegistrationNotSupported => "registration_not_supported",
            Self::AccessDenied => "access_denied",
            Self::ServerError => "server_error",
            Self::TemporarilyUnavailable => "temporarily_unavailable",
        }
    }

    fn description(self) -> &'static str {
        match self {
            Self::InvalidRequest(what) => what,
            Self::UnsupportedResponseType => "only the response type code is supported",
            Self::InvalidScope => "a scope is unknown",
            Self::LoginRequired => "nobody is signed in, and no page may be shown",
            Self::RequestNotSupported => "request objects are not supported",
            Self::RequestUriNotSupported => "references to request objects are not supported",
            Self::RegistrationNotSupported => "registration in a request is not supported",
            Self::AccessDenied => "the person declined",
            Self::ServerError => "the person asked for this server error",
            Self::TemporarilyUnavailable => "the person asked for this outage",
        }
    }
}

/// The values of a request, of which each may come once; one without a value counts as left out (RFC 6749, 3.1).
struct Values<'a>(&'a Fields);

struct Twice;

impl<'a> Values<'a> {
    fn get(&self, name: &str) -> Result<Option<&'a str>, Twice> {
        let value = self.0.one(name).map_err(|_| Twice)?;
        Ok(value.filter(|value| !value.is_empty()))
    }
}

impl From<Twice> for AnswerError {
    fn from(_: Twice) -> Self {
        Self::InvalidRequest("a parameter is repeated")
    }
}

/// What is read once it is known where to answer.
struct Rest {
    challenge: String,
    scopes: Scopes,
    nonce: Option<String>,
}

impl AuthorizationRequest {
    /// Reads a request: first who asks and where to answer, then the rest.
    pub(crate) async fn read(sandbox: &Sandbox, fields: &Fields) -> Result<Self, Refusal> {
        let values = Values(fields);
        let nobody = Refusal::NobodyToAnswer;
        let Ok(Some(client_id)) = values.get("client_id") else {
            return Err(nobody("no client id, or more than one"));
        };
        let Ok(Some(redirect_uri)) = values.get("redirect_uri") else {
            return Err(nobody("no redirect URI, or more than one"));
        };
        let app = sandbox.registrations.app_of(client_id).await;
        let app = app
            .map_err(Refusal::Unavailable)?
            .ok_or(nobody("the client is not registered"))?;
        let known = |known: &&Url| known.as_str() == redirect_uri;
        let redirect_uri = app.redirect_uris.iter().find(known).cloned();
        let redirect_uri =
            redirect_uri.ok_or(nobody("the redirect URI is not a registered one"))?;
        let fixed = match values.get(SCENARIO) {
            Ok(None) => None,
            Ok(Some(text)) => Some(text.parse().map_err(|_| Refusal::NoSuchScenario)?),
            Err(Twice) => return Err(Refusal::NoSuchScenario),
        };
        // Where it came twice, neither is the one to give back.
        let state = values.get("state").ok().flatten().map(str::to_owned);
        match Self::rest(&values) {
            Ok(Rest {
                challenge,
                scopes,
                nonce,
            }) => Ok(Self {
                client_id: client_id.to_owned(),
                app,
                redirect_uri,
                state,
                challenge,
                scopes,
                nonce,
                fixed,
            }),
            Err(error) => {
                let answer = error_answer(sandbox, &redirect_uri, state.as_deref(), error);
                Err(Refusal::Answer(Box::new(answer)))
            }
        }
    }

    fn rest(values: &Values<'_>) -> Result<Rest, AnswerError> {
        let invalid = AnswerError::InvalidRequest;
        values.get("state")?;
        for (name, error) in UNSUPPORTED {
            if values.get(name)?.is_some() {
                return Err(error);
            }
        }
        match values.get("response_type")? {
            Some("code") => {}
            Some(_) => return Err(AnswerError::UnsupportedResponseType),
            None => return Err(invalid("the response type is missing")),
        }
        if !matches!(values.get("response_mode")?, None | Some("query")) {
            return Err(invalid("only the response mode query is supported"));
        }
        if values.get("code_challenge_method")? != Some("S256") {
            return Err(invalid("PKCE with the method S256 is required"));
        }
        let challenge = values.get("code_challenge")?.unwrap_or_default();
        if !is_hash(challenge) {
            return Err(invalid("the code challenge is missing or no S256 one"));
        }
        let scopes = match values.get("scope")? {
            None => Scopes::default_ones(),
            Some(text) => Scopes::parse(text).map_err(|_| AnswerError::InvalidScope)?,
        };
        Ok(Rest {
            challenge: challenge.to_owned(),
            nonce: Self::openid(values, &scopes)?,
            scopes,
        })
    }

    /// Reads what OpenID adds: the nonce, where there is one.
    fn openid(values: &Values<'_>, scopes: &Scopes) -> Result<Option<String>, AnswerError> {
        let invalid = AnswerError::InvalidRequest;
        if !scopes.has(Scope::OpenId) {
            return Ok(None);
        }
        Prompt::allows_page(values.get("prompt")?.unwrap_or_default())?;
        let max_age = values.get("max_age")?;
        if max_age.is_some_and(|text| !text.bytes().all(|b| b.is_ascii_digit())) {
            return Err(invalid("the maximum age is no number of seconds"));
        }
        let nonce = values.get("nonce")?;
        if nonce.is_some_and(|nonce| nonce.len() > NONCE_MOST) {
            return Err(invalid("the nonce is longer than 512 bytes"));
        }
        Ok(nonce.map(str::to_owned))
    }

    /// The answer with a code.
    pub(crate) fn allowed(&self, sandbox: &Sandbox, code: &str) -> Url {
        let values = [("code", code)];
        answer(sandbox, &self.redirect_uri, self.state.as_deref(), &values)
    }

    /// The answer with an error.
    pub(crate) fn refused(&self, sandbox: &Sandbox, error: AnswerError) -> Url {
        error_answer(sandbox, &self.redirect_uri, self.state.as_deref(), error)
    }
}

/// Whether it has the form of a SHA-256 in base64url (RFC 7636, 4.2).
fn is_hash(text: &str) -> bool {
    let word = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_');
    text.len() == 43 && text.bytes().all(word)
}

fn error_answer(
    sandbox: &Sandbox,
    redirect_uri: &Url,
    state: Option<&str>,
    error: AnswerError,
) -> Url {
    let values = [
        ("error", error.code()),
        ("error_description", error.description()),
    ];
    answer(sandbox, redirect_uri, state, &values)
}

/// Every answer names us (RFC 9207), so that it cannot be taken for another's.
fn answer(
    sandbox: &Sandbox,
    redirect_uri: &Url,
    state: Option<&str>,
    values: &[(&str, &str)],
) -> Url {
    let mut url = redirect_uri.clone();
    {
        let mut query = url.query_pairs_mut();
        query.extend_pairs(values);
        if let Some(state) = state {
            query.append_pair("state", state);
        }
        query.append_pair("iss", &sandbox.issuer);
    }
    url
}
