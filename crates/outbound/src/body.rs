//! Bodies: one that knows when it is being sent, and reading one that may never end.

use std::convert::Infallible;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll};

use bytes::{Bytes, BytesMut};
use http_body::{Body, Frame, SizeHint};
use http_body_util::BodyExt;
use hyper::body::Incoming;

use crate::error::{OutboundError, from_hyper};
use crate::request::Overflow;

/// A request's body that notes when hyper first looks at it, which it does to write the request's head and
/// never before. As long as it is untouched, nothing was sent.
pub(crate) struct WatchedBody {
    data: Bytes,
    touched: Touched,
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
        Self { data, touched }
    }
}

impl Body for WatchedBody {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        _: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        self.touched.set();
        let data = std::mem::take(&mut self.data);
        Poll::Ready((!data.is_empty()).then(|| Ok(Frame::data(data))))
    }

    fn is_end_stream(&self) -> bool {
        self.touched.set();
        self.data.is_empty()
    }

    fn size_hint(&self) -> SizeHint {
        self.touched.set();
        SizeHint::with_exact(self.data.len() as u64)
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
