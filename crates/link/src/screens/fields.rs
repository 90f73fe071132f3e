//! What the software needs before the person can go there, or instead of that: a shop's address, a region, a key.

use std::collections::BTreeMap;

use askama::Template;
use axum::response::Response;
use handclasp_app::{AuthorizationRequest, Prepared};
use handclasp_domain::SourceType;
use handclasp_integrations::{FieldKind, FieldProblem, Integration, PersonField};
use handclasp_web::error::PageError;
use handclasp_web::form::Fields;
use handclasp_web::look::{PageShell, Tone, render};

use super::result::{attempt, base_of, integration_of};
use super::{logo_url, see_other};
use crate::visit::Visit;

#[derive(Template)]
#[template(path = "fields.html")]
struct Page {
    shell: PageShell,
    title: String,
    platform: String,
    logo: String,
    lead: String,
    action: String,
    asked: Vec<Asked>,
    /// Whether something that was typed can't be right.
    has_mistakes: bool,
}

/// A field as it is shown.
struct Asked {
    /// Its name in the form, which no field of ours has.
    id: String,
    label: String,
    hint: String,
    error: String,
    kind: &'static str,
    autocomplete: &'static str,
    optional: String,
    value: String,
    options: Vec<(String, String, bool)>,
}

/// What stands before a field's name in the form.
const BEFORE: &str = "field-";

/// Asks.
pub(crate) async fn show(visit: Visit) -> Result<Response, PageError> {
    let attempt = attempt(&visit).await?;
    page(&visit, &attempt, &BTreeMap::new(), &BTreeMap::new())
}

/// Takes what was typed, and goes on.
pub(crate) async fn take(visit: Visit, fields: Fields) -> Result<Response, PageError> {
    let attempt = attempt(&visit).await?;
    let typed: BTreeMap<String, String> = fields
        .iter()
        .filter_map(|(name, value)| Some((name.strip_prefix(BEFORE)?.to_owned(), value.to_owned())))
        .collect();
    let prepared = visit
        .app
        .prepare(&visit.caller, &attempt, &typed)
        .await
        .map_err(|failed| visit.failed(&failed))?;
    match prepared {
        Prepared::Mistakes(mistakes) => page(&visit, &attempt, &typed, &mistakes),
        Prepared::Go(_) | Prepared::Result => Ok(onward(&attempt, &prepared)),
    }
}

/// From a fresh attempt on: to these fields, to the third party, or to the result.
pub(crate) async fn begin(
    visit: &Visit,
    attempt: &AuthorizationRequest,
) -> Result<Response, PageError> {
    let prepared = visit
        .app
        .go_on(&visit.caller, attempt)
        .await
        .map_err(|failed| visit.failed(&failed))?;
    Ok(match &prepared {
        None => see_other(&format!("{}/fields/{}", base_of(attempt), attempt.id)),
        Some(prepared) => onward(attempt, prepared),
    })
}

fn onward(attempt: &AuthorizationRequest, prepared: &Prepared) -> Response {
    let base = base_of(attempt);
    let to = match prepared {
        Prepared::Go(_) => "go",
        Prepared::Result | Prepared::Mistakes(_) => "result",
    };
    see_other(&format!("{base}/{to}/{}", attempt.id))
}

fn page(
    visit: &Visit,
    attempt: &AuthorizationRequest,
    typed: &BTreeMap<String, String>,
    mistakes: &BTreeMap<String, FieldProblem>,
) -> Result<Response, PageError> {
    let integration = integration_of(visit, attempt)?;
    let fields = visit
        .app
        .asked_fields(attempt)
        .map_err(|failed| visit.failed(&failed))?;
    if fields.is_empty() {
        // They are known already, or it is over.
        return Ok(see_other(&format!(
            "{}/result/{}",
            base_of(attempt),
            attempt.id
        )));
    }
    let t = visit.t();
    let leaves = integration.auth.leaves();
    let (title, lead) = if leaves {
        ("link-fields-title-before", "link-fields-lead-before")
    } else {
        ("link-fields-title-instead", "link-fields-lead-instead")
    };
    Ok(render(&Page {
        shell: visit.shell(),
        title: t
            .say(title)
            .with("platform", integration.name.clone())
            .to_string(),
        platform: integration.name.clone(),
        logo: logo_url(integration.key),
        lead: t
            .say(lead)
            .with("platform", integration.name.clone())
            .with("client", visit.client().to_owned())
            .to_string(),
        action: format!("{}/fields/{}", base_of(attempt), attempt.id),
        asked: fields
            .iter()
            .map(|field| asked(visit, integration, field, typed, mistakes))
            .collect(),
        has_mistakes: !mistakes.is_empty(),
    }))
}

fn asked(
    visit: &Visit,
    integration: &Integration,
    field: &PersonField,
    typed: &BTreeMap<String, String>,
    mistakes: &BTreeMap<String, FieldProblem>,
) -> Asked {
    let t = visit.t();
    let value = typed.get(&field.name).map_or("", String::as_str);
    let mut hints = Vec::new();
    if let Some(called) = &field.called {
        let hint = t
            .say("link-field-called")
            .with("platform", integration.name.clone());
        hints.push(hint.with("called", called.clone()).to_string());
    }
    if let Some(example) = &field.example {
        hints.push(
            t.say("link-field-example")
                .with("example", example.clone())
                .to_string(),
        );
    }
    let error = mistakes.get(&field.name).map(|problem| match problem {
        FieldProblem::Missing => t.text("link-field-missing"),
        FieldProblem::Unfit => t.text("link-field-unfit"),
    });
    Asked {
        id: format!("{BEFORE}{}", field.name),
        label: t.text(label_in(field.kind, integration.source_type)),
        hint: hints.join(" "),
        error: error.unwrap_or_default(),
        kind: if field.kind.is_secret() {
            "password"
        } else {
            "text"
        },
        // No browser is to offer or to remember what opens somebody's books.
        autocomplete: "off",
        optional: if field.optional {
            t.text("link-field-optional")
        } else {
            String::new()
        },
        // What is secret is typed again.
        value: if field.kind.is_secret() {
            String::new()
        } else {
            value.to_owned()
        },
        options: field
            .options
            .iter()
            .map(|one| (one.value.clone(), one.label.clone(), one.value == value))
            .collect(),
    }
}

/// The text that names a kind of field, where an integration is of this kind.
fn label_in(kind: FieldKind, of: SourceType) -> &'static str {
    match (kind, of) {
        // Whoever has a shop knows no server.
        (FieldKind::Address, SourceType::Commerce) => "link-field-address-of-shop",
        (kind, _) => label(kind),
    }
}

/// The text that names a kind of field.
pub(super) const fn label(kind: FieldKind) -> &'static str {
    match kind {
        FieldKind::Shop => "link-field-shop",
        FieldKind::Site => "link-field-site",
        FieldKind::Address => "link-field-address",
        FieldKind::Account => "link-field-account",
        FieldKind::Company => "link-field-company",
        FieldKind::Region => "link-field-region",
        FieldKind::Country => "link-field-country",
        FieldKind::Bank => "link-field-bank",
        FieldKind::Database => "link-field-database",
        FieldKind::Store => "link-field-store",
        FieldKind::Edition => "link-field-edition",
        FieldKind::User => "link-field-user",
        FieldKind::Password => "link-field-password",
        FieldKind::Key => "link-field-key",
        FieldKind::Token => "link-field-token",
        FieldKind::ClientId => "link-field-client-id",
        FieldKind::ClientSecret => "link-field-client-secret",
    }
}
