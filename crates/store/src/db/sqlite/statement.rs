//! Statements on a SQLite connection.

use std::time::Instant;

use rusqlite::types::{ToSqlOutput, ValueRef};
use rusqlite::{CachedStatement, Connection, ErrorCode, ToSql};

use super::failure::explain;
use crate::row::{Cells, Kept};
use crate::{Composed, Row, Statement, StoreError, Value};

/// A parameter that crosses to a reader's thread.
pub(super) struct Owned(rusqlite::types::Value);

impl From<&Value<'_>> for Owned {
    fn from(value: &Value<'_>) -> Self {
        use rusqlite::types::Value as Cell;
        Self(match value {
            Value::Null => Cell::Null,
            Value::Int(number) => Cell::Integer(*number),
            Value::Bool(truth) => Cell::Integer(i64::from(*truth)),
            Value::Text(text) => Cell::Text((*text).to_owned()),
            Value::Bytes(bytes) => Cell::Blob(bytes.to_vec()),
            Value::Uuid(uuid) => Cell::Blob(uuid.as_bytes().to_vec()),
        })
    }
}

impl ToSql for Owned {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        self.0.to_sql()
    }
}

impl ToSql for Value<'_> {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        Ok(ToSqlOutput::Borrowed(match self {
            Value::Null => ValueRef::Null,
            Value::Int(number) => ValueRef::Integer(*number),
            Value::Bool(truth) => ValueRef::Integer(i64::from(*truth)),
            Value::Text(text) => ValueRef::Text(text.as_bytes()),
            Value::Bytes(bytes) => ValueRef::Blob(bytes),
            Value::Uuid(uuid) => ValueRef::Blob(uuid.as_bytes()),
        }))
    }
}

fn prepare<'c, V: ToSql>(
    connection: &'c Connection,
    statement: &Statement,
    values: &[V],
) -> rusqlite::Result<CachedStatement<'c>> {
    let mut prepared = connection.prepare_cached(statement.sqlite())?;
    bind(&mut prepared, values)?;
    Ok(prepared)
}

fn bind<V: ToSql>(prepared: &mut rusqlite::Statement<'_>, values: &[V]) -> rusqlite::Result<()> {
    for (index, value) in values.iter().enumerate() {
        prepared.raw_bind_parameter(index + 1, value)?;
    }
    Ok(())
}

fn rows(prepared: &mut rusqlite::Statement<'_>, most: usize) -> rusqlite::Result<Vec<Row>> {
    let columns = prepared.column_count();
    let mut found = Vec::new();
    let mut rows = prepared.raw_query();
    while found.len() < most
        && let Some(row) = rows.next()?
    {
        found.push(Row(Cells::Sqlite(Kept::of(row, columns)?)));
    }
    Ok(found)
}

/// All rows.
pub(crate) fn query(
    connection: &Connection,
    statement: &Statement,
    values: &[Value<'_>],
) -> Result<Vec<Row>, StoreError> {
    prepare(connection, statement, values)
        .and_then(|mut prepared| rows(&mut prepared, usize::MAX))
        .map_err(|error| explain(&error))
}

/// How many steps of SQLite's machine are made between two looks at the clock: about a tenth of a millisecond.
const STEPS: i32 = 5_000;

/// All rows of a composed query, which is interrupted at `deadline`.
pub(crate) fn query_composed(
    connection: &mut Connection,
    composed: &Composed,
    deadline: Instant,
) -> Result<Vec<Row>, StoreError> {
    let watch = move || Instant::now() >= deadline;
    let found = connection
        .progress_handler(STEPS, Some(watch))
        .and_then(|()| {
            if composed.is_kept() {
                let mut prepared = connection.prepare_cached(composed.sqlite())?;
                bind(&mut prepared, &composed.values())?;
                return rows(&mut prepared, usize::MAX);
            }
            let mut prepared = connection.prepare(composed.sqlite())?;
            bind(&mut prepared, &composed.values())?;
            rows(&mut prepared, usize::MAX)
        });
    let unwatched = connection.progress_handler(0, None::<fn() -> bool>);
    match (found, unwatched) {
        (Ok(rows), Ok(())) => Ok(rows),
        (Err(error), _) if error.sqlite_error_code() == Some(ErrorCode::OperationInterrupted) => {
            Err(StoreError::TooSlow)
        }
        (Err(error), _) | (Ok(_), Err(error)) => Err(explain(&error)),
    }
}

pub(super) fn query_owned(
    connection: &Connection,
    statement: &Statement,
    values: &[Owned],
) -> Result<Vec<Row>, StoreError> {
    prepare(connection, statement, values)
        .and_then(|mut prepared| rows(&mut prepared, usize::MAX))
        .map_err(|error| explain(&error))
}

/// The only row, or none.
pub(crate) fn query_opt(
    connection: &Connection,
    statement: &Statement,
    values: &[Value<'_>],
) -> Result<Option<Row>, StoreError> {
    let mut found = prepare(connection, statement, values)
        .and_then(|mut prepared| rows(&mut prepared, 2))
        .map_err(|error| explain(&error))?;
    if found.len() > 1 {
        return Err(StoreError::NotOneRow);
    }
    Ok(found.pop())
}

/// Runs a statement that gives no rows; how many it touched.
pub(crate) fn execute(
    connection: &Connection,
    statement: &Statement,
    values: &[Value<'_>],
) -> Result<u64, StoreError> {
    prepare(connection, statement, values)
        .and_then(|mut prepared| prepared.raw_execute())
        .map(|count| count as u64)
        .map_err(|error| explain(&error))
}

/// Runs a statement for each of `rows`; how many rows it touched in all.
pub(crate) fn execute_many(
    connection: &Connection,
    statement: &Statement,
    rows: &[Vec<Value<'_>>],
) -> Result<u64, StoreError> {
    let run = || {
        let mut prepared = connection.prepare_cached(statement.sqlite())?;
        let mut count = 0;
        for values in rows {
            bind(&mut prepared, values)?;
            count += prepared.raw_execute()? as u64;
        }
        Ok(count)
    };
    run().map_err(|error| explain(&error))
}
