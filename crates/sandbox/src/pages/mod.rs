//! What the person sees.

pub(crate) mod go_back;
pub(crate) mod grants;
pub(crate) mod logo;
mod outcome;
pub(crate) mod sign_in;

use handclasp_domain::Secret;
use handclasp_web::csrf;
use handclasp_web::look::{Brand, Colour};
use http::HeaderMap;

use crate::Sandbox;
use crate::world::Service;

/// A service's own: it is another product than the one that the person came from. A name is not translated.
fn brand(service: Service) -> Brand {
    let (logo, colour) = match service {
        Service::Accounting => ("/sandbox/accounting.svg", Colour::new(0x8a, 0x4b, 0x08)),
        Service::Banking => ("/sandbox/banking.svg", Colour::new(0x1d, 0x4e, 0x89)),
        Service::Commerce => ("/sandbox/commerce.svg", Colour::new(0x8c, 0x2f, 0x5f)),
    };
    Brand {
        logo_url: Some(logo.to_owned()),
        primary: Some(colour),
        mark: false,
        ..Brand::of(service.name())
    }
}

/// The sandbox's, where no service is meant.
fn own_brand() -> Brand {
    Brand {
        primary: Some(Colour::new(0x8a, 0x4b, 0x08)),
        mark: false,
        ..Brand::of("Sandbox")
    }
}

/// The hash of the cookie by which the gate around the pages knows a browser.
fn browser(sandbox: &Sandbox, headers: &HeaderMap) -> Option<[u8; 32]> {
    let cookie = sandbox.cookies.read(headers, csrf::COOKIE)?;
    let cookie = Secret::new(cookie.to_owned());
    let digest = aws_lc_rs::digest::digest(&aws_lc_rs::digest::SHA256, cookie.expose().as_bytes());
    digest.as_ref().try_into().ok()
}
