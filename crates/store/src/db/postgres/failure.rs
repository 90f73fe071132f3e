//! PostgreSQL's errors as ours.

use tokio_postgres::Error;
use tokio_postgres::error::SqlState;

use crate::StoreError;
use crate::error::Cause;

/// What an error says.
pub(super) fn explain(error: &Error) -> StoreError {
    let Some(answer) = error.as_db_error() else {
        if error.is_closed()
            || std::error::Error::source(error).is_some_and(|s| s.is::<std::io::Error>())
        {
            return StoreError::Unavailable(cause(error));
        }
        return StoreError::Statement(cause(error));
    };
    let code = answer.code();
    if *code == SqlState::UNIQUE_VIOLATION {
        return StoreError::UniqueViolation;
    }
    if *code == SqlState::T_R_SERIALIZATION_FAILURE || *code == SqlState::T_R_DEADLOCK_DETECTED {
        return StoreError::Conflict;
    }
    if *code == SqlState::DISK_FULL {
        return StoreError::Full;
    }
    // "cached plan must not change result type": the schema went on under a prepared statement. The connection is thrown
    // away and the work run again.
    let stale =
        *code == SqlState::FEATURE_NOT_SUPPORTED && answer.message().contains("cached plan");
    let class = code.code().get(..2).unwrap_or_default();
    match class {
        "23" => StoreError::ConstraintViolation(cause(error)),
        "XX" if code.code() != "XX000" => StoreError::Corrupt(cause(error)),
        // Connection, resources, operator intervention, system; and a server that has become read-only.
        "08" | "53" | "57" | "58" | "XX" => StoreError::Unavailable(cause(error)),
        _ if stale
            || *code == SqlState::READ_ONLY_SQL_TRANSACTION
            || *code == SqlState::LOCK_NOT_AVAILABLE
            || *code == SqlState::IDLE_IN_TRANSACTION_SESSION_TIMEOUT =>
        {
            StoreError::Unavailable(cause(error))
        }
        _ => StoreError::Statement(cause(error)),
    }
}

/// What an error at COMMIT says. Where the server itself says that the transaction failed, nothing was kept; where the
/// answer is missing, or comes from a server on its way down, nobody knows.
pub(super) fn at_commit(error: &Error) -> StoreError {
    let said_by_server = error.as_db_error().is_some();
    let cancelled = error.code() == Some(&SqlState::QUERY_CANCELED);
    let explained = explain(error);
    if said_by_server && (cancelled || !matches!(explained, StoreError::Unavailable(_))) {
        return explained;
    }
    StoreError::CommitUnknown(cause(error))
}

/// The code and the message without its details, which hold values.
pub(super) fn cause(error: &Error) -> Cause {
    Cause::new(match error.as_db_error() {
        Some(answer) => {
            let mut text = format!("{} {}", answer.code().code(), answer.message());
            for (what, name) in [
                ("table", answer.table()),
                ("column", answer.column()),
                ("constraint", answer.constraint()),
            ] {
                if let Some(name) = name {
                    text.push_str(&format!(", {what} {name}"));
                }
            }
            text
        }
        None => match std::error::Error::source(error) {
            Some(source) => format!("{error}: {source}"),
            None => error.to_string(),
        },
    })
}
