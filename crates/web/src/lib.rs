//! The shared HTTP kit: the front that serves, the layers that every request passes, errors for programs and
//! for people, cookies, forms, languages, and the look of all pages.
//!
//! ```text
//! front::serve(name, doors, Sites, limits, stop)
//!   Sites: Host and path prefix choose a router
//!     Outer::new(Surface::Api | Surface::Pages | Surface::Operator, clock, random).wrap(router)
//!       CsrfGate::wrap(router)        pages with forms
//!         handlers: ApiJson, ApiQuery, ApiPath -> ApiError | PageContext, Form, Fields -> PageError
//! ```

// Templates name our items by the crate's name, as they are compiled within other crates too.
extern crate self as handclasp_web;

pub mod cookies;
pub mod csrf;
pub mod error;
pub mod form;
pub mod front;
pub mod i18n;
pub mod layers;
pub mod look;
pub mod styleguide;
