//! How a store is opened.

use std::path::PathBuf;
use std::time::Duration;

use crate::{MIGRATIONS, Migration};

/// Which database.
#[derive(Clone)]
pub enum Database {
    /// The embedded one: a file, and beside it its `-wal`, `-shm` and `.lock`.
    Sqlite {
        /// The file. Its folder must exist; the file is made, readable by its owner only, where it is missing.
        path: PathBuf,
    },
    /// PostgreSQL 15 or later.
    Postgres {
        /// `postgres://user:password@host:port/database?sslmode=require`. `sslmode` is `disable`, `prefer`, `require` or
        /// `verify-full`. Whenever TLS is spoken, the server's certificate is checked against its name and the system's
        /// roots (or those in `sslrootcert`, a PEM file). Without `sslmode`: `disable` on a Unix socket and on
        /// loopback, `require` elsewhere.
        url: String,
        /// How many connections at most: two at least, of which a third is for background work.
        pool_size: usize,
        /// Whether statements are prepared once per connection and kept. Off for a pooler in transaction mode,
        /// such as PgBouncer before 1.21.
        prepared_statements: bool,
    },
}

/// Hides the URL, which may hold a password.
impl std::fmt::Debug for Database {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Sqlite { path } => f.debug_struct("Sqlite").field("path", path).finish(),
            Self::Postgres {
                pool_size,
                prepared_statements,
                ..
            } => f
                .debug_struct("Postgres")
                .field("pool_size", pool_size)
                .field("prepared_statements", prepared_statements)
                .finish_non_exhaustive(),
        }
    }
}

/// What opening may do to the database.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Opening {
    /// It is made where it is missing, and its schema is brought up to date.
    UpToDate,
    /// It must be there, and is left as it is: to look at it or to copy it, whichever version wrote it. What
    /// [`crate::Store::history`] says of it is to be seen before anything else is read.
    AsItIs,
}

/// How a store is opened. [`StoreOptions::new`] has the defaults.
#[derive(Debug, Clone)]
pub struct StoreOptions {
    /// Which database.
    pub database: Database,
    /// What opening may do to it. Default: bring it up to date.
    pub opening: Opening,
    /// How many units of work may wait for the database, interactive and background ones counted apart; one more is
    /// answered [`crate::StoreError::Overloaded`]. Default 4,096.
    pub queue_limit: usize,
    /// How long one unit of work may take on PostgreSQL in all, waiting and reruns included; then it is
    /// [`crate::StoreError::Unavailable`]. Default 4.5 s, so that an answer comes within 5.
    pub time_limit: Duration,
    /// Threads that read, on SQLite. Default: as many as there are processors, 2 to 8.
    pub readers: usize,
    /// The largest size of the SQLite file in bytes; beyond it a write is [`crate::StoreError::Full`].
    /// Default: none.
    pub max_bytes: Option<u64>,
    /// The number of the first slot that [`crate::Tx::slot`] gives out on PostgreSQL. Replicas with ranges of their own do not
    /// meet in the same counters. Default 0.
    pub first_slot: u32,
    /// The schema. Default: the product's, [`MIGRATIONS`]; the store's own tests have others.
    pub migrations: &'static [Migration],
}

impl StoreOptions {
    /// The defaults, for this database.
    pub fn new(database: Database) -> Self {
        Self {
            database,
            opening: Opening::UpToDate,
            queue_limit: 4096,
            time_limit: Duration::from_millis(4500),
            readers: std::thread::available_parallelism()
                .map_or(2, std::num::NonZero::get)
                .clamp(2, 8),
            max_bytes: None,
            first_slot: 0,
            migrations: MIGRATIONS,
        }
    }
}
