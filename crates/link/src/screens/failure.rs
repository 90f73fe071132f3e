//! An authorization that did not work out, in plain words.

use askama::Template;
use axum::response::Response;
use handclasp_app::AuthorizationRequest;
use handclasp_domain::{AttemptFailure, FailureKind, PlatformKey};
use handclasp_integrations::Integration;
use handclasp_web::look::{PageShell, Tone, render};

use super::choose::ANOTHER;
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
    /// Connecting the company that was authorized as a connection of its own.
    instead: Option<Instead>,
    /// Where else to go: words and address.
    other: Option<(String, String)>,
    leave: String,
    reference: String,
}

struct Instead {
    words: String,
    action: String,
    key: PlatformKey,
    field: &'static str,
}

/// The ways on from a failure.
pub(crate) struct WaysOn {
    /// Try again.
    pub(crate) retry: String,
    /// Choose different software; none where there is no choice to be made.
    pub(crate) choose: Option<String>,
    /// What is connected.
    pub(crate) overview: String,
    /// Leave.
    pub(crate) leave: String,
}

pub(super) fn key(kind: FailureKind) -> &'static str {
    match kind {
        FailureKind::Declined => "link-failed-declined",
        FailureKind::ThirdParty => "link-failed-third-party",
        FailureKind::Unreachable => "link-failed-unreachable",
        FailureKind::TooFewScopes => "link-failed-scopes",
        FailureKind::NoCompany => "link-failed-no-company",
        FailureKind::WrongCompany => "link-failed-company",
        FailureKind::Untrusted => "link-failed-untrusted",
        FailureKind::Interrupted => "link-failed-interrupted",
        FailureKind::NotSetUp => "link-failed-not-set-up",
        FailureKind::AnotherActive => "link-failed-another",
        FailureKind::ConnectionGone => "link-failed-gone",
    }
}

/// The page about a failure of an attempt to connect `platform`.
pub(crate) fn page(
    visit: &Visit,
    platform: &Integration,
    attempt: &AuthorizationRequest,
    failed: &AttemptFailure,
    ways: WaysOn,
) -> Response {
    let t = visit.t();
    let kind = failed.kind;
    let parties = Parties::of(visit, attempt, failed);
    let say = |key: &str| {
        t.say(key)
            .with("client", visit.client().to_owned())
            .with("platform", platform.name.clone())
            .with("held", parties.held.clone())
            .with("other", parties.other.clone())
            .to_string()
    };
    let part = |part: &str| say(&format!("{}-{part}", key(kind)));
    let instead =
        (kind == FailureKind::WrongCompany && has_room(visit, platform)).then(|| Instead {
            words: say("link-failed-company-instead"),
            action: visit.address("/choose"),
            key: platform.key,
            field: ANOTHER,
        });
    let hopeless = matches!(
        kind,
        FailureKind::AnotherActive | FailureKind::ConnectionGone | FailureKind::NotSetUp
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
        other: match (hopeless, ways.choose) {
            (true, _) => Some((t.text("link-back-to-overview"), ways.overview)),
            (false, choose) => choose.map(|address| (t.text("link-failed-other"), address)),
        },
        instead,
        leave: ways.leave,
        // The log has it with what went wrong, which this request's own would not lead to.
        reference: attempt.id.to_string(),
    })
}

/// The two companies at the third party, where an authorization was for another one than the connection's.
struct Parties {
    held: String,
    other: String,
}

impl Parties {
    fn of(visit: &Visit, attempt: &AuthorizationRequest, failed: &AttemptFailure) -> Self {
        let held = visit
            .view
            .company
            .connections
            .iter()
            .find(|held| held.connection.id == attempt.connection)
            .and_then(|held| held.connection.third_party.as_ref());
        Self {
            held: held.map(|party| party.name.clone()).unwrap_or_default(),
            other: failed.other_party.clone().unwrap_or_default(),
        }
    }
}

/// Whether the company may have one more connection of this kind.
fn has_room(visit: &Visit, platform: &Integration) -> bool {
    let kind = platform.source_type;
    let mut there = visit.view.company.connections.iter();
    !kind.is_exclusive()
        || !there
            .any(|held| held.connection.source_type == kind && held.connection.state.is_active())
}

#[derive(Template)]
#[template(path = "too_late.html")]
struct TooLate {
    shell: PageShell,
    platform: String,
    retry: String,
}

/// The person took longer than an attempt lives: one button starts the same connection again.
pub(crate) fn too_late(visit: &Visit, platform: &str, ways: WaysOn) -> Response {
    render(&TooLate {
        shell: leaving(visit, ways.leave),
        platform: platform.to_owned(),
        retry: ways.retry,
    })
}

#[derive(Template)]
#[template(path = "running.html")]
struct Running {
    shell: PageShell,
    platform: String,
}

/// The exchange is still going on: shown with its stages, and looked at again by itself.
pub(crate) fn running(visit: &Visit, platform: &str, ways: WaysOn) -> Response {
    render(&Running {
        shell: leaving(visit, ways.leave),
        platform: platform.to_owned(),
    })
}

fn leaving(visit: &Visit, leave: String) -> PageShell {
    let words = visit.t().text("web-leave");
    visit.bare_shell().with_exit(leave, words)
}
