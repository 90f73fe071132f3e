//! Where a journey ends: the platform's address, or the confirmation screen.

use handclasp_domain::redirect::{
    AllowedOrigin, ConnectionValues, CustomParameters, Outcome, RedirectTemplate, RedirectValues,
};
use handclasp_domain::{CompanyId, Connection};
use url::Url;

use crate::{App, AppError, Client};

/// Where a journey ends.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Destination {
    /// At the platform, its parameters filled in.
    Platform(Url),
    /// On our own confirmation screen: no redirect URL is set, or it leads to an origin that the client did not allow.
    Confirmation,
}

impl App {
    /// Where a journey ends. The list of allowed origins is read live; the parameters were frozen at its start.
    pub fn destination(
        &self,
        client: &Client,
        company: CompanyId,
        connection: Option<&Connection>,
        outcome: Outcome,
        status_text: &str,
        custom: &CustomParameters,
    ) -> Result<Destination, AppError> {
        if client.redirect_url.is_empty() {
            return Ok(Destination::Confirmation);
        }
        let values = RedirectValues {
            client: client.id,
            company: Some(company),
            connection: connection.map(|held| self.values_of(held)).transpose()?,
            outcome,
            status_text: status_text.to_owned(),
            custom: custom.clone(),
        };
        let allowed: Vec<AllowedOrigin> = client
            .allowed_redirect_urls
            .iter()
            .filter_map(|url| AllowedOrigin::parse("whiteListUrls", url).ok())
            .collect();
        let resolved = RedirectTemplate::parse(&client.redirect_url)
            .map_err(|error| error.to_string())
            .and_then(|template| {
                template
                    .resolve(&values, &allowed)
                    .map_err(|refusal| refusal.to_string())
            });
        Ok(match resolved {
            Ok(url) => Destination::Platform(url),
            Err(why) => {
                tracing::warn!(client = %client.id, %company, %why, "a journey could not go to the redirect URL");
                Destination::Confirmation
            }
        })
    }

    fn values_of(&self, held: &Connection) -> Result<ConnectionValues, AppError> {
        let integration = self.integration(held.platform_key)?;
        Ok(ConnectionValues {
            id: held.id,
            integration: integration.integration_id,
            source: integration.source_id,
            platform: held.platform_key,
            platform_name: integration.name.clone(),
            source_type: held.source_type,
            company_name: held
                .third_party
                .as_ref()
                .map_or_else(String::new, |party| party.name.clone()),
            sandbox: integration.sandbox,
        })
    }
}
