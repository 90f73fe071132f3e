//! The end of a journey: on to the platform, or the confirmation screen.

use askama::Template;
use axum::response::Response;
use handclasp_app::{Destination, Ending};
use handclasp_domain::ConnectionStatus;
use handclasp_domain::redirect::Outcome;
use handclasp_web::error::PageError;
use handclasp_web::form::Fields;
use handclasp_web::look::{Icon, PageShell, render};

use super::not_listed::finish;
use super::{logo_url, see_other};
use crate::visit::Visit;

#[derive(Template)]
#[template(path = "onward.html")]
struct Onward {
    shell: PageShell,
    client: String,
    target: String,
}

/// A page that goes on to the platform by itself, with a link for where it does not.
pub(crate) fn onward(visit: &Visit, target: &url::Url) -> Response {
    render(&Onward {
        shell: visit.bare_shell(),
        client: visit.client().to_owned(),
        target: target.as_str().to_owned(),
    })
}

#[derive(Template)]
#[template(path = "confirmation.html")]
struct Confirmation {
    shell: PageShell,
    client: String,
    connected: Vec<Connected>,
    back: String,
}

struct Connected {
    logo: String,
    name: String,
    note: String,
}

/// The confirmation screen: what is connected now, and that one can go.
pub(crate) fn confirmation(visit: &Visit) -> Result<Response, PageError> {
    let mut connected = Vec::new();
    for held in &visit.view.company.connections {
        if held.connection.status() != ConnectionStatus::Linked {
            continue;
        }
        let integration = visit.integration(held)?;
        connected.push(Connected {
            logo: logo_url(integration.key),
            name: integration.name.clone(),
            note: held
                .connection
                .third_party
                .as_ref()
                .map(|party| party.name.clone())
                .unwrap_or_default(),
        });
    }
    Ok(render(&Confirmation {
        shell: visit.bare_shell(),
        client: visit.client().to_owned(),
        connected,
        back: visit.beginning_again(),
    }))
}

/// Completes the journey.
pub(crate) async fn complete(visit: Visit, fields: Fields) -> Result<Response, PageError> {
    finish(visit, &fields, Ending::Complete).await
}

/// Where the ended journey leads. Reloading it leads there again.
pub(crate) async fn show(visit: Visit) -> Result<Response, PageError> {
    let visit = visit.in_the_journeys_language();
    let destination = visit
        .app
        .journey_destination(&visit.view)
        .map_err(|failed| visit.failed(&failed))?;
    match destination {
        None => Ok(see_other(&visit.address(""))),
        Some(Destination::Platform(target)) => Ok(onward(&visit, &target)),
        Some(Destination::Confirmation) => {
            let left = visit
                .view
                .journey
                .as_ref()
                .and_then(|journey| journey.outcome);
            match left {
                Some(Outcome::Linked | Outcome::NothingToTell) | None => confirmation(&visit),
                Some(Outcome::Left | Outcome::Failed | Outcome::NotSupported) => Ok(ended(&visit)),
            }
        }
    }
}

#[derive(Template)]
#[template(path = "ended.html")]
struct Ended {
    shell: PageShell,
    client: String,
    back: String,
}

/// The person left, and there is no platform's page to go to.
pub(crate) fn ended(visit: &Visit) -> Response {
    render(&Ended {
        shell: visit.bare_shell(),
        client: visit.client().to_owned(),
        back: visit.beginning_again(),
    })
}
