//! Webhooks through the real database and over real sockets, on the engine that `HANDCLASP_TEST_ENGINE` names.
#![expect(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test fails by panicking, in its helpers too"
)]

mod consumers;
mod delivery;
mod faults;
mod isolation;
mod lanes;
mod log;
mod payload;
mod replicas;
mod restart;
mod said;
mod schedule;
mod stress;
mod support;
mod unreadable;
