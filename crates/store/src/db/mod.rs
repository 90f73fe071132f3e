//! The two engines. Nothing outside this module knows which one it runs on.

pub(crate) mod postgres;
pub(crate) mod sqlite;

use std::panic::{AssertUnwindSafe, catch_unwind};

use futures::future::BoxFuture;

use crate::{ReadTx, StoreError, Tx};

/// A body of a transaction that writes. It may be run more than once.
pub(crate) trait WriteBody<I, T, E>:
    for<'a> Fn(&'a mut Tx, &'a I) -> BoxFuture<'a, Result<T, E>> + Send + Sync + 'static
{
}
impl<I, T, E, F> WriteBody<I, T, E> for F where
    F: for<'a> Fn(&'a mut Tx, &'a I) -> BoxFuture<'a, Result<T, E>> + Send + Sync + 'static
{
}

/// A body of a transaction that reads. It may be run more than once.
pub(crate) trait ReadBody<I, T, E>:
    for<'a> Fn(&'a mut ReadTx, &'a I) -> BoxFuture<'a, Result<T, E>> + Send + Sync + 'static
{
}
impl<I, T, E, F> ReadBody<I, T, E> for F where
    F: for<'a> Fn(&'a mut ReadTx, &'a I) -> BoxFuture<'a, Result<T, E>> + Send + Sync + 'static
{
}

/// How a transaction that writes is isolated on PostgreSQL and queued on SQLite.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Lane {
    /// Somebody waits for it: SERIALIZABLE, first in the queue.
    Interactive,
    /// Work from tables that are queues: READ COMMITTED with row locks, after the interactive lane.
    Background,
}

/// Runs `work`, and turns a panic in it into an error. What `work` touched must not be used on afterwards other than to
/// throw it away or roll it back.
fn unpanicked<T>(name: &str, work: impl FnOnce() -> T) -> Result<T, StoreError> {
    catch_unwind(AssertUnwindSafe(work)).map_err(|_| {
        tracing::error!(name, "a transaction panicked");
        StoreError::Panicked
    })
}
