//! A client's registration at a third party.

use std::collections::BTreeMap;
use std::sync::Arc;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use handclasp_domain::{ClientId, Id, PlatformKey, Secret};
use handclasp_integrations::provider::Deadline;
use handclasp_integrations::{CLIENT_ID, CLIENT_SECRET, Calls, Client, Integration, Registration};
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

    /// What every step of the protocol goes through: the integration with what the client's staff entered for it.
    /// [`Refusal::NeedsCredentials`] where something is missing, or was entered for other endpoints.
    pub(crate) async fn third_party(
        &self,
        client: ClientId,
        integration: &Arc<Integration>,
    ) -> Result<Client, AppError> {
        let entered: BTreeMap<String, Secret<String>> = if integration.is_built_in() {
            let own = [
                (CLIENT_ID, Secret::new(client.to_string())),
                (CLIENT_SECRET, self.sandbox_secret(client)),
            ];
            own.map(|(name, value)| (name.to_owned(), value)).into()
        } else {
            let values = self.operator_values(client, integration).await?;
            let values = values.iter();
            values
                .map(|(name, held)| (name.clone(), Secret::new(held.value.clone())))
                .collect()
        };
        // Each secret was held against where the integration leads already.
        let registration = Registration::from_stored(entered, integration.fingerprint());
        Client::new(Arc::clone(integration), registration)
            .map_err(|_| Refusal::NeedsCredentials(NeedsCredentials::EndpointsChanged).into())
    }

    /// What calls to third parties are made with.
    pub(crate) fn calls(&self, deadline: Deadline) -> Calls<'_> {
        Calls {
            outbound: self.outbound(),
            deadline,
            now: self.now(),
            random: &**self.random(),
        }
    }
}
