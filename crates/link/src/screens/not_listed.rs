//! "Mine is not listed": what that means, and the way on.

use askama::Template;
use axum::response::Response;
use handclasp_app::Ending;
use handclasp_web::error::PageError;
use handclasp_web::look::{PageShell, render};

use super::see_other;
use crate::visit::Visit;

#[derive(Template)]
#[template(path = "not_listed.html")]
struct NotListed {
    shell: PageShell,
    client: String,
    action: String,
    back: String,
}

/// Asks before it ends.
pub(crate) async fn show(visit: Visit) -> Result<Response, PageError> {
    Ok(render(&NotListed {
        shell: visit.shell(),
        client: visit.client().to_owned(),
        action: visit.address("/not-listed"),
        back: visit.address(""),
    }))
}

/// Ends the journey as not supported.
pub(crate) async fn end(visit: Visit) -> Result<Response, PageError> {
    finish(visit, Ending::NotListed).await
}

/// Ends the journey, and goes to where it leads.
pub(crate) async fn finish(visit: Visit, ending: Ending) -> Result<Response, PageError> {
    let browser = visit.known_browser()?;
    visit
        .app
        .finish_journey(
            visit.view.client.id,
            visit.company,
            browser,
            visit.said.clone(),
            ending,
        )
        .await
        .map_err(|failed| visit.failed(&failed))?;
    Ok(see_other(&format!("/company/{}/done", visit.company)))
}
