//! PostgreSQL, through a pool.

mod failure;
mod lease;
mod migrate;
mod run;
mod tls;

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use deadpool_postgres::{
    Manager, ManagerConfig, Pool, PoolError, RecyclingMethod, Runtime, Timeouts,
};
use futures::future::BoxFuture;
use tokio::time::{Instant, timeout_at};

pub(crate) use lease::Lease;

use self::lease::{Slot, Slots};
use self::run::{AsyncBody, MOST_RUNS, Run, backoff, once};
use super::{Lane, ReadBody, WriteBody};
use crate::{OpenError, ReadTx, Row, Statement, StoreError, StoreOptions, Tx, Value};

/// How long making a connection may take. Less than half of what a unit of work has, so that a second try fits.
const CONNECT_LIMIT: Duration = Duration::from_secs(2);
/// How long a connection is silent before it is asked whether it is still there, and how long it may take to answer.
const KEEPALIVE: Duration = Duration::from_secs(15);
/// When a refused caller may come back.
const RETRY_AFTER: Duration = Duration::from_secs(1);

/// A pool of connections to one PostgreSQL database.
pub(crate) struct Postgres {
    pool: Pool,
    prepared: bool,
    slots: Slots,
    first_slot: u32,
    /// Units under way, those waiting for a connection included.
    units: AtomicUsize,
    most_units: usize,
    time_limit: Duration,
    /// Each transaction's BEGIN: serializable, read committed, read only.
    begins: [Arc<str>; 3],
}

impl Postgres {
    pub(crate) async fn open(
        url: &str,
        pool_size: usize,
        prepared: bool,
        options: &StoreOptions,
    ) -> Result<Self, OpenError> {
        let (mut config, tls) = tls::parse(url)?;
        config.connect_timeout(CONNECT_LIMIT);
        config.tcp_user_timeout(options.time_limit);
        // A connection that a firewall forgot while it lay in the pool is found out before it is needed.
        config.keepalives_idle(KEEPALIVE);
        config.keepalives_interval(KEEPALIVE);
        config.keepalives_retries(2);
        if config.get_application_name().is_none() {
            config.application_name("handclasp");
        }
        migrate::run(&config, &tls, options.migrations).await?;

        // A statement whose caller gave up must not go on for long.
        let millis = options.time_limit.as_millis();
        let guard = if prepared {
            let own = config.get_options().unwrap_or_default();
            config.options(format!("{own} -c statement_timeout={millis}").trim());
            String::new()
        } else {
            // A pooler does not pass start-up options on, and keeps no session's settings.
            format!("; SET LOCAL statement_timeout = {millis}")
        };
        let begins = [
            "SERIALIZABLE",
            "READ COMMITTED",
            "REPEATABLE READ READ ONLY",
        ]
        .map(|level| format!("BEGIN ISOLATION LEVEL {level}{guard}").into());
        let manager = Manager::from_config(
            config,
            tls,
            ManagerConfig {
                recycling_method: RecyclingMethod::Fast,
            },
        );
        let pool_size = pool_size.max(1);
        let pool = Pool::builder(manager)
            .max_size(pool_size)
            .runtime(Runtime::Tokio1)
            .build()
            .map_err(|error| OpenError::Url(error.to_string()))?;
        let slots = u32::try_from(pool_size).unwrap_or(u32::MAX);
        Ok(Self {
            pool,
            prepared,
            slots: Arc::new(Mutex::new((0..slots).rev().collect())),
            first_slot: options.first_slot,
            units: AtomicUsize::new(0),
            most_units: options.queue_limit.saturating_add(pool_size),
            time_limit: options.time_limit,
            begins,
        })
    }

    /// Counts a unit in, or refuses it.
    fn admit(&self) -> Result<Admitted<'_>, StoreError> {
        let admitted = Admitted(&self.units);
        if self.units.fetch_add(1, Ordering::Relaxed) >= self.most_units {
            return Err(StoreError::Overloaded {
                retry_after: RETRY_AFTER,
            });
        }
        Ok(admitted)
    }

    async fn lease(&self, deadline: Instant) -> Result<Lease, StoreError> {
        let left = deadline.saturating_duration_since(Instant::now());
        let limits = Timeouts {
            wait: Some(left),
            create: Some(left.min(CONNECT_LIMIT)),
            recycle: Some(left),
        };
        // The pool counts each limit by itself. One who was let in only at the end of the wait must not take as long again.
        let Ok(got) = timeout_at(deadline, self.pool.timeout_get(&limits)).await else {
            return Err(run::late());
        };
        match got {
            Ok(object) => Ok(Lease::new(
                object,
                self.prepared,
                Slot::take(&self.slots, self.first_slot),
            )),
            Err(PoolError::Timeout(deadpool_postgres::TimeoutType::Wait)) => {
                Err(StoreError::Overloaded {
                    retry_after: RETRY_AFTER,
                })
            }
            Err(PoolError::Closed) => Err(StoreError::Closed),
            Err(PoolError::Backend(error)) => Err(unreachable(&error)),
            Err(error) => Err(StoreError::unavailable(error.to_string())),
        }
    }

    async fn run<S, T, E>(
        &self,
        name: &'static str,
        begin: &Arc<str>,
        body: &impl AsyncBody<S, T, E>,
    ) -> Result<T, E>
    where
        S: run::Scope,
        E: From<StoreError>,
    {
        let _admitted = self.admit()?;
        let deadline = Instant::now() + self.time_limit;
        let mut runs = 1;
        loop {
            let lease = self.lease(deadline).await?;
            match once(name, lease, begin, deadline, body).await {
                Run::Done(result) => return result,
                Run::Again(error) => {
                    metrics::counter!("handclasp_store_reruns_total", "name" => name).increment(1);
                    self.forget_if_broken(&error);
                    let wait = backoff(runs);
                    if runs == MOST_RUNS || Instant::now() + wait >= deadline {
                        return Err(error.into());
                    }
                    tokio::time::sleep(wait).await;
                    runs += 1;
                }
            }
        }
    }

    pub(crate) async fn write<I, T, E>(
        &self,
        lane: Lane,
        name: &'static str,
        input: I,
        body: impl WriteBody<I, T, E>,
    ) -> Result<T, E>
    where
        I: Send + Sync + 'static,
        T: Send + 'static,
        E: From<StoreError> + Send + 'static,
    {
        let begin = match lane {
            Lane::Interactive => &self.begins[0],
            Lane::Background => &self.begins[1],
        };
        self.run(name, begin, &Writes(&input, &body)).await
    }

    pub(crate) async fn read<I, T, E>(
        &self,
        name: &'static str,
        input: I,
        body: impl ReadBody<I, T, E>,
    ) -> Result<T, E>
    where
        I: Send + Sync + 'static,
        T: Send + 'static,
        E: From<StoreError> + Send + 'static,
    {
        self.run(name, &self.begins[2], &Reads(&input, &body)).await
    }

    pub(crate) async fn query(
        &self,
        statement: &'static Statement,
        values: &[Value<'_>],
    ) -> Result<Vec<Row>, StoreError> {
        let _admitted = self.admit()?;
        let deadline = Instant::now() + self.time_limit;
        let mut runs = 1;
        loop {
            let mut lease = self.lease(deadline).await?;
            let rows = timeout_at(deadline, lease.query(statement, values)).await;
            match rows {
                Ok(Err(error @ StoreError::Unavailable(_))) => {
                    // A connection that broke while it lay in the pool. Nothing was changed, so ask again.
                    lease.close();
                    self.forget_if_broken(&error);
                    if runs == MOST_RUNS {
                        return Err(error);
                    }
                    runs += 1;
                }
                Ok(rows) => {
                    lease.keep();
                    return rows;
                }
                Err(_) => {
                    lease.close();
                    return Err(run::late());
                }
            }
        }
    }

    /// Where one connection broke others did, when the server went away; and where a prepared statement no longer fits the
    /// schema, it fits on no connection.
    fn forget_if_broken(&self, error: &StoreError) {
        if matches!(error, StoreError::Unavailable(_)) {
            self.pool.retain(|client, _| !client.is_closed());
            self.pool.manager().statement_caches.clear();
        }
    }

    pub(crate) fn close(&self) {
        self.pool.close();
    }
}

/// A unit under way.
struct Admitted<'a>(&'a AtomicUsize);

impl Drop for Admitted<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}

/// Whatever the reason for which a connection cannot be made, a wrong password included, the database is not available.
fn unreachable(error: &tokio_postgres::Error) -> StoreError {
    StoreError::Unavailable(failure::cause(error))
}

struct Writes<'b, I, F>(&'b I, &'b F);

impl<I, T, E, F> AsyncBody<Tx, T, E> for Writes<'_, I, F>
where
    I: Send + Sync,
    F: WriteBody<I, T, E>,
{
    fn call<'a>(&'a self, tx: &'a mut Tx) -> BoxFuture<'a, Result<T, E>> {
        (self.1)(tx, self.0)
    }
}

struct Reads<'b, I, F>(&'b I, &'b F);

impl<I, T, E, F> AsyncBody<ReadTx, T, E> for Reads<'_, I, F>
where
    I: Send + Sync,
    F: ReadBody<I, T, E>,
{
    fn call<'a>(&'a self, tx: &'a mut ReadTx) -> BoxFuture<'a, Result<T, E>> {
        (self.1)(tx, self.0)
    }
}
