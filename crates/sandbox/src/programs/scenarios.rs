//! The table of scenarios, and the clock, for programs that try things out.

use std::time::Duration;

use axum::Json;
use axum::extract::State;
use axum::extract::rejection::JsonRejection;
use axum::response::Response;
use handclasp_web::i18n::Languages;
use serde::Deserialize;
use serde_json::{Value, json};

use super::error::{OAuthError, json_response};
use crate::scenario::{ALL, Group};
use crate::{Sandbox, Shared};

/// Lists the scenarios.
pub(crate) async fn list() -> Response {
    let t = Languages::embedded().english();
    let all = ALL.iter().map(|row| {
        let group = row.scenario.group();
        let mut one = json!({
            "name": row.name,
            "what": t.text(row.text),
            "group": t.text(group.text()),
            "later": group == Group::Tokens,
        });
        if let Some(seconds) = row.seconds {
            one["seconds"] = json!({"usual": seconds.usual, "most": seconds.most});
        }
        one
    });
    json_response(&Value::Array(all.collect()))
}

/// By how much the clock is to be moved on.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct Advance {
    advance_seconds: u64,
}

/// Tells how far the clock is ahead.
pub(crate) async fn clock(State(sandbox): State<Shared>) -> Response {
    tell(&sandbox)
}

/// Moves the clock on. It takes JSON alone: no other site's form can send that.
pub(crate) async fn advance(
    State(sandbox): State<Shared>,
    body: Result<Json<Advance>, JsonRejection>,
) -> Result<Response, OAuthError> {
    let wanted = OAuthError::InvalidRequest("JSON is wanted: {\"advanceSeconds\": 3600}");
    let Json(Advance { advance_seconds }) = body.map_err(|_| wanted)?;
    sandbox
        .time
        .advance(Duration::from_secs(advance_seconds))
        .map_err(|_| OAuthError::InvalidRequest("the clock goes ahead ten years at most"))?;
    Ok(tell(&sandbox))
}

fn tell(sandbox: &Sandbox) -> Response {
    json_response(&json!({
        "now": sandbox.time.now().to_string(),
        "aheadSeconds": sandbox.time.ahead().as_secs(),
    }))
}
