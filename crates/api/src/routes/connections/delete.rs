//! `DELETE /companies/{companyId}/connections/{connectionId}`

use axum::extract::State;
use handclasp_web::error::ApiPath;
use http::StatusCode;

use super::OnePath;
use crate::auth::MayWriteOwn;
use crate::doc::{Doc, Tag};
use crate::reply::{self, Answer, Part};
use crate::state::Api;

/// Deletes a connection. The contract answers 200 here, without a body.
pub(crate) async fn delete_connection(
    MayWriteOwn(caller): MayWriteOwn,
    State(api): State<Api>,
    ApiPath((Part(company), Part(id))): OnePath,
) -> Answer {
    api.delete_connection(&caller, company, id).await?;
    reply::empty(StatusCode::OK)
}

/// Its documentation.
pub(crate) fn doc() -> Doc {
    Doc::new("delete-connection", Tag::Connections, "Delete a connection")
        .text("What the server holds of it goes with it.")
        .sdk("connections.delete")
        .answers_nothing(200, "It is deleted.")
}

#[cfg(test)]
mod tests {
    use crate::tests::{Stage, refused};

    #[tokio::test]
    async fn a_connection_goes_and_its_company_stays() {
        let stage = Stage::new().await;
        let company = stage.company().await;
        let connection = stage.connection(&company).await;
        let answer = stage.api.delete(&connection).await;
        assert_eq!((answer.status, answer.body.len()), (200, 0));
        refused(&stage.api.get(&connection).await, 404);
        refused(&stage.api.delete(&connection).await, 404);
        let whole = stage.api.get(&company).await.json;
        assert_eq!(whole["dataConnections"], serde_json::json!([]));
        let events = stage.test.events(&stage.client).await;
        assert_eq!(
            events,
            [
                "company.created",
                "connection.created",
                "connection.deleted"
            ]
        );
    }
}
