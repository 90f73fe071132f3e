//! The screens, one file each: handler, view model, template.

pub(crate) mod callback;
pub(crate) mod choose;
pub(crate) mod connection;
pub(crate) mod consent;
pub(crate) mod direct;
pub(crate) mod done;
pub(crate) mod entities;
mod failure;
pub(crate) mod fields;
pub(crate) mod go;
pub(crate) mod leave;
pub(crate) mod logo;
pub(crate) mod not_listed;
pub(crate) mod overview;
pub(crate) mod result;

use axum::response::{IntoResponse, Response};
use handclasp_domain::{ConnectionStatus, PlatformKey};
use handclasp_web::i18n::Localizer;
use handclasp_web::look::Tone;
use http::StatusCode;
use http::header::LOCATION;

/// Goes on to another page by GET.
pub(crate) fn see_other(address: &str) -> Response {
    (StatusCode::SEE_OTHER, [(LOCATION, address)]).into_response()
}

/// Where an integration's logo stands.
pub(crate) fn logo_url(key: PlatformKey) -> String {
    format!("/logos/{key}.svg")
}

/// A connection's status, in the person's words.
pub(crate) fn status_words(t: &Localizer, status: ConnectionStatus) -> String {
    t.text(match status {
        ConnectionStatus::PendingAuth => "link-status-pending",
        ConnectionStatus::Linked => "link-status-linked",
        ConnectionStatus::Unlinked => "link-status-unlinked",
        ConnectionStatus::Deauthorized => "link-status-deauthorized",
    })
}

/// A connection's status, as a colour beside its words.
pub(crate) const fn status_tone(status: ConnectionStatus) -> Tone {
    match status {
        ConnectionStatus::PendingAuth => Tone::Info,
        ConnectionStatus::Linked => Tone::Success,
        ConnectionStatus::Unlinked => Tone::Neutral,
        ConnectionStatus::Deauthorized => Tone::Warning,
    }
}

/// The texts of all kinds of fields, for the test that they are there.
#[cfg(test)]
pub(crate) fn field_keys() -> impl Iterator<Item = &'static str> {
    handclasp_integrations::FieldKind::ALL
        .into_iter()
        .map(fields::label)
}

/// The texts of all failures, for the test that they are there.
#[cfg(test)]
pub(crate) fn failure_keys() -> impl Iterator<Item = &'static str> {
    handclasp_domain::FailureKind::ALL
        .into_iter()
        .map(failure::key)
}
