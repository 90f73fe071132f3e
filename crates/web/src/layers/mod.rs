//! What every request passes: the host check, then per surface the correlation id, the limits, the panic
//! catcher, the access log and the security headers.
//!
//! ```text
//! front::serve ─► Sites (host, path prefix) ─► Outer (one per router) ─► router ─► handler
//! ```

mod body;
pub mod current;
mod headers;
mod limits;
mod outer;
mod problem;
mod proxies;
mod refusal;
mod sites;
#[cfg(test)]
mod tests;

pub use body::BodyFault;
pub use headers::Nonce;
pub(crate) use headers::page_headers;
pub use limits::Gate;
pub use outer::{Outer, OuterLimits, PageFacts, Surface};
pub use proxies::Proxies;
pub use sites::{Origin, OriginError, Sites};

/// The most bytes that a request's body may have, unless a router is given another limit: 1 MiB.
pub const MAX_BODY: usize = 1024 * 1024;
