//! What a transaction's body works with.

use std::ops::{Deref, DerefMut};
use std::time::Instant;

use crate::db::{postgres, sqlite};
use crate::{Composed, Engine, Row, Statement, StoreError, Value};

/// The connection a body works on.
pub(crate) enum Session {
    Sqlite(rusqlite::Connection),
    Postgres(postgres::Lease),
}

/// Reads inside one transaction: all of them see the database at one instant.
///
/// After a statement has failed, the transaction is lost on either engine: later statements give the same error, and
/// a body that ends well all the same is rolled back and answered with it. To insert what may be there
/// already, write `ON CONFLICT … DO NOTHING` and look at the count.
pub struct ReadTx {
    pub(crate) session: Session,
    failed: Option<StoreError>,
    busy: bool,
}

/// Reads and writes inside one transaction. Everything that reads is on [`ReadTx`], which this dereferences to.
pub struct Tx(ReadTx);

impl Deref for Tx {
    type Target = ReadTx;
    fn deref(&self) -> &ReadTx {
        &self.0
    }
}

impl DerefMut for Tx {
    fn deref_mut(&mut self) -> &mut ReadTx {
        &mut self.0
    }
}

impl ReadTx {
    pub(crate) fn new(session: Session) -> Self {
        Self {
            session,
            failed: None,
            busy: false,
        }
    }

    /// All rows.
    pub async fn query(
        &mut self,
        statement: &'static Statement,
        values: &[Value<'_>],
    ) -> Result<Vec<Row>, StoreError> {
        self.start(statement, values)?;
        let rows = match &mut self.session {
            Session::Sqlite(connection) => sqlite::query(connection, statement, values),
            Session::Postgres(lease) => lease.query(statement, values).await,
        };
        self.end(rows)
    }

    /// All rows of each of these statements, which take the same values. On PostgreSQL they are sent without waiting for each other's
    /// answers.
    pub(crate) async fn query_each<const N: usize>(
        &mut self,
        statements: [&'static Statement; N],
        values: &[Value<'_>],
    ) -> Result<[Vec<Row>; N], StoreError> {
        for statement in statements {
            self.start(statement, values)?;
        }
        let rows = match &mut self.session {
            Session::Sqlite(connection) => statements
                .iter()
                .map(|statement| sqlite::query(connection, statement, values))
                .collect(),
            Session::Postgres(lease) => lease.query_each(&statements, values).await,
        };
        let rows: Vec<Vec<Row>> = self.end(rows)?;
        rows.try_into().map_err(|_| StoreError::NotOneRow)
    }

    /// The only row, or none. More than one is [`StoreError::NotOneRow`].
    pub async fn query_opt(
        &mut self,
        statement: &'static Statement,
        values: &[Value<'_>],
    ) -> Result<Option<Row>, StoreError> {
        self.start(statement, values)?;
        let row = match &mut self.session {
            Session::Sqlite(connection) => sqlite::query_opt(connection, statement, values),
            Session::Postgres(lease) => lease.query_opt(statement, values).await,
        };
        self.end(row)
    }

    /// The only row. None, or more than one, is [`StoreError::NotOneRow`].
    pub async fn query_one(
        &mut self,
        statement: &'static Statement,
        values: &[Value<'_>],
    ) -> Result<Row, StoreError> {
        let row = self.query_opt(statement, values).await?;
        row.ok_or(StoreError::NotOneRow)
    }

    /// All rows of a composed query, which is stopped where it is not done by `deadline`: [`StoreError::TooSlow`].
    pub(crate) async fn query_composed(
        &mut self,
        composed: &Composed,
        deadline: Instant,
    ) -> Result<Vec<Row>, StoreError> {
        if let Some(error) = &self.failed {
            return Err(error.clone());
        }
        self.busy = true;
        let rows = match &mut self.session {
            Session::Sqlite(connection) => sqlite::query_composed(connection, composed, deadline),
            Session::Postgres(lease) => lease.query_composed(composed, deadline).await,
        };
        self.end(rows)
    }

    /// Which engine this runs on. Seldom needed: the SQL is the same.
    pub const fn engine(&self) -> Engine {
        match self.session {
            Session::Sqlite(_) => Engine::Sqlite,
            Session::Postgres(_) => Engine::Postgres,
        }
    }

    fn start(&mut self, statement: &Statement, values: &[Value<'_>]) -> Result<(), StoreError> {
        if let Some(error) = &self.failed {
            return Err(error.clone());
        }
        if let Err(error) = check(statement, values) {
            self.failed = Some(error.clone());
            return Err(error);
        }
        self.busy = true;
        Ok(())
    }

    fn end<T>(&mut self, result: Result<T, StoreError>) -> Result<T, StoreError> {
        self.busy = false;
        if let Err(error) = &result {
            self.failed = Some(error.clone());
        }
        result
    }

    /// Why this transaction must not be committed, and makes the next body start afresh.
    pub(crate) fn take_failure(&mut self) -> Option<StoreError> {
        let abandoned = std::mem::take(&mut self.busy)
            .then(|| StoreError::statement("the body abandoned a statement halfway"));
        self.failed.take().or(abandoned)
    }
}

impl Tx {
    pub(crate) fn new(session: Session) -> Self {
        Self(ReadTx::new(session))
    }

    pub(crate) fn into_inner(self) -> ReadTx {
        self.0
    }

    /// Runs a statement that gives no rows; how many rows it touched.
    pub async fn execute(
        &mut self,
        statement: &'static Statement,
        values: &[Value<'_>],
    ) -> Result<u64, StoreError> {
        self.start(statement, values)?;
        let count = match &mut self.0.session {
            Session::Sqlite(connection) => sqlite::execute(connection, statement, values),
            Session::Postgres(lease) => lease.execute(statement, values).await,
        };
        self.end(count)
    }

    /// Runs a statement of which nobody asks what came of it, as it adds what is not there. On PostgreSQL it is sent together with the
    /// next statement, or with COMMIT, and that is what fails where it does.
    pub async fn add(
        &mut self,
        statement: &'static Statement,
        values: &[Value<'_>],
    ) -> Result<(), StoreError> {
        self.start(statement, values)?;
        let added = match &mut self.0.session {
            Session::Sqlite(connection) => sqlite::execute(connection, statement, values).map(drop),
            Session::Postgres(lease) => {
                lease.add(statement, values);
                Ok(())
            }
        };
        self.end(added)
    }

    /// Runs one statement for each of `rows`; how many rows it touched in all. On PostgreSQL they are sent without
    /// waiting for each other's answers.
    pub async fn insert_many(
        &mut self,
        statement: &'static Statement,
        rows: &[Vec<Value<'_>>],
    ) -> Result<u64, StoreError> {
        let mut checked = Ok(());
        for values in rows {
            checked = checked.and_then(|()| self.start(statement, values));
        }
        checked?;
        let count = match &mut self.0.session {
            Session::Sqlite(connection) => sqlite::execute_many(connection, statement, rows),
            Session::Postgres(lease) => lease.execute_many(statement, rows).await,
        };
        self.end(count)
    }

    /// The number of the pooled connection: two transactions that run at the same time have different ones, so counters
    /// kept in a row per slot never make them wait for each other. 0 on SQLite.
    pub const fn slot(&self) -> i64 {
        match &self.0.session {
            Session::Sqlite(_) => 0,
            Session::Postgres(lease) => lease.slot(),
        }
    }
}

/// What both engines refuse alike: a wrong number of values, and NUL in a text, which PostgreSQL cannot hold.
pub(crate) fn check(statement: &Statement, values: &[Value<'_>]) -> Result<(), StoreError> {
    if values.len() != statement.parameters() {
        return Err(StoreError::statement(format!(
            "{} takes {} values, not {}",
            statement.name(),
            statement.parameters(),
            values.len()
        )));
    }
    let nul = |value: &Value<'_>| matches!(value, Value::Text(text) if text.contains('\0'));
    if values.iter().any(nul) {
        return Err(StoreError::ConstraintViolation(crate::error::Cause::new(
            "a text holds a NUL character",
        )));
    }
    Ok(())
}
