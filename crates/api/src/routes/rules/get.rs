//! `GET /rules/{ruleId}`

use axum::extract::State;
use handclasp_domain::RuleId;
use handclasp_web::error::ApiPath;
use http::StatusCode;

use crate::auth::MayRead;
use crate::doc::{Doc, Tag};
use crate::reply::{self, Answer, Part};
use crate::state::Api;
use crate::wire::Rule;

/// Tells a rule.
pub(crate) async fn get_rule(
    MayRead(client): MayRead,
    State(api): State<Api>,
    ApiPath(Part(id)): ApiPath<Part<RuleId>>,
) -> Answer {
    let rule = api.rule(client, id).await?;
    reply::json(StatusCode::OK, &Rule::from(&rule))
}

/// Its documentation.
pub(crate) fn doc() -> Doc {
    Doc::new("get-rule", Tag::Rules, "Get a rule").answers::<Rule<'_>>(200, "The rule.")
}
