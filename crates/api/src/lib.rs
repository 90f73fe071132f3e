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

use std::time::Duration;

use axum::Router;
use axum::middleware::from_fn_with_state;
use handclasp_app::App;
use handclasp_integrations::api::BODY_MOST;
use handclasp_web::error::ApiError;
use handclasp_web::layers::{Origin, Outer, OuterLimits};

use crate::cross_origin::Open;
use crate::limits::gate;
use crate::state::Api;

/// Where the API stands under its origin. SDKs are pointed at the origin with this after it.
pub const PREFIX: &str = "/api";

/// The limits of a surface of programs that has this router: the gate of the API's own, and those of calls that are passed on, whose
/// bodies are larger and whose third parties slower than the API's own work.
pub fn limited(outer: Outer, app: App) -> Outer {
    outer.with_gate(gate(app)).with_limits_on(
        PROXY,
        OuterLimits {
            body: usize::try_from(BODY_MOST).unwrap_or(usize::MAX),
            body_time: Duration::from_secs(50),
            // Before the front cuts the connection. A refresh may come before the call.
            request_time: Duration::from_secs(58),
        },
    )
}

/// The route of calls that are passed on, with the prefix.
const PROXY: &str = "/api/companies/{companyId}/connections/{connectionId}/proxy/{*path}";

/// The API's router; its paths begin with [`PREFIX`]. Wrap it in [`handclasp_web::layers::Outer`] for
/// [`handclasp_web::layers::Surface::Api`] that is [`limited`], which answers unknown paths and wrong methods. `origin` is the address at which the API is
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
