//! The end of a webhook consumer.

use handclasp_domain::{ConsumerId, Id};
use handclasp_store::audit::{self, AuditEntry};
use handclasp_store::consumer;

use crate::{App, AppError, Caller};

impl App {
    /// Deletes a webhook consumer. What it has not got yet is not delivered any more.
    pub async fn delete_webhook(&self, caller: &Caller, id: ConsumerId) -> Result<(), AppError> {
        let entry = AuditEntry {
            subject: Some(id.uuid()),
            ..self.entry(caller, "webhook.delete", self.now())
        };
        let mark = (caller.client, entry.id);
        self.carry_out("delete_webhook", mark, (id, entry), |tx, (id, entry)| {
            Box::pin(async move {
                if !consumer::delete(tx, entry.client, *id, entry.at).await? {
                    return Err(AppError::NotFound("webhook"));
                }
                audit::insert(tx, entry).await?;
                Ok(())
            })
        })
        .await
    }
}
