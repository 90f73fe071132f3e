//! Before you go: who asks for what, for how long, and what pressing the button means.

use askama::Template;
use axum::response::Response;
use handclasp_app::{AppError, ConsentGiven, Origin, Refusal, StartAuthorization};
use handclasp_web::error::PageError;
use handclasp_web::form::Fields;
use handclasp_web::look::{PageShell, Tone, render};

use super::choose::another_active;
use super::{fields, logo_url};
use crate::consent_text::ConsentText;
use crate::visit::Visit;

#[derive(Template)]
#[template(path = "consent.html")]
struct Consent {
    shell: PageShell,
    client: String,
    platform: String,
    logo: String,
    text: ConsentText,
    version: String,
    action: String,
    back: String,
    /// The text changed after the person had opened the page: it is shown anew, and nothing was accepted.
    changed: bool,
}

/// Shows the consent to one connection.
pub(crate) async fn show(visit: Visit) -> Result<Response, PageError> {
    page(&visit, false)
}

fn page(visit: &Visit, changed: bool) -> Result<Response, PageError> {
    let held = visit.connection()?;
    let integration = visit.integration(held)?;
    let text = ConsentText::new(visit.t(), visit.client(), integration);
    let kind = integration.source_type.as_lower();
    Ok(render(&Consent {
        shell: visit.shell(),
        client: visit.client().to_owned(),
        platform: integration.name.clone(),
        logo: logo_url(integration.key),
        version: text.version(),
        text,
        action: visit.address(&format!("/connections/{}/consent", held.connection.id)),
        back: visit.address(&format!("/choose/{kind}")),
        changed,
    }))
}

/// Takes the consent, and starts the authorization.
pub(crate) async fn accept(visit: Visit, form: Fields) -> Result<Response, PageError> {
    let browser = visit.known_browser()?;
    let held = visit.connection()?;
    let integration = visit.integration(held)?;
    let text = ConsentText::new(visit.t(), visit.client(), integration);
    let version = text.version();
    // What is recorded is what was shown: another text or another language is shown first.
    if form.one("version").ok().flatten() != Some(version.as_str()) {
        return page(&visit, true);
    }
    let consent = ConsentGiven {
        text: text.plain(),
        text_version: version,
        locale: text.locale.to_owned(),
        data_types: text.data_types(),
        asked_by: visit.client().to_owned(),
        user_agent: visit.user_agent(),
    };
    let start = StartAuthorization {
        company: visit.company,
        connection: held.connection.id,
        origin: Origin::Journey(consent, visit.page_of(&form)),
    };
    match visit
        .app
        .start_authorization(&visit.caller, browser, start)
        .await
    {
        Ok(attempt) => fields::begin(&visit, &attempt).await,
        Err(AppError::Refused(Refusal::AnotherActive(active))) => {
            Err(another_active(&visit, active))
        }
        Err(failed) => Err(visit.failed(&failed)),
    }
}
