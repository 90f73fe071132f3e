//! `DELETE /apiKeys/{apiKeyId}`

use axum::extract::State;
use handclasp_domain::ApiKeyId;
use handclasp_web::error::ApiPath;
use http::StatusCode;

use crate::auth::MayWrite;
use crate::doc::{Doc, Tag};
use crate::reply::{self, Answer, Part};
use crate::state::Api;

/// Deletes an API key, but not the last.
pub(crate) async fn delete_key(
    MayWrite(caller): MayWrite,
    State(api): State<Api>,
    ApiPath(Part(id)): ApiPath<Part<ApiKeyId>>,
) -> Answer {
    api.delete_api_key(&caller, id).await?;
    reply::empty(StatusCode::NO_CONTENT)
}

/// Its documentation.
pub(crate) fn doc() -> Doc {
    Doc::new("delete-api-key", Tag::Settings, "Delete an API key")
        .text(
            "It is refused at once here, and within three seconds by the other processes of this server. The last key stays. The \
             published SDKs delete the key too, and fail on the empty answer.",
        )
        .answers_nothing(204, "It is deleted.")
        .error(409)
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::time::Duration;

    use handclasp_ambient::SeededRandom;
    use handclasp_app::{AppError, Caller, Refusal};
    use handclasp_domain::{Actor, Scopes};
    use handclasp_testkit::{Setup, TestApp};
    use serde_json::json;

    use crate::tests::{Stage, refused, router_of};

    const PATH: &str = "/api/apiKeys";

    /// Makes a key. Answers its address and its text.
    async fn key(stage: &Stage) -> (String, String) {
        let made = stage.api.post(PATH, json!({})).await;
        assert_eq!(made.status, 201, "{}", made.text());
        let path = format!("{PATH}/{}", made.at("/id"));
        (path, made.at("/apiKey").to_owned())
    }

    #[tokio::test]
    async fn a_key_goes_once_and_is_dead_at_once() {
        let stage = Stage::new().await;
        let (path, text) = key(&stage).await;
        let of_it = stage.api.with_key(&text);
        assert_eq!(of_it.get(PATH).await.status, 200);
        let answer = stage.api.delete(&path).await;
        assert_eq!((answer.status, answer.body.len()), (204, 0));
        refused(&of_it.get(PATH).await, 401);
        refused(&stage.api.delete(&path).await, 404);
        let audit = stage.test.audit(&stage.client).await;
        assert!(audit.iter().any(|entry| entry.action == "key.delete"));
    }

    #[tokio::test]
    async fn the_last_stays_and_a_key_may_delete_itself() {
        let stage = Stage::new().await;
        let list = stage.api.get(PATH).await;
        let first = format!("{PATH}/{}", list.at("/results/0/id"));
        let text = refused(&stage.api.delete(&first).await, 409);
        assert!(text.contains("the last API key"), "{text}");
        let (_, text) = key(&stage).await;
        assert_eq!(stage.api.delete(&first).await.status, 204);
        refused(&stage.api.get(PATH).await, 401);
        assert_eq!(stage.api.with_key(&text).get(PATH).await.status, 200);
    }

    #[tokio::test]
    async fn another_replica_takes_a_deleted_key_for_three_seconds_more_at_most() {
        let stage = Stage::new().await;
        let (clock, random) = (stage.test.clock.clone(), Arc::new(SeededRandom::new(9)));
        let other = TestApp::over(Setup::default(), &stage.test.database, clock, random).await;
        let (path, text) = key(&stage).await;
        let there = stage.client.api(router_of(&other)).with_key(&text);
        assert_eq!(there.get(PATH).await.status, 200);
        assert_eq!(stage.api.delete(&path).await.status, 204);
        assert_eq!(there.get(PATH).await.status, 200, "it is believed");
        stage.test.clock.advance(Duration::from_secs(3));
        refused(&there.get(PATH).await, 401);
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn one_is_left_however_many_are_deleted_and_made_at_once() {
        let stage = Stage::new().await;
        let (app, client) = (&stage.test.app, stage.client.id());
        let caller = Caller {
            client,
            actor: Actor::Operator,
            address: None,
            correlation: None,
            once: None,
            name: None,
        };
        for round in 0..5 {
            while app.list_api_keys(client).await.unwrap().len() < 6 {
                stage.client.key_with(Scopes::EVERYTHING).await;
            }
            let mut calls = tokio::task::JoinSet::new();
            for key in app.list_api_keys(client).await.unwrap() {
                let (app, caller) = (app.clone(), caller.clone());
                calls.spawn(async move { app.delete_api_key(&caller, key.id).await });
            }
            let mut gone = 0;
            while let Some(deleted) = calls.join_next().await {
                match deleted.unwrap() {
                    Ok(()) => gone += 1,
                    Err(AppError::Refused(Refusal::LastKey)) => {}
                    // One that met too many others on PostgreSQL.
                    Err(AppError::Store(error)) if error.is_retryable() => {}
                    Err(error) => panic!("{error:?}"),
                }
            }
            let left = app.list_api_keys(client).await.unwrap().len();
            assert!(left >= 1, "round {round}");
            assert_eq!(left, 6 - gone, "round {round}");
        }
    }
}
