//! How much of the writer background work gets while people wait.

use std::time::{Duration, Instant};

/// Background work has one part in so many of the time that interactive work takes.
const PART: i64 = 3;
/// Without interactive work for so long, nobody waits, and background work has all of the writer.
const QUIET: Duration = Duration::from_millis(2);
/// How much is saved up, or owed, at most: one long body of either kind must not be made up for by seconds.
const MOST: i64 = 50_000;

/// Background work's account, in microseconds.
///
/// Interactive work earns it, background work spends it. Without that, callers who send the next request as soon as they have
/// their answer would find the writer busy with background work each time, since the interactive lane is empty at that moment.
#[derive(Debug, Default)]
pub(super) struct Share {
    credit: i64,
    interactive: Option<Instant>,
}

impl Share {
    /// How long to wait for interactive work before background work has its turn.
    pub(super) fn patience(&self) -> Duration {
        if self.has_credit() {
            return Duration::ZERO;
        }
        self.interactive
            .map_or(Duration::ZERO, |last| QUIET.saturating_sub(last.elapsed()))
    }

    /// Whether background work may be done together with interactive work.
    pub(super) const fn has_credit(&self) -> bool {
        self.credit > 0
    }

    /// Interactive work took so long.
    pub(super) fn earn(&mut self, took: Duration) {
        self.interactive = Some(Instant::now());
        self.credit = (self.credit + micros(took) / PART).min(MOST);
    }

    /// Background work took so long. Where nobody waited it costs nothing.
    pub(super) fn spend(&mut self, took: Duration) {
        if self.interactive.is_some_and(|last| last.elapsed() < QUIET) {
            self.credit = (self.credit - micros(took)).max(-MOST);
        }
    }
}

fn micros(time: Duration) -> i64 {
    i64::try_from(time.as_micros()).unwrap_or(MOST)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn background_work_waits_for_its_share_and_no_longer() {
        let mut share = Share::default();
        assert_eq!(share.patience(), Duration::ZERO, "nobody waits");
        share.spend(Duration::from_secs(9));
        assert_eq!(share.credit, 0, "nobody waited");
        share.earn(Duration::from_millis(30));
        assert!(share.has_credit());
        assert_eq!(share.patience(), Duration::ZERO);
        share.spend(Duration::from_millis(12));
        assert!(!share.has_credit());
        // Unless this thread was held up for that long.
        assert!(share.patience() > Duration::ZERO || share.interactive.unwrap().elapsed() > QUIET);
        share.earn(Duration::from_millis(9));
        assert!(share.has_credit());
        std::thread::sleep(QUIET);
        share.spend(Duration::from_secs(9));
        assert!(share.has_credit());
    }
}
