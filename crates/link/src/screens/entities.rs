//! Which of several companies is to be connected.

use askama::Template;
use axum::response::Response;
use handclasp_app::AppError;
use handclasp_web::error::PageError;
use handclasp_web::form::Fields;
use handclasp_web::look::{PageShell, Tone, render};

use super::result::{attempt, base_of, integration_of};
use super::{logo_url, see_other};
use crate::visit::Visit;

#[derive(Template)]
#[template(path = "entities.html")]
struct Page {
    shell: PageShell,
    client: String,
    platform: String,
    logo: String,
    action: String,
    /// Of each the id of its field, its id and its name.
    offered: Vec<(String, String, String)>,
    /// Whether the person went on without choosing.
    is_missing: bool,
}

/// The name of the field with the choice.
const CHOSEN: &str = "entity";

/// Asks.
pub(crate) async fn show(visit: Visit) -> Result<Response, PageError> {
    page(&visit, false).await
}

/// Takes the choice.
pub(crate) async fn choose(visit: Visit, fields: Fields) -> Result<Response, PageError> {
    let attempt = attempt(&visit).await?;
    let Some(chosen) = fields.one(CHOSEN).ok().flatten() else {
        return page(&visit, true).await;
    };
    let done = visit
        .app
        .choose_account(&visit.caller, &attempt, chosen)
        .await;
    match done {
        Ok(()) => Ok(see_other(&format!(
            "{}/result/{}",
            base_of(&attempt),
            attempt.id
        ))),
        // What was never offered.
        Err(AppError::NotFound(_)) => page(&visit, true).await,
        Err(failed) => Err(visit.failed(&failed)),
    }
}

async fn page(visit: &Visit, is_missing: bool) -> Result<Response, PageError> {
    let attempt = attempt(visit).await?;
    let integration = integration_of(visit, &attempt)?;
    let offered = visit
        .app
        .offered_accounts(&attempt)
        .map_err(|failed| visit.failed(&failed))?;
    let Some(offered) = offered else {
        return Ok(see_other(&format!(
            "{}/result/{}",
            base_of(&attempt),
            attempt.id
        )));
    };
    Ok(render(&Page {
        shell: visit.shell(),
        client: visit.client().to_owned(),
        platform: integration.name.clone(),
        logo: logo_url(integration.key),
        action: format!("{}/entities/{}", base_of(&attempt), attempt.id),
        offered: offered
            .into_iter()
            .enumerate()
            .map(|(number, one)| {
                let name = if one.name.is_empty() {
                    one.id.clone()
                } else {
                    one.name
                };
                (format!("{CHOSEN}-{number}"), one.id, name)
            })
            .collect(),
        is_missing,
    }))
}
