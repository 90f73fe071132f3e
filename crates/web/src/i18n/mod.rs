//! Languages: the embedded catalogues and the choice among them.
//!
//! The texts stand in `locales/<language>/<crate>.ftl` ([Fluent](https://projectfluent.org)) and are part of
//! the program. All files of a language form one catalogue, so a key begins with its file's name
//! (`link-consent-title`). English is complete and is what shows where another language lacks a text; a test
//! keeps every language complete.
//!
//! In a template: `{{ t.text("web-back") }}` and `{{ t.say("link-title").with("client", name) }}`. Texts are
//! plain: askama escapes them. Markup has no place in a catalogue.

mod catalogue;
pub mod check;
mod negotiate;

pub use catalogue::{Languages, Localizer, Message};
pub use fluent_bundle::FluentValue;
pub use negotiate::accepted;
