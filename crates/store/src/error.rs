//! What can go wrong in the database, as the callers need to tell it apart.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

/// The private cause of an error: for logs, never for an answer. It holds the engine's message without the
/// values it was about.
#[derive(Clone)]
pub struct Cause(Arc<str>);

impl Cause {
    pub(crate) fn new(text: impl Into<Arc<str>>) -> Self {
        Self(text.into())
    }
}

impl fmt::Display for Cause {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Debug for Cause {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&*self.0, f)
    }
}

impl std::error::Error for Cause {}

/// Why a unit of work on the database did not succeed. Unless the variant says otherwise, nothing of it was
/// kept. The displayed text may be shown to anyone; the cause ([`std::error::Error::source`]) is for logs.
#[derive(Debug, Clone, thiserror::Error)]
pub enum StoreError {
    /// More work is waiting than may wait: refused at once; or no connection became free in time. Nothing was tried.
    #[error("the database is busy")]
    Overloaded {
        /// When to come back.
        retry_after: Duration,
    },
    /// The database cannot be reached, or did not answer in time.
    #[error("the database is not available")]
    Unavailable(#[source] Cause),
    /// The connection was lost, or the disk failed, after COMMIT was sent: the work is kept or it is not. Ids are drawn
    /// before the body, so the caller settles it by looking the id up.
    #[error("whether the change was kept is not known")]
    CommitUnknown(#[source] Cause),
    /// Other transactions got in the way until the reruns were used up.
    #[error("the change kept colliding with others")]
    Conflict,
    /// A row with this key is there already.
    #[error("a row with this key exists")]
    UniqueViolation,
    /// A NOT NULL, CHECK or foreign key constraint does not hold.
    #[error("a constraint does not hold")]
    ConstraintViolation(#[source] Cause),
    /// [`crate::ReadTx::query_one`] found no row, or more than one.
    #[error("expected exactly one row")]
    NotOneRow,
    /// A body waited for something other than the database. That is a mistake in the body: it is refused and
    /// rolled back.
    #[error("a transaction waited for something other than the database")]
    Pended,
    /// A body panicked. It was rolled back, and nobody else noticed.
    #[error("a transaction panicked")]
    Panicked,
    /// The disk is full, or the database has its largest allowed size.
    #[error("the database's disk is full")]
    Full,
    /// What was read is not what was written: a damaged file, or a value of a wrong type or out of range.
    #[error("the database's content is damaged")]
    Corrupt(#[source] Cause),
    /// A statement does not fit the schema, or the call does not fit the statement. Found by the tests, not in
    /// operation.
    #[error("a statement is wrong")]
    Statement(#[source] Cause),
    /// A query that somebody wrote was stopped at its deadline.
    #[error("the query takes too long")]
    TooSlow,
    /// The store was closed.
    #[error("the database was closed")]
    Closed,
}

impl StoreError {
    /// Whether the same call may succeed when made again a little later. False too where it is not known
    /// whether it succeeded already.
    pub const fn is_retryable(&self) -> bool {
        match self {
            // Closed: this process is stopping, and the next one will do it.
            Self::Overloaded { .. }
            | Self::Unavailable(_)
            | Self::Conflict
            | Self::Full
            | Self::Closed => true,
            Self::CommitUnknown(_)
            | Self::UniqueViolation
            | Self::ConstraintViolation(_)
            | Self::NotOneRow
            | Self::Pended
            | Self::Panicked
            | Self::Corrupt(_)
            | Self::TooSlow
            | Self::Statement(_) => false,
        }
    }

    /// Whether a call that does no harm when made twice may succeed when made again a little later.
    pub const fn may_be_repeated(&self) -> bool {
        self.is_retryable() || matches!(self, Self::CommitUnknown(_))
    }

    pub(crate) fn statement(cause: impl Into<Arc<str>>) -> Self {
        Self::Statement(Cause::new(cause))
    }

    pub(crate) fn corrupt(cause: impl Into<Arc<str>>) -> Self {
        Self::Corrupt(Cause::new(cause))
    }

    pub(crate) fn unavailable(cause: impl Into<Arc<str>>) -> Self {
        Self::Unavailable(Cause::new(cause))
    }
}

/// Why a database could not be opened. The text is for the operator, who has to act on it.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// Another process has the SQLite file.
    #[error("{path} is in use by another process{holder}; one process at a time may have it", holder = holder.map(|pid| format!(" (process {pid})")).unwrap_or_default())]
    InUse {
        /// The database file.
        path: String,
        /// The other process, where it said who it is.
        holder: Option<u32>,
    },
    /// The file or its folder cannot be used.
    #[error("cannot open {path}")]
    File {
        /// The file.
        path: String,
        /// What the system says.
        #[source]
        source: std::io::Error,
    },
    /// There is no database, and none was to be made.
    #[error("{problem}")]
    Missing {
        /// What is not there: the file in its folder, or our tables in PostgreSQL's database.
        problem: String,
    },
    /// The file is a database of something else.
    #[error("{path} is not a Handclasp database")]
    NotOurs {
        /// The database file.
        path: String,
    },
    /// The database URL cannot be used.
    #[error("the database URL cannot be used: {0}")]
    Url(String),
    /// The database holds a migration that this program does not know: it was written by a later version.
    #[error(
        "the database was migrated by a later version of Handclasp (it has migration {version}); this version cannot run on it"
    )]
    Newer {
        /// The unknown migration.
        version: String,
    },
    /// A migration that was applied has another text than the one in this program.
    #[error("migration {version} was changed after it was applied to this database")]
    Changed {
        /// The migration.
        version: String,
    },
    /// A migration that was not applied is older than one that was.
    #[error(
        "migration {version} is older than what this database already has ({applied}), but was never applied to it"
    )]
    OutOfOrder {
        /// The one that is missing.
        version: String,
        /// The newest one applied.
        applied: String,
    },
    /// A migration names a type word that does not exist.
    #[error("migration {version} has the unknown word {word}")]
    UnknownWord {
        /// The migration.
        version: String,
        /// The word.
        word: String,
    },
    /// A migration failed. The database is as it was before.
    #[error("migration {version} failed")]
    Migration {
        /// The migration.
        version: String,
        /// The engine's message.
        #[source]
        source: StoreError,
    },
    /// The database answered with an error.
    #[error("the database cannot be opened")]
    Store(#[from] StoreError),
}

/// Why a backup could not be written, checked or restored.
#[derive(Debug, thiserror::Error)]
pub enum BackupError {
    /// Only the embedded database is backed up by Handclasp.
    #[error(
        "this database is PostgreSQL: back it up with pg_dump, or with your provider's snapshots"
    )]
    UsePgDump,
    /// The target exists. Nothing is ever written over.
    #[error("{path} exists already")]
    Exists {
        /// The target.
        path: String,
    },
    /// The backup is damaged or no backup of Handclasp.
    #[error("{path} is not a sound backup: {problem}")]
    Unsound {
        /// The backup.
        path: String,
        /// What is wrong with it.
        problem: String,
    },
    /// Opening the target failed.
    #[error(transparent)]
    Open(#[from] OpenError),
    /// A file could not be read or written.
    #[error("cannot use {path}")]
    File {
        /// The file.
        path: String,
        /// What the system says.
        #[source]
        source: std::io::Error,
    },
    /// The database failed.
    #[error("the backup failed")]
    Store(#[from] StoreError),
}
