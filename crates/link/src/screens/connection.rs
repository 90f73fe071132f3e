//! One connection: what is shared, with whom, and how to end it.

use askama::Template;
use axum::response::Response;
use handclasp_app::{AppError, Refusal};
use handclasp_domain::{ConnectionId, ConnectionStatus};
use handclasp_web::error::PageError;
use handclasp_web::look::{PageShell, Tone, render};

use super::{logo_url, see_other, status_tone, status_words};
use crate::visit::Visit;

#[derive(Template)]
#[template(path = "connection.html")]
struct Details {
    shell: PageShell,
    client: String,
    platform: String,
    logo: String,
    tone: Tone,
    words: String,
    /// The connected company's name at the third party.
    company: String,
    /// What to call the client and the data: only what is linked is shared.
    with_words: &'static str,
    data_words: &'static str,
    data: Vec<String>,
    connect: String,
    connect_words: String,
    /// Whether there is access, which can be ended.
    linked: bool,
    disconnect: String,
    back: String,
}

/// Shows a connection.
pub(crate) async fn show(visit: Visit) -> Result<Response, PageError> {
    let t = *visit.t();
    let held = visit.connection()?;
    let integration = visit.integration(held)?;
    let status = held.connection.status();
    let here = |path: &str| visit.address(&format!("/connections/{}{path}", held.connection.id));
    let words = match status {
        ConnectionStatus::PendingAuth => "link-connection-connect",
        ConnectionStatus::Linked | ConnectionStatus::Unlinked | ConnectionStatus::Deauthorized => {
            "link-connection-reconnect"
        }
    };
    let linked = status == ConnectionStatus::Linked;
    let (with_words, data_words) = if linked {
        ("link-connection-with", "link-connection-data")
    } else {
        ("link-connection-asked-by", "link-connection-data-asked")
    };
    Ok(render(&Details {
        shell: visit.shell(),
        client: visit.client().to_owned(),
        platform: integration.name.clone(),
        logo: logo_url(integration.key),
        tone: status_tone(status),
        words: status_words(&t, status),
        company: held
            .connection
            .third_party
            .as_ref()
            .map(|party| party.name.clone())
            .unwrap_or_default(),
        with_words,
        data_words,
        data: integration
            .data_types
            .iter()
            .map(|kind| t.text(&format!("link-data-{}", kind.as_str())))
            .collect(),
        connect: here("/consent"),
        connect_words: t
            .say(words)
            .with("platform", integration.name.clone())
            .to_string(),
        linked,
        disconnect: here("/disconnect"),
        back: visit.address(""),
    }))
}

#[derive(Template)]
#[template(path = "disconnect.html")]
struct Disconnect {
    shell: PageShell,
    client: String,
    platform: String,
    action: String,
    back: String,
}

/// Asks before disconnecting.
pub(crate) async fn ask(visit: Visit) -> Result<Response, PageError> {
    let held = visit.connection()?;
    let here = visit.address(&format!("/connections/{}", held.connection.id));
    if held.connection.status() != ConnectionStatus::Linked {
        return Ok(see_other(&here));
    }
    Ok(render(&Disconnect {
        shell: visit.shell(),
        client: visit.client().to_owned(),
        platform: visit.integration(held)?.name.clone(),
        action: visit.address(&format!("/connections/{}/disconnect", held.connection.id)),
        back: here,
    }))
}

/// Disconnects. Pressed twice it is done once.
pub(crate) async fn disconnect(visit: Visit) -> Result<Response, PageError> {
    let id: ConnectionId = visit.connection()?.connection.id;
    match visit
        .app
        .unlink_connection(&visit.caller, visit.company, id)
        .await
    {
        Ok(_) | Err(AppError::Refused(Refusal::NotLinked(_))) => {
            Ok(see_other(&visit.address(&format!("/connections/{id}"))))
        }
        Err(failed) => Err(visit.failed(&failed)),
    }
}
