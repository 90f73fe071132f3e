//! Companies' access tokens on the wire.

use handclasp_app::COMPANY_TOKEN_LIFETIME;
use serde::Serialize;

/// A company's access token.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct AccessToken<'a> {
    access_token: &'a str,
    /// In seconds.
    expires_in: u64,
    token_type: &'static str,
}

impl<'a> AccessToken<'a> {
    /// One that was made just now.
    pub(crate) fn of(token: &'a str) -> Self {
        Self {
            access_token: token,
            expires_in: COMPANY_TOKEN_LIFETIME.as_secs(),
            token_type: "Bearer",
        }
    }
}

/// A company's access token in the older form.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct OldAccessToken<'a> {
    access_token: &'a str,
}

impl<'a> OldAccessToken<'a> {
    /// One that was made just now.
    pub(crate) fn of(token: &'a str) -> Self {
        Self {
            access_token: token,
        }
    }
}
