//! Choices by chance that can be made again: the same seed gives the same ones.

use std::time::Duration;

use handclasp_ambient::{SeededRandom, SystemRandom, random_bytes};

/// A source of choices.
#[derive(Debug)]
pub struct Draw(SeededRandom);

impl Draw {
    /// One that begins at `seed`; `stream` tells several of one run apart.
    pub fn new(seed: u64, stream: u64) -> Self {
        let mixed =
            (seed ^ stream.wrapping_mul(0xa076_1d64_78bd_642f)).wrapping_mul(0xe703_7ed1_a0b4_28db);
        Self(SeededRandom::new(mixed))
    }

    /// A number below `end`, which is not 0.
    pub fn below(&self, end: usize) -> usize {
        let drawn = u64::from_le_bytes(random_bytes(&self.0));
        let end = u64::try_from(end.max(1)).unwrap_or(u64::MAX);
        usize::try_from(drawn % end).unwrap_or(0)
    }

    /// Yes in so many of a hundred.
    pub fn percent(&self, of_hundred: usize) -> bool {
        self.below(100) < of_hundred
    }

    /// A duration up to `most`.
    pub fn up_to(&self, most: Duration) -> Duration {
        let micros = usize::try_from(most.as_micros()).unwrap_or(usize::MAX);
        Duration::from_micros(u64::try_from(self.below(micros.saturating_add(1))).unwrap_or(0))
    }
}

/// A seed that nobody chose. Print it.
pub fn seed() -> u64 {
    u64::from_le_bytes(random_bytes(&SystemRandom)) >> 32
}
