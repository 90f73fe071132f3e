//! How an authorization went, within a journey.

use axum::response::Response;
use handclasp_app::AuthorizationRequest;
use handclasp_domain::{ATTEMPT_LIFETIME, AttemptState};
use handclasp_integrations::Integration;
use handclasp_web::error::PageError;

use super::failure::{self, WaysOn};
use super::see_other;
use crate::error;
use crate::visit::Visit;

/// Finds the attempt that the address names, for the browser that began it.
pub(crate) async fn attempt(visit: &Visit) -> Result<AuthorizationRequest, PageError> {
    let browser = visit.known_browser()?;
    visit
        .app
        .attempt(
            visit.view.client.id,
            visit.company,
            visit.attempt_id()?,
            browser,
        )
        .await
        .map_err(|failed| visit.failed(&failed))
}

/// What the addresses of an attempt's pages begin with.
pub(crate) fn base_of(attempt: &AuthorizationRequest) -> String {
    let company = attempt.company;
    match attempt.journey {
        Some(_) => format!("/company/{company}"),
        None => format!("/companies/{company}/connections/{}", attempt.connection),
    }
}

/// The integration of an attempt.
pub(crate) fn integration_of<'a>(
    visit: &'a Visit,
    attempt: &AuthorizationRequest,
) -> Result<&'a Integration, PageError> {
    visit
        .app
        .catalogue()
        .get(attempt.platform_key)
        .map(|integration| &**integration)
        .ok_or_else(|| error::no_such_link(visit.t()))
}

/// Whether an attempt that nobody has come back to has run out.
pub(crate) fn has_run_out(visit: &Visit, attempt: &AuthorizationRequest) -> bool {
    visit.now().since(attempt.created) > ATTEMPT_LIFETIME
}

/// Shows how it went: a success on the overview, a failure on a page of its own.
pub(crate) async fn show(visit: Visit) -> Result<Response, PageError> {
    let attempt = attempt(&visit).await?;
    let integration = integration_of(&visit, &attempt)?;
    let company = visit.company;
    let consent = format!(
        "/company/{company}/connections/{}/consent",
        attempt.connection
    );
    let kind = integration.source_type.as_lower();
    let ways = WaysOn {
        retry: consent,
        choose: Some(visit.address(&format!("/choose/{kind}"))),
        overview: visit.address(""),
        leave: visit.address("/leave"),
    };
    match &attempt.state {
        AttemptState::Completed => Ok(see_other(&format!("/company/{company}"))),
        AttemptState::Failed(failed) => {
            Ok(failure::page(&visit, integration, &attempt, failed, ways))
        }
        AttemptState::Exchanging { .. } => Ok(failure::running(&visit, &integration.name, ways)),
        AttemptState::Choosing => Ok(see_other(&format!(
            "/company/{company}/entities/{}",
            attempt.id
        ))),
        AttemptState::Started if !has_run_out(&visit, &attempt) => {
            Ok(see_other(&format!("/company/{company}/go/{}", attempt.id)))
        }
        AttemptState::Started | AttemptState::Expired => {
            Ok(failure::too_late(&visit, &integration.name, ways))
        }
    }
}
