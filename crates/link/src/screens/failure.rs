//! An authorization that did not work out, in plain words.

use askama::Template;
use axum::response::{IntoResponse, Response};
use handclasp_domain::FailureKind;
use handclasp_web::look::{PageShell, Tone, render};
use http::StatusCode;

use super::logo_url;
use crate::visit::Visit;

#[derive(Template)]
#[template(path = "failure.html")]
struct Failure {
    shell: PageShell,
    tone: Tone,
    logo: String,
    platform: String,
    title: String,
    what: String,
    todo: String,
    /// Where to try again; none where that can't help.
    retry: Option<String>,
    /// Where to choose another; none where there is no choice to be made.
    other: Option<(String, String)>,
    leave: (String, String),
    reference: String,
}

/// The ways on from a failure.
pub(crate) struct WaysOn {
    /// Try again.
    pub(crate) retry: String,
    /// Something else: words and address.
    pub(crate) other: Option<(String, String)>,
    /// Leave: words and address.
    pub(crate) leave: (String, String),
}

pub(super) fn key(kind: FailureKind) -> &'static str {
    match kind {
        FailureKind::Declined => "link-failed-declined",
        FailureKind::ThirdParty => "link-failed-third-party",
        FailureKind::Unreachable => "link-failed-unreachable",
        FailureKind::TooFewScopes => "link-failed-scopes",
        FailureKind::WrongCompany => "link-failed-company",
        FailureKind::Untrusted => "link-failed-untrusted",
        FailureKind::Interrupted => "link-failed-interrupted",
        FailureKind::AnotherActive => "link-failed-another",
        FailureKind::ConnectionGone => "link-failed-gone",
    }
}

/// The page about a failure of the connection to `platform`.
pub(crate) fn page(
    visit: &Visit,
    platform: &handclasp_integrations::Integration,
    kind: FailureKind,
    ways: WaysOn,
) -> Response {
    let t = visit.t();
    let part = |part: &str| {
        t.say(&format!("{}-{part}", key(kind)))
            .with("client", visit.client().to_owned())
            .with("platform", platform.name.clone())
            .to_string()
    };
    let hopeless = matches!(
        kind,
        FailureKind::AnotherActive | FailureKind::ConnectionGone
    );
    render(&Failure {
        shell: visit.bare_shell(),
        // To decline is the person's good right, and no error.
        tone: if kind == FailureKind::Declined {
            Tone::Info
        } else {
            Tone::Error
        },
        logo: logo_url(platform.key),
        platform: platform.name.clone(),
        title: part("title"),
        what: part("what"),
        todo: part("todo"),
        retry: (!hopeless).then_some(ways.retry),
        other: ways.other,
        leave: ways.leave,
        reference: visit.page.correlation.to_string(),
    })
    .into_response()
}

#[derive(Template)]
#[template(path = "too_late.html")]
struct TooLate {
    shell: PageShell,
    platform: String,
    retry: String,
}

/// The person took longer than an attempt lives: one button starts the same connection again.
pub(crate) fn too_late(visit: &Visit, platform: &str, retry: String) -> Response {
    let page = render(&TooLate {
        shell: visit.bare_shell(),
        platform: platform.to_owned(),
        retry,
    });
    (StatusCode::OK, page).into_response()
}

#[derive(Template)]
#[template(path = "running.html")]
struct Running {
    shell: PageShell,
    platform: String,
}

/// The exchange is still going on: shown with its stages, and looked at again by itself.
pub(crate) fn running(visit: &Visit, platform: &str) -> Response {
    render(&Running {
        shell: visit.bare_shell(),
        platform: platform.to_owned(),
    })
}
