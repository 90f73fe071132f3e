//! One body, as the writer sees it.

use std::task::{Context, Poll, Waker};

use tokio::sync::oneshot;

use crate::db::{WriteBody, unpanicked};
use crate::{StoreError, Tx};

/// A unit of work for the writer.
pub(super) trait Unit: Send {
    /// Nobody waits for it any more, so it need not be started.
    fn abandoned(&self) -> bool;
    /// Runs the body; whether what it did is to be kept.
    fn run(&mut self, tx: &mut Tx) -> bool;
    /// Answers the caller. `committed` is what became of the transaction; a body that failed by itself is answered with
    /// its own error whatever became of it.
    fn answer(self: Box<Self>, committed: Result<(), StoreError>);
}

pub(super) struct Writing<I, T, E, F> {
    name: &'static str,
    input: I,
    body: F,
    result: Option<Result<T, E>>,
    answer: oneshot::Sender<Result<T, E>>,
}

impl<I, T, E, F> Writing<I, T, E, F> {
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
            result: None,
            answer,
        }
    }
}

impl<I, T, E, F> Unit for Writing<I, T, E, F>
where
    I: Send + Sync,
    T: Send,
    E: From<StoreError> + Send,
    F: WriteBody<I, T, E>,
{
    fn abandoned(&self) -> bool {
        self.answer.is_closed()
    }

    fn run(&mut self, tx: &mut Tx) -> bool {
        let polled = unpanicked(self.name, || {
            poll_once((self.body)(tx, &self.input).as_mut())
        });
        let failure = tx.take_failure();
        let result = match (polled, failure) {
            (Err(panicked), _) => Err(panicked.into()),
            (Ok(Poll::Pending), _) => {
                tracing::error!(
                    name = self.name,
                    "a transaction waited for something other than the database"
                );
                Err(StoreError::Pended.into())
            }
            (Ok(Poll::Ready(Ok(_))), Some(failure)) => Err(failure.into()),
            (Ok(Poll::Ready(result)), _) => result,
        };
        let keep = result.is_ok();
        self.result = Some(result);
        keep
    }

    fn answer(self: Box<Self>, committed: Result<(), StoreError>) {
        let result = match (self.result, committed) {
            (Some(Err(own)), _) => Err(own),
            (Some(Ok(value)), Ok(())) => Ok(value),
            (_, Err(lost)) => Err(lost.into()),
            // Never run, and yet committed: cannot be.
            (None, Ok(())) => Err(StoreError::Closed.into()),
        };
        // A caller who went away does not hear it.
        drop(self.answer.send(result));
    }
}

/// Polls a body to its end. On this engine the database answers at once, so a body that is not ready waits for
/// something else.
pub(super) fn poll_once<F: Future + Unpin>(body: F) -> Poll<F::Output> {
    std::pin::pin!(body).poll(&mut Context::from_waker(Waker::noop()))
}
