//! The platform API: the wire format of Codat's Platform API over the use cases.
//!
//! ```text
//! router ─► cross_origin (may this page?) ─► table (one list of all routes) ─► MayRead | MayWrite | … (who is this?)
//!        ─► routes/<resource>/<route>.rs
//!        ─► one use case of app ─► wire (what it looks like outside)
//! ```
//! What the contract has and this version has not is listed in `not_built`, and answered 501.

mod auth;
mod cross_origin;
mod doc;
mod drawing;
mod failure;
mod limits;
mod not_built;
mod once;
mod page;
mod reply;
mod routes;
mod state;
mod table;
#[cfg(test)]
mod tests;
mod wire;

use axum::Router;
use axum::middleware::from_fn_with_state;
use handclasp_app::App;
use handclasp_web::error::ApiError;
use handclasp_web::layers::Origin;

use crate::cross_origin::Open;
pub use crate::limits::gate;
use crate::state::Api;

/// Where the API stands under its origin. SDKs are pointed at the origin with this after it.
pub const PREFIX: &str = "/api";

/// The API's router; its paths begin with [`PREFIX`]. Wrap it in [`handclasp_web::layers::Outer`] for
/// [`handclasp_web::layers::Surface::Api`] with [`gate`], which answers unknown paths and wrong methods. `origin` is the address at which the API is
/// reached; the logos' addresses begin with it.
pub fn router(app: App, origin: &Origin) -> Router {
    let api = Api::new(app, origin);
    let mut router = Router::new();
    let mut open = Open::default();
    for route in table::routes() {
        let path = format!("{PREFIX}{}", route.path);
        open.add(&path, &route);
        router = router.route(&path, route.answers);
    }
    router
        // Within the layer: a preflight comes by a method that no route takes.
        .method_not_allowed_fallback(|| async { ApiError::method_not_allowed("") })
        .layer(from_fn_with_state((api.clone(), open), cross_origin::guard))
        .with_state(api)
}
