//! Copies of a running database, their check, and the way back.

use std::fs::{File, OpenOptions};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use rusqlite::backup::{Backup, StepResult};
use rusqlite::{Connection, OpenFlags};

use super::failure::explain;
use super::lock::{self, beside};
use super::open;
use crate::migrate::Migration;
use crate::{BackupError, History, StoreError};

/// Pages copied at a time.
const STEP: i32 = 4096;

/// Writes the database as it is at this instant to the new file `to`, while it goes on being written.
pub(super) fn backup(from: &Path, to: &Path) -> Result<(), BackupError> {
    let source = open::reader(from, 1)?;
    let copy = || {
        // One snapshot for the whole copy: without it, each write would make SQLite start the copy again.
        source.execute_batch("BEGIN")?;
        source.query_row("SELECT count(*) FROM sqlite_schema", (), |_| Ok(()))
    };
    copy().map_err(|error| explain(&error))?;
    place(to, |partial| {
        copy_database(&source, partial).map_err(|error| BackupError::Store(explain(&error)))
    })
}

/// Checks a backup: that it is whole, and that this program can run on it.
pub(crate) fn verify(path: &Path, known: &'static [Migration]) -> Result<History, BackupError> {
    let unsound = |problem: String| BackupError::Unsound {
        path: path.display().to_string(),
        problem,
    };
    // To tell a missing or unreadable file from a damaged one.
    File::open(path).map_err(|source| file_error(path, source))?;
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let sqlite = |error: rusqlite::Error| {
        let error = explain(&error);
        if let StoreError::Corrupt(cause) = error {
            return unsound(cause.to_string());
        }
        BackupError::Store(error)
    };
    let connection = Connection::open_with_flags(path, flags).map_err(sqlite)?;
    if open::is_ours(&connection).map_err(sqlite)? != Some(true) {
        return Err(unsound("it is not a Handclasp database".to_owned()));
    }
    let finding: String = connection
        .query_row("PRAGMA integrity_check(1)", (), |row| row.get(0))
        .map_err(sqlite)?;
    if finding != "ok" {
        return Err(unsound(finding));
    }
    Ok(History::of(known, &open::applied(&connection)?)?)
}

/// Puts a checked backup in the place of a database that does not exist yet.
pub(crate) fn restore(
    from: &Path,
    to: &Path,
    known: &'static [Migration],
) -> Result<History, BackupError> {
    let verified = verify(from, known)?;
    let _lock = lock::acquire(to)?;
    for leftover in ["-wal", "-shm"].map(|suffix| beside(to, suffix)) {
        if leftover.exists() {
            // It would be taken for the restored file's own log.
            return Err(exists(&leftover));
        }
    }
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let source = Connection::open_with_flags(from, flags).map_err(|error| explain(&error))?;
    place(to, |partial| {
        copy_database(&source, partial).map_err(|error| BackupError::Store(explain(&error)))
    })?;
    Ok(verified)
}

fn copy_database(source: &Connection, to: &Path) -> rusqlite::Result<()> {
    let mut target = Connection::open(to)?;
    target.pragma_update(None, "synchronous", "FULL")?;
    let copy = Backup::new(source, &mut target)?;
    while copy.step(STEP)? != StepResult::Done {}
    drop(copy);
    // One file that stands by itself, without a log beside it.
    target.pragma_update_and_check(None, "journal_mode", "DELETE", |_| Ok(()))
}

/// Makes a file under another name and gives it its own when it is whole and on disk. Never writes over one.
fn place(
    to: &Path,
    make: impl FnOnce(&Path) -> Result<(), BackupError>,
) -> Result<(), BackupError> {
    if to.exists() {
        return Err(exists(to));
    }
    let partial = beside(to, ".partial");
    // From an attempt that was cut short.
    match std::fs::remove_file(&partial) {
        Err(source) if source.kind() != std::io::ErrorKind::NotFound => {
            return Err(file_error(&partial, source));
        }
        Ok(()) | Err(_) => {}
    }
    OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(0o600)
        .open(&partial)
        .map_err(|source| file_error(&partial, source))?;
    let made = make(&partial).and_then(|()| {
        let finish = || {
            File::open(&partial)?.sync_all()?;
            std::fs::rename(&partial, to)?;
            // The new name itself must be on disk too.
            File::open(folder(to))?.sync_all()
        };
        finish().map_err(|source| file_error(to, source))
    });
    if made.is_err() {
        // Best effort: what is left over is removed by the next attempt.
        drop(std::fs::remove_file(&partial));
    }
    made
}

fn folder(path: &Path) -> PathBuf {
    match path.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent.to_owned(),
        _ => PathBuf::from("."),
    }
}

fn exists(path: &Path) -> BackupError {
    BackupError::Exists {
        path: path.display().to_string(),
    }
}

fn file_error(path: &Path, source: std::io::Error) -> BackupError {
    BackupError::File {
        path: path.display().to_string(),
        source,
    }
}
