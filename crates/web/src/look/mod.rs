//! How pages look: the frame, the brand, the stylesheet, the icons.
//!
//! A crate with pages puts this `askama.toml` beside its `Cargo.toml`:
//!
//! ```toml
//! [general]
//! dirs = ["templates", "../web/templates"]
//! ```
//!
//! and then writes templates that begin with `{% extends "layout.html" %}`, with a struct that has a field
//! `shell: &PageShell`; components come from `{% import "components.html" as ui %}`. The styleguide
//! (`/styleguide` of the demo, `templates/styleguide.html`) shows each of them with its call.

pub mod assets;
mod brand;
mod colour;
mod icon;
mod page;
mod standalone;
mod tone;

pub use brand::Brand;
pub use colour::{Colour, NotAColour};
pub use icon::Icon;
pub(crate) use page::ErrorPage;
pub use page::{Exit, PageContext, PageShell, render};
pub use standalone::{Standalone, etag};
pub use tone::Tone;
