//! `PUT /companies/{companyId}/connections/{connectionId}/authorization`

use axum::extract::State;
use handclasp_app::{AppError, Refusal};
use handclasp_web::error::{ApiError, ApiJson, ApiPath};
use http::StatusCode;
use serde_json::json;

use super::OnePath;
use crate::auth::MayWrite;
use crate::doc::{Doc, Tag};
use crate::reply::{self, Answer, Part};
use crate::state::Api;
use crate::wire::{Connection, UpdateAuthorization};

/// Authorizes a connection with what the client's server knows.
pub(crate) async fn update_authorization(
    MayWrite(caller): MayWrite,
    State(api): State<Api>,
    ApiPath((Part(company), Part(id))): OnePath,
    ApiJson(given): ApiJson<UpdateAuthorization>,
) -> Answer {
    let given = given.parse()?;
    let done = api.update_authorization(&caller, company, id, given).await;
    if let Err(AppError::Refused(Refusal::AuthorizedInLink)) = done {
        let url = api.connection_link_url(company, id);
        return Err(ApiError::bad_request(format!(
            "A person authorizes this connection, in Link: lead that person to its linkUrl, {url}"
        ))
        .into());
    }
    done?;
    let found = api.connection(caller.client, company, id).await?;
    let body = Connection::of(&api, &found.connection, &found.errors)?;
    reply::json(StatusCode::OK, &body)
}

/// Its documentation.
pub(crate) fn doc() -> Doc {
    Doc::new(
        "update-connection-authorization",
        Tag::Connections,
        "Authorize a connection with what you know",
    )
    .text(
        "For integrations that take credentials. Where a person authorizes, at the integration's own pages, this is a 400 that names \
         the connection's `linkUrl`.",
    )
    .sdk("connections.updateAuthorization")
    .body::<UpdateAuthorization>(json!({ "apiKey": "the company's own" }))
    .answers::<Connection<'_>>(200, "The connection.")
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use crate::tests::{NOBODY, Stage, field, refused};

    #[tokio::test]
    async fn a_person_gives_an_oauth_authorization_and_the_answer_says_where() {
        let stage = Stage::new().await;
        let connection = stage.connection(&stage.company().await).await;
        let path = format!("{connection}/authorization");
        let before = stage.api.get(&connection).await;
        for body in [json!({}), json!({ "accessToken": "hush", "tenant": "" })] {
            let answer = stage.api.put(&path, body).await;
            let text = refused(&answer, 400);
            assert!(text.contains("A person authorizes"), "{text}");
            assert!(text.ends_with(before.at("/linkUrl")), "{text}");
            assert!(!answer.text().contains("hush"));
        }
        assert_eq!(stage.api.get(&connection).await.json, before.json);
    }

    #[tokio::test]
    async fn the_body_is_looked_at_first_and_then_whether_there_is_such_a_connection() {
        let stage = Stage::new().await;
        let connection = stage.connection(&stage.company().await).await;
        let path = format!("{connection}/authorization");
        let many: serde_json::Map<_, _> = (0..51).map(|n| (n.to_string(), json!(""))).collect();
        for (body, named) in [
            (json!({ "key": 3 }), "key"),
            (json!({ "key": null }), "key"),
            (json!({ "key": "v".repeat(10_001) }), "key"),
            (json!({ "": "v" }), "authorization"),
            (json!({ "a\nb": "v" }), "authorization"),
            (Value::Object(many), "authorization"),
        ] {
            let answer = stage.api.put(&path, body).await;
            assert_eq!(field(&answer), named, "{}", answer.text());
        }
        refused(&stage.api.put(&path, json!([])).await, 400);
        let company = connection.split("/connections").next().unwrap();
        for unknown in [
            format!("{company}/connections/{NOBODY}/authorization"),
            format!("/api/companies/{NOBODY}/connections/{NOBODY}/authorization"),
        ] {
            refused(&stage.api.put(&unknown, json!({ "key": 3 })).await, 400);
            refused(&stage.api.put(&unknown, json!({ "key": "3" })).await, 404);
        }
    }
}
