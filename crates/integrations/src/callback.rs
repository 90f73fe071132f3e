//! What the third party sends back with the person (RFC 6749, 4.1.2).

use std::collections::BTreeMap;

use aws_lc_rs::hmac;
use handclasp_domain::{FailureKind, Secret};

use crate::oauth2::{CallbackSignature, CallbackValue, Issuer, SignedText};
use crate::provider::{ProviderError, ProviderText, is_invisible};
use crate::values::Values;

const PARAMETERS_MAX: usize = 50;
const NAME_MAX: usize = 200;
/// Codes are opaque; the longest ones seen in use have about 2,000 characters.
const VALUE_MAX: usize = 8_000;
const KEPT_MAX: usize = 500;

/// The parameters of a callback, bounded and each there once. Nothing of it is trusted yet: take
/// [`CallbackQuery::state`], find the request that it belongs to and the browser that began it, and only then look at
/// what [`crate::Client::read_callback`] makes of it.
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
    /// The callback is not signed as it has to be.
    #[error("the signature is missing or wrong")]
    SignatureWrong,
    /// A value that the integration needs is missing.
    #[error("a value to be kept is missing")]
    ValueMissing,
    /// A value is another than what was known before: somebody changed it on the way.
    #[error("a value is another than the one that was given before")]
    OtherValue,
    /// The person's browser came back, and what it was to be delivered before was not.
    #[error("nothing was delivered before")]
    NotDelivered,
    /// It answers another request than this one (RFC 5849, 2.2).
    #[error("the request token is another one")]
    OtherRequest,
}

impl MalformedCallback {
    /// What the person may be told.
    pub fn kind(self) -> FailureKind {
        match self {
            Self::IssuerMissing
            | Self::IssuerWrong
            | Self::SignatureWrong
            | Self::OtherValue
            | Self::OtherRequest => FailureKind::Untrusted,
            // Mostly its server does not reach ours.
            Self::NotDelivered
            | Self::Repeated
            | Self::TooLarge
            | Self::Empty
            | Self::BadCode
            | Self::BadValue
            | Self::ValueMissing => FailureKind::ThirdParty,
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
pub struct CallbackAnswer {
    /// The code or verifier, where there is one: good for one exchange.
    pub code: Option<Secret<String>>,
    /// The values that the declaration keeps, as `callback.<name>`. They are not authenticated beyond what the declaration says.
    pub values: Values,
}

/// What a callback has to be like.
pub(crate) struct Expected<'a> {
    /// The parameter with the code, where one is expected.
    pub(crate) code: Option<&'a str>,
    pub(crate) issuer: Option<&'a Issuer>,
    /// How it is signed, and the key.
    pub(crate) signature: Option<(&'a CallbackSignature, &'a Secret<String>)>,
    pub(crate) values: &'a BTreeMap<String, CallbackValue>,
}

impl Expected<'_> {
    /// That it comes from whom the person was sent to.
    fn check_sender(&self, query: &CallbackQuery, known: &Values) -> Result<(), MalformedCallback> {
        self.check_issuer(query, known)?;
        match self.signature {
            None => Ok(()),
            Some((signature, key)) if signature.holds(query, key) => Ok(()),
            Some(_) => Err(MalformedCallback::SignatureWrong),
        }
    }

    /// RFC 9207, 2.4: compared as plain strings. Where no issuer is declared an `iss` says nothing.
    fn check_issuer(&self, query: &CallbackQuery, known: &Values) -> Result<(), MalformedCallback> {
        let Some(issuer) = self.issuer else {
            return Ok(());
        };
        let ours = issuer.value.fill(known).ok();
        match query.value("iss") {
            Some(iss) if Some(iss) == ours.as_deref() => Ok(()),
            Some(_) => Err(MalformedCallback::IssuerWrong),
            None if issuer.in_callback => Err(MalformedCallback::IssuerMissing),
            None => Ok(()),
        }
    }

    fn read(
        &self,
        query: &CallbackQuery,
        known: &Values,
    ) -> Result<CallbackAnswer, MalformedCallback> {
        let code = match self.code {
            None => None,
            Some(parameter) => {
                let code = query.value(parameter).ok_or(MalformedCallback::Empty)?;
                if !code.bytes().all(|b| matches!(b, b' '..=b'~')) {
                    return Err(MalformedCallback::BadCode);
                }
                Some(Secret::new(code.to_owned()))
            }
        };
        let mut values = Values::default();
        for (name, declared) in self.values {
            match query.value(name) {
                Some(value) => {
                    declared.check(value, known)?;
                    values.set(format!("callback.{name}"), value);
                }
                None if declared.required => return Err(MalformedCallback::ValueMissing),
                None => {}
            }
        }
        Ok(CallbackAnswer { code, values })
    }
}

impl CallbackValue {
    fn check(&self, value: &str, known: &Values) -> Result<(), MalformedCallback> {
        let is_text =
            value.len() <= KEPT_MAX && !value.chars().any(|c| c.is_control() || is_invisible(c));
        let fits = self
            .pattern
            .as_ref()
            .is_none_or(|pattern| pattern.fits(value));
        let is_option =
            self.options.is_empty() || self.options.iter().any(|option| option.value == value);
        if !(is_text && fits && is_option) {
            return Err(MalformedCallback::BadValue);
        }
        let is_same = match &self.equals {
            None => true,
            Some(expected) => expected.fill(known).is_ok_and(|expected| expected == value),
        };
        is_same.then_some(()).ok_or(MalformedCallback::OtherValue)
    }
}

impl CallbackSignature {
    /// Whether the callback is signed with this key.
    fn holds(&self, query: &CallbackQuery, key: &Secret<String>) -> bool {
        let Some(told) = query.value(&self.parameter).and_then(hex) else {
            return false;
        };
        let text = match self.over {
            SignedText::SortedQuery => {
                let others = query.pairs().filter(|(name, _)| *name != self.parameter);
                // They are sorted by their names.
                let pairs: Vec<String> = others
                    .map(|(name, value)| format!("{}={}", encoded(name), encoded(value)))
                    .collect();
                pairs.join("&")
            }
        };
        let key = hmac::Key::new(hmac::HMAC_SHA256, key.expose().as_bytes());
        hmac::verify(&key, text.as_bytes(), &told).is_ok()
    }
}

fn encoded(text: &str) -> String {
    let mut encoded = String::new();
    handclasp_domain::percent_encode(text, &mut encoded);
    encoded
}

fn hex(text: &str) -> Option<Vec<u8>> {
    let digit = |byte: u8| {
        char::from(byte)
            .to_digit(16)
            .and_then(|digit| u8::try_from(digit).ok())
    };
    text.as_bytes()
        .chunks(2)
        .map(|pair| match pair {
            [high, low] => Some(digit(*high)? * 16 + digit(*low)?),
            _ => None,
        })
        .collect()
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

    /// What the callback brings, for the integration whose request it answers. `known` is what is known of the connection so far.
    ///
    /// # Errors
    /// [`RefusedCallback`] where it brings nothing that can be used.
    pub(crate) fn outcome(
        &self,
        expected: &Expected<'_>,
        known: &Values,
    ) -> Result<CallbackAnswer, RefusedCallback> {
        expected
            .check_sender(self, known)
            .map_err(RefusedCallback::Malformed)?;
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
        expected
            .read(self, known)
            .map_err(RefusedCallback::Malformed)
    }

    /// All parameters, by name.
    fn pairs(&self) -> impl Iterator<Item = (&str, &str)> {
        self.0
            .iter()
            .map(|(name, value)| (name.as_str(), value.as_str()))
    }

    /// RFC 6749, 3.1: a parameter without a value counts as left out.
    pub(crate) fn value(&self, name: &str) -> Option<&str> {
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
