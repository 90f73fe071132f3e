//! The thread `sqlite-writer`: many bodies, one COMMIT.
//!
//! It takes what is queued, opens one transaction, runs one body after the other and commits once; the sync to disk of that
//! COMMIT is shared by all of them. No body is answered before it.
//!
//! A body that fails after it changed something spoils the transaction for its neighbours. That is rare, and a savepoint for each
//! body, which would prevent it, costs a third of the writer's time (SQLite copies each page anew that a savepoint touches first).
//! So there is none at first; a spoiled batch is rolled back and run again with them.

use std::time::{Duration, Instant};

use rusqlite::Connection;

use super::failure::{self, Lost};
use super::lanes::Lanes;
use super::share::Share;
use super::unit::Unit;
use crate::db::{Lane, unpanicked};
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
    let mut share = Share::default();
    while let Some(first) = queue.wait(share.patience()) {
        batch(&mut tx, queue, &mut share, first);
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
        while let Some((_, unit)) = self.0.next(true) {
            drop(unpanicked("drop", move || drop(unit)));
        }
    }
}

fn batch(tx: &mut Tx, queue: &Queue, share: &mut Share, first: (Lane, Box<dyn Unit>)) {
    let mut batch = Batch::begin();
    let mut outcome = batch
        .fill(tx, queue, share, first)
        .and_then(|()| commit(tx));
    if let Err(Gone::Spoiled) = outcome {
        clear(tx);
        metrics::counter!("handclasp_store_spoiled_batches_total").increment(1);
        outcome = in_savepoints(tx, &mut batch.done).and_then(|()| commit(tx));
    }
    if outcome.is_err() {
        clear(tx);
    }
    batch.settle(share);
    match outcome {
        Ok(()) => batch.done.into_iter().for_each(|unit| answer(unit, Ok(()))),
        Err(Gone::OneAtFault(error)) if batch.done.len() > 1 => each_alone(tx, batch.done, &error),
        Err(gone) => {
            let error = StoreError::from(gone);
            batch
                .done
                .into_iter()
                .for_each(|unit| answer(unit, Err(error.clone())));
        }
    }
}

/// A whole transaction that was not committed.
enum Gone {
    /// A body failed and left changes behind; the others are as good as before.
    Spoiled,
    /// A single one of its bodies may be at fault: it wrote more than the disk holds, or left behind what a deferred
    /// constraint forbids.
    OneAtFault(StoreError),
    /// The database could not do it.
    Lost(StoreError),
}

impl From<Lost> for Gone {
    fn from(lost: Lost) -> Self {
        Self::Lost(lost.into())
    }
}

impl From<Gone> for StoreError {
    fn from(gone: Gone) -> Self {
        match gone {
            Gone::Spoiled => Self::unavailable("rolled back because of another one in its batch"),
            Gone::OneAtFault(error) | Gone::Lost(error) => error,
        }
    }
}

/// The bodies that share one transaction.
struct Batch {
    started: Instant,
    /// What has run, to be answered.
    done: Vec<Box<dyn Unit>>,
    /// How much of the time was background work's.
    background: Duration,
    /// Whether somebody waits for this batch.
    interactive: bool,
}

impl Batch {
    fn begin() -> Self {
        Self {
            started: Instant::now(),
            done: Vec::new(),
            background: Duration::ZERO,
            interactive: false,
        }
    }

    /// Runs bodies until the budget is used up or the queue is empty. Every unit taken ends up in `done`. An error means that
    /// the whole transaction is gone.
    fn fill(
        &mut self,
        tx: &mut Tx,
        queue: &Queue,
        share: &mut Share,
        first: (Lane, Box<dyn Unit>),
    ) -> Result<(), Gone> {
        if let Err(lost) = control(tx, "BEGIN IMMEDIATE") {
            self.done.push(first.1);
            return Err(lost.into());
        }
        let mut next = Some(first);
        while let Some((lane, unit)) = next {
            self.add(tx, share, lane, unit)?;
            let room = self.done.len() < LARGEST_BATCH && self.started.elapsed() < BUDGET;
            // Where somebody waits for this batch, background work is added only within its share.
            next = room
                .then(|| queue.next(!self.interactive || share.has_credit()))
                .flatten();
        }
        // However busy the interactive lane is, the background lane has its share.
        if share.has_credit()
            && let Some(unit) = queue.next_background()
        {
            self.add(tx, share, Lane::Background, unit)?;
        }
        Ok(())
    }

    fn add(
        &mut self,
        tx: &mut Tx,
        share: &mut Share,
        lane: Lane,
        mut unit: Box<dyn Unit>,
    ) -> Result<(), Gone> {
        if unit.abandoned() {
            drop(unpanicked("drop", move || drop(unit)));
            return Ok(());
        }
        let began = Instant::now();
        let ran = run_bare(tx, &mut *unit);
        self.done.push(unit);
        match lane {
            Lane::Interactive => self.interactive = true,
            Lane::Background => {
                share.spend(began.elapsed());
                self.background += began.elapsed();
            }
        }
        ran
    }

    /// Notes how long people waited.
    fn settle(&self, share: &mut Share) {
        if self.interactive {
            share.earn(self.started.elapsed().saturating_sub(self.background));
        }
    }
}

/// Runs the bodies of a spoiled batch again, each in a savepoint, so that what one leaves behind can be taken back alone.
fn in_savepoints(tx: &mut Tx, units: &mut [Box<dyn Unit>]) -> Result<(), Gone> {
    control(tx, "BEGIN IMMEDIATE")?;
    units
        .iter_mut()
        .try_for_each(|unit| run_in_savepoint(tx, &mut **unit))
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
            .and_then(|()| run_in_savepoint(tx, &mut *unit))
            .and_then(|()| commit(tx));
        if outcome.is_err() {
            clear(tx);
        }
        answer(unit, outcome.map_err(StoreError::from));
    }
}

fn answer(unit: Box<dyn Unit>, outcome: Result<(), StoreError>) {
    // The caller's own code runs here too, when a value nobody waits for is dropped.
    drop(unpanicked("answer", move || unit.answer(outcome)));
}

fn commit(tx: &Tx) -> Result<(), Gone> {
    control(tx, "COMMIT").map_err(|lost| {
        let error = failure::at_commit(&lost);
        if matches!(error, StoreError::Full | StoreError::ConstraintViolation(_)) {
            Gone::OneAtFault(error)
        } else {
            Gone::Lost(error)
        }
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

/// Runs one body. An error means that the whole transaction is gone, or that it has to be.
fn run_bare(tx: &mut Tx, unit: &mut dyn Unit) -> Result<(), Gone> {
    let before = changes(tx);
    // The body's own panics are caught within; this is for its result's `Drop` and `From`.
    let keep = unpanicked("unit", || unit.run(tx)).unwrap_or(false);
    still_there(tx)?;
    // A body that failed before it changed anything has left nothing behind.
    if keep || changes(tx) == before {
        Ok(())
    } else {
        Err(Gone::Spoiled)
    }
}

/// Runs one body in a savepoint. An error means that the whole transaction is gone.
fn run_in_savepoint(tx: &mut Tx, unit: &mut dyn Unit) -> Result<(), Gone> {
    control(tx, "SAVEPOINT unit")?;
    let keep = unpanicked("unit", || unit.run(tx)).unwrap_or(false);
    still_there(tx)?;
    if !keep {
        control(tx, "ROLLBACK TO unit")?;
    }
    control(tx, "RELEASE unit")?;
    Ok(())
}

/// Some errors, a full disk among them, make SQLite roll back everything.
fn still_there(tx: &Tx) -> Result<(), Gone> {
    if autocommit(tx) {
        return Err(Gone::OneAtFault(Gone::Spoiled.into()));
    }
    Ok(())
}

/// How many rows were changed on this connection since it was opened.
fn changes(tx: &Tx) -> u64 {
    match &tx.session {
        Session::Sqlite(connection) => connection.total_changes(),
        Session::Postgres(_) => 0,
    }
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
