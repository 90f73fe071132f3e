//! A client's registration at a third party.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use handclasp_domain::{ClientId, Id, PlatformKey, Secret};
use handclasp_integrations::oauth2::{self, Registration};
use handclasp_integrations::{Auth, Integration};
use url::Url;

use crate::{App, AppError};

impl App {
    /// The address at which a third party sends people back: one per client and integration, so that an answer meant for one
    /// can't be taken for another's (RFC 9700, 4.4).
    pub fn redirect_uri(&self, client: ClientId, platform: PlatformKey) -> Result<Url, AppError> {
        self.settings()
            .link_url
            .join(&format!("callback/{client}/{platform}"))
            .map_err(|_| AppError::Internal("the redirect URI can't be made"))
    }

    /// The client secret of a client's registration at the built-in third party. Nobody enters it: both sides derive it.
    pub fn sandbox_secret(&self, client: ClientId) -> Secret<String> {
        let mac = self
            .secrets()
            .sandbox_registration
            .mac(&[client.uuid().as_bytes()]);
        Secret::new(URL_SAFE_NO_PAD.encode(mac))
    }

    /// What every step of the protocol goes through.
    pub(crate) fn oauth(
        &self,
        client: ClientId,
        integration: &Integration,
    ) -> Result<oauth2::Client, AppError> {
        let Auth::OAuth2Code(declaration) = &integration.auth;
        if !integration.sandbox {
            // Clients bring their own registrations with the integrations that need them.
            return Err(AppError::Internal("an integration without a registration"));
        }
        let secret = self.sandbox_secret(client);
        let registration = Registration::new(declaration, &client.to_string(), &secret)
            .map_err(|_| AppError::Internal("the sandbox registration is no good"))?;
        oauth2::Client::new(declaration.clone(), registration)
            .map_err(|_| AppError::Internal("the sandbox's endpoints changed"))
    }
}
