//! What a linked connection holds.

use std::fmt;

use handclasp_domain::Secret;
use serde::{Deserialize, Serialize};
use zeroize::Zeroize;

use crate::values::Values;

/// What a linked connection holds, as it is sealed. Fields may be added with a default, never renamed or taken away.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Held {
    /// What calls are made with; empty where they are made with values alone, as with a key that a person typed.
    pub access_token: String,
    /// What a fresh access token is fetched with, where there is such a thing.
    #[serde(default)]
    pub refresh_token: Option<String>,
    /// How the access token is used: `Bearer`.
    pub token_type: String,
    /// The secret of an OAuth 1.0a token (RFC 5849).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub token_secret: Option<String>,
    /// What else is known: see [`Values`].
    #[serde(default, skip_serializing_if = "Values::is_empty")]
    pub values: Values,
}

impl Held {
    /// The access token.
    pub fn token(&self) -> Secret<String> {
        Secret::new(self.access_token.clone())
    }

    /// What a third party said, unless it repeats one of the tokens.
    pub fn without_tokens<'a>(&self, said: &'a str) -> &'a str {
        let tokens = [
            Some(&self.access_token),
            self.refresh_token.as_ref(),
            self.token_secret.as_ref(),
        ];
        let mut tokens = tokens.into_iter().flatten().filter(|it| !it.is_empty());
        match tokens.any(|token| said.contains(token.as_str())) {
            true => "",
            false => said,
        }
    }

    /// Whether revoking these tokens would revoke those, too.
    pub fn is_revoked_with(&self, others: &Self) -> bool {
        self.refresh_token == others.refresh_token
            && (self.refresh_token.is_some() || self.access_token == others.access_token)
    }
}

impl Drop for Held {
    fn drop(&mut self) {
        self.access_token.zeroize();
        self.refresh_token.zeroize();
        self.token_secret.zeroize();
    }
}

/// Shows which values there are, and none of what they are.
impl fmt::Debug for Held {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Held")
            .field("refresh_token", &self.refresh_token.is_some())
            .field("token_type", &self.token_type)
            .field("values", &self.values)
            .finish_non_exhaustive()
    }
}
