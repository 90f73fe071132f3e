//! A connection's own address: straight to the third party, past all of Link's own screens, and from there to the platform.

use std::time::Duration;

use axum::extract::State;
use axum::response::{IntoResponse, Response};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use handclasp_ambient::random_bytes;
use handclasp_app::{
    AppError, AuthorizationRequest, Browser, Destination, Origin, Prepared, Refusal,
    StartAuthorization,
};
use handclasp_domain::AttemptState;
use handclasp_domain::redirect::Outcome;
use handclasp_web::csrf;
use handclasp_web::error::PageError;
use http::{Method, StatusCode};

use super::choose::another_active;
use super::done;
use super::failure::{self, WaysOn};
use super::result::{attempt, base_of, has_run_out, integration_of};
use super::see_other;
use crate::Link;
use crate::visit::{Visit, query_of};

/// How long a browser is known again.
const REMEMBERED: Duration = Duration::from_secs(365 * 24 * 60 * 60);

/// Sends the browser to the third party. Keeps a short-lived flow state, and nothing else.
pub(crate) async fn start(
    State(link): State<Link>,
    method: Method,
    visit: Visit,
) -> Result<Response, PageError> {
    let connection = visit.connection()?.connection.id;
    if method == Method::HEAD {
        return Ok(StatusCode::OK.into_response());
    }
    let fresh = URL_SAFE_NO_PAD.encode(random_bytes::<32>(&**visit.app.random()));
    let browser = visit.browser.unwrap_or_else(|| Browser::of_cookie(&fresh));
    let start = StartAuthorization {
        company: visit.company,
        connection,
        origin: Origin::Direct(visit.said.clone().unwrap_or_default()),
    };
    let started = match visit
        .app
        .start_authorization(&visit.caller, browser, start)
        .await
    {
        Ok(started) => started,
        Err(AppError::Refused(Refusal::AnotherActive(active))) => {
            return Err(another_active(&visit, active));
        }
        Err(failed) => return Err(visit.failed(&failed)),
    };
    let prepared = visit
        .app
        .go_on(&visit.caller, &started)
        .await
        .map_err(|failed| visit.failed(&failed))?;
    let base = base_of(&started);
    let mut response = match prepared {
        // It is asked for on a page of ours.
        None => see_other(&format!("{base}/fields/{}", started.id)),
        Some(Prepared::Result | Prepared::Mistakes(_)) => {
            see_other(&format!("{base}/result/{}", started.id))
        }
        Some(Prepared::Go(target)) => see_other(target.as_str()),
    };
    if visit.browser.is_none() {
        // The alphabet of base64url always fits.
        let _always = link.cookies.put(
            response.headers_mut(),
            csrf::COOKIE,
            &fresh,
            Some(REMEMBERED),
        );
    }
    Ok(response)
}

/// How it went: on to the platform, or the page about the failure.
pub(crate) async fn result(visit: Visit) -> Result<Response, PageError> {
    let attempt = attempt(&visit).await?;
    let integration = integration_of(&visit, &attempt)?;
    let base = format!(
        "/companies/{}/connections/{}",
        visit.company, attempt.connection
    );
    let again = format!("{base}/start{}", query_of(&attempt.parameters));
    let ways = WaysOn {
        retry: again,
        choose: None,
        overview: format!("/company/{}", visit.company),
        leave: format!("{base}/leave/{}", attempt.id),
    };
    match &attempt.state {
        AttemptState::Completed => end(&visit, &attempt, Outcome::Linked, ""),
        AttemptState::Failed(failed) => {
            Ok(failure::page(&visit, integration, &attempt, failed, ways))
        }
        AttemptState::Exchanging { .. } => Ok(failure::running(&visit, &integration.name, ways)),
        AttemptState::Choosing => Ok(see_other(&format!("{base}/entities/{}", attempt.id))),
        AttemptState::Started if !has_run_out(&visit, &attempt) => Ok(see_other(&ways.retry)),
        AttemptState::Started | AttemptState::Expired => {
            Ok(failure::too_late(&visit, &integration.name, ways))
        }
    }
}

/// Leaves after a failure. Nothing changes by it: the attempt is over.
pub(crate) async fn leave(visit: Visit) -> Result<Response, PageError> {
    let attempt = attempt(&visit).await?;
    match &attempt.state {
        AttemptState::Failed(failed) => {
            let outcome = handclasp_app::outcome_of(failed.kind);
            end(&visit, &attempt, outcome, &failed.status_text)
        }
        AttemptState::Completed => end(&visit, &attempt, Outcome::Linked, ""),
        AttemptState::Started
        | AttemptState::Exchanging { .. }
        | AttemptState::Choosing
        | AttemptState::Expired => end(&visit, &attempt, Outcome::Left, ""),
    }
}

fn end(
    visit: &Visit,
    attempt: &AuthorizationRequest,
    outcome: Outcome,
    status_text: &str,
) -> Result<Response, PageError> {
    let connections = &visit.view.company.connections;
    let acted = connections
        .iter()
        .map(|held| &held.connection)
        .find(|held| held.id == attempt.connection);
    let destination = visit
        .app
        .destination(
            &visit.view.client,
            visit.company,
            acted,
            outcome,
            status_text,
            &attempt.parameters.custom,
        )
        .map_err(|failed| visit.failed(&failed))?;
    match (destination, outcome) {
        (Destination::Platform(target), _) => Ok(done::onward(visit, &target)),
        (Destination::Confirmation, Outcome::Linked | Outcome::NothingToTell) => {
            done::confirmation(visit)
        }
        (Destination::Confirmation, Outcome::Left | Outcome::Failed | Outcome::NotSupported) => {
            Ok(done::ended(visit))
        }
    }
}
