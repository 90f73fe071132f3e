//! Work in the background: each job idempotent, and safe to run on many replicas at once.

mod erase;
mod purge;
mod revoke;

use std::time::Duration;

use tokio_util::sync::CancellationToken;

use crate::App;

/// Runs the jobs until told to stop: revocations every few seconds, the rest every few minutes.
pub async fn run(app: App, stop: CancellationToken) {
    let mut revoke = tokio::time::interval(Duration::from_secs(2));
    let mut tidy = tokio::time::interval(Duration::from_secs(300));
    loop {
        let result = tokio::select! {
            () = stop.cancelled() => return,
            _ = revoke.tick() => app.revoke_due().await,
            _ = tidy.tick() => app.tidy().await,
        };
        if let Err(error) = result {
            // Tried again at the next tick.
            tracing::warn!(%error, cause = ?error, "a background job failed");
        }
    }
}
