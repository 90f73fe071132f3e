//! Opening a SQLite file and bringing its schema up to date.

use std::fs::OpenOptions;
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;
use std::time::Duration;

use rusqlite::config::DbConfig;
use rusqlite::{Connection, OpenFlags, TransactionBehavior};

use super::failure::explain;
use super::statement::{execute, query};
use crate::migrate::{self, Applied, Engine, Migration};
use crate::{OpenError, StoreError, values};

/// "HClp", in the file's header: whose database it is.
const APPLICATION_ID: i32 = 0x4843_6c70;
/// After how many pages of 4 KiB the log is folded into the database. At a start after a kill this much is read.
const LOG_FOLDED: i64 = 4_000;
/// How large the log's file stays after it was folded in, in bytes.
const LOG_KEPT: i64 = 64 * 1024 * 1024;
/// How much all readers together keep of what they read at most, in KiB.
const READERS_CACHE: usize = 32 * 1024;
/// More than there are statements, so that each is prepared once.
const PREPARED: usize = 1024;

/// Makes sure that there is a database, before a lock or a file is made beside it.
pub(super) fn look(path: &Path) -> Result<(), OpenError> {
    match std::fs::metadata(path) {
        Ok(found) if found.len() > 0 => Ok(()),
        Err(source) if source.kind() != std::io::ErrorKind::NotFound => Err(OpenError::File {
            path: path.display().to_string(),
            source,
        }),
        Ok(_) | Err(_) => Err(missing(path)),
    }
}

/// Makes sure that what is there was ever migrated: a process may have been killed between making a database and filling it.
pub(super) fn has_history(connection: &Connection, path: &Path) -> Result<(), OpenError> {
    match applied(connection) {
        Ok(_) => Ok(()),
        Err(StoreError::Statement(_)) => Err(missing(path)),
        Err(error) => Err(OpenError::Store(error)),
    }
}

fn missing(path: &Path) -> OpenError {
    let folder = path.parent().unwrap_or(path).display();
    OpenError::Missing {
        problem: format!("there is no database in {folder}"),
    }
}

/// The connection that writes.
pub(super) fn writer(path: &Path, max_bytes: Option<u64>) -> Result<Connection, OpenError> {
    // SQLite would make it readable by everyone; its log and index inherit the mode.
    OpenOptions::new()
        .write(true)
        .create(true)
        .truncate(false)
        .mode(0o600)
        .open(path)
        .map_err(|source| OpenError::File {
            path: path.display().to_string(),
            source,
        })?;
    let connection = open(path, OpenFlags::SQLITE_OPEN_READ_WRITE)?;
    own(&connection, path)?;
    let setup = || {
        let mode: String =
            connection.pragma_update_and_check(None, "journal_mode", "WAL", |row| row.get(0))?;
        // FULL: COMMIT returns when the log is on disk.
        connection.pragma_update(None, "synchronous", "FULL")?;
        connection.pragma_update(None, "fullfsync", true)?;
        connection.pragma_update(None, "foreign_keys", true)?;
        connection.pragma_update(None, "cache_size", -16_384)?;
        // What a transaction may have to take back is kept in memory: a batch is small, and a file for it costs more than the rest.
        connection.pragma_update(None, "temp_store", "MEMORY")?;
        // Pages that change in every batch are folded in once for many of them.
        connection.pragma_update_and_check(None, "wal_autocheckpoint", LOG_FOLDED, |_| Ok(()))?;
        // A log that grew during a backup or a long read gives its space back.
        connection.pragma_update_and_check(None, "journal_size_limit", LOG_KEPT, |_| Ok(()))?;
        if let Some(bytes) = max_bytes {
            let page: i64 = connection.pragma_query_value(None, "page_size", |row| row.get(0))?;
            let bytes = i64::try_from(bytes).unwrap_or(i64::MAX);
            connection.pragma_update(None, "max_page_count", (bytes / page.max(1)).max(1))?;
        }
        Ok(mode)
    };
    let mode: String = setup().map_err(|error| explain(&error))?;
    if !mode.eq_ignore_ascii_case("wal") {
        return Err(OpenError::Store(StoreError::unavailable(format!(
            "the file system does not take a write-ahead log (journal mode {mode})"
        ))));
    }
    Ok(connection)
}

/// A connection that only reads, one of so many.
pub(super) fn reader(path: &Path, of: usize) -> Result<Connection, OpenError> {
    let cache = i64::try_from(READERS_CACHE / of.max(1)).unwrap_or(i64::MAX);
    let connection = open(path, OpenFlags::SQLITE_OPEN_READ_ONLY)?;
    connection
        .pragma_update(None, "query_only", true)
        // A page of a list of a million companies touches over 2 MB, SQLite's default: with that it would read all of it anew each time.
        // Below 0 it counts in KiB.
        .and_then(|()| connection.pragma_update(None, "cache_size", -cache))
        .map_err(|error| explain(&error))?;
    Ok(connection)
}

fn open(path: &Path, access: OpenFlags) -> Result<Connection, OpenError> {
    let flags = access | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let connect = || {
        let connection = Connection::open_with_flags(path, flags)?;
        connection.busy_timeout(Duration::from_secs(5))?;
        connection.set_prepared_statement_cache_capacity(PREPARED);
        // Plans must not hang on the values that are bound: a statement whose plan does is prepared anew at every use.
        connection.set_db_config(DbConfig::SQLITE_DBCONFIG_ENABLE_QPSG, true)?;
        Ok(connection)
    };
    connect().map_err(|error| OpenError::Store(explain(&error)))
}

/// Marks an empty database as ours, and refuses one that is something else's.
fn own(connection: &Connection, path: &Path) -> Result<(), OpenError> {
    let not_ours = || OpenError::NotOurs {
        path: path.display().to_string(),
    };
    match is_ours(connection) {
        Ok(Some(true)) => Ok(()),
        Ok(Some(false)) => Err(not_ours()),
        Ok(None) => connection
            .pragma_update(None, "application_id", APPLICATION_ID)
            .map_err(|error| OpenError::Store(explain(&error))),
        Err(error) => {
            let error = explain(&error);
            if matches!(error, StoreError::Corrupt(_)) {
                return Err(not_ours());
            }
            Err(OpenError::Store(error))
        }
    }
}

/// Whether the database is Handclasp's; none where it is empty.
pub(super) fn is_ours(connection: &Connection) -> rusqlite::Result<Option<bool>> {
    let id: i32 = connection.pragma_query_value(None, "application_id", |row| row.get(0))?;
    let tables: i64 =
        connection.query_row("SELECT count(*) FROM sqlite_schema", (), |row| row.get(0))?;
    Ok(match (id, tables) {
        (APPLICATION_ID, _) => Some(true),
        (0, 0) => None,
        _ => Some(false),
    })
}

/// Applies what is missing, all or nothing. The lock is the transaction's: there is one writer.
pub(super) fn migrate(
    connection: &mut Connection,
    known: &'static [Migration],
) -> Result<(), OpenError> {
    let failed = |error: rusqlite::Error| OpenError::Store(explain(&error));
    let tx = connection
        .transaction_with_behavior(TransactionBehavior::Immediate)
        .map_err(failed)?;
    let bookkeeping = migrate::for_engine("0", migrate::BOOKKEEPING, Engine::Sqlite)?;
    tx.execute_batch(&bookkeeping).map_err(failed)?;
    let pending = migrate::pending(known, &applied(&tx)?)?;
    for (migration, checksum) in pending {
        let sql = migrate::for_engine(migration.version, migration.sql, Engine::Sqlite)?;
        tx.execute_batch(&sql)
            .map_err(|error| OpenError::Migration {
                version: migration.version.to_owned(),
                source: explain(&error),
            })?;
        let row = values![migration.version, migration.name, &checksum];
        execute(&tx, &migrate::APPLY, row)?;
        tracing::info!(
            version = migration.version,
            name = migration.name,
            "migrated the database"
        );
    }
    tx.commit().map_err(failed)
}

/// The history that the database holds.
pub(super) fn applied(connection: &Connection) -> Result<Vec<Applied>, StoreError> {
    query(connection, &migrate::APPLIED, &[])?
        .iter()
        .map(Applied::read)
        .collect()
}

#[cfg(test)]
mod tests {
    use rusqlite::StatementStatus;

    use super::*;

    /// What no test from outside can see: that COMMIT waits for the disk.
    #[test]
    fn the_writer_syncs_each_commit() {
        let folder = tempfile::tempdir().unwrap();
        let connection = writer(&folder.path().join("store.db"), None).unwrap();
        let setting = |name| -> String {
            connection
                .pragma_query_value(None, name, |row| {
                    row.get_ref(0).map(|value| format!("{value:?}"))
                })
                .unwrap()
        };
        assert_eq!(setting("synchronous"), "Integer(2)");
        assert!(setting("journal_mode").starts_with("Text"));
        let reader = reader(&folder.path().join("store.db"), 1).unwrap();
        assert!(reader.execute_batch("CREATE TABLE t (id INTEGER)").is_err());
    }
    #[test]
    fn each_statement_is_prepared_once_however_often_it_runs() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("store.db");
        let mut connection = writer(&path, None).unwrap();
        migrate(&mut connection, migrate::MIGRATIONS).unwrap();
        let mut again = Vec::new();
        for statement in crate::registry::statements() {
            let sql = statement.sqlite();
            // Some are for PostgreSQL alone.
            let Ok(mut prepared) = connection.prepare(sql) else {
                continue;
            };
            for value in 1..4_i64 {
                for parameter in 1..=prepared.parameter_count() {
                    let value = value + i64::try_from(parameter).unwrap();
                    prepared.raw_bind_parameter(parameter, value).unwrap();
                }
                // The values fit no column: what comes of it is of no interest here.
                let _came = prepared.raw_query().next().is_ok();
            }
            if prepared.get_status(StatementStatus::RePrepare) > 0 {
                again.push(sql);
            }
        }
        assert_eq!(again, Vec::<&str>::new());
    }
}
