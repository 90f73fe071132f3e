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

    /// A page of companies, the oldest first, and how many there are in all. Both are of one moment.
    pub async fn companies(
        &self,
        client: ClientId,
        page: u32,
        page_size: u32,
    ) -> Result<(Vec<CompanyWithConnections>, i64), AppError> {
        let offset = i64::from(page.saturating_sub(1)) * i64::from(page_size);
        self.store()
            .read(
                "list_companies",
                (client, page_size, offset),
                |tx, (client, size, offset)| {
                    Box::pin(async move {
                        let total = company::total(tx, *client).await?;
                        Ok((company::page(tx, *client, *size, *offset).await?, total))
                    })
                },
            )
            .await
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
