//! Transactions on PostgreSQL: begin, run the body, commit; again where others got in the way.

use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use futures::FutureExt;
use tokio::time::{Instant, timeout_at};

use super::lease::Lease;
use crate::error::Cause;
use crate::tx::Session;
use crate::{ReadTx, StoreError, Tx};

/// How often a body is run at most.
pub(super) const MOST_RUNS: u32 = 10;
/// How long COMMIT and ROLLBACK may take even where the time limit is used up: to cut them off would only make
/// the outcome unknown.
const END_LIMIT: Duration = Duration::from_millis(400);

/// What became of one run.
pub(super) enum Run<T, E> {
    /// It is over.
    Done(Result<T, E>),
    /// Nothing of it was kept, and the same may succeed when run again.
    Again(StoreError),
}

/// A transaction that can be begun on a lease and taken apart again.
pub(super) trait Scope: Send {
    fn new(lease: Lease) -> Self;
    fn reads(&mut self) -> &mut ReadTx;
    fn into_reads(self) -> ReadTx;
    /// Whether there is nothing that COMMIT would keep.
    const ONLY_READS: bool;
}

impl Scope for Tx {
    const ONLY_READS: bool = false;
    fn new(lease: Lease) -> Self {
        Self::new(Session::Postgres(lease))
    }
    fn reads(&mut self) -> &mut ReadTx {
        self
    }
    fn into_reads(self) -> ReadTx {
        self.into_inner()
    }
}

impl Scope for ReadTx {
    const ONLY_READS: bool = true;
    fn new(lease: Lease) -> Self {
        Self::new(Session::Postgres(lease))
    }
    fn reads(&mut self) -> &mut ReadTx {
        self
    }
    fn into_reads(self) -> ReadTx {
        self
    }
}

/// Runs a body once, from `begin`, which is sent with its first statement, to COMMIT.
pub(super) async fn once<S, T, E>(
    name: &'static str,
    lease: Lease,
    begin: &Arc<str>,
    deadline: Instant,
    body: &impl AsyncBody<S, T, E>,
) -> Run<T, E>
where
    S: Scope,
    E: From<StoreError>,
{
    let mut scope = S::new(lease.begin(Arc::clone(begin)));
    let ran = {
        // Called inside, so that a panic before the first await is caught too.
        let run = async { body.call(&mut scope).await };
        timeout_at(deadline, AssertUnwindSafe(run).catch_unwind()).await
    };
    let failed = scope.reads().take_failure();
    let Session::Postgres(lease) = scope.into_reads().session else {
        return Run::Done(Err(StoreError::Closed.into()));
    };
    let end = deadline.max(Instant::now() + END_LIMIT);
    let result = match ran {
        Err(_) => {
            lease.close();
            return Run::Done(Err(late().into()));
        }
        Ok(Err(_panic)) => {
            tracing::error!(name, "a transaction panicked");
            roll_back(lease, end).await;
            return Run::Done(Err(StoreError::Panicked.into()));
        }
        Ok(Ok(result)) => result,
    };
    match (result, failed) {
        (_, Some(error @ StoreError::Conflict)) => {
            roll_back(lease, end).await;
            Run::Again(error)
        }
        (_, Some(error @ StoreError::Unavailable(_))) => {
            // The connection, or the server behind it, is going away.
            lease.close();
            Run::Again(error)
        }
        (Err(error), _) => {
            roll_back(lease, end).await;
            Run::Done(Err(error))
        }
        (Ok(_), Some(error)) => {
            roll_back(lease, end).await;
            Run::Done(Err(error.into()))
        }
        (Ok(value), None) if S::ONLY_READS => {
            lease.end_reading();
            Run::Done(Ok(value))
        }
        (Ok(value), None) => commit(lease, end, value).await,
    }
}

async fn commit<T, E: From<StoreError>>(mut lease: Lease, end: Instant, value: T) -> Run<T, E> {
    if !lease.has_work() {
        lease.keep();
        return Run::Done(Ok(value));
    }
    match timeout_at(end, lease.commit()).await {
        Ok(Ok(())) => {
            lease.keep();
            Run::Done(Ok(value))
        }
        Ok(Err(StoreError::Conflict)) => {
            lease.keep();
            Run::Again(StoreError::Conflict)
        }
        Ok(Err(error)) => {
            lease.close();
            Run::Done(Err(error.into()))
        }
        Err(_) => {
            lease.close();
            let unknown = StoreError::CommitUnknown(Cause::new("no answer to COMMIT in time"));
            Run::Done(Err(unknown.into()))
        }
    }
}

async fn roll_back(lease: Lease, end: Instant) {
    if !lease.is_open() {
        lease.keep();
        return;
    }
    match timeout_at(end, lease.control("ROLLBACK")).await {
        Ok(Ok(())) => lease.keep(),
        Ok(Err(_)) | Err(_) => lease.close(),
    }
}

pub(super) fn late() -> StoreError {
    StoreError::unavailable("the database did not answer in time")
}

/// A body with its input, to be called on a transaction. A trait of its own because the future borrows the transaction.
pub(super) trait AsyncBody<S, T, E>: Send + Sync {
    fn call<'a>(&'a self, scope: &'a mut S) -> futures::future::BoxFuture<'a, Result<T, E>>;
}

/// How long to wait before run number `run + 1`: up to 1 ms, 2, 4 … 64, spread so that those who collided once do not
/// meet again.
pub(super) fn backoff(run: u32) -> Duration {
    static DRAWN: AtomicU64 = AtomicU64::new(0);
    // splitmix64 over a counter: spread evenly, and nothing that needs to be unpredictable.
    let mut word = DRAWN
        .fetch_add(1, Ordering::Relaxed)
        .wrapping_mul(0x9e37_79b9_7f4a_7c15);
    word = (word ^ (word >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    word ^= word >> 27;
    let most = 1_000_u64 << run.saturating_sub(1).min(6);
    Duration::from_micros(most / 4 + word % (most * 3 / 4))
}
