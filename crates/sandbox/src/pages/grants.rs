//! The grants that were made in this browser, and how to end one: what a person finds at a real third party among the settings.

use std::time::Duration;

use askama::Template;
use axum::extract::State;
use axum::response::{IntoResponse, Redirect, Response};
use handclasp_domain::Timestamp;
use handclasp_store::sandbox::{self as grants, Grant};
use handclasp_store::{StoreError, Tx};
use handclasp_web::error::{PageError, PageErrorKind};
use handclasp_web::form::Fields;
use handclasp_web::look::{Icon, PageContext, PageShell, Tone, render};
use http::HeaderMap;
use uuid::Uuid;

use super::{browser, own_brand};
use crate::scenario::Chosen;
use crate::world::Organisation;
use crate::{Sandbox, Shared};

/// The most that are shown.
const SHOWN: u32 = 100;

/// How far the clock is moved by a button: an hour, a day, and two months, in which refresh tokens run out.
const MOVES: [(&str, u64); 3] = [
    ("sandbox-clock-hour", 3_600),
    ("sandbox-clock-day", 24 * 3_600),
    ("sandbox-clock-months", 61 * 24 * 3_600),
];

#[derive(Template)]
#[template(path = "grants.html")]
struct Grants<'a> {
    shell: &'a PageShell,
    grants: Vec<Shown>,
    /// How far the clock is ahead, in seconds; none where it cannot be moved.
    ahead: Option<u64>,
}

struct Shown {
    id: Uuid,
    app: String,
    companies: String,
    /// How it is to go, in words.
    what: String,
    made: String,
    renewed: i64,
    tone: Tone,
    state: String,
    works: bool,
}

/// Shows them.
pub(crate) async fn show(
    State(sandbox): State<Shared>,
    context: PageContext,
    headers: HeaderMap,
) -> Result<Response, PageError> {
    let made = made(&sandbox, &headers).await?;
    let mut shown = Vec::with_capacity(made.len());
    for grant in made {
        shown.push(shown_as(&sandbox, &context, grant).await);
    }
    Ok(render(&Grants {
        shell: &context.shell(own_brand()),
        grants: shown,
        ahead: sandbox
            .movable_clock
            .then(|| sandbox.time.ahead().as_secs()),
    }))
}

/// The grants of the browser that asks.
async fn made(sandbox: &Sandbox, headers: &HeaderMap) -> Result<Vec<Grant>, PageError> {
    let Some(browser) = browser(sandbox, headers) else {
        return Ok(Vec::new());
    };
    grants::of_browser(&mut &sandbox.store, browser, SHOWN)
        .await
        .map_err(PageError::internal)
}

async fn shown_as(sandbox: &Sandbox, context: &PageContext, grant: Grant) -> Shown {
    let t = context.t;
    let works = grant.works(sandbox.time.now());
    let (tone, key) = if works {
        (Tone::Success, "sandbox-grant-works")
    } else {
        (Tone::Neutral, "sandbox-grant-ended")
    };
    let app = match sandbox.registrations.app_of(&grant.app).await {
        Ok(Some(app)) => app.name,
        // Gone since, or not to be looked up just now: its id says enough.
        Ok(None) | Err(_) => grant.app.clone(),
    };
    let companies: Vec<_> = Organisation::list(&grant.organisations)
        .into_iter()
        .map(|one| one.name)
        .collect();
    let what = grant.scenario.parse::<Chosen>();
    Shown {
        id: grant.id,
        app,
        companies: companies.join(", "),
        what: what.map_or(grant.scenario, |chosen| t.text(chosen.text())),
        made: minute(grant.created),
        renewed: grant.generation,
        tone,
        state: t.text(key),
        works,
    }
}

/// An instant as people write it, to the minute, in UTC.
fn minute(at: Timestamp) -> String {
    let text = at.to_string();
    let minute = text.get(..16).unwrap_or(&text);
    format!("{} UTC", minute.replace('T', " "))
}

/// Ends a grant, or moves the clock on: by the button that was pressed.
pub(crate) async fn act(
    State(sandbox): State<Shared>,
    headers: HeaderMap,
    form: Fields,
) -> Result<Response, PageError> {
    let bad = |why: &'static str| PageError::new(PageErrorKind::BadRequest).because(why);
    let one = |name| {
        form.one(name)
            .map_err(|_| bad("a field of the form came twice"))
    };
    if let Some(seconds) = one("advance")? {
        let by = seconds
            .parse()
            .map_err(|_| bad("the seconds are no number"))?;
        if !sandbox.movable_clock {
            return Err(PageError::new(PageErrorKind::NotFound));
        }
        sandbox
            .time
            .advance(Duration::from_secs(by))
            .map_err(|_| bad("the clock goes ahead ten years at most"))?;
    } else {
        let id: Uuid = one("revoke")?
            .and_then(|id| id.parse().ok())
            .ok_or_else(|| bad("no grant was named"))?;
        // Of the browser's own alone; another's is no different from one that is not there.
        let own = made(&sandbox, &headers).await?;
        if own.iter().any(|grant| grant.id == id) {
            revoke(&sandbox, id).await.map_err(PageError::internal)?;
        }
    }
    Ok(Redirect::to("/sandbox/grants").into_response())
}

async fn revoke(sandbox: &Sandbox, id: Uuid) -> Result<(), StoreError> {
    sandbox
        .store
        .write(
            "sandbox_revoke",
            (id, sandbox.time.now()),
            |tx: &mut Tx, (id, now)| Box::pin(async move { grants::revoke(tx, *id, *now).await }),
        )
        .await
}
