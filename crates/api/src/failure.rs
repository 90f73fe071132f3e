//! What went wrong in a use case, as the API tells it.

use std::error::Error;
use std::time::Duration;

use axum::response::{IntoResponse, Response};
use handclasp_app::{AppError, NotTaken, Refusal, ThirdPartyError};
use handclasp_domain::FieldError;
use handclasp_web::error::ApiError;
use handclasp_web::layers::current;
use http::StatusCode;

/// When to come back after the database could not do it.
const COME_BACK: Duration = Duration::from_secs(2);

/// An answer that is none. `?` makes one out of whatever a handler meets.
#[derive(Debug)]
pub(crate) struct Failure(ApiError);

impl IntoResponse for Failure {
    fn into_response(self) -> Response {
        self.0.into_response()
    }
}

impl From<ApiError> for Failure {
    fn from(error: ApiError) -> Self {
        Self(error)
    }
}

impl From<FieldError> for Failure {
    fn from(error: FieldError) -> Self {
        let message = format!("{error}.");
        Self(ApiError::bad_field(error.field, message, "Value"))
    }
}

impl From<NotTaken> for Failure {
    fn from(error: NotTaken) -> Self {
        match error {
            NotTaken::Unknown => Self(ApiError::unauthorized()),
            NotTaken::Over(over) => {
                current::stand(over.standing);
                Self(ApiError::too_many(over.wait))
            }
            NotTaken::App(error) => error.into(),
        }
    }
}

impl From<AppError> for Failure {
    fn from(error: AppError) -> Self {
        match error {
            AppError::NotFound(what) => {
                Self(ApiError::not_found(format!("There is no such {what}.")))
            }
            AppError::Invalid(field) => field.into(),
            AppError::Refused(refusal) => refused(refusal),
            AppError::Repeated => Self(ApiError::conflict(
                "The same request was carried out at the same moment.",
            )),
            AppError::ThirdParty(error) => third_party(error),
            AppError::Raced => Self(ApiError::overloaded(COME_BACK).because(error)),
            AppError::Store(store) if store.is_retryable() => {
                Self(ApiError::overloaded(COME_BACK).because(causes(&store)))
            }
            AppError::Store(store) => Self(ApiError::internal(causes(&store))),
            AppError::Internal(cause) => Self(ApiError::internal(cause)),
        }
    }
}

fn refused(refusal: Refusal) -> Failure {
    let text = format!("{}.", capitalized(&refusal.to_string()));
    match refusal {
        Refusal::AnotherActive(_)
        | Refusal::NothingLinked
        | Refusal::NeedsCredentials(_)
        | Refusal::SettingsChanged
        | Refusal::TooManyKeys
        | Refusal::LastKey
        | Refusal::TooManyRules
        | Refusal::NoAccess(_)
        | Refusal::HoldsNothing => Failure(ApiError::conflict(text)),
        Refusal::NotHeld(_) => Failure(ApiError::forbidden(text)),
        // The contract has no 409 for these.
        Refusal::TooManyWebhooks
        | Refusal::AuthorizedInLink
        | Refusal::NoApi
        | Refusal::NotPassedOn(_)
        | Refusal::BodyBroke => Failure(ApiError::bad_request(text)),
        Refusal::NotEnabled => Failure(ApiError::bad_field("platformKey", text, "Enabled")),
        Refusal::NotLinked(_) | Refusal::OnlyUnlink => {
            Failure(ApiError::bad_field("status", text, "Transition"))
        }
    }
}

/// What a third party did not do. The status is that of a gateway, so that it can be told from the third party's own answers by
/// the body, which is that of all errors.
fn third_party(error: ThirdPartyError) -> Failure {
    let text = format!("{}.", capitalized(&error.to_string()));
    Failure(match error {
        ThirdPartyError::NoFreshToken { wait } => {
            ApiError::new(StatusCode::SERVICE_UNAVAILABLE, text).retry_after(wait)
        }
        ThirdPartyError::AskedToWait { wait } => {
            ApiError::new(StatusCode::TOO_MANY_REQUESTS, text).retry_after(wait)
        }
        ThirdPartyError::Silent => ApiError::new(StatusCode::GATEWAY_TIMEOUT, text).retriable(),
        ThirdPartyError::Unreachable => ApiError::new(StatusCode::BAD_GATEWAY, text).retriable(),
        ThirdPartyError::RegistrationRefused | ThirdPartyError::Unintelligible => {
            ApiError::new(StatusCode::BAD_GATEWAY, text)
        }
    })
}

fn capitalized(text: &str) -> String {
    let mut letters = text.chars();
    letters.next().map_or_else(String::new, |first| {
        first.to_uppercase().chain(letters).collect()
    })
}

/// An error with all that it came from, for the log.
fn causes(error: &dyn Error) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(cause) = source {
        text.push_str(": ");
        text.push_str(&cause.to_string());
        source = cause.source();
    }
    text
}

#[cfg(test)]
mod tests {
    use handclasp_testkit::Answer;
    use serde_json::json;

    use crate::tests::{Stage, error, refused, router};

    fn tells_nothing_of_the_database(answer: &Answer) {
        let text = answer.text().to_lowercase();
        for word in ["sql", "database", "disk", "closed", "queue"] {
            assert!(!text.contains(word), "{text}");
        }
    }

    #[tokio::test]
    async fn where_too_much_waits_callers_are_told_when_to_come_back_and_nobody_is_lied_to() {
        let mut stage = Stage::new().await;
        stage
            .test
            .restart_with(|options| options.queue_limit = 1)
            .await;
        let router = router(&stage.test);
        let api = stage.client.api(router).held_to_contract("/api");
        let mut callers = tokio::task::JoinSet::new();
        for _ in 0..64 {
            let api = api.clone();
            callers.spawn(async move { api.post("/api/companies", json!({ "name": "x" })).await });
        }
        let (mut made, mut sent_away) = (0, Vec::new());
        while let Some(answer) = callers.join_next().await {
            let answer = answer.unwrap();
            match answer.status {
                200 => made += 1,
                _ => sent_away.push(answer),
            }
        }
        for answer in &sent_away {
            refused(answer, 503);
            assert_eq!(answer.header("retry-after"), "2");
            tells_nothing_of_the_database(answer);
        }
        let one = sent_away
            .first()
            .expect("64 callers do not fit in a queue of one");
        insta::assert_snapshot!(error(one), @r#"
        {
          "statusCode": 503,
          "service": "PublicApi",
          "error": "The server cannot take this right now; please retry shortly.",
          "correlationId": "…",
          "validation": null,
          "canBeRetried": "True",
          "detailedErrorCode": 0
        }
        "#);
        // What was answered was done, and what was refused was not.
        let list = api.get("/api/companies").await;
        assert_eq!(list.json["totalResults"], made, "{}", list.text());
    }

    #[tokio::test]
    async fn what_nobody_can_mend_is_500_and_its_cause_is_for_the_log() {
        let stage = Stage::new().await;
        stage.test.database.store().close().await;
        for answer in [
            stage.api.get("/api/companies").await,
            stage
                .api
                .post("/api/companies", json!({ "name": "x" }))
                .await,
        ] {
            assert!([500, 503].contains(&answer.status), "{}", answer.text());
            tells_nothing_of_the_database(&answer);
        }
    }
}
