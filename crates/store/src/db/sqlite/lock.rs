//! One process at a time.

use std::fs::{File, OpenOptions, TryLockError};
use std::io::{Read, Seek, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use crate::OpenError;

/// Keeps other processes off a database file while it lives.
pub(super) struct FileLock(#[expect(dead_code, reason = "the lock ends with the open file")] File);

/// `beside(db, ".lock")` is `db.lock`.
pub(super) fn beside(path: &Path, suffix: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(suffix);
    name.into()
}

/// Takes `<database>.lock`. The file stays when the lock ends: removing it would let a third process lock a new one while
/// a second still waits for the old.
pub(super) fn acquire(database: &Path) -> Result<FileLock, OpenError> {
    let path = beside(database, ".lock");
    let failed = |source| OpenError::File {
        path: path.display().to_string(),
        source,
    };
    let mut file = OpenOptions::new()
        .read(true)
        .write(true)
        .create(true)
        .truncate(false)
        .mode(0o600)
        .open(&path)
        .map_err(failed)?;
    match file.try_lock() {
        Ok(()) => {}
        Err(TryLockError::WouldBlock) => {
            let mut holder = String::new();
            // Only to say who: what cannot be read is left out.
            let holder = file
                .read_to_string(&mut holder)
                .ok()
                .and_then(|_| holder.trim().parse().ok());
            return Err(OpenError::InUse {
                path: database.display().to_string(),
                holder,
            });
        }
        Err(TryLockError::Error(source)) => return Err(failed(source)),
    }
    file.set_len(0)
        .and_then(|()| file.rewind())
        .and_then(|()| writeln!(file, "{}", std::process::id()))
        .map_err(failed)?;
    Ok(FileLock(file))
}
