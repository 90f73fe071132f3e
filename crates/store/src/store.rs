//! The store: three ways in, whichever the engine.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Instant;

use futures::future::BoxFuture;
use handclasp_domain::Timestamp;

use crate::db::Lane;
use crate::db::postgres::Postgres;
use crate::db::sqlite::{self, Sqlite};
use crate::migrate::{self, Applied};
use crate::{
    BackupError, Database, Engine, MIGRATIONS, Migration, OpenError, ReadTx, Row, Statement,
    StoreError, StoreOptions, Tx, Value,
};

/// The database. Cheap to clone; all clones are one.
///
/// A body gets the transaction and its input by reference, so that it can be run again: on PostgreSQL it is, when
/// another transaction got in its way. It awaits nothing but the transaction's own methods. Ids, sealed values and
/// hashes are made before and handed in.
///
/// ```no_run
/// # use handclasp_store::{Store, StoreError, Tx, statements, values};
/// # use handclasp_domain::CompanyId;
/// # statements! { RENAME = "UPDATE company SET name = $2 WHERE id = $1"; }
/// # async fn rename(store: &Store, company: CompanyId, name: String) -> Result<bool, StoreError> {
/// store
///     .write("rename_company", (company, name), |tx: &mut Tx, (company, name)| {
///         Box::pin(async move { Ok(tx.execute(&RENAME, values![company, name]).await? == 1) })
///     })
///     .await
/// # }
/// ```
#[derive(Clone)]
pub struct Store(Arc<Inner>);

enum Inner {
    Sqlite(Sqlite),
    Postgres(Postgres),
}

impl std::fmt::Debug for Store {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Store({:?})", self.engine())
    }
}

/// How far a database, or a sound backup of one, is migrated.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct History {
    /// The newest migration in it; none in an empty one.
    pub version: Option<String>,
    /// How many migrations bringing it up to date will apply.
    pub pending: usize,
}

impl History {
    pub(crate) fn of(known: &'static [Migration], applied: &[Applied]) -> Result<Self, OpenError> {
        Ok(Self {
            version: applied.last().map(|past| past.version.clone()),
            pending: migrate::pending(known, applied)?.len(),
        })
    }
}

impl Store {
    /// Opens the database and brings its schema up to date, under a lock, unless it is to be opened as it is. Refuses a database
    /// that a later version migrated, one whose history was changed, and, on SQLite, one that another process has.
    pub async fn open(options: StoreOptions) -> Result<Self, OpenError> {
        let inner = match &options.database {
            Database::Sqlite { path } => {
                Inner::Sqlite(Sqlite::open(path.clone(), options.clone()).await?)
            }
            Database::Postgres {
                url,
                pool_size,
                prepared_statements,
            } => Inner::Postgres(
                Postgres::open(url, *pool_size, *prepared_statements, &options).await?,
            ),
        };
        Ok(Self(Arc::new(inner)))
    }

    /// Which engine it is.
    pub fn engine(&self) -> Engine {
        match &*self.0 {
            Inner::Sqlite(_) => Engine::Sqlite,
            Inner::Postgres(_) => Engine::Postgres,
        }
    }

    /// Runs a command of the domain in one transaction, SERIALIZABLE on PostgreSQL. An answer is given after what the body did
    /// is on disk; `Err` rolls it back. `name` is for logs and metrics.
    pub async fn write<I, T, E, F>(&self, name: &'static str, input: I, body: F) -> Result<T, E>
    where
        I: Send + Sync + 'static,
        T: Send + 'static,
        E: From<StoreError> + Send + 'static,
        F: for<'a> Fn(&'a mut Tx, &'a I) -> BoxFuture<'a, Result<T, E>> + Send + Sync + 'static,
    {
        self.transact(Lane::Interactive, name, input, body).await
    }

    /// Runs a command of the domain that leaves a mark of its own, such as an audit entry whose id was drawn for it. Where the
    /// database's answer to COMMIT was lost, `left` looks for the mark: it tells whether the command was carried out, and where
    /// it was not, it is run again. So a [`StoreError::CommitUnknown`] never gets out, and nothing is done twice.
    pub async fn write_marked<I, E, F, L>(
        &self,
        name: &'static str,
        input: I,
        body: F,
        left: L,
    ) -> Result<(), E>
    where
        I: Send + Sync + 'static,
        E: From<StoreError> + Send + 'static,
        F: for<'a> Fn(&'a mut Tx, &'a I) -> BoxFuture<'a, Result<(), E>>
            + Copy
            + Send
            + Sync
            + 'static,
        L: for<'a> Fn(&'a mut ReadTx, &'a I) -> BoxFuture<'a, Result<bool, StoreError>>
            + Copy
            + Send
            + Sync
            + 'static,
    {
        let input = Arc::new(input);
        let mut lost = 0;
        loop {
            let run = self.write(
                name,
                Arc::clone(&input),
                move |tx: &mut Tx, input: &Arc<I>| {
                    Box::pin(async move { body(tx, input).await.map_err(Said::Body) })
                },
            );
            let said = match run.await {
                Ok(()) => return Ok(()),
                Err(said) => said,
            };
            if matches!(said, Said::Store(StoreError::CommitUnknown(_))) {
                tracing::warn!(
                    name,
                    "the answer to COMMIT was lost; looking for what it left"
                );
                lost += 1;
            } else if lost == 0 {
                return Err(said.into_error());
            }
            // Also where the second run met what the first one left after it was looked for.
            let found = self.read("look_for_mark", Arc::clone(&input), move |tx, input| {
                left(tx, input)
            });
            match (found.await?, said) {
                (true, _) => return Ok(()),
                (false, Said::Store(StoreError::CommitUnknown(_))) if lost < LOST_MOST => {}
                (false, Said::Store(StoreError::CommitUnknown(cause))) => {
                    return Err(StoreError::Unavailable(cause).into());
                }
                (false, said) => return Err(said.into_error()),
            }
        }
    }

    /// Runs a step of background work in one transaction: claims, attempts, logs, purges. READ COMMITTED on
    /// PostgreSQL, where rows are taken by `FOR UPDATE SKIP LOCKED`; after waiting [`Store::write`]s on SQLite. It touches 500
    /// rows at most.
    pub async fn queue<I, T, E, F>(&self, name: &'static str, input: I, body: F) -> Result<T, E>
    where
        I: Send + Sync + 'static,
        T: Send + 'static,
        E: From<StoreError> + Send + 'static,
        F: for<'a> Fn(&'a mut Tx, &'a I) -> BoxFuture<'a, Result<T, E>> + Send + Sync + 'static,
    {
        self.transact(Lane::Background, name, input, body).await
    }

    async fn transact<I, T, E, F>(
        &self,
        lane: Lane,
        name: &'static str,
        input: I,
        body: F,
    ) -> Result<T, E>
    where
        I: Send + Sync + 'static,
        T: Send + 'static,
        E: From<StoreError> + Send + 'static,
        F: for<'a> Fn(&'a mut Tx, &'a I) -> BoxFuture<'a, Result<T, E>> + Send + Sync + 'static,
    {
        let started = Instant::now();
        let result = match &*self.0 {
            Inner::Sqlite(sqlite) => sqlite.write(lane, name, input, body).await,
            Inner::Postgres(postgres) => postgres.write(lane, name, input, body).await,
        };
        measure(name, started, result.is_ok());
        result
    }

    /// Runs several reads that see the database at one instant.
    pub async fn read<I, T, E, F>(&self, name: &'static str, input: I, body: F) -> Result<T, E>
    where
        I: Send + Sync + 'static,
        T: Send + 'static,
        E: From<StoreError> + Send + 'static,
        F: for<'a> Fn(&'a mut ReadTx, &'a I) -> BoxFuture<'a, Result<T, E>> + Send + Sync + 'static,
    {
        let started = Instant::now();
        let result = match &*self.0 {
            Inner::Sqlite(sqlite) => sqlite.read(name, input, body).await,
            Inner::Postgres(postgres) => postgres.read(name, input, body).await,
        };
        measure(name, started, result.is_ok());
        result
    }

    /// All rows of one read by itself, in one round trip.
    pub async fn query(
        &self,
        statement: &'static Statement,
        values: &[Value<'_>],
    ) -> Result<Vec<Row>, StoreError> {
        crate::tx::check(statement, values)?;
        let started = Instant::now();
        let rows = match &*self.0 {
            Inner::Sqlite(sqlite) => sqlite.query(statement, values).await,
            Inner::Postgres(postgres) => postgres.query(statement, values).await,
        };
        measure(statement.name(), started, rows.is_ok());
        rows
    }

    /// The only row of one read by itself, or none. More than one is [`StoreError::NotOneRow`].
    pub async fn query_opt(
        &self,
        statement: &'static Statement,
        values: &[Value<'_>],
    ) -> Result<Option<Row>, StoreError> {
        let mut rows = self.query(statement, values).await?;
        if rows.len() > 1 {
            return Err(StoreError::NotOneRow);
        }
        Ok(rows.pop())
    }

    /// Whether the database answers.
    pub async fn ping(&self) -> Result<(), StoreError> {
        self.query(&PING, &[]).await.map(drop)
    }

    /// How far the database is migrated. Fails where this program does not fit it, as opening it would. For one that was opened
    /// [`crate::Opening::AsItIs`].
    pub async fn history(&self) -> Result<History, OpenError> {
        let rows = self.query(&migrate::APPLIED, &[]).await?;
        let applied = rows
            .iter()
            .map(Applied::read)
            .collect::<Result<Vec<_>, _>>()?;
        History::of(MIGRATIONS, &applied)
    }

    /// The time by the database's own clock; none where that is this machine's.
    pub async fn clock(&self) -> Result<Option<Timestamp>, StoreError> {
        match &*self.0 {
            Inner::Sqlite(_) => Ok(None),
            Inner::Postgres(postgres) => postgres.clock().await.map(Some),
        }
    }

    /// Writes a copy of the SQLite database as it is now to the new file `path`, while the store goes on. The file has its name
    /// only once it is whole and on disk. Sealed records stay sealed in it.
    pub async fn backup_to(&self, path: impl Into<PathBuf>) -> Result<(), BackupError> {
        match &*self.0 {
            Inner::Sqlite(sqlite) => sqlite.backup_to(path.into()).await,
            Inner::Postgres(_) => Err(BackupError::UsePgDump),
        }
    }

    /// Checks that a file is a sound backup on which this program can run. Reads all of it.
    pub async fn verify(path: impl AsRef<Path>) -> Result<History, BackupError> {
        let path = path.as_ref().to_owned();
        blocking(move || sqlite::verify(&path, MIGRATIONS)).await
    }

    /// Checks a backup and copies it to `to`, where no database may be yet.
    pub async fn restore(
        backup: impl AsRef<Path>,
        to: impl AsRef<Path>,
    ) -> Result<History, BackupError> {
        let (backup, to) = (backup.as_ref().to_owned(), to.as_ref().to_owned());
        blocking(move || sqlite::restore(&backup, &to, MIGRATIONS)).await
    }

    /// Takes no more work, finishes what was taken, and gives the database back. Every clone is closed by it.
    pub async fn close(&self) {
        match &*self.0 {
            Inner::Sqlite(sqlite) => sqlite.close().await,
            Inner::Postgres(postgres) => postgres.close(),
        }
    }
}

/// How often an answer to COMMIT may be lost before the database counts as not available.
const LOST_MOST: u32 = 3;

/// Who says that a command failed.
enum Said<E> {
    Body(E),
    Store(StoreError),
}

impl<E> From<StoreError> for Said<E> {
    fn from(error: StoreError) -> Self {
        Self::Store(error)
    }
}

impl<E: From<StoreError>> Said<E> {
    fn into_error(self) -> E {
        match self {
            Self::Body(error) => error,
            Self::Store(error) => error.into(),
        }
    }
}

crate::statements! {
    /// Asks nothing.
    pub(crate) PING = "SELECT 1";
}

fn measure(name: &'static str, started: Instant, ok: bool) {
    let outcome = if ok { "ok" } else { "error" };
    metrics::histogram!("handclasp_store_seconds", "name" => name, "outcome" => outcome)
        .record(started.elapsed());
}

async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, BackupError> + Send + 'static,
) -> Result<T, BackupError> {
    match tokio::task::spawn_blocking(work).await {
        Ok(result) => result,
        Err(_) => Err(BackupError::Store(StoreError::Panicked)),
    }
}
