//! An authorization that comes from the client's own server instead of from a person.

use std::collections::BTreeMap;

use handclasp_domain::{CompanyId, ConnectionId};
use handclasp_integrations::Auth;

use crate::{App, AppError, Caller, Refusal};

impl App {
    /// Authorizes a connection with what its client knows. Only where an integration's kind of authorization can be given by a
    /// program: the others are a person's, in the browser in which it was begun.
    pub async fn update_authorization(
        &self,
        caller: &Caller,
        company: CompanyId,
        id: ConnectionId,
        // Secrets, perhaps: no kind of authorization takes them so far, and they go no further.
        _given: BTreeMap<String, String>,
    ) -> Result<(), AppError> {
        let found = self
            .connection(caller.client, company, id)
            .await?
            .connection;
        match &self.integration(found.platform_key)?.auth {
            Auth::OAuth2Code(_)
            | Auth::ClientCredentials(_)
            | Auth::OAuth1(_)
            | Auth::Credentials
            | Auth::TokenLink(_)
            | Auth::Delivery(_)
            | Auth::FileUpload => Err(Refusal::AuthorizedInLink.into()),
        }
    }
}
