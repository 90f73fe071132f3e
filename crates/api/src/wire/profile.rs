//! The profile on the wire.

use handclasp_app::{AlertAuthHeader, Client, ProfileChange};
use handclasp_domain::{FieldError, Secret};
use serde::{Deserialize, Serialize};

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
