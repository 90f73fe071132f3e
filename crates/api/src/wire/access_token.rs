//! Companies' access tokens on the wire.

use handclasp_app::COMPANY_TOKEN_LIFETIME;
use serde::Serialize;
use serde_json::{Value, json};

use crate::doc::shape::{object, text, whole, with, word};
use crate::doc::{Schemas, Shape};

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

impl Shape for AccessToken<'_> {
    const NAME: &'static str = "AccessToken";

    fn schema(_: &mut Schemas) -> Value {
        object("An access token of a company.")
            .must("accessToken", token())
            .must("expiresIn", whole("For how many seconds it is good.", 1))
            .must("tokenType", word("How it is sent.", ["Bearer"]))
            .schema()
    }
}

impl Shape for OldAccessToken<'_> {
    const NAME: &'static str = "OldAccessToken";

    fn schema(_: &mut Schemas) -> Value {
        object("An access token of a company, in the older form.")
            .must("accessToken", token())
            .schema()
    }
}

fn token() -> Value {
    with(text("The token."), json!({ "example": "hct_…" }))
}
