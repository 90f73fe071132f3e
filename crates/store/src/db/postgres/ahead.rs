//! What goes out ahead of a statement without being waited for: BEGIN, and statements whose own answer nobody asks for.

use std::pin::Pin;
use std::sync::Arc;

use deadpool_postgres::ClientWrapper;
use futures::future::{BoxFuture, MaybeDone, maybe_done};
use futures::{FutureExt, poll};
use tokio_postgres::Error;

use super::failure::{at_commit, cause, explain};
use super::lease::execute_on;
use crate::composed::Bound;
use crate::{Statement, StoreError, Value};

/// What is still to be sent.
#[derive(Default)]
pub(super) struct Ahead {
    /// What begins the transaction.
    pub(super) begin: Option<Arc<str>>,
    added: Vec<(&'static Statement, Vec<Bound>)>,
}

impl Ahead {
    /// Only this.
    pub(super) fn begin(begin: Arc<str>) -> Self {
        Self {
            begin: Some(begin),
            added: Vec::new(),
        }
    }

    pub(super) fn add(&mut self, statement: &'static Statement, values: &[Value<'_>]) {
        let values = values.iter().map(Bound::from).collect();
        self.added.push((statement, values));
    }

    /// Whether there is nothing but, perhaps, BEGIN.
    pub(super) fn adds_nothing(&self) -> bool {
        self.added.is_empty()
    }

    /// Sends it all, each without waiting for the one before.
    pub(super) async fn send<'a>(
        &'a self,
        client: &'a ClientWrapper,
        prepared: bool,
    ) -> Result<Sent<'a>, StoreError> {
        // First of all: to wait for it in between would let what comes later go before.
        if prepared {
            for (statement, _) in &self.added {
                let ready = client.prepare_cached(statement.sql()).await;
                ready.map_err(|error| explain(&error))?;
            }
        }
        let begun = match &self.begin {
            None => None,
            Some(begin) => Some(sent(client.batch_execute(begin)).await),
        };
        let mut added = Vec::with_capacity(self.added.len());
        for (statement, values) in &self.added {
            let run = async move {
                let values: Vec<Value<'_>> = values.iter().map(Value::from).collect();
                let run = execute_on(client, prepared, statement, &values);
                run.await.map(drop)
            };
            added.push(sent(run).await);
        }
        Ok(Sent { begun, added })
    }
}

/// A request that is on its way: it was sent when it was first polled.
type Request<'a> = MaybeDone<BoxFuture<'a, Result<(), Error>>>;

async fn sent<'a>(request: impl Future<Output = Result<(), Error>> + Send + 'a) -> Request<'a> {
    let mut request = maybe_done(request.boxed());
    let _answered = poll!(&mut request).is_ready();
    request
}

async fn answer(request: &mut Request<'_>) -> Result<(), Error> {
    (&mut *request).await;
    Pin::new(request).take_output().unwrap_or(Ok(()))
}

/// What was sent, and not yet answered.
pub(super) struct Sent<'a> {
    begun: Option<Request<'a>>,
    added: Vec<Request<'a>>,
}

impl Sent<'_> {
    /// Whether something could not even be sent. The server does not know of it.
    pub(super) fn is_incomplete(&self) -> bool {
        self.added
            .iter()
            .any(|one| matches!(one, MaybeDone::Done(Err(_))))
    }

    /// Waits for the answers to all of it, after those to `last`, which was sent behind it: what came of that, or why not.
    pub(super) async fn then<T>(self, last: Result<T, StoreError>) -> Result<T, StoreError> {
        let Self { begun, mut added } = self;
        if let Some(mut begun) = begun
            && let Err(error) = answer(&mut begun).await
        {
            let mut is_kept = last.is_ok();
            for one in &mut added {
                is_kept |= answer(one).await.is_ok();
            }
            // Without its BEGIN each statement was a transaction by itself, and what it did is kept.
            return Err(match is_kept {
                true => StoreError::CommitUnknown(cause(&error)),
                false => explain(&error),
            });
        }
        for one in &mut added {
            // The first that failed says why; those behind it only that one before them did.
            answer(one).await.map_err(|error| explain(&error))?;
        }
        last
    }

    /// The same where COMMIT was sent behind it.
    pub(super) async fn committed(self, committed: Result<(), Error>) -> Result<(), StoreError> {
        let is_answered = match &committed {
            Ok(()) => true,
            Err(error) => error.as_db_error().is_some(),
        };
        let committed = committed.map_err(|error| at_commit(&error));
        match self.then(committed).await {
            // The server answers COMMIT by rolling back where something before it failed.
            Err(error) if is_answered => Err(error),
            // Whatever failed before: what was sent may have been kept.
            Err(StoreError::Unavailable(cause)) => Err(StoreError::CommitUnknown(cause)),
            result => result,
        }
    }
}
