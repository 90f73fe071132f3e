//! The store's tests, through its public interface, on both engines. They are one program, so that it is linked once.
#![expect(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test fails by panicking, in its helpers too"
)]

mod support;

mod backups;
mod basics;
mod credentials;
mod isolation;
mod lifecycle;
mod lists;
mod migrations;
mod plans;
mod postgres;
mod proxy;
mod sqlite;
mod statements;
