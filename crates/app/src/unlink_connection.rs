//! The end of a connection's access, by the client or the person.

use handclasp_domain::{Command, CompanyId, ConnectionId, InvalidTransition};
use handclasp_store::connection;

use crate::transition::Applied;
use crate::{App, AppError, Caller, ConnectionWithErrors, Refusal, while_raced};

impl App {
    /// Unlinks a connection; how it is then. The tokens are destroyed here at once and revoked at the third party as soon as it can be reached.
    pub async fn unlink_connection(
        &self,
        caller: &Caller,
        company: CompanyId,
        id: ConnectionId,
    ) -> Result<ConnectionWithErrors, AppError> {
        let unlinked = while_raced(|| self.unlink_once(caller, company, id)).await?;
        self.events_written().notify_one();
        Ok(unlinked)
    }

    async fn unlink_once(
        &self,
        caller: &Caller,
        company: CompanyId,
        id: ConnectionId,
    ) -> Result<ConnectionWithErrors, AppError> {
        let found = self
            .connection(caller.client, company, id)
            .await?
            .connection;
        let integration = self.integration(found.platform_key)?;
        let mut change = self.change(caller, company, id, integration, Command::Unlink);
        change.outgoing = self.outgoing(caller.client, id, found.platform_key).await?;
        let mark = caller.mark(&change.entry());
        self.carry_out_once("unlink_connection", mark, change, |tx, change| {
            Box::pin(async move {
                match change.apply(tx).await? {
                    Applied::Done => {
                        let (client, company) = (change.client, change.company);
                        let now = connection::find_whole(tx, client, company, change.connection);
                        now.await?.ok_or(AppError::NotFound("connection"))
                    }
                    Applied::Gone => Err(AppError::NotFound("connection")),
                    Applied::Refused(InvalidTransition::NotFrom(status)) => {
                        Err(Refusal::NotLinked(status).into())
                    }
                    Applied::Refused(InvalidTransition::WrongCompany { .. }) => {
                        Err(AppError::Internal("unlinking asked who is there"))
                    }
                }
            })
        })
        .await
    }
}
