//! The way out: asked once, never in the way.

use askama::Template;
use axum::response::Response;
use handclasp_app::Ending;
use handclasp_domain::ConnectionStatus;
use handclasp_web::error::PageError;
use handclasp_web::form::Fields;
use handclasp_web::look::{PageShell, render};

use super::not_listed::finish;
use crate::visit::Visit;

#[derive(Template)]
#[template(path = "leave.html")]
struct Leave {
    shell: PageShell,
    client: String,
    /// Whether something is connected, which stays so.
    connected: bool,
    action: String,
    back: String,
}

/// Asks before leaving.
pub(crate) async fn show(visit: Visit) -> Result<Response, PageError> {
    let linked = |held: &handclasp_app::ConnectionWithErrors| {
        held.connection.status() == ConnectionStatus::Linked
    };
    Ok(render(&Leave {
        shell: visit.bare_shell(),
        client: visit.client().to_owned(),
        connected: visit.view.company.connections.iter().any(linked),
        action: visit.address("/leave"),
        back: visit.address(""),
    }))
}

/// Leaves.
pub(crate) async fn leave(visit: Visit, fields: Fields) -> Result<Response, PageError> {
    finish(visit, &fields, Ending::Leave).await
}
