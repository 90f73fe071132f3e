//! Looking at API keys.

use handclasp_domain::{ApiKey, ClientId};
use handclasp_store::client;

use crate::{App, AppError};

impl App {
    /// A client's API keys, the oldest first: at most ten, and never none.
    pub async fn list_api_keys(&self, client: ClientId) -> Result<Vec<ApiKey>, AppError> {
        Ok(client::keys(&mut self.store(), client).await?)
    }
}
