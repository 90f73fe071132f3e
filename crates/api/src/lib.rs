//! The platform API: the wire format of Codat's Platform API over the use cases.
//!
//! ```text
//! router ─► table (one list of all routes) ─► MayRead | MayWrite | … (who is this?) ─► routes/<resource>/<route>.rs
//!        ─► one use case of app ─► wire (what it looks like outside)
//! ```
//! What the contract has and this version has not is listed in `not_built`, and answered 501.

mod auth;
mod doc;
mod failure;
mod not_built;
mod page;
mod reply;
mod routes;
mod state;
mod table;
#[cfg(test)]
mod tests;
mod wire;

use axum::Router;
use handclasp_app::App;
use handclasp_web::layers::Origin;

use crate::state::Api;

/// Where the API stands under its origin. SDKs are pointed at the origin with this after it.
pub const PREFIX: &str = "/api";

/// The API's router; its paths begin with [`PREFIX`]. Wrap it in [`handclasp_web::layers::Outer`] for
/// [`handclasp_web::layers::Surface::Api`], which answers unknown paths and wrong methods. `origin` is the address at which the API is
/// reached; the logos' addresses begin with it.
pub fn router(app: App, origin: &Origin) -> Router {
    let mut router = Router::new();
    for route in table::routes() {
        let path = format!("{PREFIX}{}", route.path);
        router = router.route(&path, route.answers);
    }
    router.with_state(Api::new(app, origin))
}
