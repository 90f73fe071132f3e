//! The end of an API key.

use handclasp_domain::{ApiKeyId, Id};
use handclasp_store::audit::{self, AuditEntry};
use handclasp_store::client;

use crate::{App, AppError, Caller, Refusal};

impl App {
    /// Deletes an API key, but not the last. In this process it is dead at once; other replicas believe it for three seconds more at
    /// most.
    pub async fn delete_api_key(&self, caller: &Caller, id: ApiKeyId) -> Result<(), AppError> {
        let entry = AuditEntry {
            subject: Some(id.uuid()),
            ..self.entry(caller, "key.delete", self.now())
        };
        let mark = (caller.client, entry.id);
        self.carry_out("delete_api_key", mark, (id, entry), |tx, (id, entry)| {
            Box::pin(async move {
                // Under SERIALIZABLE two that delete at once do not both leave one.
                let keys = client::keys(tx, entry.client).await?;
                if !keys.iter().any(|key| key.id == *id) {
                    return Err(AppError::NotFound("API key"));
                }
                if keys.len() <= 1 {
                    return Err(Refusal::LastKey.into());
                }
                if !client::delete_key(tx, entry.client, *id).await? {
                    return Err(AppError::NotFound("API key"));
                }
                audit::insert(tx, entry).await?;
                Ok(())
            })
        })
        .await?;
        self.keys().forget(id);
        Ok(())
    }
}
