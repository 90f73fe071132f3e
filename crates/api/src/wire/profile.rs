//! The profile on the wire.

use handclasp_app::{Client, ProfileChange};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::NotBuilt;
use crate::doc::shape::{list, name, object, or_null, with};
use crate::doc::{Schemas, Shape};
use crate::failure::Failure;

/// The profile. Addresses of a logo and an icon are left out: there are none yet.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Profile<'a> {
    name: &'a str,
    redirect_url: &'a str,
    white_list_urls: &'a [String],
}

impl<'a> From<&'a Client> for Profile<'a> {
    fn from(client: &'a Client) -> Self {
        Self {
            name: &client.name,
            redirect_url: &client.redirect_url,
            white_list_urls: &client.allowed_redirect_urls,
        }
    }
}

/// What the profile is replaced with. An absent list is an empty one.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct UpdateProfile {
    name: Option<String>,
    redirect_url: Option<String>,
    white_list_urls: Option<Vec<String>>,
    #[serde(default)]
    alert_auth_header: NotBuilt,
    #[serde(default)]
    api_key: NotBuilt,
    #[serde(default)]
    confirm_company_name: NotBuilt,
    #[serde(default)]
    icon_url: NotBuilt,
    #[serde(default)]
    logo_url: NotBuilt,
}

impl UpdateProfile {
    /// Checks that what is required is there; the rest is the use case's to check.
    pub(crate) fn parse(self) -> Result<ProfileChange, Failure> {
        self.alert_auth_header.refuse("alertAuthHeader")?;
        self.api_key.refuse("apiKey")?;
        self.confirm_company_name.refuse("confirmCompanyName")?;
        self.icon_url.refuse("iconUrl")?;
        self.logo_url.refuse("logoUrl")?;
        Ok(ProfileChange {
            name: self.name.ok_or_else(|| super::missing("name"))?,
            redirect_url: self
                .redirect_url
                .ok_or_else(|| super::missing("redirectUrl"))?,
            allowed_redirect_urls: self.white_list_urls.unwrap_or_default(),
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
