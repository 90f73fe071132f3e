//! Tokens are refreshed ahead of their end, so that whoever uses one does not wait, and before a refresh token would lapse unused.
//!
//! Each integration has a loop of its own: a third party that hangs holds up nobody else's.

use std::sync::atomic::{AtomicU32, Ordering};

use futures::StreamExt;
use handclasp_domain::PlatformKey;
use handclasp_store::refresh;
use tokio_util::sync::CancellationToken;

use crate::refresh::{AT_ONCE, Refreshed};
use crate::{App, AppError};

/// How many are looked at in one go.
const BATCH: u32 = 500;

/// How many of one integration's places are left to those who wait for a token.
const LEFT: usize = AT_ONCE / 4;

/// After how many calls that reached nobody a round ends. The rest are still due, and come in the next one.
const UNREACHED_MOST: u32 = 8;

impl App {
    /// Refreshes what is due of one integration's connections, until told to stop.
    pub async fn refresh_due(
        &self,
        integration: PlatformKey,
        stop: &CancellationToken,
    ) -> Result<(), AppError> {
        let (unreached, failed) = (AtomicU32::new(0), AtomicU32::new(0));
        let is_over = || stop.is_cancelled() || unreached.load(Ordering::Relaxed) >= UNREACHED_MOST;
        loop {
            let due = refresh::due(&mut self.store(), integration, self.now(), BATCH).await?;
            let many = due.len();
            futures::stream::iter(due)
                .for_each_concurrent(AT_ONCE - LEFT, async |seen| {
                    if is_over() {
                        return;
                    }
                    match self.refreshed(seen).await {
                        Ok(Refreshed::NotNow {
                            unreachable: true, ..
                        }) => {
                            unreached.fetch_add(1, Ordering::Relaxed);
                        }
                        Ok(Refreshed::Anew | Refreshed::NotNow { .. } | Refreshed::Refused) => {}
                        // It is still due, and the others are not to wait for it.
                        Err(error) => {
                            failed.fetch_add(1, Ordering::Relaxed);
                            tracing::warn!(connection = %seen.connection, %error, cause = ?error, "a token could not be refreshed");
                        }
                    }
                })
                .await;
            // What failed here would be found again at once.
            if many < BATCH as usize || is_over() || failed.load(Ordering::Relaxed) > 0 {
                return Ok(());
            }
        }
    }
}
