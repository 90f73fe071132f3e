//! What the third party sends back with the person (RFC 6749, 4.1.2).

use std::collections::BTreeMap;

use handclasp_domain::{FailureKind, Secret};

use super::declaration::OAuth2Code;
use super::text::{ProviderError, ProviderText, is_invisible};

const PARAMETERS_MAX: usize = 50;
const NAME_MAX: usize = 200;
/// Codes are opaque; the longest ones seen in use have about 2,000 characters.
const VALUE_MAX: usize = 8_000;
const KEPT_MAX: usize = 500;

/// The parameters of a callback, bounded and each there once. Nothing of it is trusted yet: take
/// [`CallbackQuery::state`], find the request that it belongs to and the browser that began it, and only then look at
/// the [`CallbackQuery::outcome`].
#[derive(Clone)]
pub struct CallbackQuery(BTreeMap<String, String>);

/// What a callback cannot be read for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum MalformedCallback {
    /// A parameter stands there twice (RFC 6749, 3.1, forbids it).
    #[error("a parameter is repeated")]
    Repeated,
    /// There are too many parameters, or one is too long.
    #[error("the callback is too large")]
    TooLarge,
    /// Neither a code nor an error.
    #[error("there is neither a code nor an error")]
    Empty,
    /// The code has characters that no code has (RFC 6749, appendix A.11).
    #[error("the code has characters that no code has")]
    BadCode,
    /// A value that the integration keeps cannot be right.
    #[error("a value to be kept has characters that do not belong there")]
    BadValue,
    /// The integration promises to name itself in each callback, and this one does not (RFC 9207).
    #[error("the issuer is missing")]
    IssuerMissing,
    /// The callback comes from somebody else than whom the person was sent to.
    #[error("the issuer is another one")]
    IssuerWrong,
}

impl MalformedCallback {
    /// What the person may be told.
    pub fn kind(self) -> FailureKind {
        match self {
            Self::IssuerMissing | Self::IssuerWrong => FailureKind::Untrusted,
            Self::Repeated | Self::TooLarge | Self::Empty | Self::BadCode | Self::BadValue => {
                FailureKind::ThirdParty
            }
        }
    }
}

/// Why a callback brings no code.
#[derive(Debug, Clone)]
pub enum RefusedCallback {
    /// The person, or the third party for them, declined: `access_denied`.
    Declined(ProviderError),
    /// It did not work out at the third party.
    Failed(ProviderError),
    /// It cannot be believed or read.
    Malformed(MalformedCallback),
}

/// The person agreed, and here is what to fetch the tokens with.
#[derive(Debug, Clone)]
pub struct CodeAnswer {
    /// The code: good for one exchange.
    pub code: Secret<String>,
    /// The values that the declaration keeps, where they came. They are not authenticated.
    pub kept: BTreeMap<String, String>,
}

impl RefusedCallback {
    /// What the person may be told.
    pub fn kind(&self) -> FailureKind {
        match self {
            Self::Declined(_) => FailureKind::Declined,
            Self::Failed(error) if error.has_code("temporarily_unavailable") => {
                FailureKind::Unreachable
            }
            Self::Failed(_) => FailureKind::ThirdParty,
            Self::Malformed(why) => why.kind(),
        }
    }

    /// For a connection's `statusCode`. A redirect carries no HTTP status, so that RFC 6749, 4.1.2.1 has codes that
    /// stand for one: those are turned back.
    pub fn status_code(&self) -> u16 {
        match self {
            Self::Declined(_) => 403,
            Self::Failed(error) if error.has_code("server_error") => 500,
            Self::Failed(error) if error.has_code("temporarily_unavailable") => 503,
            Self::Failed(_) => 400,
            // As of a gateway that got no usable answer.
            Self::Malformed(_) => 502,
        }
    }

    /// For a connection's `statusText`: what the third party said; empty where it said nothing that can be believed.
    pub fn status_text(&self) -> &str {
        match self {
            Self::Declined(error) | Self::Failed(error) => error.status_text(),
            Self::Malformed(_) => "",
        }
    }
}

impl CallbackQuery {
    /// Reads the decoded parameters of a callback.
    ///
    /// # Errors
    /// [`MalformedCallback`] where one is repeated or the whole too large.
    pub fn parse<N, V>(pairs: impl IntoIterator<Item = (N, V)>) -> Result<Self, MalformedCallback>
    where
        N: Into<String>,
        V: Into<String>,
    {
        let mut parameters = BTreeMap::new();
        for (name, value) in pairs {
            let (name, value) = (name.into(), value.into());
            let full = parameters.len() >= PARAMETERS_MAX;
            if full || name.len() > NAME_MAX || value.len() > VALUE_MAX {
                return Err(MalformedCallback::TooLarge);
            }
            if parameters.insert(name, value).is_some() {
                return Err(MalformedCallback::Repeated);
            }
        }
        Ok(Self(parameters))
    }

    /// The `state`, as it came.
    pub fn state(&self) -> Option<&str> {
        self.value("state")
    }

    /// What the callback brings, for the integration whose request it answers.
    ///
    /// # Errors
    /// [`RefusedCallback`] where it brings no code that can be used.
    pub fn outcome(&self, declaration: &OAuth2Code) -> Result<CodeAnswer, RefusedCallback> {
        if let Err(why) = self.check_issuer(declaration) {
            return Err(RefusedCallback::Malformed(why));
        }
        // With both, the error counts: a code that comes with one is not to be trusted.
        if let Some(code) = self.value("error") {
            let error = ProviderError {
                code: ProviderText::new(code),
                description: self.value("error_description").and_then(ProviderText::new),
            };
            return Err(if error.has_code("access_denied") {
                RefusedCallback::Declined(error)
            } else {
                RefusedCallback::Failed(error)
            });
        }
        self.code(declaration).map_err(RefusedCallback::Malformed)
    }

    fn code(&self, declaration: &OAuth2Code) -> Result<CodeAnswer, MalformedCallback> {
        let code = self.value("code").ok_or(MalformedCallback::Empty)?;
        if !code.bytes().all(|b| matches!(b, b' '..=b'~')) {
            return Err(MalformedCallback::BadCode);
        }
        let mut kept = BTreeMap::new();
        for name in &declaration.callback_values {
            let Some(value) = self.value(name) else {
                continue;
            };
            if value.len() > KEPT_MAX || value.chars().any(|c| c.is_control() || is_invisible(c)) {
                return Err(MalformedCallback::BadValue);
            }
            kept.insert(name.clone(), value.to_owned());
        }
        Ok(CodeAnswer {
            code: Secret::new(code.to_owned()),
            kept,
        })
    }

    /// RFC 9207, 2.4: compared as plain strings. Where no issuer is declared an `iss` says nothing.
    fn check_issuer(&self, declaration: &OAuth2Code) -> Result<(), MalformedCallback> {
        let Some(issuer) = &declaration.issuer else {
            return Ok(());
        };
        match self.value("iss") {
            Some(iss) if iss == issuer.as_str() => Ok(()),
            Some(_) => Err(MalformedCallback::IssuerWrong),
            None if issuer.in_callback => Err(MalformedCallback::IssuerMissing),
            None => Ok(()),
        }
    }

    /// RFC 6749, 3.1: a parameter without a value counts as left out.
    fn value(&self, name: &str) -> Option<&str> {
        self.0
            .get(name)
            .map(String::as_str)
            .filter(|value| !value.is_empty())
    }
}

/// Shows the names only: a code is a secret.
impl std::fmt::Debug for CallbackQuery {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_tuple("CallbackQuery")
            .field(&self.0.keys().collect::<Vec<_>>())
            .finish()
    }
}
