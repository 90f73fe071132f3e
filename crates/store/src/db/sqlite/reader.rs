//! The threads `sqlite-reader-n`: each has a read-only connection.

use std::task::Poll;
use std::time::Duration;

use rusqlite::Connection;
use tokio::sync::oneshot;

use super::failure::explain;
use super::lanes::Lanes;
use super::statement::{Owned, query_owned};
use super::unit::poll_once;
use crate::db::{ReadBody, unpanicked};
use crate::tx::Session;
use crate::{ReadTx, Row, Statement, StoreError, Value};

/// Works until the queue is closed and empty.
pub(super) fn run(connection: Connection, queue: &Lanes<Box<dyn ReadUnit>>) {
    let mut tx = ReadTx::new(Session::Sqlite(connection));
    while let Some((_, unit)) = queue.wait(Duration::ZERO) {
        // The body's own panics are caught within; this is for its result's `Drop` and `From`.
        drop(unpanicked("read", || unit.run(&mut tx)));
        if let Session::Sqlite(connection) = &tx.session
            && !connection.is_autocommit()
            && let Err(error) = control(&tx, "ROLLBACK")
        {
            tracing::error!(%error, "a reader could not end its transaction");
        }
    }
}

/// A unit of work for a reader: runs and answers.
pub(super) trait ReadUnit: Send {
    fn run(self: Box<Self>, tx: &mut ReadTx);
}

/// A body with its snapshot.
pub(super) struct Reading<I, T, E, F> {
    name: &'static str,
    input: I,
    body: F,
    answer: oneshot::Sender<Result<T, E>>,
}

impl<I, T, E, F> Reading<I, T, E, F> {
    pub(super) fn new(
        name: &'static str,
        input: I,
        body: F,
        answer: oneshot::Sender<Result<T, E>>,
    ) -> Self {
        Self {
            name,
            input,
            body,
            answer,
        }
    }
}

impl<I, T, E, F> ReadUnit for Reading<I, T, E, F>
where
    I: Send + Sync,
    T: Send,
    E: From<StoreError> + Send,
    F: ReadBody<I, T, E>,
{
    fn run(self: Box<Self>, tx: &mut ReadTx) {
        if self.answer.is_closed() {
            return;
        }
        if let Err(error) = control(tx, "BEGIN DEFERRED") {
            drop(self.answer.send(Err(error.into())));
            return;
        }
        let polled = unpanicked(self.name, || {
            poll_once((self.body)(tx, &self.input).as_mut())
        });
        let result = match (polled, tx.take_failure()) {
            (Err(panicked), _) => Err(panicked.into()),
            (Ok(Poll::Pending), _) => Err(StoreError::Pended.into()),
            (Ok(Poll::Ready(Ok(_))), Some(failure)) => Err(failure.into()),
            (Ok(Poll::Ready(result)), _) => result,
        };
        // Before the answer: a caller who writes next must not find the log held by this snapshot.
        let ended = control(tx, "COMMIT");
        drop(self.answer.send(match ended {
            Ok(()) => result,
            Err(error) => result.and(Err(error.into())),
        }));
    }
}

/// One statement by itself.
pub(super) struct Single {
    statement: &'static Statement,
    values: Vec<Owned>,
    answer: oneshot::Sender<Result<Vec<Row>, StoreError>>,
}

impl Single {
    pub(super) fn new(
        statement: &'static Statement,
        values: &[Value<'_>],
        answer: oneshot::Sender<Result<Vec<Row>, StoreError>>,
    ) -> Self {
        Self {
            statement,
            values: values.iter().map(Owned::from).collect(),
            answer,
        }
    }
}

impl ReadUnit for Single {
    fn run(self: Box<Self>, tx: &mut ReadTx) {
        if self.answer.is_closed() {
            return;
        }
        if let Session::Sqlite(connection) = &tx.session {
            let rows = query_owned(connection, self.statement, &self.values);
            drop(self.answer.send(rows));
        }
    }
}

fn control(tx: &ReadTx, sql: &str) -> Result<(), StoreError> {
    match &tx.session {
        Session::Sqlite(connection) => connection
            .prepare_cached(sql)
            .and_then(|mut statement| statement.raw_execute())
            .map(drop)
            .map_err(|error| explain(&error)),
        Session::Postgres(_) => Ok(()),
    }
}
