//! SQLite's errors as ours.

use rusqlite::ErrorCode;
use rusqlite::ffi;

use crate::StoreError;
use crate::error::Cause;

/// An error of a statement that steers the transaction.
#[derive(Debug)]
pub(super) struct Lost(pub(super) rusqlite::Error);

impl From<Lost> for StoreError {
    fn from(lost: Lost) -> Self {
        explain(&lost.0)
    }
}

/// What an error at COMMIT says about the work in it. After a failed write or sync of the log its pages may be on disk
/// or not, and a crash may bring them back.
pub(super) fn at_commit(lost: &Lost) -> StoreError {
    let error = explain(&lost.0);
    if let StoreError::Unavailable(cause) = error {
        return StoreError::CommitUnknown(cause);
    }
    error
}

/// What an error says. SQLite's messages name tables and columns, never values.
#[expect(
    clippy::wildcard_enum_match_arm,
    reason = "rusqlite's enums, of which a few matter"
)]
pub(super) fn explain(error: &rusqlite::Error) -> StoreError {
    let cause = || Cause::new(error.to_string());
    let rusqlite::Error::SqliteFailure(code, _) = error else {
        return StoreError::Statement(cause());
    };
    match code.code {
        ErrorCode::ConstraintViolation => match code.extended_code {
            ffi::SQLITE_CONSTRAINT_UNIQUE
            | ffi::SQLITE_CONSTRAINT_PRIMARYKEY
            | ffi::SQLITE_CONSTRAINT_ROWID => StoreError::UniqueViolation,
            _ => StoreError::ConstraintViolation(cause()),
        },
        ErrorCode::DiskFull => StoreError::Full,
        ErrorCode::DatabaseCorrupt | ErrorCode::NotADatabase => StoreError::Corrupt(cause()),
        ErrorCode::DatabaseBusy
        | ErrorCode::DatabaseLocked
        | ErrorCode::SystemIoFailure
        | ErrorCode::CannotOpen
        | ErrorCode::ReadOnly
        | ErrorCode::OutOfMemory
        | ErrorCode::PermissionDenied
        | ErrorCode::OperationInterrupted => StoreError::Unavailable(cause()),
        _ => StoreError::Statement(cause()),
    }
}
