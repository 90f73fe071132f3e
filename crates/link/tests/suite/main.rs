//! Link through the real routers and a real database; the third party behind a real socket.
#![expect(
    clippy::unwrap_used,
    clippy::panic,
    reason = "what does not work fails the test"
)]

mod attempts;
mod callbacks;
mod endings;
mod journeys;
mod pages;
mod revocation;
mod scenarios;
mod settings;
mod shops;
mod steps;
mod support;
