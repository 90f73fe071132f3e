//! "Mine is not listed": what that means, and the way on.

use askama::Template;
use axum::response::Response;
use handclasp_app::{AppError, Ending, Refusal};
use handclasp_web::error::PageError;
use handclasp_web::form::Fields;
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
pub(crate) async fn end(visit: Visit, fields: Fields) -> Result<Response, PageError> {
    finish(visit, &fields, Ending::NotListed).await
}

/// Ends the journey, and goes to where it leads.
pub(crate) async fn finish(
    visit: Visit,
    fields: &Fields,
    ending: Ending,
) -> Result<Response, PageError> {
    let browser = visit.known_browser()?;
    let (client, company) = (visit.view.client.id, visit.company);
    let page = visit.page_of(fields);
    match visit
        .app
        .finish_journey(client, company, browser, page, ending)
        .await
    {
        Ok(()) => Ok(see_other(&format!("/company/{company}/done"))),
        // It was disconnected on another page meanwhile: the overview shows what there is.
        Err(AppError::Refused(Refusal::NothingLinked)) => Ok(see_other(&visit.address(""))),
        Err(failed) => Err(visit.failed(&failed)),
    }
}
