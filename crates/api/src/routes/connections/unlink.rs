//! `PATCH /companies/{companyId}/connections/{connectionId}`

use axum::extract::State;
use handclasp_app::ConnectionWithErrors;
use handclasp_web::error::{ApiJson, ApiPath};
use http::StatusCode;
use serde_json::json;

use super::OnePath;
use crate::auth::MayWriteOwn;
use crate::doc::{Doc, Tag};
use crate::once::Reply;
use crate::reply::{self, Answer, Object, Part};
use crate::state::Api;
use crate::wire::{Connection, UpdateConnection};

/// Unlinks a connection.
pub(crate) async fn unlink_connection(
    MayWriteOwn(caller): MayWriteOwn,
    State(api): State<Api>,
    ApiPath((Part(company), Part(id))): OnePath,
    ApiJson(Object(update)): ApiJson<Object<UpdateConnection>>,
) -> Answer {
    update.parse()?;
    let reply = Reply::new(&caller, &api, |api, now: &ConnectionWithErrors| {
        let body = Connection::of(api, &now.connection, &now.errors)?;
        reply::json(StatusCode::OK, &body)
    });
    reply.to(&api.unlink_connection(&caller, company, id).await?)
}

/// Its documentation.
pub(crate) fn doc() -> Doc {
    Doc::new("unlink-connection", Tag::Connections, "Unlink a connection")
        .text(
            "A linked connection ends, and its credentials are erased. It can be authorized again.",
        )
        .sdk("connections.unlink")
        .sdk_body("updateConnectionStatus")
        .body::<UpdateConnection>(json!({ "status": "Unlinked" }))
        .answers::<Connection<'_>>(200, "The connection as it is now.")
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use crate::tests::{Stage, field};

    #[tokio::test]
    async fn a_linked_connection_is_unlinked_once() {
        let stage = Stage::new().await;
        let connection = stage.connection(&stage.company().await).await;
        stage.link(&connection).await;
        assert_eq!(stage.api.get(&connection).await.at("/status"), "Linked");

        let unlink = json!({ "status": "Unlinked" });
        let answer = stage.api.patch(&connection, unlink.clone()).await;
        assert_eq!((answer.status, answer.at("/status")), (200, "Unlinked"));
        assert_eq!(answer.json, stage.api.get(&connection).await.json);
        assert_eq!(
            stage.test.events(&stage.client).await,
            [
                "company.created",
                "connection.created",
                "connection.disconnected"
            ]
        );
        assert_eq!(field(&stage.api.patch(&connection, unlink).await), "status");
    }

    #[tokio::test]
    async fn nothing_else_can_be_done_to_a_status() {
        let stage = Stage::new().await;
        let company = stage.company().await;
        let (pending, linked) = (
            stage.connection(&company).await,
            stage.connection(&company).await,
        );
        stage.link(&linked).await;
        for connection in [&pending, &linked] {
            for status in [
                "Linked",
                "PendingAuth",
                "Deauthorized",
                "unlinked",
                "Unlinked ",
                "",
            ] {
                let answer = stage
                    .api
                    .patch(connection, json!({ "status": status }))
                    .await;
                assert_eq!(field(&answer), "status", "{status}");
            }
        }
        let answer = stage
            .api
            .patch(&pending, json!({ "status": "Unlinked" }))
            .await;
        assert_eq!(field(&answer), "status");
        assert_eq!(
            answer.at("/error"),
            "Only a Linked connection can be unlinked; this one is PendingAuth."
        );
        assert_eq!(stage.api.get(&pending).await.at("/status"), "PendingAuth");
        assert_eq!(stage.api.get(&linked).await.at("/status"), "Linked");
    }
}
