//! Looking: nothing here changes anything.

use handclasp_domain::{ClientId, CompanyId, ConnectionId};
use handclasp_store::{client, company, connection};

use crate::{App, AppError, Client, CompanyWithConnections, ConnectionWithErrors};

impl App {
    /// A client.
    pub async fn client(&self, id: ClientId) -> Result<Client, AppError> {
        let found = client::find(&mut self.store(), id).await?;
        found.ok_or(AppError::NotFound("client"))
    }

    /// A company with its connections.
    pub async fn company(
        &self,
        client: ClientId,
        id: CompanyId,
    ) -> Result<CompanyWithConnections, AppError> {
        let found = company::find_whole(&mut self.store(), client, id).await?;
        found.ok_or(AppError::NotFound("company"))
    }

    /// A connection of a company.
    pub async fn connection(
        &self,
        client: ClientId,
        company: CompanyId,
        id: ConnectionId,
    ) -> Result<ConnectionWithErrors, AppError> {
        self.store()
            .read(
                "get_connection",
                (client, company, id),
                |tx, (client, company, id)| {
                    Box::pin(async move {
                        let found = connection::find_whole(tx, *client, *company, *id).await?;
                        found.ok_or(AppError::NotFound("connection"))
                    })
                },
            )
            .await
    }
}
