//! What the token endpoint answers (RFC 6749, 5.1).

use std::collections::BTreeMap;
use std::fmt;
use std::time::Duration;

use handclasp_domain::{Secret, Timestamp};
use serde_json::{Map, Value};

use super::declaration::{ExpiresAt, InstantForm, TokenEndpoint, TokenValue};
use crate::account::text;
use crate::client::Granted;
use crate::held::Held;
use crate::provider::Unintelligible;
use crate::values::Values;

/// Tokens of third parties have up to a few thousand characters; ours are kept sealed in a row of a table.
const TOKEN_MAX: usize = 20_000;

/// The longest value that is kept.
const KEPT_MAX: usize = 2_000;

/// What is told about a token's life is believed up to fifty years: longer ones would only overflow somebody's
/// arithmetic. FreeAgent's refresh tokens have twenty.
const LIFE_MAX: Duration = Duration::from_secs(50 * 365 * 24 * 60 * 60);

/// What third parties call the life of a refresh token, where the declaration does not say. RFC 6749 has no name for it.
const REFRESH_LIFE: [&str; 3] = [
    "refresh_token_expires_in",
    "x_refresh_token_expires_in",
    "refresh_expires_in",
];

/// The tokens that the third party gave.
#[derive(Clone)]
pub(super) struct TokenAnswer {
    /// What calls are made with.
    pub(super) access_token: Secret<String>,
    /// What becomes of the refresh token.
    pub(super) refresh_token: RefreshToken,
    /// How the access token is used.
    pub(super) token_type: TokenType,
    /// How long the access token lasts from now on. None where the third party did not say so in a way that can be used
    /// (missing, null, zero, negative, no number): it is then used until it is refused. At most fifty years.
    pub(super) expires_in: Option<Duration>,
    /// How long the refresh token lasts from now on, where that is known.
    pub(super) refresh_expires_in: Option<Duration>,
    /// What the person allowed.
    pub(super) scopes: GrantedScopes,
    /// An ID token, not yet verified.
    pub(super) id_token: Option<Secret<String>>,
    /// What the declaration keeps, as `token.<name>`.
    pub(super) kept: Values,
}

/// What becomes of the refresh token after an answer.
#[derive(Debug, Clone)]
pub(super) enum RefreshToken {
    /// This is the one to use from now on; one from before is done with.
    Given(Secret<String>),
    /// None came, or an empty one: whoever has one from before keeps it (RFC 6749, 6).
    NotGiven,
}

/// How an access token is used.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum TokenType {
    /// Whoever has it may use it (RFC 6750).
    Bearer,
}

impl TokenType {
    /// As it stands in the `Authorization` header.
    pub(super) const fn as_str(self) -> &'static str {
        match self {
            Self::Bearer => "Bearer",
        }
    }
}

/// What the person allowed, beside what the declaration cannot do without.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum GrantedScopes {
    /// All that is needed.
    Enough(Vec<String>),
    /// Too little to work with. The tokens are good for nothing but to be revoked.
    TooFew {
        /// What was allowed.
        granted: Vec<String>,
        /// What is needed beyond that.
        missing: Vec<String>,
    },
}

impl GrantedScopes {
    /// What was allowed.
    pub fn granted(&self) -> &[String] {
        match self {
            Self::Enough(granted) | Self::TooFew { granted, .. } => granted,
        }
    }
}

impl TokenAnswer {
    /// Reads the members of a successful answer. `asked` is what the request asked for, which an answer without scopes
    /// grants in full (RFC 6749, 5.1).
    pub(super) fn read(
        members: Map<String, Value>,
        declared: &TokenEndpoint,
        asked: &[String],
        now: Timestamp,
    ) -> Result<Self, Unintelligible> {
        let answer = Value::Object(members);
        let places = &declared.answer;
        let at = |place: &Option<String>, usual: &str| match place {
            Some(pointer) => answer.pointer(pointer),
            None => answer.get(usual),
        };
        let access_token = token(at(&places.access_token, "access_token"))?
            .ok_or(Unintelligible::NoAccessToken)?;
        let refresh_token = match token(at(&places.refresh_token, "refresh_token"))? {
            Some(given) => RefreshToken::Given(given),
            None => RefreshToken::NotGiven,
        };
        let until = |expires: &ExpiresAt| instant(answer.pointer(&expires.at)?, expires.form);
        let expires_in = match &places.expires_at {
            Some(expires) => until(expires).and_then(|end| life(end, now)),
            None => answer.get("expires_in").and_then(lifetime),
        };
        let refresh_expires_in = match (&places.refresh_expires_in, &places.refresh_expires_at) {
            (_, Some(expires)) => until(expires).and_then(|end| life(end, now)),
            (Some(pointer), None) => answer.pointer(pointer).and_then(lifetime),
            (None, None) => REFRESH_LIFE
                .iter()
                .find_map(|name| answer.get(name).and_then(lifetime)),
        };
        let kept = kept_values("token", &places.keep, &answer).ok_or(Unintelligible::BadValue)?;
        Ok(Self {
            access_token,
            refresh_token,
            token_type: token_type(answer.get("token_type"))?,
            expires_in: expires_in.or(declared.access_token_lifetime),
            refresh_expires_in: refresh_expires_in.or(declared.refresh_token_lifetime),
            scopes: scopes(answer.get("scope"), declared, asked),
            id_token: token(answer.get("id_token"))?,
            kept,
        })
    }

    /// What the connection holds from now on. `before` is what it held: what does not come again stays.
    pub(super) fn granted(self, before: Option<&Held>, mut values: Values) -> Granted {
        values.extend(&self.kept);
        let refresh_token = match self.refresh_token {
            RefreshToken::Given(token) => Some(token.expose().clone()),
            RefreshToken::NotGiven => before.and_then(|held| held.refresh_token.clone()),
        };
        Granted {
            refresh_expires_in: refresh_token.as_ref().and(self.refresh_expires_in),
            held: Held {
                access_token: self.access_token.expose().clone(),
                refresh_token,
                token_type: self.token_type.as_str().to_owned(),
                token_secret: None,
                values,
            },
            expires_in: self.expires_in,
            scopes: self.scopes,
            id_token: self.id_token,
        }
    }
}

/// What is kept of an answer, as `<source>.<name>`. None where a value that is needed is missing or does not fit.
pub(crate) fn kept_values(
    source: &str,
    keep: &BTreeMap<String, TokenValue>,
    answer: &Value,
) -> Option<Values> {
    let mut kept = Values::default();
    for (name, value) in keep {
        let text = answer.pointer(&value.at).and_then(text);
        let text = text.filter(|text| {
            text.len() <= KEPT_MAX
                && !text.chars().any(|c| c.is_control())
                && value
                    .pattern
                    .as_ref()
                    .is_none_or(|pattern| pattern.fits(text))
        });
        match text {
            Some(text) => kept.set(format!("{source}.{name}"), text),
            None if value.required => return None,
            None => {}
        }
    }
    Some(kept)
}

/// An instant, as the declaration says it is written.
fn instant(value: &Value, form: InstantForm) -> Option<Timestamp> {
    match form {
        InstantForm::Rfc3339 => Timestamp::parse_rfc3339(value.as_str()?),
        InstantForm::Unix => {
            let seconds = match value {
                Value::Number(number) => number.as_i64().or_else(|| whole(&number.to_string()))?,
                Value::String(text) => whole(text.trim())?,
                Value::Null | Value::Bool(_) | Value::Array(_) | Value::Object(_) => return None,
            };
            Some(Timestamp::from_seconds(seconds))
        }
    }
}

/// A number of seconds without its fraction.
fn whole(seconds: &str) -> Option<i64> {
    let (whole, fraction) = seconds.split_once('.').unwrap_or((seconds, "0"));
    let is_fraction = fraction.bytes().all(|b| b.is_ascii_digit());
    is_fraction.then(|| whole.parse().ok()).flatten()
}

/// From now to an instant. None where that is past.
fn life(end: Timestamp, now: Timestamp) -> Option<Duration> {
    let micros = end.as_micros().checked_sub(now.as_micros())?;
    let life = Duration::from_micros(u64::try_from(micros).ok()?);
    (life >= Duration::from_secs(1)).then_some(life.min(LIFE_MAX))
}

/// A token: visible characters of ASCII and spaces (RFC 6749, appendix A.12). None where it is missing, null or empty; what is
/// not a text is none either.
fn token(value: Option<&Value>) -> Result<Option<Secret<String>>, Unintelligible> {
    match value {
        Some(Value::String(token)) => {
            let token = Secret::new(token.clone());
            let text = token.expose();
            if text.is_empty() {
                return Ok(None);
            }
            if text.len() > TOKEN_MAX || !text.bytes().all(|b| matches!(b, b' '..=b'~')) {
                return Err(Unintelligible::BadToken);
            }
            Ok(Some(token))
        }
        Some(
            Value::Null | Value::Bool(_) | Value::Number(_) | Value::Array(_) | Value::Object(_),
        )
        | None => Ok(None),
    }
}

/// In any case; missing means `Bearer`, for nobody leaves anything else out.
fn token_type(value: Option<&Value>) -> Result<TokenType, Unintelligible> {
    match value {
        None | Some(Value::Null) => Ok(TokenType::Bearer),
        Some(Value::String(text)) if text.is_empty() || text.eq_ignore_ascii_case("bearer") => {
            Ok(TokenType::Bearer)
        }
        Some(_) => Err(Unintelligible::TokenType),
    }
}

/// Seconds as a number or as a text with a number, whole or not.
fn lifetime(value: &Value) -> Option<Duration> {
    let seconds = match value {
        Value::Number(number) => number.as_f64()?,
        Value::String(text) => text.trim().parse::<f64>().ok()?,
        Value::Null | Value::Bool(_) | Value::Array(_) | Value::Object(_) => return None,
    };
    if seconds.is_nan() || seconds < 1.0 {
        return None;
    }
    let whole = seconds.min(LIFE_MAX.as_secs_f64()).floor();
    Duration::try_from_secs_f64(whole).ok()
}

/// A text in which spaces or the declared separator stand between scopes, or a list of texts.
fn scopes(value: Option<&Value>, declaration: &TokenEndpoint, asked: &[String]) -> GrantedScopes {
    let separator = declaration.scope_separator.as_char();
    let split = |text: &str| -> Vec<String> {
        text.split([' ', separator])
            .filter(|scope| !scope.is_empty() && scope.bytes().all(|b| b.is_ascii_graphic()))
            .map(str::to_owned)
            .collect()
    };
    let granted = match value {
        Some(Value::String(text)) if !text.trim().is_empty() => split(text),
        Some(Value::Array(items)) => items
            .iter()
            .filter_map(Value::as_str)
            .flat_map(split)
            .collect(),
        Some(
            Value::String(_) | Value::Null | Value::Bool(_) | Value::Number(_) | Value::Object(_),
        )
        | None => asked.to_vec(),
    };
    let missing: Vec<String> = declaration
        .required_scopes
        .iter()
        .filter(|required| !granted.contains(required))
        .cloned()
        .collect();
    if missing.is_empty() {
        GrantedScopes::Enough(granted)
    } else {
        GrantedScopes::TooFew { granted, missing }
    }
}

/// Shows which members there are besides, and none of their values.
impl fmt::Debug for TokenAnswer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TokenAnswer")
            .field("refresh_token", &self.refresh_token)
            .field("token_type", &self.token_type)
            .field("expires_in", &self.expires_in)
            .field("scopes", &self.scopes)
            .field("id_token", &self.id_token.is_some())
            .field("kept", &self.kept)
            .finish_non_exhaustive()
    }
}
