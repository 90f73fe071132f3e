//! The thread `sqlite-writer`: many bodies, one COMMIT.
//!
//! It takes what is queued, opens one transaction, runs each body in a savepoint of its own and commits once;
//! the sync to disk of that COMMIT is shared by all of them. No body is answered before it.

use std::time::{Duration, Instant};

use rusqlite::Connection;

use super::failure::{self, Lost};
use super::lanes::Lanes;
use super::unit::Unit;
use crate::db::unpanicked;
use crate::tx::Session;
use crate::{StoreError, Tx};

/// How long bodies are added to a batch. Longer would let those who came first wait for those who came last.
const BUDGET: Duration = Duration::from_millis(5);
/// How long the bodies of a failed batch are run one by one.
const ALONE_BUDGET: Duration = Duration::from_secs(1);
/// How many bodies a batch has at most.
const LARGEST_BATCH: usize = 1024;

type Queue = Lanes<Box<dyn Unit>>;

/// Works until the queue is closed and empty.
pub(super) fn run(connection: Connection, queue: &Queue) {
    // Should this thread ever die, nobody may wait for it.
    let _close = CloseOnDrop(queue);
    let mut tx = Tx::new(Session::Sqlite(connection));
    while let Some(first) = queue.wait() {
        batch(&mut tx, queue, first);
    }
    if let Session::Sqlite(connection) = &tx.session
        && let Err(error) = connection.execute_batch("PRAGMA wal_checkpoint(TRUNCATE)")
    {
        // The log stays and is read at the next start.
        tracing::warn!(%error, "the last checkpoint failed");
    }
}

struct CloseOnDrop<'a>(&'a Queue);

impl Drop for CloseOnDrop<'_> {
    fn drop(&mut self) {
        self.0.close();
        // Their callers learn of it by the loss of the answer's sender.
        while let Some(unit) = self.0.next() {
            drop(unpanicked("drop", move || drop(unit)));
        }
    }
}

fn batch(tx: &mut Tx, queue: &Queue, first: Box<dyn Unit>) {
    let started = Instant::now();
    let mut done: Vec<Box<dyn Unit>> = Vec::new();
    let outcome = fill(tx, queue, first, started, &mut done).and_then(|()| commit(tx));
    if outcome.is_err() {
        clear(tx);
    }
    match outcome {
        Err(gone) if done.len() > 1 && gone.may_be_one => each_alone(tx, done, &gone.error),
        outcome => {
            let outcome = outcome.map_err(|gone| gone.error);
            done.into_iter()
                .for_each(|unit| answer(unit, outcome.clone()));
        }
    }
}

/// A whole transaction that was not committed.
struct Gone {
    error: StoreError,
    /// A single one of its bodies may be at fault: it wrote more than the disk holds, or left behind what a deferred
    /// constraint forbids.
    may_be_one: bool,
}

impl From<Lost> for Gone {
    fn from(lost: Lost) -> Self {
        Self {
            error: lost.into(),
            may_be_one: false,
        }
    }
}

/// Runs the bodies of a failed batch again, each in a transaction of its own, so that one does not fail for another's sake.
/// What does not get its turn in time is answered with the batch's error.
fn each_alone(tx: &mut Tx, units: Vec<Box<dyn Unit>>, error: &StoreError) {
    let started = Instant::now();
    for mut unit in units {
        if started.elapsed() > ALONE_BUDGET {
            answer(unit, Err(error.clone()));
            continue;
        }
        let outcome = control(tx, "BEGIN IMMEDIATE")
            .map_err(Gone::from)
            .and_then(|()| run_one(tx, &mut *unit))
            .and_then(|()| commit(tx));
        if outcome.is_err() {
            clear(tx);
        }
        answer(unit, outcome.map_err(|gone| gone.error));
    }
}

fn answer(unit: Box<dyn Unit>, outcome: Result<(), StoreError>) {
    // The caller's own code runs here too, when a value nobody waits for is dropped.
    drop(unpanicked("answer", move || unit.answer(outcome)));
}

fn commit(tx: &Tx) -> Result<(), Gone> {
    control(tx, "COMMIT").map_err(|lost| {
        let error = failure::at_commit(&lost);
        let may_be_one = matches!(error, StoreError::Full | StoreError::ConstraintViolation(_));
        Gone { error, may_be_one }
    })
}

/// Rolls back what is open, where SQLite has not done it by itself.
fn clear(tx: &Tx) {
    if !autocommit(tx)
        && let Err(lost) = control(tx, "ROLLBACK")
    {
        tracing::error!(error = %lost.0, "a rollback failed");
    }
}

/// Runs bodies until the budget is used up or the queue is empty. Every unit taken ends up in `done`. An error means that
/// the whole transaction is gone.
fn fill(
    tx: &mut Tx,
    queue: &Queue,
    first: Box<dyn Unit>,
    started: Instant,
    done: &mut Vec<Box<dyn Unit>>,
) -> Result<(), Gone> {
    if let Err(lost) = control(tx, "BEGIN IMMEDIATE") {
        done.push(first);
        return Err(lost.into());
    }
    let mut next = Some(first);
    while let Some(mut unit) = next {
        if unit.abandoned() {
            drop(unpanicked("drop", move || drop(unit)));
        } else {
            let ran = run_one(tx, &mut *unit);
            done.push(unit);
            ran?;
        }
        let more = done.len() < LARGEST_BATCH && started.elapsed() < BUDGET;
        next = if more { queue.next() } else { None };
    }
    // However busy the interactive lane is, the background lane goes on too: one a batch.
    if let Some(mut unit) = queue.next_background() {
        let ran = run_one(tx, &mut *unit);
        done.push(unit);
        ran?;
    }
    Ok(())
}

/// Runs one body in a savepoint. An error means that the whole transaction is gone.
fn run_one(tx: &mut Tx, unit: &mut dyn Unit) -> Result<(), Gone> {
    control(tx, "SAVEPOINT unit")?;
    // The body's own panics are caught within; this is for its result's `Drop` and `From`.
    let keep = unpanicked("unit", || unit.run(tx)).unwrap_or(false);
    if autocommit(tx) {
        // Some errors, a full disk among them, make SQLite roll back everything.
        return Err(Gone {
            error: StoreError::unavailable("rolled back because of another one in its batch"),
            may_be_one: true,
        });
    }
    if !keep {
        control(tx, "ROLLBACK TO unit")?;
    }
    control(tx, "RELEASE unit")?;
    Ok(())
}

fn autocommit(tx: &Tx) -> bool {
    match &tx.session {
        Session::Sqlite(connection) => connection.is_autocommit(),
        Session::Postgres(_) => true,
    }
}

fn control(tx: &Tx, sql: &str) -> Result<(), Lost> {
    match &tx.session {
        Session::Sqlite(connection) => connection
            .prepare_cached(sql)
            .and_then(|mut statement| statement.raw_execute())
            .map(drop)
            .map_err(Lost),
        Session::Postgres(_) => Ok(()),
    }
}
