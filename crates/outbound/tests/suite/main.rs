//! The client against real servers on this machine, most of which misbehave.
#![expect(clippy::unwrap_used, reason = "tests fail by panicking")]

mod failures;
mod guard;
mod names;
mod observed;
mod requests;
mod secure;
mod streams;
mod support;
