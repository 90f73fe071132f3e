//! The end of a connection.

use handclasp_domain::{Command, CompanyId, ConnectionId};
use handclasp_store::attempt;

use crate::transition::Applied;
use crate::{App, AppError, Caller, while_raced};

impl App {
    /// Deletes a connection. What it holds is destroyed here and revoked at the third party.
    pub async fn delete_connection(
        &self,
        caller: &Caller,
        company: CompanyId,
        id: ConnectionId,
    ) -> Result<(), AppError> {
        while_raced(|| self.delete_connection_once(caller, company, id)).await?;
        self.events_written().notify_one();
        Ok(())
    }

    async fn delete_connection_once(
        &self,
        caller: &Caller,
        company: CompanyId,
        id: ConnectionId,
    ) -> Result<(), AppError> {
        let found = self
            .connection(caller.client, company, id)
            .await?
            .connection;
        let integration = self.integration(found.platform_key)?;
        let mut change = self.change(caller, company, id, integration, Command::Delete);
        change.outgoing = self.outgoing(caller.client, id, found.platform_key).await?;
        self.carry_out("delete_connection", change.mark(), change, |tx, change| {
            Box::pin(async move {
                match change.apply(tx).await? {
                    Applied::Done => {}
                    Applied::Gone => return Err(AppError::NotFound("connection")),
                    Applied::Refused(_) => {
                        return Err(AppError::Internal("a deletion was refused"));
                    }
                }
                attempt::orphan(tx, change.client, change.company, change.connection).await?;
                Ok(())
            })
        })
        .await
    }
}
