//! A client's registration at a third party.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use handclasp_domain::{ClientId, Id, PlatformKey, Secret};
use handclasp_integrations::oauth2::{self, Registration};
use handclasp_integrations::{Auth, CLIENT_ID, CLIENT_SECRET, Integration};
use url::Url;

use crate::{App, AppError, NeedsCredentials, Refusal};

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

    /// What every step of the protocol goes through: the declaration with the registration that the client's staff entered for it.
    /// [`Refusal::NeedsCredentials`] where there is none, or one that was entered for other endpoints.
    pub(crate) async fn oauth(
        &self,
        client: ClientId,
        integration: &Integration,
    ) -> Result<oauth2::Client, AppError> {
        let Auth::OAuth2Code(declaration) = &integration.auth;
        let registration = if integration.is_built_in() {
            let secret = self.sandbox_secret(client);
            Registration::new(declaration, &client.to_string(), &secret)
                .map_err(|_| AppError::Internal("the sandbox registration is no good"))?
        } else {
            let entered = self.operator_values(client, integration).await?;
            let missing = || Refusal::NeedsCredentials(NeedsCredentials::NotEntered);
            let id = entered.get(CLIENT_ID).ok_or_else(missing)?;
            let secret = entered.get(CLIENT_SECRET).ok_or_else(missing)?;
            let bound_to = secret
                .bound_to
                .parse()
                .map_err(|_| AppError::Internal("a secret is bound to nothing"))?;
            Registration::from_stored(
                id.value.clone(),
                Secret::new(secret.value.clone()),
                bound_to,
            )
        };
        oauth2::Client::new(declaration.clone(), registration)
            .map_err(|_| Refusal::NeedsCredentials(NeedsCredentials::EndpointsChanged).into())
    }
}
