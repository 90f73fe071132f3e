//! On to the third party.
//!
//! A form's answer can't lead to another site: `form-action` forbids it. So the form leads to this page of ours, which goes on by
//! itself, with a link for where it does not. Opened a second time, by the back button, it waits and asks.

use askama::Template;
use axum::extract::State;
use axum::response::Response;
use handclasp_domain::AttemptState;
use handclasp_web::error::PageError;
use handclasp_web::look::{PageShell, render};

use super::result::{base_of, has_run_out};
use super::{fields, logo_url, see_other};
use crate::visit::Visit;
use crate::{Link, error};

/// The cookie, without prefix, that remembers which attempt has gone on. Looking must not change anything on the server.
const WENT: &str = "hc_went";

#[derive(Template)]
#[template(path = "go.html")]
struct Go {
    shell: PageShell,
    platform: String,
    logo: String,
    target: String,
    /// Whether it goes on by itself.
    onward: bool,
    again: String,
}

/// Goes on to the third party.
pub(crate) async fn show(State(link): State<Link>, visit: Visit) -> Result<Response, PageError> {
    let browser = visit.known_browser()?;
    let id = visit.attempt_id()?;
    let attempt = visit
        .app
        .attempt(visit.view.client.id, visit.company, id, browser)
        .await
        .map_err(|failed| visit.failed(&failed))?;
    let target = visit
        .app
        .authorization_url(&attempt)
        .map_err(|failed| visit.failed(&failed))?;
    let Some(target) = target else {
        if attempt.state == AttemptState::Started && !has_run_out(&visit, &attempt) {
            // It was left before all was known that is needed.
            return fields::begin(&visit, &attempt).await;
        }
        // It has come back already.
        return Ok(see_other(&format!("{}/result/{id}", base_of(&attempt))));
    };
    let integration = visit
        .app
        .catalogue()
        .get(attempt.platform_key)
        .ok_or_else(|| error::no_such_link(visit.t()))?;
    let went = link.cookies.read(&visit.headers, WENT) == Some(id.to_string().as_str());
    let page = Go {
        shell: visit.shell(),
        platform: integration.name.clone(),
        logo: logo_url(integration.key),
        target: target.into(),
        onward: !went,
        again: visit.address(""),
    };
    let mut response = render(&page);
    // An id is always a good cookie.
    let _always = link
        .cookies
        .put(response.headers_mut(), WENT, &id.to_string(), None);
    Ok(response)
}
