//! What the writers were told, against which the database is held.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use uuid::Uuid;

/// What has to be so.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Fate {
    /// Its creation was acknowledged: it is there.
    There,
    /// It was asked to be deleted and nobody knows whether it was.
    Unknown,
    /// Its deletion was acknowledged: it is not there.
    Gone,
}

/// A company, or a connection of one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) enum Thing {
    Company(Uuid),
    Connection { company: Uuid, id: Uuid },
}

impl Thing {
    /// Its address in the API.
    pub(crate) fn path(self) -> String {
        match self {
            Self::Company(id) => format!("/api/companies/{id}"),
            Self::Connection { company, id } => {
                format!("/api/companies/{company}/connections/{id}")
            }
        }
    }
}

/// What was acknowledged, by all writers.
#[derive(Debug, Default)]
pub(crate) struct Ledger(Mutex<Book>);

#[derive(Debug, Default)]
struct Book {
    fates: HashMap<Thing, Fate>,
    /// Acknowledged since the last look.
    fresh: Vec<Thing>,
    busy: usize,
    unanswered: usize,
}

impl Ledger {
    fn book(&self) -> MutexGuard<'_, Book> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn created(&self, thing: Thing) {
        let mut book = self.book();
        book.fates.insert(thing, Fate::There);
        book.fresh.push(thing);
    }

    /// Before a deletion is sent.
    pub(crate) fn deleting(&self, thing: Thing) {
        self.book().fates.insert(thing, Fate::Unknown);
    }

    pub(crate) fn deleted(&self, thing: Thing) {
        self.book().fates.insert(thing, Fate::Gone);
    }

    /// A request was answered 503.
    pub(crate) fn busy(&self) {
        self.book().busy += 1;
    }

    /// A request had no answer.
    pub(crate) fn unanswered(&self) {
        self.book().unanswered += 1;
    }

    /// What was acknowledged since the last call.
    pub(crate) fn take_fresh(&self) -> Vec<Thing> {
        std::mem::take(&mut self.book().fresh)
    }

    pub(crate) fn fate(&self, thing: Thing) -> Option<Fate> {
        self.book().fates.get(&thing).copied()
    }

    pub(crate) fn all(&self) -> Vec<(Thing, Fate)> {
        self.book()
            .fates
            .iter()
            .map(|(thing, fate)| (*thing, *fate))
            .collect()
    }

    /// How many requests were answered 503, and how many not at all.
    pub(crate) fn troubles(&self) -> (usize, usize) {
        let book = self.book();
        (book.busy, book.unanswered)
    }
}
