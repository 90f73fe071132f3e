//! The one guarded HTTP client. Every outgoing request of the server goes through [`Outbound::send`]:
//! webhooks, providers' token endpoints, JWKS, logos; or, where bodies are passed on as they come, through [`Outbound::stream`].
//!
//! What it guards against: an address, written by a customer or returned by a third party, that leads into
//! the operator's own network; answers that never end, come a byte at a time or fill the memory; redirects
//! that lead elsewhere with the secrets of the request. It follows no redirect, uses no proxy, keeps no
//! cookie, sends no referrer, asks for no compression and undoes none.
//!
//! It is built on hyper rather than on reqwest, because it needs a connector of its own: only there are
//! scheme, host and port of a connection seen together, which exact [`Pin`]s need (reqwest's resolver
//! sees the name alone, and is not asked for literal addresses), and only there is it certain whether a
//! failure came before anything was sent.

mod address;
mod body;
mod client;
mod connect;
mod error;
mod lookups;
mod measure;
mod policy;
mod request;
mod resolve;
mod target;
mod tls;

pub use address::is_public;
pub use body::{AnswerBody, StreamBody};
pub use client::Outbound;
pub use error::{Cause, OutboundError, UrlFault};
pub use policy::{BuildError, Pin, Policy};
pub use request::{Overflow, Request, Response, Stream, StreamLimits, Streamed};
pub use resolve::{Resolver, Resolving, SystemResolver};
pub use tls::{BadClientCertificate, ClientCertificate};
