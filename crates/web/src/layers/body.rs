//! Request bodies that end in time and within their size.

use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use axum::body::Body;
use bytes::Bytes;
use http_body::{Frame, SizeHint};
use tokio::time::{Instant, Sleep};

use crate::error::BodyError;

/// How a request's body ended before its end. It is the source of the error that a handler sees while reading.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum BodyFault {
    /// More bytes came than are allowed.
    #[error("the body is too large")]
    TooLarge,
    /// The time was over first.
    #[error("the body did not arrive in time")]
    TooSlow,
}

impl BodyFault {
    /// What an error of reading a body means.
    pub fn of(error: &axum::Error) -> BodyError {
        let mut source: Option<&(dyn std::error::Error + 'static)> = Some(error);
        while let Some(error) = source {
            match error.downcast_ref() {
                Some(Self::TooLarge) => return BodyError::TooLarge,
                Some(Self::TooSlow) => return BodyError::TooSlow,
                None => source = error.source(),
            }
        }
        BodyError::Broken
    }
}

/// A body that fails once it is over `left` bytes or past its time.
pub(super) struct Bounded {
    inner: Body,
    left: usize,
    until: Pin<Box<Sleep>>,
}

impl Bounded {
    pub(super) fn new(inner: Body, limit: usize, time: Duration) -> Self {
        Self {
            inner,
            left: limit,
            until: Box::pin(tokio::time::sleep_until(Instant::now() + time)),
        }
    }
}

impl http_body::Body for Bounded {
    type Data = Bytes;
    type Error = axum::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, axum::Error>>> {
        match Pin::new(&mut self.inner).poll_frame(context) {
            Poll::Ready(Some(Ok(frame))) => {
                let length = frame.data_ref().map_or(0, Bytes::len);
                match self.left.checked_sub(length) {
                    Some(left) => {
                        self.left = left;
                        Poll::Ready(Some(Ok(frame)))
                    }
                    None => {
                        self.left = 0;
                        Poll::Ready(Some(Err(axum::Error::new(BodyFault::TooLarge))))
                    }
                }
            }
            Poll::Ready(end) => Poll::Ready(end),
            Poll::Pending => self
                .until
                .as_mut()
                .poll(context)
                .map(|()| Some(Err(axum::Error::new(BodyFault::TooSlow)))),
        }
    }

    fn is_end_stream(&self) -> bool {
        self.inner.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.inner.size_hint()
    }
}
