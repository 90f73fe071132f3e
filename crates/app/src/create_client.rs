//! A new client, by the operator.

use handclasp_domain::{Actor, ApiKey, AuditId, ClientId, Scopes, Secret, parse_name};
use handclasp_store::audit::{self, AuditEntry};
use handclasp_store::client::{self, Client};

use crate::{ApiKeyText, App, AppError};

/// A client that was just made, with its first API key.
pub struct NewClient {
    /// The client.
    pub client: Client,
    /// The key, shown this once.
    pub api_key: Secret<String>,
}

impl App {
    /// Makes a client with one API key.
    pub async fn create_client(&self, name: &str, scopes: Scopes) -> Result<NewClient, AppError> {
        let name = parse_name(name)?;
        let now = self.now();
        let client = Client {
            id: self.id(),
            name,
            redirect_url: String::new(),
            allowed_redirect_urls: Vec::new(),
            logo_url: None,
            icon_url: None,
            confirm_company_name: false,
            alert_auth_header: None,
            created: now,
            version: 1,
        };
        let (api_key, text) = ApiKeyText::draw(client.id, &**self.random());
        let key = ApiKey {
            client: client.id,
            id: self.id(),
            name: Some("First key".to_owned()),
            scopes,
            created: now,
            last_used: None,
        };
        let input = (client, key, text, self.logged_id::<AuditId>());
        let client = self
            .store()
            .write("create_client", input, |tx, (new, key, text, audit)| {
                Box::pin(async move {
                    client::insert(tx, new).await?;
                    client::insert_key(tx, key, text.hash()).await?;
                    audit::insert(tx, &by_operator(new.id, *audit, "client.create", new)).await?;
                    Ok::<_, AppError>(new.clone())
                })
            })
            .await?;
        Ok(NewClient { client, api_key })
    }

    /// All clients, for the operator.
    pub async fn list_clients(&self) -> Result<Vec<Client>, AppError> {
        Ok(client::list(&mut self.store()).await?)
    }
}

fn by_operator(client: ClientId, id: AuditId, action: &'static str, at: &Client) -> AuditEntry {
    AuditEntry {
        client,
        id,
        at: at.created,
        actor: Actor::Operator,
        action,
        company: None,
        subject: None,
        address: None,
        correlation: None,
    }
}
