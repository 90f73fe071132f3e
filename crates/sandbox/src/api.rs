//! A small resource API: something to call with an access token, as at any third party.

use axum::Json;
use axum::body::Bytes;
use axum::extract::rejection::JsonRejection;
use axum::extract::{OriginalUri, State};
use axum::response::Response;
use handclasp_store::{StoreError, Tx, sandbox as grants};
use handclasp_web::form::Fields;
use http::header::AUTHORIZATION;
use http::{HeaderMap, Method, Uri};
use serde::Deserialize;
use serde_json::{Value, json};

use crate::programs::bearer::Bearer;
use crate::programs::error::{OAuthError, json_response};
use crate::scenario::{Calls, Chosen, Scenario, SignIn};
use crate::scope::Scope;
use crate::world::Organisation;
use crate::{Sandbox, Shared};

/// What every call goes through: the token, and what the scenario has in store for calls.
async fn enter(sandbox: &Sandbox, headers: &HeaderMap) -> Result<Bearer, OAuthError> {
    let bearer = Bearer::of(sandbox, headers).await?;
    let chosen = bearer.grant.scenario.parse::<Chosen>();
    let chosen = chosen.map_err(|_| OAuthError::Server)?;
    let Scenario::Calls(calls) = chosen.scenario() else {
        return Ok(bearer);
    };
    let seconds = chosen.told().unwrap_or_default();
    match calls {
        Calls::TokenRefused if bearer.generation == 0 => Err(OAuthError::InvalidToken),
        Calls::TokenRefused => Ok(bearer),
        Calls::Unavailable => Err(OAuthError::Unavailable(seconds)),
        Calls::RateLimited => {
            // Open and shut by turns, each for so many seconds: nothing has to be counted.
            let now = sandbox.clock.now().as_seconds();
            let turn = i64::from(seconds.max(1));
            let rest = turn - now.rem_euclid(turn);
            if now.div_euclid(turn) % 2 == 0 {
                Ok(bearer)
            } else {
                Err(OAuthError::TooMany(u32::try_from(rest).unwrap_or(1)))
            }
        }
    }
}

/// The company that a call is about: the one that its `organisation` names, else the first of the grant.
fn company(bearer: &Bearer, uri: &Uri) -> Result<&'static Organisation, OAuthError> {
    if !bearer.scopes.reach_companies() {
        return Err(OAuthError::InsufficientScope);
    }
    let reached = Organisation::list(&bearer.grant.organisations);
    let query = Fields::parse(uri.query().unwrap_or_default().as_bytes());
    let wanted = query.one("organisation");
    let wanted = wanted.map_err(|_| OAuthError::InvalidRequest("a parameter is repeated"))?;
    reached
        .into_iter()
        .find(|one| wanted.is_none_or(|id| one.id == id))
        .ok_or(OAuthError::InvalidRequest(
            "the grant does not reach that organisation",
        ))
}

/// The company itself.
pub(crate) async fn show_company(
    State(sandbox): State<Shared>,
    headers: HeaderMap,
    OriginalUri(uri): OriginalUri,
) -> Result<Response, OAuthError> {
    let bearer = enter(&sandbox, &headers).await?;
    let company = company(&bearer, &uri)?;
    Ok(json_response(&json!({
        "id": company.id,
        "name": company.name,
        "currency": "GBP",
        "country": "GB",
    })))
}

/// A few rows of a kind, the same for every company.
async fn rows(
    sandbox: &Sandbox,
    headers: &HeaderMap,
    uri: &Uri,
    scope: Scope,
    rows: Value,
) -> Result<Response, OAuthError> {
    let bearer = enter(sandbox, headers).await?;
    if !bearer.scopes.has(scope) {
        return Err(OAuthError::InsufficientScope);
    }
    let company = company(&bearer, uri)?;
    Ok(json_response(
        &json!({"organisation": company.id, "results": rows}),
    ))
}

/// What accounting has.
pub(crate) async fn invoices(
    State(sandbox): State<Shared>,
    headers: HeaderMap,
    OriginalUri(uri): OriginalUri,
) -> Result<Response, OAuthError> {
    let all = json!([
        {"id": "inv-1", "number": "2026-001", "date": "2026-01-12", "total": "480.00", "status": "paid"},
        {"id": "inv-2", "number": "2026-002", "date": "2026-02-03", "total": "1250.50", "status": "open"},
        {"id": "inv-3", "number": "2026-003", "date": "2026-02-17", "total": "96.20", "status": "open"},
    ]);
    rows(&sandbox, &headers, &uri, Scope::Accounting, all).await
}

/// What a bank has.
pub(crate) async fn transactions(
    State(sandbox): State<Shared>,
    headers: HeaderMap,
    OriginalUri(uri): OriginalUri,
) -> Result<Response, OAuthError> {
    let all = json!([
        {"id": "tx-1", "date": "2026-02-01", "amount": "480.00", "description": "Invoice 2026-001"},
        {"id": "tx-2", "date": "2026-02-02", "amount": "-61.75", "description": "Flour"},
    ]);
    rows(&sandbox, &headers, &uri, Scope::Banking, all).await
}

/// What a shop has.
pub(crate) async fn orders(
    State(sandbox): State<Shared>,
    headers: HeaderMap,
    OriginalUri(uri): OriginalUri,
) -> Result<Response, OAuthError> {
    let all = json!([
        {"id": "ord-1", "date": "2026-02-05", "total": "18.40", "items": 3},
        {"id": "ord-2", "date": "2026-02-06", "total": "7.10", "items": 1},
    ]);
    rows(&sandbox, &headers, &uri, Scope::Commerce, all).await
}

/// Answers with the request as it came, without the token.
pub(crate) async fn echo(
    State(sandbox): State<Shared>,
    method: Method,
    headers: HeaderMap,
    OriginalUri(uri): OriginalUri,
    body: Bytes,
) -> Result<Response, OAuthError> {
    enter(&sandbox, &headers).await?;
    let shown: Vec<Value> = headers
        .iter()
        .filter(|(name, _)| **name != AUTHORIZATION)
        .map(|(name, value)| json!([name.as_str(), String::from_utf8_lossy(value.as_bytes())]))
        .collect();
    Ok(json_response(&json!({
        "method": method.as_str(),
        "path": uri.path(),
        "query": uri.query(),
        "headers": shown,
        "body": String::from_utf8_lossy(&body),
    })))
}

/// How it is to go on.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Wanted {
    scenario: String,
}

/// Tells how it goes with the grant of the token.
pub(crate) async fn scenario(
    State(sandbox): State<Shared>,
    headers: HeaderMap,
) -> Result<Response, OAuthError> {
    let bearer = Bearer::of(&sandbox, &headers).await?;
    Ok(json_response(&json!({"scenario": bearer.grant.scenario})))
}

/// Says how it is to go on with the grant of the token. Whoever may use it may spoil it: it is a try.
pub(crate) async fn direct(
    State(sandbox): State<Shared>,
    headers: HeaderMap,
    body: Result<Json<Wanted>, JsonRejection>,
) -> Result<Response, OAuthError> {
    let bearer = Bearer::of(&sandbox, &headers).await?;
    let wanted = OAuthError::InvalidRequest("JSON is wanted: {\"scenario\": \"html\"}");
    let Json(Wanted { scenario }) = body.map_err(|_| wanted)?;
    let chosen: Chosen = scenario
        .parse()
        .map_err(|_| OAuthError::InvalidRequest("no such scenario"))?;
    match chosen.scenario() {
        Scenario::SignIn(SignIn::Allow)
        | Scenario::Tokens(_)
        | Scenario::Life(_)
        | Scenario::Calls(_) => {}
        Scenario::SignIn(
            SignIn::Several
            | SignIn::WrongCompany
            | SignIn::TooFewScopes
            | SignIn::Decline
            | SignIn::ServerError
            | SignIn::Unavailable,
        ) => {
            let why = "that is a scenario of the sign-in, and that is over";
            return Err(OAuthError::InvalidRequest(why));
        }
    }
    let now = sandbox.time.now();
    let input = (
        bearer.grant.id,
        chosen.to_string(),
        chosen.ends_after().map(|time| now.plus(time)),
        now,
    );
    let directed = sandbox
        .store
        .write(
            "sandbox_direct",
            input,
            |tx: &mut Tx, (id, scenario, ends, now)| {
                Box::pin(async move {
                    let directed = grants::direct(tx, *id, scenario, *ends, *now).await?;
                    Ok::<_, StoreError>(directed)
                })
            },
        )
        .await?;
    if !directed {
        return Err(OAuthError::InvalidToken);
    }
    Ok(json_response(&json!({"scenario": chosen.to_string()})))
}
