//! Rows as they come back.

use handclasp_domain::Timestamp;
use uuid::Uuid;

use crate::StoreError;

/// One row of an answer.
pub struct Row(pub(crate) Cells);

pub(crate) enum Cells {
    Sqlite(Vec<rusqlite::types::Value>),
    Postgres(tokio_postgres::Row),
}

/// Shows how many columns there are and none of their content.
impl std::fmt::Debug for Row {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Row({} columns)", self.len())
    }
}

impl Row {
    /// The value in the column `index`, counted from zero.
    pub fn get<T: Column>(&self, index: usize) -> Result<T, StoreError> {
        if index >= self.len() {
            return Err(StoreError::statement(format!("no column {index}")));
        }
        T::read(match &self.0 {
            Cells::Sqlite(cells) => Cell(Source::Sqlite(&cells[index]), index),
            Cells::Postgres(row) => Cell(Source::Postgres(row), index),
        })
    }

    /// How many columns there are.
    pub fn len(&self) -> usize {
        match &self.0 {
            Cells::Sqlite(cells) => cells.len(),
            Cells::Postgres(row) => row.len(),
        }
    }

    /// Whether there is no column at all.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

/// One value of a row, not yet read.
#[derive(Clone, Copy)]
pub struct Cell<'a>(Source<'a>, usize);

#[derive(Clone, Copy)]
enum Source<'a> {
    Sqlite(&'a rusqlite::types::Value),
    Postgres(&'a tokio_postgres::Row),
}

/// What a column can be read as. Reading the wrong type, or NULL where `Option` was not asked for, is
/// [`StoreError::Corrupt`].
pub trait Column: Sized {
    /// Reads the value.
    fn read(cell: Cell<'_>) -> Result<Self, StoreError>;
}

impl Cell<'_> {
    fn wrong(self, wanted: &str) -> StoreError {
        StoreError::corrupt(format!("column {} is not {wanted}", self.1))
    }

    fn is_null(self) -> bool {
        match self.0 {
            Source::Sqlite(value) => *value == rusqlite::types::Value::Null,
            Source::Postgres(row) => row
                .try_get::<_, Option<Anything>>(self.1)
                .is_ok_and(|value| value.is_none()),
        }
    }
}

/// Reads nothing, from a column of any type: to see whether it is NULL.
struct Anything;

impl<'a> tokio_postgres::types::FromSql<'a> for Anything {
    fn from_sql(
        _: &tokio_postgres::types::Type,
        _: &'a [u8],
    ) -> Result<Self, Box<dyn std::error::Error + Sync + Send>> {
        Ok(Self)
    }

    fn accepts(_: &tokio_postgres::types::Type) -> bool {
        true
    }
}

impl Column for i64 {
    fn read(cell: Cell<'_>) -> Result<Self, StoreError> {
        let value = match cell.0 {
            Source::Sqlite(rusqlite::types::Value::Integer(value)) => Some(*value),
            Source::Sqlite(_) => None,
            Source::Postgres(row) => row
                .try_get::<_, i64>(cell.1)
                // A literal such as `SELECT 1` is a 32-bit number there.
                .or_else(|_| row.try_get::<_, i32>(cell.1).map(i64::from))
                .ok(),
        };
        value.ok_or_else(|| cell.wrong("a whole number"))
    }
}

impl Column for u32 {
    fn read(cell: Cell<'_>) -> Result<Self, StoreError> {
        Self::try_from(i64::read(cell)?).map_err(|_| cell.wrong("a number from 0 to 2³²-1"))
    }
}

impl Column for bool {
    fn read(cell: Cell<'_>) -> Result<Self, StoreError> {
        let value = match cell.0 {
            Source::Sqlite(rusqlite::types::Value::Integer(value @ (0 | 1))) => Some(*value == 1),
            Source::Sqlite(_) => None,
            Source::Postgres(row) => row.try_get(cell.1).ok(),
        };
        value.ok_or_else(|| cell.wrong("a truth value"))
    }
}

impl Column for String {
    fn read(cell: Cell<'_>) -> Result<Self, StoreError> {
        let value = match cell.0 {
            Source::Sqlite(rusqlite::types::Value::Text(value)) => Some(value.clone()),
            Source::Sqlite(_) => None,
            Source::Postgres(row) => row.try_get(cell.1).ok(),
        };
        value.ok_or_else(|| cell.wrong("a text"))
    }
}

impl Column for Vec<u8> {
    fn read(cell: Cell<'_>) -> Result<Self, StoreError> {
        let value = match cell.0 {
            Source::Sqlite(rusqlite::types::Value::Blob(value)) => Some(value.clone()),
            Source::Sqlite(_) => None,
            Source::Postgres(row) => row.try_get(cell.1).ok(),
        };
        value.ok_or_else(|| cell.wrong("bytes"))
    }
}

impl Column for Uuid {
    fn read(cell: Cell<'_>) -> Result<Self, StoreError> {
        let value = match cell.0 {
            Source::Sqlite(rusqlite::types::Value::Blob(value)) => Self::from_slice(value).ok(),
            Source::Sqlite(_) => None,
            Source::Postgres(row) => row.try_get(cell.1).ok(),
        };
        value.ok_or_else(|| cell.wrong("a UUID"))
    }
}

impl Column for Timestamp {
    fn read(cell: Cell<'_>) -> Result<Self, StoreError> {
        i64::read(cell).map(Self::from_micros)
    }
}

impl<T: Column> Column for Option<T> {
    fn read(cell: Cell<'_>) -> Result<Self, StoreError> {
        if cell.is_null() {
            return Ok(None);
        }
        T::read(cell).map(Some)
    }
}
