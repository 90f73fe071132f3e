//! Choose the software.

use askama::Template;
use axum::response::Response;
use handclasp_app::{AppError, Choice, Refusal};
use handclasp_domain::{ConnectionId, PlatformKey, SourceType};
use handclasp_web::error::{PageError, PageErrorKind};
use handclasp_web::form::{Fields, QueryFields};
use handclasp_web::look::{Icon, PageShell, render};

use super::{logo_url, see_other};
use crate::error;
use crate::visit::Visit;

#[derive(Template)]
#[template(path = "choose.html")]
struct Choose {
    shell: PageShell,
    title: String,
    /// The search field's name.
    field: &'static str,
    /// What was searched for.
    search: String,
    /// Carried on by the search form.
    carried: Vec<(String, String)>,
    /// Where the search form leads.
    here: String,
    action: String,
    choices: Vec<Offer>,
    /// Whether there are enough to search in.
    searchable: bool,
    not_listed: String,
    back: String,
}

struct Offer {
    key: PlatformKey,
    logo: String,
    name: String,
}

/// The search field's name. It begins as Link's own parameters do, so that it is not taken for one of the platform's.
const SEARCH: &str = "link.search";

/// From how many on a search is of use.
const SEARCHABLE_FROM: usize = 7;

/// Lists the integrations of a category, all of them or those that a search finds.
pub(crate) async fn show(
    visit: Visit,
    QueryFields(query): QueryFields,
) -> Result<Response, PageError> {
    let t = *visit.t();
    let kind = SourceType::ALL
        .into_iter()
        .find(|kind| Some(kind.as_lower()) == visit.param("category"))
        .ok_or_else(|| error::no_such_link(&t))?;
    let search = query.one(SEARCH).ok().flatten().unwrap_or_default().trim();
    let wanted = search.to_lowercase();
    let mut all = visit.offered().await?;
    all.retain(|one| one.source_type == kind);
    let choices: Vec<_> = all
        .iter()
        .filter(|one| one.name.to_lowercase().contains(&wanted))
        .map(|one| Offer {
            key: one.key,
            logo: logo_url(one.key),
            name: one.name.clone(),
        })
        .collect();
    let carried = if visit.query.is_empty() {
        Vec::new()
    } else {
        query
            .iter()
            .filter(|(name, _)| *name != SEARCH)
            .map(|(name, value)| (name.to_owned(), value.to_owned()))
            .collect()
    };
    let page = Choose {
        shell: visit.shell(),
        field: SEARCH,
        title: t.text(&format!("link-choose-title-{}", kind.as_lower())),
        search: search.to_owned(),
        carried,
        here: format!("/company/{}/choose/{}", visit.company, kind.as_lower()),
        action: visit.address("/choose"),
        searchable: all.len() >= SEARCHABLE_FROM,
        choices,
        not_listed: visit.address("/not-listed"),
        back: visit.address(""),
    };
    Ok(render(&page))
}

/// The field that says that another company is to be connected than one that was before.
pub(super) const ANOTHER: &str = "anotherCompany";

/// Takes the choice.
pub(crate) async fn choose(visit: Visit, fields: Fields) -> Result<Response, PageError> {
    let browser = visit.known_browser()?;
    let key = fields
        .one("platformKey")
        .ok()
        .flatten()
        .and_then(|key| key.parse::<PlatformKey>().ok())
        .ok_or_else(|| PageError::new(PageErrorKind::BadRequest))?;
    let chosen = visit
        .app
        .choose_integration(
            &visit.caller,
            visit.company,
            browser,
            visit.page_of(&fields),
            Choice {
                platform_key: key,
                another_company: fields.one(ANOTHER).ok().flatten().is_some(),
            },
        )
        .await;
    match chosen {
        // The journey has what the address said; from here on it need not be carried.
        Ok(chosen) => Ok(see_other(&format!(
            "/company/{}/connections/{}/consent",
            visit.company, chosen.connection
        ))),
        Err(AppError::Refused(Refusal::AnotherActive(active))) => {
            Err(another_active(&visit, active))
        }
        Err(failed) => Err(visit.failed(&failed)),
    }
}

/// One accounting connection at a time: which one stands in the way, and how to make room.
pub(crate) fn another_active(visit: &Visit, active: ConnectionId) -> PageError {
    let t = visit.t();
    let name = visit
        .view
        .company
        .connections
        .iter()
        .find(|held| held.connection.id == active)
        .and_then(|held| visit.integration(held).ok())
        .map(|integration| integration.name.clone())
        .unwrap_or_default();
    let say = |key| t.say(key).with("platform", name.clone()).to_string();
    visit
        .refused(
            PageErrorKind::Conflict,
            &say("link-another-title"),
            &say("link-another-what"),
            &say("link-another-todo"),
        )
        .with_action(
            say("link-another-show"),
            visit.address(&format!("/connections/{active}")),
        )
        .with_action(t.text("link-back-to-overview"), visit.address(""))
        .with_action(t.text("web-leave"), visit.address("/leave"))
}
