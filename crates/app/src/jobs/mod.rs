//! Work in the background: each job idempotent, and safe to run on many replicas at once.

mod attempts;
mod erase;
mod purge;
mod refresh;
mod revoke;

use std::time::Duration;

use futures::future::join_all;
use tokio::time::MissedTickBehavior;
use tokio_util::sync::CancellationToken;

use crate::{App, AppError};

/// How often is written down what was counted.
const AT_ONCE: Duration = Duration::from_secs(1);
/// How often is looked for what a person or a third party waits for.
const SOON: Duration = Duration::from_secs(2);
/// How often is tidied up.
const SELDOM: Duration = Duration::from_secs(300);

/// Runs the jobs until told to stop. Each has a loop of its own, so that none waits for another's third parties.
pub async fn run(app: App, stop: CancellationToken) {
    let refreshes = app.catalogue().iter().map(|integration| {
        let (app, stop, key) = (&app, &stop, integration.key);
        every(SOON, stop, move || app.refresh_due(key, stop))
    });
    tokio::join!(
        join_all(refreshes),
        every(SOON, &stop, || app.revoke_due(&stop)),
        every(SOON, &stop, || app.bury_abandoned()),
        every(SOON, &stop, || app.reset_quotas()),
        every(AT_ONCE, &stop, || app.flush_tallies()),
        every(SELDOM, &stop, || app.end_unchosen()),
        every(SELDOM, &stop, || app.tidy()),
    );
    // What the last requests left.
    if let Err(error) = app.flush_tallies().await {
        tracing::warn!(%error, cause = ?error, "the last uses of keys could not be written down");
    }
}

async fn every<F>(period: Duration, stop: &CancellationToken, mut job: impl FnMut() -> F)
where
    F: Future<Output = Result<(), AppError>>,
{
    let mut ticks = tokio::time::interval(period);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        tokio::select! {
            () = stop.cancelled() => return,
            _ = ticks.tick() => {}
        }
        if let Err(error) = job().await {
            // Tried again at the next tick.
            tracing::warn!(%error, cause = ?error, "a background job failed");
        }
    }
}
