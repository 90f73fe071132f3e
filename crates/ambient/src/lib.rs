//! Time and randomness as parameters.
//!
//! Nothing in Handclasp asks the operating system for the time, for random bytes or for a fresh id: it is
//! handed a [`Clock`] and a [`Random`]. The binary passes [`SystemClock`] and [`SystemRandom`]; tests pass
//! [`ManualClock`] and [`SeededRandom`] and are deterministic for it.
#![expect(
    clippy::disallowed_methods,
    reason = "this is the one place that reads the system's clock"
)]

use std::sync::Arc;
use std::sync::Mutex;
use std::sync::atomic::{AtomicI64, Ordering};

use handclasp_domain::{Id, Timestamp};
use uuid::Uuid;

/// Tells the time.
pub trait Clock: Send + Sync + 'static {
    /// The present instant, UTC, to the microsecond.
    fn now(&self) -> Timestamp;
}

/// Draws random bytes that nobody can predict.
pub trait Random: Send + Sync + 'static {
    /// Fills `bytes`. Never fails: a system without a random source is no place to hold secrets, and
    /// [`SystemRandom`] ends the process there.
    fn fill(&self, bytes: &mut [u8]);
}

/// A shared clock.
pub type SharedClock = Arc<dyn Clock>;
/// A shared random source.
pub type SharedRandom = Arc<dyn Random>;

/// Draws `N` random bytes.
pub fn random_bytes<const N: usize>(random: &dyn Random) -> [u8; N] {
    let mut bytes = [0; N];
    random.fill(&mut bytes);
    bytes
}

/// A UUID version 4 (RFC 9562): for ids that are capabilities or that tables are keyed by. All 122 bits
/// come from `random`.
pub fn new_id<I: Id>(random: &dyn Random) -> I {
    I::from_uuid(uuid::Builder::from_random_bytes(random_bytes(random)).into_uuid())
}

/// A UUID version 7 (RFC 9562): for what is logged, so that it lists in the order of its making.
pub fn new_logged_id<I: Id>(clock: &dyn Clock, random: &dyn Random) -> I {
    I::from_uuid(logged_uuid(clock.now(), random))
}

/// A UUID version 7 for the instant `at`. Its twelve bits after the milliseconds are the fraction of the millisecond (RFC 9562, 6.2,
/// method 3), so that ids of one process sort by the microsecond.
pub fn logged_uuid(at: Timestamp, random: &dyn Random) -> Uuid {
    let micros = u64::try_from(at.as_micros()).unwrap_or(0);
    let mut tail = random_bytes::<10>(random);
    // 0 to 999 µs, spread over 0 to 4,095.
    let fraction = u16::try_from((micros % 1_000) * 4_096 / 1_000).unwrap_or(0);
    tail[..2].copy_from_slice(&fraction.to_be_bytes());
    uuid::Builder::from_unix_timestamp_millis(micros / 1_000, &tail).into_uuid()
}

/// The system's clock. Never goes backwards within a process: where the system's time is set back, the last
/// instant told is told again until it is passed.
#[derive(Debug, Default)]
pub struct SystemClock {
    last: AtomicI64,
}

impl Clock for SystemClock {
    fn now(&self) -> Timestamp {
        let elapsed = std::time::SystemTime::now()
            .duration_since(std::time::UNIX_EPOCH)
            .unwrap_or_default();
        let micros = i64::try_from(elapsed.as_micros()).unwrap_or(i64::MAX);
        let before = self.last.fetch_max(micros, Ordering::Relaxed);
        Timestamp::from_micros(micros.max(before))
    }
}

/// The system's random source.
#[derive(Debug, Default, Clone, Copy)]
pub struct SystemRandom;

impl Random for SystemRandom {
    fn fill(&self, bytes: &mut [u8]) {
        if aws_lc_rs::rand::fill(bytes).is_err() {
            // Going on with predictable secrets is worse than stopping.
            std::process::abort();
        }
    }
}

/// A clock that stands still until it is told to go on. For tests.
#[derive(Debug)]
pub struct ManualClock(AtomicI64);

impl ManualClock {
    /// A clock that stands at `at`.
    pub fn at(at: Timestamp) -> Self {
        Self(AtomicI64::new(at.as_micros()))
    }

    /// Moves the clock on.
    pub fn advance(&self, by: std::time::Duration) {
        let by = i64::try_from(by.as_micros()).unwrap_or(i64::MAX);
        self.0.fetch_add(by, Ordering::SeqCst);
    }
}

impl Clock for ManualClock {
    fn now(&self) -> Timestamp {
        Timestamp::from_micros(self.0.load(Ordering::SeqCst))
    }
}

/// A predictable random source: the same seed gives the same bytes. For tests and benchmarks only; it is
/// splitmix64, not a cryptographic generator.
#[derive(Debug)]
pub struct SeededRandom(Mutex<u64>);

impl SeededRandom {
    /// A source that starts at `seed`.
    pub fn new(seed: u64) -> Self {
        Self(Mutex::new(seed))
    }
}

impl Random for SeededRandom {
    fn fill(&self, bytes: &mut [u8]) {
        let mut state = self
            .0
            .lock()
            .unwrap_or_else(std::sync::PoisonError::into_inner);
        for chunk in bytes.chunks_mut(8) {
            *state = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
            let mut word = *state;
            word = (word ^ (word >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
            word = (word ^ (word >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
            word ^= word >> 31;
            chunk.copy_from_slice(&word.to_le_bytes()[..chunk.len()]);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn seeded_bytes_repeat_and_differ_by_seed() {
        let draw = |seed| random_bytes::<24>(&SeededRandom::new(seed));
        assert_eq!(draw(1), draw(1));
        assert_ne!(draw(1), draw(2));
    }

    #[test]
    fn logged_ids_sort_by_time() {
        let random = SeededRandom::new(7);
        let early = logged_uuid(Timestamp::from_micros(1_000_000), &random);
        let late = logged_uuid(Timestamp::from_micros(2_000_000), &random);
        assert!(early < late);
        let next = logged_uuid(Timestamp::from_micros(1_000_001), &random);
        assert!(early < next && next < late);
        assert_eq!(early.get_version_num(), 7);
    }

    #[test]
    fn the_system_clock_never_goes_back() {
        let clock = SystemClock::default();
        clock.last.store(i64::MAX, Ordering::Relaxed);
        assert_eq!(clock.now().as_micros(), i64::MAX);
    }
}
