//! What to connect: one card per category, with what is there already.

use askama::Template;
use axum::response::Response;
use handclasp_domain::redirect::Outcome;
use handclasp_domain::{ConnectionStatus, SourceType};
use handclasp_web::error::PageError;
use handclasp_web::look::{Icon, PageShell, Tone, render};

use super::{logo_url, status_tone, status_words};
use crate::visit::Visit;

#[derive(Template)]
#[template(path = "overview.html")]
struct Overview {
    shell: PageShell,
    client: String,
    title: String,
    /// What it is about; none where there is nothing to do.
    lead: Option<String>,
    /// What was just done.
    result: Option<String>,
    categories: Vec<Category>,
    connections: Vec<Held>,
    /// Whether the person can be done: something is connected.
    complete: Option<String>,
    first_time: bool,
}

struct Category {
    icon: Icon,
    title: String,
    note: String,
    href: String,
    /// The one thing to do on this page, where nothing is connected yet and there is one category alone.
    primary: bool,
}

struct Held {
    href: String,
    logo: String,
    name: String,
    note: String,
    tone: Tone,
    words: String,
}

/// Shows what is connected and what can be.
pub(crate) async fn show(visit: Visit) -> Result<Response, PageError> {
    let t = *visit.t();
    let client = visit.client().to_owned();
    let mut connections = Vec::new();
    let mut linked = Vec::new();
    for held in &visit.view.company.connections {
        let (connection, integration) = (&held.connection, visit.integration(held)?);
        let status = connection.status();
        if status == ConnectionStatus::Linked {
            linked.push(integration.source_type);
        }
        connections.push(Held {
            href: visit.address(&format!("/connections/{}", connection.id)),
            logo: logo_url(integration.key),
            name: integration.name.clone(),
            note: connection
                .third_party
                .as_ref()
                .map(|party| party.name.clone())
                .unwrap_or_default(),
            tone: status_tone(status),
            words: status_words(&t, status),
        });
    }
    let offered = visit.offered().await?;
    let mut offered: Vec<SourceType> = offered.iter().map(|one| one.source_type).collect();
    offered.dedup();
    // What is full is not offered again: a company keeps its books in one place.
    offered.retain(|kind| !(kind.is_exclusive() && linked.contains(kind)));
    let alone = offered.len() == 1 && linked.is_empty();
    let categories: Vec<_> = offered
        .into_iter()
        .map(|kind| Category {
            icon: icon(kind),
            title: t.text(&format!("link-category-{}", kind.as_lower())),
            note: t.text(&format!("link-category-{}-note", kind.as_lower())),
            href: visit.address(&format!("/choose/{}", kind.as_lower())),
            primary: alone,
        })
        .collect();
    let first_time = connections.is_empty();
    let (key, lead) = match (first_time, categories.is_empty()) {
        (true, true) => ("link-overview-title", None),
        (true, false) => ("link-overview-title", Some("link-overview-lead")),
        (false, _) => (
            "link-overview-title-again",
            Some("link-overview-lead-again"),
        ),
    };
    let page = Overview {
        shell: visit.shell(),
        title: t.say(key).with("client", client.clone()).to_string(),
        lead: lead.map(|key| t.say(key).with("client", client.clone()).to_string()),
        client,
        result: just_linked(&visit),
        categories,
        connections,
        complete: (!linked.is_empty()).then(|| visit.address("/complete")),
        first_time,
    };
    Ok(render(&page))
}

/// The connection that the running journey has just linked.
fn just_linked(visit: &Visit) -> Option<String> {
    let journey = visit.view.running(visit.now())?;
    if journey.outcome != Some(Outcome::Linked) {
        return None;
    }
    let held = visit
        .view
        .company
        .connections
        .iter()
        .find(|held| Some(held.connection.id) == journey.acted_connection)?;
    if held.connection.status() != ConnectionStatus::Linked {
        return None;
    }
    let platform = visit.integration(held).ok()?.name.clone();
    let said = visit
        .t()
        .say("link-overview-linked")
        .with("platform", platform);
    Some(said.with("client", visit.client().to_owned()).to_string())
}

/// The picture of a category.
fn icon(kind: SourceType) -> Icon {
    match kind {
        SourceType::Accounting => Icon::Ledger,
        SourceType::Banking | SourceType::BankFeed => Icon::Bank,
        SourceType::Commerce => Icon::Cart,
        SourceType::Expense | SourceType::Other | SourceType::Unknown => Icon::Link,
    }
}
