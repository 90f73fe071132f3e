//! How much of its daily quota a client has used, as this replica knows it.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};

use handclasp_domain::{ClientId, Day, OverLimit, Standing, Timestamp};
use handclasp_store::quota::Quota;

/// The meter of one client.
#[derive(Debug)]
pub(crate) struct Meter {
    client: ClientId,
    /// Whether there is a quota. Where there is none, nothing is counted and nobody waits for the lock.
    limited: AtomicBool,
    state: Mutex<State>,
}

#[derive(Debug)]
struct State {
    daily: u64,
    day: Day,
    /// What the database knew of the day last.
    known: u64,
    /// What is being added to it.
    on_its_way: u64,
    /// What came since.
    fresh: u64,
    /// Whether the client was told that nothing is left.
    told: bool,
    /// Whether the meter is among those to be written down.
    noted: bool,
}

impl State {
    fn used(&self) -> u64 {
        self.known + self.on_its_way + self.fresh
    }

    /// Begins the next day. Midnight does not come back where a clock is behind.
    fn turn(&mut self, today: Day) {
        if today > self.day {
            self.day = today;
            (self.known, self.on_its_way, self.fresh) = (0, 0, 0);
            self.told = false;
        }
    }

    /// Takes over what the database knows.
    fn learn(&mut self, quota: &Quota, default: u32) {
        self.daily = daily(quota, default);
        let used = u64::try_from(quota.used_on(self.day)).unwrap_or(0);
        self.known = self.known.max(used);
        self.told = quota.reached >= Some(self.day);
    }

    fn standing(&self) -> Standing {
        Standing {
            limit: self.daily,
            remaining: self.daily.saturating_sub(self.used()),
            reset: self.day.end(),
        }
    }
}

/// How many requests a day a client has; 0 for as many as it likes.
pub(crate) fn daily(quota: &Quota, default: u32) -> u64 {
    match quota.daily {
        Some(daily) => u64::try_from(daily).unwrap_or(0),
        None => default.into(),
    }
}

/// What a meter says to a request.
pub(crate) enum Metered {
    /// There is no quota.
    Free,
    /// It is counted.
    Counted(Standing),
    /// Nothing is left.
    Over(OverLimit),
}

impl Meter {
    pub(super) fn new(client: ClientId, today: Day) -> Self {
        Self {
            client,
            limited: AtomicBool::new(false),
            state: Mutex::new(State {
                daily: 0,
                day: today,
                known: 0,
                on_its_way: 0,
                fresh: 0,
                told: false,
                noted: false,
            }),
        }
    }

    pub(crate) const fn client(&self) -> ClientId {
        self.client
    }

    /// Takes over what the database knows.
    pub(crate) fn learn(&self, quota: &Quota, default: u32, today: Day) {
        let mut state = self.state();
        state.turn(today);
        state.learn(quota, default);
        self.limited.store(state.daily > 0, Ordering::Relaxed);
    }

    /// Counts a request, unless nothing is left. Also whether the meter is to be written down, which is said once until it was.
    pub(crate) fn take(&self, now: Timestamp) -> (Metered, bool) {
        if !self.limited.load(Ordering::Relaxed) {
            return (Metered::Free, false);
        }
        let mut state = self.state();
        state.turn(Day::of(now));
        if state.used() >= state.daily {
            let standing = state.standing();
            let wait = standing.reset.since(now);
            // Where the client was not told yet, as after its quota was made smaller.
            let note = !state.told && !state.noted;
            state.noted |= note;
            return (Metered::Over(OverLimit { standing, wait }), note);
        }
        state.fresh += 1;
        let note = !std::mem::replace(&mut state.noted, true);
        (Metered::Counted(state.standing()), note)
    }

    /// What is to be written down: of which day, and how many requests. Until [`Meter::written`] says how that went, they count as on
    /// their way.
    pub(crate) fn to_write(&self) -> (Day, u64) {
        let mut state = self.state();
        state.noted = false;
        state.on_its_way = std::mem::take(&mut state.fresh);
        (state.day, state.on_its_way)
    }

    /// What the database knows after it was written down; none where that failed, and is to be tried again. Then whether the meter
    /// is to be noted for it.
    pub(crate) fn written(&self, day: Day, quota: Option<&Quota>, default: u32) -> bool {
        let mut state = self.state();
        if state.day != day {
            // What was on its way belongs to a day that is over.
            return false;
        }
        let sent = std::mem::take(&mut state.on_its_way);
        match quota {
            Some(quota) => {
                state.learn(quota, default);
                self.limited.store(state.daily > 0, Ordering::Relaxed);
                false
            }
            None => {
                state.fresh += sent;
                !std::mem::replace(&mut state.noted, true)
            }
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use handclasp_domain::Id;
    use uuid::Uuid;

    use super::*;

    const NOON: Timestamp = Timestamp::from_seconds(1_772_366_400);

    fn meter(daily: i64, used: i64) -> Meter {
        let today = Day::of(NOON);
        let meter = Meter::new(ClientId::from_uuid(Uuid::from_u128(1)), today);
        let quota = Quota {
            daily: Some(daily),
            used: Some((today, used)),
            reached: None,
        };
        meter.learn(&quota, 0, today);
        meter
    }

    fn takes(meter: &Meter, now: Timestamp) -> Option<u64> {
        match meter.take(now).0 {
            Metered::Counted(standing) => Some(standing.remaining),
            Metered::Over(over) => {
                assert_eq!(over.standing.remaining, 0);
                None
            }
            Metered::Free => panic!("there is a quota"),
        }
    }

    #[test]
    fn a_quota_holds_while_its_use_is_written_down_and_where_that_fails() {
        let meter = meter(5, 1);
        assert_eq!(takes(&meter, NOON), Some(3));
        assert_eq!(takes(&meter, NOON), Some(2));
        let (day, sent) = meter.to_write();
        assert_eq!(sent, 2);
        assert_eq!(takes(&meter, NOON), Some(1));
        assert!(!meter.written(day, None, 0), "it was noted again meanwhile");
        assert_eq!(takes(&meter, NOON), Some(0));
        assert_eq!(takes(&meter, NOON), None);
        let (day, sent) = meter.to_write();
        assert_eq!(sent, 4);
        let quota = Quota {
            daily: Some(9),
            // Another replica counted one.
            used: Some((day, 6)),
            reached: None,
        };
        assert!(!meter.written(day, Some(&quota), 0));
        assert_eq!(takes(&meter, NOON), Some(2));
    }

    #[test]
    fn it_is_noted_once_and_again_after_it_was_written() {
        let meter = meter(2, 0);
        assert!(meter.take(NOON).1);
        assert!(!meter.take(NOON).1);
        let (day, _) = meter.to_write();
        // Nothing is left and the client does not know.
        assert!(meter.take(NOON).1);
        assert!(!meter.take(NOON).1);
        let quota = Quota {
            daily: Some(2),
            used: Some((day, 2)),
            reached: Some(day),
        };
        meter.to_write();
        meter.written(day, Some(&quota), 0);
        assert!(!meter.take(NOON).1, "it knows");
    }

    #[test]
    fn midnight_begins_anew_and_what_was_on_its_way_is_past() {
        let meter = meter(2, 2);
        assert_eq!(takes(&meter, NOON), None);
        let (day, _) = meter.to_write();
        let midnight = day.end();
        assert_eq!(takes(&meter, midnight), Some(1));
        meter.written(day, None, 0);
        assert_eq!(takes(&meter, midnight), Some(0));
        // A clock that is behind does not bring yesterday back.
        assert_eq!(takes(&meter, NOON), None);
    }

    #[test]
    fn without_a_quota_nothing_is_counted() {
        let meter = meter(0, 7);
        assert!(matches!(meter.take(NOON), (Metered::Free, false)));
        meter.learn(&Quota::default(), 1, Day::of(NOON));
        assert!(matches!(meter.take(NOON), (Metered::Over(_), true)));
    }
}
