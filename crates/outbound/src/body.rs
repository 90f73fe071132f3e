//! Bodies: those that know when they are being sent, and reading those that may never end.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll, ready};
use std::time::Duration;

use bytes::{Bytes, BytesMut};
use http_body::{Body, Frame, SizeHint};
use http_body_util::BodyExt;
use http_body_util::combinators::UnsyncBoxBody;
use hyper::body::Incoming;
use tokio::time::{Instant, Sleep, sleep_until};

use crate::error::{OutboundError, from_hyper};
use crate::request::Overflow;

/// What a request's body, or an answer's, comes in where it is not held whole.
pub type StreamBody = UnsyncBoxBody<Bytes, Box<dyn std::error::Error + Send + Sync>>;

/// A request's body that notes when hyper first looks at it, which it does to write the request's head and
/// never before. As long as it is untouched, nothing was sent.
pub(crate) struct WatchedBody {
    data: Sent,
    touched: Touched,
}

enum Sent {
    Whole(Bytes),
    /// With how much it may still have.
    Stream(StreamBody, u64),
}

/// Whether a request may have been sent.
#[derive(Clone, Default)]
pub(crate) struct Touched(Arc<AtomicBool>);

impl Touched {
    pub(crate) fn get(&self) -> bool {
        self.0.load(Ordering::Acquire)
    }

    fn set(&self) {
        self.0.store(true, Ordering::Release);
    }
}

impl WatchedBody {
    pub(crate) fn new(data: Bytes, touched: Touched) -> Self {
        Self {
            data: Sent::Whole(data),
            touched,
        }
    }

    /// One that comes while it is sent, of at most `max` bytes.
    pub(crate) fn stream(body: StreamBody, max: u64, touched: Touched) -> Self {
        Self {
            data: Sent::Stream(body, max),
            touched,
        }
    }
}

impl Body for WatchedBody {
    type Data = Bytes;
    type Error = OutboundError;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, OutboundError>>> {
        self.touched.set();
        let (body, left) = match &mut self.data {
            Sent::Whole(data) => {
                let data = std::mem::take(data);
                return Poll::Ready((!data.is_empty()).then(|| Ok(Frame::data(data))));
            }
            Sent::Stream(body, left) => (body, left),
        };
        loop {
            let frame = match ready!(Pin::new(&mut *body).poll_frame(context)) {
                None => return Poll::Ready(None),
                Some(Err(_)) => return Poll::Ready(Some(Err(OutboundError::RequestBody))),
                Some(Ok(frame)) => frame,
            };
            // Trailers are not passed on.
            let Ok(data) = frame.into_data() else {
                continue;
            };
            return Poll::Ready(Some(match left.checked_sub(data.len() as u64) {
                Some(rest) => {
                    *left = rest;
                    Ok(Frame::data(data))
                }
                None => Err(OutboundError::RequestBody),
            }));
        }
    }

    fn is_end_stream(&self) -> bool {
        self.touched.set();
        match &self.data {
            Sent::Whole(data) => data.is_empty(),
            Sent::Stream(body, _) => body.is_end_stream(),
        }
    }

    fn size_hint(&self) -> SizeHint {
        self.touched.set();
        match &self.data {
            Sent::Whole(data) => SizeHint::with_exact(data.len() as u64),
            Sent::Stream(body, _) => body.size_hint(),
        }
    }
}

/// An answer's body, as it comes: bounded in size and time, and without trailers. What is compressed stays so. Dropped before its
/// end, it closes the connection.
pub struct AnswerBody {
    inner: Incoming,
    left: u64,
    idle: Duration,
    until: Instant,
    /// Running while nothing comes that was asked for.
    silence: Option<Pin<Box<Sleep>>>,
}

impl AnswerBody {
    pub(crate) fn new(inner: Incoming, max: u64, idle: Duration, until: Instant) -> Self {
        Self {
            inner,
            left: max,
            idle,
            until,
            silence: None,
        }
    }
}

impl Body for AnswerBody {
    type Data = Bytes;
    type Error = OutboundError;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, OutboundError>>> {
        loop {
            let Poll::Ready(frame) = Pin::new(&mut self.inner).poll_frame(context) else {
                // Counted from now on and not from the last byte: whoever reads this may have been the slow one.
                let until = (Instant::now() + self.idle).min(self.until);
                let silence = self
                    .silence
                    .get_or_insert_with(|| Box::pin(sleep_until(until)));
                ready!(silence.as_mut().poll(context));
                return Poll::Ready(Some(Err(OutboundError::Timeout { sent: true })));
            };
            self.silence = None;
            let frame = match frame {
                None => return Poll::Ready(None),
                Some(Err(error)) => return Poll::Ready(Some(Err(from_hyper(&error, true)))),
                Some(Ok(frame)) => frame,
            };
            let Ok(data) = frame.into_data() else {
                continue;
            };
            if Instant::now() > self.until {
                return Poll::Ready(Some(Err(OutboundError::Timeout { sent: true })));
            }
            return Poll::Ready(Some(match self.left.checked_sub(data.len() as u64) {
                Some(rest) => {
                    self.left = rest;
                    Ok(Frame::data(data))
                }
                None => {
                    self.left = 0;
                    Err(OutboundError::TooLarge)
                }
            }));
        }
    }

    fn is_end_stream(&self) -> bool {
        self.inner.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.inner.size_hint()
    }
}

/// Shows nothing of it.
impl std::fmt::Debug for AnswerBody {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("AnswerBody").finish_non_exhaustive()
    }
}

/// Reads an answer's body up to `max` bytes; the flag says whether there was more.
pub(crate) async fn read(
    mut body: Incoming,
    max: usize,
    on_overflow: Overflow,
) -> Result<(Bytes, bool), OutboundError> {
    let announced = body.size_hint().lower();
    if on_overflow == Overflow::Fail && announced > max as u64 {
        return Err(OutboundError::TooLarge);
    }
    // What is announced is not believed beyond a page or two: memory goes to what has come.
    let expected = usize::try_from(announced).map_or(max, |n| n.min(max));
    let mut kept = BytesMut::with_capacity(expected.min(16 * 1024));
    while let Some(frame) = body.frame().await {
        let frame = frame.map_err(|error| from_hyper(&error, true))?;
        // Trailers are of no use to anyone here.
        let Ok(data) = frame.into_data() else {
            continue;
        };
        let room = max - kept.len();
        if data.len() <= room {
            kept.extend_from_slice(&data);
            continue;
        }
        match on_overflow {
            Overflow::Fail => return Err(OutboundError::TooLarge),
            Overflow::Truncate => {
                kept.extend_from_slice(data.get(..room).unwrap_or_default());
                return Ok((kept.freeze(), true));
            }
        }
    }
    Ok((kept.freeze(), false))
}
