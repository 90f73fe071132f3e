//! The embedded engine: one thread that writes, several that read.

mod backup;
mod failure;
mod lanes;
mod lock;
mod open;
mod reader;
mod share;
mod statement;
mod unit;
mod writer;

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::{oneshot, watch};

pub(crate) use backup::{restore, verify};
pub(crate) use statement::{execute, execute_many, query, query_composed, query_opt};

use self::lanes::{Lanes, Refused};
use self::reader::{ReadUnit, Reading, Single};
use self::unit::{Unit, Writing};
use super::{Lane, ReadBody, WriteBody};
use crate::error::Cause;
use crate::{BackupError, OpenError, Opening, Row, Statement, StoreError, StoreOptions, Value};

/// When a refused caller may come back: by then thousands of waiting units have been worked off.
const RETRY_AFTER: Duration = Duration::from_secs(1);

/// An open SQLite database.
pub(crate) struct Sqlite {
    path: PathBuf,
    writes: Arc<Lanes<Box<dyn Unit>>>,
    reads: Arc<Lanes<Box<dyn ReadUnit>>>,
    /// Turns true, or loses its sender, when the last thread of its kind has ended.
    reading_ended: watch::Receiver<()>,
    writing_ended: watch::Receiver<()>,
}

impl Sqlite {
    pub(crate) async fn open(path: PathBuf, options: StoreOptions) -> Result<Self, OpenError> {
        match tokio::task::spawn_blocking(move || Self::open_here(&path, &options)).await {
            Ok(opened) => opened,
            Err(_) => Err(OpenError::Store(StoreError::Panicked)),
        }
    }

    fn open_here(path: &Path, options: &StoreOptions) -> Result<Self, OpenError> {
        let as_it_is = options.opening == Opening::AsItIs;
        if as_it_is {
            open::look(path)?;
        }
        let lock = lock::acquire(path)?;
        let mut connection = open::writer(path, options.max_bytes)?;
        if as_it_is {
            open::has_history(&connection, path)?;
        } else {
            open::migrate(&mut connection, options.migrations)?;
        }

        let count = options.readers.max(1);
        let readers = (0..count)
            .map(|_| open::reader(path, count))
            .collect::<Result<Vec<_>, _>>()?;

        let (reading, reading_ended) = watch::channel(());
        let (writing, writing_ended) = watch::channel(());
        // From here on, failing drops it, which ends the threads that were started.
        let store = Self {
            path: path.to_owned(),
            writes: Arc::new(Lanes::new(options.queue_limit)),
            reads: Arc::new(Lanes::new(options.queue_limit)),
            reading_ended,
            writing_ended,
        };
        for (number, connection) in readers.into_iter().enumerate() {
            let lanes = Arc::clone(&store.reads);
            let reading = reading.clone();
            spawn(path, format!("sqlite-reader-{number}"), move || {
                reader::run(connection, &lanes);
                drop(reading);
            })?;
        }
        let lanes = Arc::clone(&store.writes);
        spawn(path, "sqlite-writer".to_owned(), move || {
            writer::run(connection, &lanes);
            drop(lock);
            drop(writing);
        })?;
        Ok(store)
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
        let (answer, answered) = oneshot::channel();
        let unit = Box::new(Writing::new(name, input, body, answer));
        self.writes.push(lane, unit).map_err(refused)?;
        answered.await.unwrap_or_else(|_| Err(lost().into()))
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
        let (answer, answered) = oneshot::channel();
        let unit = Box::new(Reading::new(name, input, body, answer));
        self.reads.push(Lane::Interactive, unit).map_err(refused)?;
        answered
            .await
            .unwrap_or_else(|_| Err(StoreError::Closed.into()))
    }

    pub(crate) async fn query(
        &self,
        statement: &'static Statement,
        values: &[Value<'_>],
    ) -> Result<Vec<Row>, StoreError> {
        let (answer, answered) = oneshot::channel();
        let unit = Box::new(Single::new(statement, values, answer));
        self.reads.push(Lane::Interactive, unit).map_err(refused)?;
        answered.await.unwrap_or(Err(StoreError::Closed))
    }

    pub(crate) async fn backup_to(&self, to: PathBuf) -> Result<(), BackupError> {
        let from = self.path.clone();
        match tokio::task::spawn_blocking(move || backup::backup(&from, &to)).await {
            Ok(result) => result,
            Err(_) => Err(BackupError::Store(StoreError::Panicked)),
        }
    }

    /// Takes no more work, waits for what was taken, checkpoints, and gives the file back.
    pub(crate) async fn close(&self) {
        self.reads.close();
        ended(&self.reading_ended).await;
        // Only now: the last connection to close folds the log into the file.
        self.writes.close();
        ended(&self.writing_ended).await;
    }
}

/// The last handle is gone: the threads finish what was taken and end by themselves.
impl Drop for Sqlite {
    fn drop(&mut self) {
        self.reads.close();
        self.writes.close();
    }
}

async fn ended(threads: &watch::Receiver<()>) {
    // Nothing is ever sent: this returns when the last sender is gone.
    while threads.clone().changed().await.is_ok() {}
}

fn refused(refused: Refused) -> StoreError {
    match refused {
        Refused::Full => StoreError::Overloaded {
            retry_after: RETRY_AFTER,
        },
        Refused::Closed => StoreError::Closed,
    }
}

/// The writer went away with an accepted unit: only when its thread died.
fn lost() -> StoreError {
    StoreError::CommitUnknown(Cause::new("the writer ended without an answer"))
}

fn spawn(path: &Path, name: String, work: impl FnOnce() + Send + 'static) -> Result<(), OpenError> {
    match std::thread::Builder::new().name(name).spawn(work) {
        Ok(_) => Ok(()),
        Err(source) => Err(OpenError::File {
            path: path.display().to_string(),
            source,
        }),
    }
}
