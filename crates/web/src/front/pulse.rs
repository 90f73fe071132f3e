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

/// While others wait for a place, a connection may say nothing for this long.
const SILENT_UNDER_PRESSURE: Duration = Duration::from_secs(1);
/// And its head may take this long: many times what a head takes over a bad line.
const HEAD_UNDER_PRESSURE: Duration = Duration::from_secs(3);
/// How often a connection looks at itself at the end: what it waits for comes without a word.
const LOOK_AT_THE_END: Duration = Duration::from_millis(100);

/// How much a connection has to hurry.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Haste {
    /// Not at all.
    None,
    /// Others wait for a place.
    Room,
    /// The end has come: what runs is finished, and nothing new begins.
    Finish,
}

/// What a connection is doing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Phase {
    /// Between requests.
    Idle,
    /// A head is coming in.
    Head,
    /// A request is being worked on.
    Busy,
    /// Its answer is going out.
    Answer,
    /// The last of an answer is handed to the socket.
    Flush,
    /// No byte has come yet.
    Fresh,
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
            phase: AtomicU64::new(Phase::Fresh as u64),
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
            4 => Phase::Flush,
            _ => Phase::Fresh,
        };
        (phase, Duration::from_micros(value >> 3))
    }

    /// Bytes came in.
    pub(super) fn received(&self) {
        if matches!(self.get().0, Phase::Idle | Phase::Fresh) {
            self.set(Phase::Head);
        }
    }

    /// Whether a request is worked on or answered: it is the last one when hyper is told to end.
    pub(super) fn is_answering(&self) -> bool {
        matches!(self.get().0, Phase::Busy | Phase::Answer)
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
    pub(super) fn judge(&self, limits: &FrontLimits, haste: Haste) -> Verdict {
        let now = Instant::now();
        let mut next = look_again(limits, haste);
        let (phase, since) = self.get();
        let (limit, verdict) = match phase {
            // At the end, too: its request may be on its way.
            Phase::Fresh => (
                match haste {
                    Haste::None => limits.head_time,
                    Haste::Room | Haste::Finish => limits.head_time.min(SILENT_UNDER_PRESSURE),
                },
                Verdict::Close,
            ),
            Phase::Idle => (
                match haste {
                    Haste::None => limits.idle_time,
                    Haste::Room => limits.idle_time.min(SILENT_UNDER_PRESSURE),
                    Haste::Finish => Duration::ZERO,
                },
                Verdict::Close,
            ),
            Phase::Head => (
                match haste {
                    Haste::None | Haste::Finish => limits.head_time,
                    Haste::Room => limits.head_time.min(HEAD_UNDER_PRESSURE),
                },
                Verdict::Cut("its head took too long"),
            ),
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

/// When a connection looks at itself again, at the latest. It changes what it does without telling its watch,
/// so that is as often as the shortest limit is long.
pub(super) fn look_again(limits: &FrontLimits, haste: Haste) -> Instant {
    let shortest = limits
        .head_time
        .min(limits.idle_time)
        .min(limits.write_time)
        .min(limits.request_time)
        .min(limits.answer_time);
    let shortest = match haste {
        Haste::None => shortest,
        Haste::Room => shortest.min(SILENT_UNDER_PRESSURE),
        Haste::Finish => shortest.min(LOOK_AT_THE_END),
    };
    Instant::now() + shortest
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

#[cfg(test)]
mod tests {
    use super::*;

    const CUT_HEAD: Verdict = Verdict::Cut("its head took too long");

    /// Whether a connection may go on after some time in the phase that it has now.
    async fn after(pulse: &Pulse, millis: u64, haste: Haste) -> Option<Verdict> {
        tokio::time::advance(Duration::from_millis(millis)).await;
        match pulse.judge(&FrontLimits::default(), haste) {
            Verdict::LookAgain(_) => None,
            verdict @ (Verdict::Close | Verdict::Cut(_)) => Some(verdict),
        }
    }

    #[tokio::test(start_paused = true)]
    async fn who_is_in_nobodys_way_has_time() {
        let pulse = Pulse::new();
        assert_eq!(after(&pulse, 9_000, Haste::None).await, None);
        // The head's own time begins with its first byte.
        pulse.received();
        assert_eq!(after(&pulse, 9_000, Haste::None).await, None);
        assert_eq!(after(&pulse, 1_000, Haste::None).await, Some(CUT_HEAD));
        let silent = Pulse::new();
        assert_eq!(
            after(&silent, 10_000, Haste::None).await,
            Some(Verdict::Close)
        );
    }

    #[tokio::test(start_paused = true)]
    async fn under_pressure_who_does_nothing_goes_first() {
        let pulse = Pulse::new();
        assert_eq!(after(&pulse, 900, Haste::Room).await, None);
        assert_eq!(after(&pulse, 100, Haste::Room).await, Some(Verdict::Close));
        pulse.received();
        assert_eq!(after(&pulse, 2_900, Haste::Room).await, None);
        assert_eq!(after(&pulse, 100, Haste::Room).await, Some(CUT_HEAD));
        pulse.busy();
        assert_eq!(after(&pulse, 30_000, Haste::Room).await, None);
    }

    #[tokio::test(start_paused = true)]
    async fn at_the_end_only_what_has_begun_goes_on() {
        let pulse = Pulse::new();
        // Its request may be in the system already.
        assert_eq!(after(&pulse, 900, Haste::Finish).await, None);
        assert_eq!(
            after(&pulse, 100, Haste::Finish).await,
            Some(Verdict::Close)
        );
        pulse.received();
        assert_eq!(after(&pulse, 9_000, Haste::Finish).await, None);
        pulse.busy();
        pulse.answered();
        pulse.flushed();
        assert_eq!(after(&pulse, 0, Haste::Finish).await, Some(Verdict::Close));
    }
}
