//! What the token endpoint answers (RFC 6749, 5.1).

use std::fmt;
use std::time::Duration;

use handclasp_domain::Secret;
use serde_json::{Map, Value};

use super::body::Unintelligible;
use super::declaration::OAuth2Code;

/// Tokens of third parties have up to a few thousand characters; ours are kept sealed in a row of a table.
const TOKEN_MAX: usize = 20_000;

/// What is told about a token's life is believed up to ten years: longer ones would only overflow somebody's
/// arithmetic.
const LIFE_MAX: Duration = Duration::from_secs(10 * 365 * 24 * 60 * 60);

/// What third parties call the life of a refresh token.
const REFRESH_LIFE: [&str; 3] = [
    "refresh_token_expires_in",
    "x_refresh_token_expires_in",
    "refresh_expires_in",
];

/// The tokens that the third party gave.
#[derive(Clone)]
pub struct TokenAnswer {
    /// What calls are made with.
    pub access_token: Secret<String>,
    /// What becomes of the refresh token.
    pub refresh_token: RefreshToken,
    /// How the access token is used.
    pub token_type: TokenType,
    /// How long the access token lasts from now on. None where the third party did not say so in a way that can be used
    /// (missing, null, zero, negative, no number): it is then used until it is refused. At most ten years.
    pub expires_in: Option<Duration>,
    /// How long the refresh token lasts from now on, where the third party says so: `refresh_token_expires_in`,
    /// `x_refresh_token_expires_in` (Intuit) or `refresh_expires_in`. RFC 6749 has no name for it. At most ten years.
    pub refresh_expires_in: Option<Duration>,
    /// What the person allowed.
    pub scopes: GrantedScopes,
    /// An ID token, not yet verified.
    pub id_token: Option<Secret<String>>,
    /// All other members, as they came. Some third parties put secrets here too.
    pub extra: Map<String, Value>,
}

/// What becomes of the refresh token after an answer.
#[derive(Debug, Clone)]
pub enum RefreshToken {
    /// This is the one to use from now on; one from before is done with.
    Given(Secret<String>),
    /// None came, or an empty one: whoever has one from before keeps it (RFC 6749, 6).
    NotGiven,
}

/// How an access token is used.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TokenType {
    /// Whoever has it may use it (RFC 6750).
    Bearer,
}

impl TokenType {
    /// As it stands in the `Authorization` header.
    pub const fn as_str(self) -> &'static str {
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
        mut members: Map<String, Value>,
        declaration: &OAuth2Code,
        asked: &[String],
    ) -> Result<Self, Unintelligible> {
        let access_token =
            token(&mut members, "access_token")?.ok_or(Unintelligible::NoAccessToken)?;
        let refresh_token = match token(&mut members, "refresh_token")? {
            Some(given) => RefreshToken::Given(given),
            None => RefreshToken::NotGiven,
        };
        Ok(Self {
            access_token,
            refresh_token,
            token_type: token_type(members.remove("token_type").as_ref())?,
            expires_in: members.remove("expires_in").as_ref().and_then(lifetime),
            refresh_expires_in: REFRESH_LIFE
                .iter()
                .find_map(|name| members.remove(*name).as_ref().and_then(lifetime)),
            scopes: scopes(members.remove("scope").as_ref(), declaration, asked),
            id_token: token(&mut members, "id_token")?,
            extra: members,
        })
    }
}

/// A token: visible characters of ASCII and spaces (RFC 6749, appendix A.12). None where it is missing, null or empty; what is
/// not a text is none either.
fn token(
    members: &mut Map<String, Value>,
    name: &str,
) -> Result<Option<Secret<String>>, Unintelligible> {
    match members.remove(name) {
        Some(Value::String(token)) => {
            let token = Secret::new(token);
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
fn scopes(value: Option<&Value>, declaration: &OAuth2Code, asked: &[String]) -> GrantedScopes {
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
            .field("refresh_expires_in", &self.refresh_expires_in)
            .field("scopes", &self.scopes)
            .field("id_token", &self.id_token.is_some())
            .field("extra", &self.extra.keys().collect::<Vec<_>>())
            .finish_non_exhaustive()
    }
}
