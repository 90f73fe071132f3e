//! What drives the real binary from outside: the kill test and the benchmarks. README.md says how they work and what their
//! figures mean.
//!
//! The load generator shares the machine with what it measures, so it is lean: [`client`] speaks HTTP by hand over connections
//! that are kept, and [`receiver`] takes webhooks the same way.

pub mod api;
pub mod bare;
pub mod client;
pub mod credentials;
pub mod database;
pub mod draw;
pub mod environment;
pub mod figures;
pub mod journey;
pub mod kill;
pub mod lists;
pub mod load;
pub mod process;
pub mod raw;
pub mod receiver;
pub mod run;
pub mod server;
pub mod store;
