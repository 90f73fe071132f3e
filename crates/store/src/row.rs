//! Rows as they come back.

use handclasp_domain::Timestamp;
use rusqlite::types::ValueRef;
use uuid::Uuid;

use crate::StoreError;

/// One row of an answer.
pub struct Row(pub(crate) Cells);

pub(crate) enum Cells {
    Sqlite(Kept),
    Postgres(tokio_postgres::Row),
}

/// A row of SQLite's, which keeps none: its values, and one after the other the bytes of those that have some. So a row takes two
/// allocations however many columns it has.
pub(crate) struct Kept {
    cells: Box<[KeptCell]>,
    bytes: Vec<u8>,
}

/// A value; of one with bytes, where they end.
#[derive(Clone, Copy)]
enum KeptCell {
    Null,
    Integer(i64),
    Real(f64),
    Text(usize),
    Blob(usize),
}

impl Kept {
    /// Keeps the values of the row that a query has come to.
    pub(crate) fn of(row: &rusqlite::Row<'_>, columns: usize) -> rusqlite::Result<Self> {
        let mut bytes = Vec::with_capacity(16 * columns);
        let cells = (0..columns).map(|index| {
            Ok(match row.get_ref(index)? {
                ValueRef::Null => KeptCell::Null,
                ValueRef::Integer(value) => KeptCell::Integer(value),
                ValueRef::Real(value) => KeptCell::Real(value),
                ValueRef::Text(value) => {
                    bytes.extend_from_slice(value);
                    KeptCell::Text(bytes.len())
                }
                ValueRef::Blob(value) => {
                    bytes.extend_from_slice(value);
                    KeptCell::Blob(bytes.len())
                }
            })
        });
        let cells = cells.collect::<rusqlite::Result<_>>()?;
        Ok(Self { cells, bytes })
    }

    fn get(&self, index: usize) -> ValueRef<'_> {
        let bytes = |end: usize| {
            let ends = self.cells[..index]
                .iter()
                .rev()
                .find_map(|cell| match cell {
                    KeptCell::Text(end) | KeptCell::Blob(end) => Some(*end),
                    KeptCell::Null | KeptCell::Integer(_) | KeptCell::Real(_) => None,
                });
            &self.bytes[ends.unwrap_or(0)..end]
        };
        match self.cells[index] {
            KeptCell::Null => ValueRef::Null,
            KeptCell::Integer(value) => ValueRef::Integer(value),
            KeptCell::Real(value) => ValueRef::Real(value),
            KeptCell::Text(end) => ValueRef::Text(bytes(end)),
            KeptCell::Blob(end) => ValueRef::Blob(bytes(end)),
        }
    }
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
            Cells::Sqlite(kept) => Cell(Source::Sqlite(kept.get(index)), index),
            Cells::Postgres(row) => Cell(Source::Postgres(row), index),
        })
    }

    /// How many columns there are.
    pub fn len(&self) -> usize {
        match &self.0 {
            Cells::Sqlite(kept) => kept.cells.len(),
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
    Sqlite(ValueRef<'a>),
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
            Source::Sqlite(value) => value == ValueRef::Null,
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
            Source::Sqlite(ValueRef::Integer(value)) => Some(value),
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
            Source::Sqlite(ValueRef::Integer(value @ (0 | 1))) => Some(value == 1),
            Source::Sqlite(_) => None,
            Source::Postgres(row) => row.try_get(cell.1).ok(),
        };
        value.ok_or_else(|| cell.wrong("a truth value"))
    }
}

impl Column for String {
    fn read(cell: Cell<'_>) -> Result<Self, StoreError> {
        let value = match cell.0 {
            Source::Sqlite(ValueRef::Text(value)) => String::from_utf8(value.to_vec()).ok(),
            Source::Sqlite(_) => None,
            Source::Postgres(row) => row.try_get(cell.1).ok(),
        };
        value.ok_or_else(|| cell.wrong("a text"))
    }
}

impl Column for Vec<u8> {
    fn read(cell: Cell<'_>) -> Result<Self, StoreError> {
        let value = match cell.0 {
            Source::Sqlite(ValueRef::Blob(value)) => Some(value.to_vec()),
            Source::Sqlite(_) => None,
            Source::Postgres(row) => row.try_get(cell.1).ok(),
        };
        value.ok_or_else(|| cell.wrong("bytes"))
    }
}

impl Column for Uuid {
    fn read(cell: Cell<'_>) -> Result<Self, StoreError> {
        let value = match cell.0 {
            Source::Sqlite(ValueRef::Blob(value)) => Self::from_slice(value).ok(),
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
