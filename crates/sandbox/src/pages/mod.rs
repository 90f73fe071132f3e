//! What the person sees.

pub(crate) mod go_back;
pub(crate) mod logo;
pub(crate) mod sign_in;

use handclasp_web::look::{Brand, Colour};

/// The sandbox's own: it is another product than the one that the person came from. A name is not translated.
fn brand() -> Brand {
    Brand {
        logo_url: Some("/sandbox/logo.svg".to_owned()),
        primary: Some(Colour::new(0x8a, 0x4b, 0x08)),
        mark: false,
        ..Brand::of("Sandbox Accounting")
    }
}
