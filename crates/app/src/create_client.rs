//! A new client, by the operator.

use handclasp_domain::{
    Actor, ApiKey, ApiKeyId, AuditId, ClientId, FieldError, Id, Scopes, Secret, parse_name,
};
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
        let input = (
            client,
            self.new_key(now, scopes, Some("First key")),
            text,
            self.logged_id::<AuditId>(),
        );
        let client = self
            .store()
            .write("create_client", input, |tx, (new, key, text, audit)| {
                Box::pin(async move {
                    client::insert(tx, new).await?;
                    let key = ApiKey {
                        client: new.id,
                        ..key.clone()
                    };
                    client::insert_key(tx, &key, text.hash()).await?;
                    audit::insert(tx, &by_operator(new.id, *audit, "client.create", new)).await?;
                    Ok::<_, AppError>(new.clone())
                })
            })
            .await?;
        Ok(NewClient { client, api_key })
    }

    /// Makes a further API key for a client. For the operator, who may have lost the last one.
    pub async fn create_api_key(
        &self,
        id: ClientId,
        name: Option<&str>,
        scopes: Scopes,
    ) -> Result<Secret<String>, AppError> {
        if name.is_some_and(|name| name.chars().count() > 50) {
            return Err(FieldError::new("name", "must have at most 50 characters").into());
        }
        let (api_key, text) = ApiKeyText::draw(id, &**self.random());
        let key = ApiKey {
            client: id,
            ..self.new_key(self.now(), scopes, name)
        };
        let input = (key, text, self.logged_id::<AuditId>());
        self.store()
            .write("create_api_key", input, |tx, (key, text, audit)| {
                Box::pin(async move {
                    let Some(owner) = client::find(tx, key.client).await? else {
                        return Err(AppError::NotFound("client"));
                    };
                    if client::keys(tx, key.client).await?.len() >= 10 {
                        return Err(FieldError::new(
                            "client",
                            "has 10 API keys, the most there may be",
                        )
                        .into());
                    }
                    client::insert_key(tx, key, text.hash()).await?;
                    let entry = AuditEntry {
                        subject: Some(key.id.uuid()),
                        at: key.created,
                        ..by_operator(key.client, *audit, "apiKey.create", &owner)
                    };
                    audit::insert(tx, &entry).await?;
                    Ok(())
                })
            })
            .await?;
        Ok(api_key)
    }

    /// All clients, for the operator.
    pub async fn list_clients(&self) -> Result<Vec<Client>, AppError> {
        Ok(client::list(&mut self.store()).await?)
    }

    fn new_key(
        &self,
        now: handclasp_domain::Timestamp,
        scopes: Scopes,
        name: Option<&str>,
    ) -> ApiKey {
        ApiKey {
            client: ClientId::from_uuid(uuid::Uuid::nil()),
            id: self.id::<ApiKeyId>(),
            name: name.map(str::to_owned),
            scopes,
            created: now,
        }
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
