//! PostgreSQL, through a pool.

mod ahead;
mod failure;
mod lease;
mod migrate;
mod run;
mod tls;

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use deadpool_postgres::{
    Manager, ManagerConfig, Pool, PoolError, RecyclingMethod, Runtime, TimeoutType, Timeouts,
};
use futures::future::BoxFuture;
use handclasp_domain::Timestamp;
use tokio::time::{Instant, timeout_at};

pub(crate) use lease::Lease;

use self::lease::{Slot, Slots};
use self::run::{AsyncBody, MOST_RUNS, Run, backoff, once};
use super::{Lane, ReadBody, WriteBody};
use crate::{OpenError, Opening, ReadTx, Row, Statement, StoreError, StoreOptions, Tx, Value};

/// How long making a connection may take. Less than half of what a unit of work has, so that a second try fits.
const CONNECT_LIMIT: Duration = Duration::from_secs(2);
/// How long a connection is silent before it is asked whether it is still there, and how long it may take to answer.
const KEEPALIVE: Duration = Duration::from_secs(15);
/// One of so many connections is for background work.
const BACKGROUND_PART: usize = 3;
/// Whatever is joined is looked up row by row in an index. Left to itself the server may plan, while a table is small or was never
/// analyzed, to go through all of a client's rows for each page, and stay with that plan. Compiling a plan takes longer than running it.
const PLANS: &str = "-c enable_hashjoin=off -c enable_mergejoin=off -c enable_material=off";
/// When a refused caller may come back.
const RETRY_AFTER: Duration = Duration::from_secs(1);

/// Connections to one PostgreSQL database.
pub(crate) struct Postgres {
    /// For requests, and all that reads.
    interactive: Connections,
    /// For background work. A pool of its own: however many requests wait, a process goes on showing that it is alive.
    background: Connections,
    prepared: bool,
    slots: Slots,
    first_slot: u32,
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
        match options.opening {
            Opening::UpToDate => migrate::run(&config, &tls, options.migrations).await?,
            Opening::AsItIs => migrate::look(&config, &tls).await?,
        }

        // A statement whose caller gave up must not go on for long.
        let millis = options.time_limit.as_millis();
        let guard = if prepared {
            let own = config.get_options().unwrap_or_default();
            // A plan for whatever values come, made once: the tests look at those. Left to itself the server would plan each page of a
            // list anew, since it can't know how short a page is.
            let plans = format!("-c plan_cache_mode=force_generic_plan -c jit=off {PLANS}");
            config.options(format!("{plans} {own} -c statement_timeout={millis}"));
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
        let pool_size = pool_size.max(2);
        let of_background = (pool_size / BACKGROUND_PART).max(1);
        let connections = |size: usize| -> Result<Connections, OpenError> {
            let recycling = ManagerConfig {
                recycling_method: RecyclingMethod::Fast,
            };
            let manager = Manager::from_config(config.clone(), tls.clone(), recycling);
            let pool = Pool::builder(manager)
                .max_size(size)
                .runtime(Runtime::Tokio1)
                .build()
                .map_err(|error| OpenError::Url(error.to_string()))?;
            Ok(Connections {
                pool,
                units: AtomicUsize::new(0),
                most_units: options.queue_limit.saturating_add(size),
            })
        };
        let slots = u32::try_from(pool_size).unwrap_or(u32::MAX);
        Ok(Self {
            interactive: connections(pool_size - of_background)?,
            background: connections(of_background)?,
            prepared,
            slots: Arc::new(Mutex::new((0..slots).rev().collect())),
            first_slot: options.first_slot,
            time_limit: options.time_limit,
            begins,
        })
    }

    const fn of(&self, lane: Lane) -> &Connections {
        match lane {
            Lane::Interactive => &self.interactive,
            Lane::Background => &self.background,
        }
    }

    async fn lease(&self, lane: Lane, deadline: Instant) -> Result<Lease, StoreError> {
        loop {
            match self.try_lease(lane, deadline).await {
                // The server is there and busy. A connection that hangs is given up, and another tried while there is time.
                Err(PoolError::Timeout(TimeoutType::Create)) if Instant::now() < deadline => {}
                Ok(lease) => return Ok(lease),
                Err(PoolError::Timeout(TimeoutType::Wait)) => {
                    return Err(StoreError::Overloaded {
                        retry_after: RETRY_AFTER,
                    });
                }
                Err(PoolError::Closed) => return Err(StoreError::Closed),
                Err(PoolError::Backend(error)) => return Err(unreachable(&error)),
                Err(
                    error @ (PoolError::Timeout(_)
                    | PoolError::NoRuntimeSpecified
                    | PoolError::PostCreateHook(_)),
                ) => return Err(StoreError::unavailable(error.to_string())),
            }
        }
    }

    async fn try_lease(&self, lane: Lane, deadline: Instant) -> Result<Lease, PoolError> {
        let left = deadline.saturating_duration_since(Instant::now());
        let limits = Timeouts {
            wait: Some(left),
            create: Some(left.min(CONNECT_LIMIT)),
            recycle: Some(left),
        };
        // The pool counts each limit by itself. One who was let in only at the end of the wait must not take as long again.
        let object = timeout_at(deadline, self.of(lane).pool.timeout_get(&limits))
            .await
            .unwrap_or(Err(PoolError::Timeout(TimeoutType::Create)))?;
        let slot = Slot::take(&self.slots, self.first_slot);
        Ok(Lease::new(object, self.prepared, self.time_limit, slot))
    }

    async fn run<S, T, E>(
        &self,
        lane: Lane,
        name: &'static str,
        begin: &Arc<str>,
        body: &impl AsyncBody<S, T, E>,
    ) -> Result<T, E>
    where
        S: run::Scope,
        E: From<StoreError>,
    {
        let _admitted = self.of(lane).admit()?;
        let deadline = Instant::now() + self.time_limit;
        let mut runs = 1;
        loop {
            let lease = self.lease(lane, deadline).await?;
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
        self.run(lane, name, begin, &Writes(&input, &body)).await
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
        let (lane, begin) = (Lane::Interactive, &self.begins[2]);
        self.run(lane, name, begin, &Reads(&input, &body)).await
    }

    pub(crate) async fn query(
        &self,
        statement: &'static Statement,
        values: &[Value<'_>],
    ) -> Result<Vec<Row>, StoreError> {
        let lane = Lane::Interactive;
        let _admitted = self.of(lane).admit()?;
        let deadline = Instant::now() + self.time_limit;
        let mut runs = 1;
        loop {
            let mut lease = self.lease(lane, deadline).await?;
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
            for lane in [&self.interactive, &self.background] {
                lane.pool.retain(|client, _| !client.is_closed());
                lane.pool.manager().statement_caches.clear();
            }
        }
    }

    pub(crate) async fn clock(&self) -> Result<Timestamp, StoreError> {
        let deadline = Instant::now() + self.time_limit;
        let lease = self.lease(Lane::Interactive, deadline).await?;
        let now = timeout_at(deadline, lease.now()).await;
        match now {
            Ok(Ok(now)) => {
                lease.keep();
                Ok(now)
            }
            Ok(Err(error)) => {
                lease.close();
                Err(error)
            }
            Err(_) => {
                lease.close();
                Err(run::late())
            }
        }
    }

    pub(crate) fn close(&self) {
        self.interactive.pool.close();
        self.background.pool.close();
    }
}

/// A pool, with how many wait for it.
struct Connections {
    pool: Pool,
    /// Units under way, those waiting for a connection included.
    units: AtomicUsize,
    most_units: usize,
}

impl Connections {
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
