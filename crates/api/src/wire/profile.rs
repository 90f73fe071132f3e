//! The profile on the wire.

use handclasp_app::{AlertAuthHeader, Client, ProfileChange};
use handclasp_domain::{FieldError, Secret};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::doc::shape::{flag, list, name, object, or_null, text, with};
use crate::doc::{Schemas, Shape};

/// The profile. `alertAuthHeader` and `apiKey` are secrets, and not told.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Profile<'a> {
    name: &'a str,
    redirect_url: &'a str,
    white_list_urls: &'a [String],
    #[serde(skip_serializing_if = "Option::is_none")]
    logo_url: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    icon_url: Option<&'a str>,
    confirm_company_name: bool,
}

impl<'a> From<&'a Client> for Profile<'a> {
    fn from(client: &'a Client) -> Self {
        Self {
            name: &client.name,
            redirect_url: &client.redirect_url,
            white_list_urls: &client.allowed_redirect_urls,
            logo_url: client.logo_url.as_deref(),
            icon_url: client.icon_url.as_deref(),
            confirm_company_name: client.confirm_company_name,
        }
    }
}

/// What the profile is replaced with. What is absent is cleared, but for the secret that is not told.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct UpdateProfile {
    name: Option<String>,
    redirect_url: Option<String>,
    white_list_urls: Option<Vec<String>>,
    logo_url: Option<String>,
    icon_url: Option<String>,
    confirm_company_name: Option<bool>,
    alert_auth_header: Option<String>,
    api_key: Option<String>,
}

impl UpdateProfile {
    /// Checks that what is required is there; the rest is the use case's to check.
    pub(crate) fn parse(self) -> Result<ProfileChange, FieldError> {
        if self.api_key.is_some_and(|key| !key.is_empty()) {
            let problem = "cannot be set: API keys are drawn by the server and kept as hashes";
            return Err(FieldError::new("apiKey", problem));
        }
        Ok(ProfileChange {
            name: self.name.ok_or_else(|| super::missing("name"))?,
            redirect_url: self
                .redirect_url
                .ok_or_else(|| super::missing("redirectUrl"))?,
            allowed_redirect_urls: self.white_list_urls.unwrap_or_default(),
            logo_url: self.logo_url,
            icon_url: self.icon_url,
            confirm_company_name: self.confirm_company_name.unwrap_or_default(),
            alert_auth_header: match self.alert_auth_header {
                None => AlertAuthHeader::Keep,
                Some(text) if text.is_empty() => AlertAuthHeader::Remove,
                Some(text) => AlertAuthHeader::Set(Secret::new(text)),
            },
        })
    }
}

impl Shape for Profile<'_> {
    const NAME: &'static str = "Profile";

    fn schema(_: &mut Schemas) -> Value {
        object("What your customers see of you, and where their journeys end.")
            .must("name", own_name())
            .must("redirectUrl", redirect_url())
            .must("whiteListUrls", allowed())
            .may("logoUrl", picture("Your logo."))
            .may("iconUrl", picture("Your icon."))
            .must("confirmCompanyName", confirm())
            .schema()
    }
}

impl Shape for UpdateProfile {
    const NAME: &'static str = "UpdateProfile";

    fn schema(_: &mut Schemas) -> Value {
        object("What the profile is replaced with.")
            .must("name", own_name())
            .must("redirectUrl", redirect_url())
            .may("whiteListUrls", or_null(allowed()))
            .may("logoUrl", or_null(picture("Your logo.")))
            .may("iconUrl", or_null(picture("Your icon.")))
            .may("confirmCompanyName", or_null(confirm()))
            .may(
                "alertAuthHeader",
                or_null(text(
                    "What messages of rules are to carry. It stays as it is where it is left out, and is taken away by an empty text.",
                )),
            )
            .schema()
    }
}

fn own_name() -> Value {
    name("Your name, as your customers know it.", "Lender Ltd")
}

fn redirect_url() -> Value {
    json!({
        "type": "string",
        "description": "Where people are sent when they are done; empty for a page of Link's own. It may have placeholders, as in `?company={companyId}`.",
        "maxLength": 2048,
        "pattern": "^$|^[Hh][Tt][Tt][Pp][Ss]?://",
        "example": "https://app.example.com/done?company={companyId}",
    })
}

fn allowed() -> Value {
    let address = json!({
        "type": "string",
        "description": "An address.",
        "maxLength": 2048,
        "pattern": "^[Hh][Tt][Tt][Pp][Ss]?://",
        "example": "https://app.example.com",
    });
    let list = list(
        "The other addresses that a journey's own redirect may lead to.",
        address,
    );
    with(list, json!({ "maxItems": 100 }))
}

fn picture(text: &'static str) -> Value {
    json!({
        "type": "string",
        "description": text,
        "maxLength": 2048,
        "pattern": "^$|^[Hh][Tt][Tt][Pp][Ss]://",
        "example": "https://app.example.com/mark.png",
    })
}

fn confirm() -> Value {
    flag("Whether people are asked in Link to confirm their company's name.")
}
