//! What a connection is doing, and since when.

use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::task::{Context, Poll};
use std::time::Duration;

use axum::body::Body;
use bytes::Bytes;
use http_body::{Frame, SizeHint};
use tokio::time::Instant;

use super::FrontLimits;

/// While others wait for a place, a connection may lie idle for this long.
const IDLE_UNDER_PRESSURE: Duration = Duration::from_secs(1);

/// What a connection is doing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Phase {
    /// Between requests.
    Idle,
    /// A head is coming in, or the first one is awaited.
    Head,
    /// A request is being worked on.
    Busy,
    /// Its answer is going out.
    Answer,
    /// The last of an answer is handed to the socket.
    Flush,
}

/// The pulse of one connection, written by its socket and its answers and read by its watch. One number holds
/// both the phase (its three lowest bits) and its beginning, so that they are never seen apart.
pub(super) struct Pulse {
    begun: Instant,
    phase: AtomicU64,
    /// Since when the socket takes no byte, in microseconds after `begun`, plus one; 0 when it does.
    blocked: AtomicU64,
}

/// What is to be done with a connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Verdict {
    /// Nothing; look again then.
    LookAgain(Instant),
    /// It lay idle: close it in good order.
    Close,
    /// It is too slow.
    Cut(&'static str),
}

impl Pulse {
    pub(super) fn new() -> Self {
        Self {
            begun: Instant::now(),
            phase: AtomicU64::new(Phase::Head as u64),
            blocked: AtomicU64::new(0),
        }
    }

    fn micros(&self) -> u64 {
        u64::try_from(self.begun.elapsed().as_micros()).unwrap_or(u64::MAX >> 4)
    }

    fn set(&self, phase: Phase) {
        // Reader and writers are the same task; the order matters to nobody else.
        self.phase
            .store(self.micros() << 3 | phase as u64, Ordering::Relaxed);
    }

    fn get(&self) -> (Phase, Duration) {
        let value = self.phase.load(Ordering::Relaxed);
        let phase = match value & 7 {
            0 => Phase::Idle,
            1 => Phase::Head,
            2 => Phase::Busy,
            3 => Phase::Answer,
            _ => Phase::Flush,
        };
        (phase, Duration::from_micros(value >> 3))
    }

    /// Bytes came in.
    pub(super) fn received(&self) {
        if self.get().0 == Phase::Idle {
            self.set(Phase::Head);
        }
    }

    /// A request's head is complete.
    pub(super) fn busy(&self) {
        self.set(Phase::Busy);
    }

    /// A request's answer has begun.
    fn answering(&self) {
        self.set(Phase::Answer);
    }

    /// The whole answer is with hyper.
    fn answered(&self) {
        self.set(Phase::Flush);
    }

    /// Everything written has left.
    pub(super) fn flushed(&self) {
        if self.get().0 == Phase::Flush {
            self.set(Phase::Idle);
        }
    }

    /// The socket took bytes, or did not.
    pub(super) fn wrote(&self, taken: bool) {
        let blocked = self.blocked.load(Ordering::Relaxed);
        if taken && blocked != 0 {
            self.blocked.store(0, Ordering::Relaxed);
        } else if !taken && blocked == 0 {
            self.blocked.store(self.micros() + 1, Ordering::Relaxed);
        }
    }

    /// What the limits say of this connection now.
    pub(super) fn judge(&self, limits: &FrontLimits, pressure: bool) -> Verdict {
        let now = Instant::now();
        let mut next = limits.look_again(now);
        let (phase, since) = self.get();
        let (limit, verdict) = match phase {
            Phase::Idle if pressure => (limits.idle_time.min(IDLE_UNDER_PRESSURE), Verdict::Close),
            Phase::Idle => (limits.idle_time, Verdict::Close),
            Phase::Head => (limits.head_time, Verdict::Cut("its head took too long")),
            Phase::Busy => (
                limits.request_time,
                Verdict::Cut("its request took too long"),
            ),
            Phase::Answer => (limits.answer_time, Verdict::Cut("its answer took too long")),
            Phase::Flush => (
                limits.request_time,
                Verdict::Cut("its answer was not taken"),
            ),
        };
        let until = self.begun + since + limit;
        if until <= now {
            return verdict;
        }
        next = next.min(until);
        if let Some(since) = self.blocked.load(Ordering::Relaxed).checked_sub(1) {
            let until = self.begun + Duration::from_micros(since) + limits.write_time;
            if until <= now {
                return Verdict::Cut("its answer was not taken");
            }
            next = next.min(until);
        }
        Verdict::LookAgain(next)
    }
}

/// An answer's body that tells the pulse when hyper has all of it.
pub(super) struct Tracked {
    inner: Body,
    pulse: Arc<Pulse>,
}

impl Tracked {
    pub(super) fn new(inner: Body, pulse: Arc<Pulse>) -> Self {
        pulse.answering();
        Self { inner, pulse }
    }
}

impl Drop for Tracked {
    fn drop(&mut self) {
        self.pulse.answered();
    }
}

impl http_body::Body for Tracked {
    type Data = Bytes;
    type Error = axum::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, axum::Error>>> {
        Pin::new(&mut self.inner).poll_frame(context)
    }

    fn is_end_stream(&self) -> bool {
        self.inner.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.inner.size_hint()
    }
}
