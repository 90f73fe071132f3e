//! Looking at webhook consumers.

use handclasp_domain::{ClientId, ConsumerId, Secret};
use handclasp_store::consumer::{self, Consumer};

use crate::{App, AppError};

impl App {
    /// A client's webhook consumers, the oldest first. There are 50 at most.
    pub async fn list_webhooks(&self, client: ClientId) -> Result<Vec<Consumer>, AppError> {
        Ok(consumer::list(&mut self.store(), client).await?)
    }

    /// A webhook consumer.
    pub async fn webhook(&self, client: ClientId, id: ConsumerId) -> Result<Consumer, AppError> {
        let found = consumer::find(&mut self.store(), client, id).await?;
        found.ok_or(AppError::NotFound("webhook"))
    }

    /// The secret that a webhook consumer's messages are signed with: `whsec_` and its base64. Answers that hold it are not
    /// to be stored.
    pub async fn webhook_secret(
        &self,
        client: ClientId,
        id: ConsumerId,
    ) -> Result<Secret<String>, AppError> {
        let found = self.webhook(client, id).await?;
        self.open_webhook_secret(&found)
    }
}
