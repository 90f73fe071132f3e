//! When a token is refreshed.

use std::time::Duration;

use handclasp_ambient::{Random, random_bytes};
use handclasp_domain::Timestamp;
use handclasp_integrations::Granted;
use handclasp_store::credential::SealedCredential;

/// A token that is used in its last minute is refreshed first; of one that lives for less than eight, in its last eighth.
const NEAR: Duration = Duration::from_secs(60);
/// Nobody needs to ask: a token is refreshed in its last five minutes at the latest; of one that lives for less than twenty, in its
/// last quarter.
const AHEAD: Duration = Duration::from_secs(5 * 60);
/// A refresh token that would lapse is used a day before, or in the last quarter of its life.
const BEFORE_LAPSE: Duration = Duration::from_secs(24 * 60 * 60);
/// A token is handed out only where it can still be used for so long.
const USABLE: Duration = Duration::from_secs(5);

/// The longest pause while a third party is out of order.
const PAUSE_MOST: Duration = Duration::from_secs(2 * 60);
/// The longest pause where it says no for another reason than that the connection is ended there: somebody must look at it.
const REFUSED_PAUSE_MOST: Duration = Duration::from_secs(6 * 60 * 60);

/// How long tokens live.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Life {
    /// The end of the access token, where it is known.
    pub(crate) expires_at: Option<Timestamp>,
    /// The end of the refresh token, where it is known.
    pub(crate) lapses_at: Option<Timestamp>,
}

impl Life {
    /// As an answer says.
    pub(crate) fn of(answer: &Granted, now: Timestamp) -> Self {
        Self {
            expires_at: answer.expires_in.map(|time| now.plus(time)),
            lapses_at: answer.refresh_expires_in.map(|time| now.plus(time)),
        }
    }

    /// As the answer to a refresh says. Where it says nothing of the access token's end, that lives as long as the one before; where
    /// it brings no new refresh token and says nothing of its end, that of the old one stays.
    pub(crate) fn after(
        held: &SealedCredential,
        answer: &Granted,
        rotated: bool,
        now: Timestamp,
    ) -> Self {
        let said = Self::of(answer, now);
        let before = held.expires_at.map(|end| end.since(held.updated));
        Self {
            expires_at: said.expires_at.or(before.map(|life| now.plus(life))),
            lapses_at: said.lapses_at.or(held.lapses_at.filter(|_| !rotated)),
        }
    }

    /// When the tokens are refreshed without being asked for; none where there is nothing to wait for. What was given out together
    /// is not due together. Without a refresh token: when the access token ends, and the connection with it.
    pub(crate) fn due_at(
        self,
        now: Timestamp,
        refreshable: bool,
        random: &dyn Random,
    ) -> Option<Timestamp> {
        if !refreshable {
            return self.expires_at;
        }
        let before = |end: Timestamp, most: Duration| {
            let ahead = most.min(end.since(now) / 4);
            end.minus(ahead).plus(some_of(ahead / 2, random))
        };
        let expiry = self.expires_at.map(|end| before(end, AHEAD));
        let lapse = self.lapses_at.map(|end| before(end, BEFORE_LAPSE));
        expiry.into_iter().chain(lapse).min()
    }
}

/// Whether a token is to be refreshed before it is used.
pub(super) fn is_near_its_end(held: &SealedCredential, now: Timestamp) -> bool {
    held.expires_at.is_some_and(|end| {
        let life = end.since(held.updated);
        now >= end.minus(NEAR.min(life / 8))
    })
}

/// Whether a token can still be used as it is.
pub(super) fn is_usable(held: &SealedCredential, now: Timestamp) -> bool {
    held.expires_at.is_none_or(|end| now.plus(USABLE) < end)
}

/// Whether a token has ended.
pub(super) fn has_ended(held: &SealedCredential, now: Timestamp) -> bool {
    held.expires_at.is_some_and(|end| end <= now)
}

/// When a refresh is tried again after it went wrong once more than `failures` times: after one to two seconds at first, twice as
/// long each time, and not before the third party wants it.
pub(super) fn again(
    failures: i64,
    transient: bool,
    asked: Option<Duration>,
    now: Timestamp,
    random: &dyn Random,
) -> Timestamp {
    let (first, most) = match transient {
        true => (Duration::from_secs(1), PAUSE_MOST),
        false => (Duration::from_secs(60), REFUSED_PAUSE_MOST),
    };
    let doublings = u32::try_from(failures.clamp(0, 20)).unwrap_or(20);
    let pause = first.saturating_mul(1 << doublings).min(most);
    let pause = pause.max(asked.unwrap_or_default());
    // Spread, so that not all come back at once; by no more than it takes them to.
    now.plus(pause + some_of(pause.min(PAUSE_MOST), random))
}

/// A part of a time, drawn evenly.
fn some_of(time: Duration, random: &dyn Random) -> Duration {
    let drawn = u32::from_be_bytes(random_bytes(random));
    time.mul_f64(f64::from(drawn) / f64::from(u32::MAX))
}

#[cfg(test)]
mod tests {
    use handclasp_ambient::{SeededRandom, new_id};

    use super::*;

    const NOW: Timestamp = Timestamp::from_seconds(1_800_000_000);

    fn secs(seconds: u64) -> Duration {
        Duration::from_secs(seconds)
    }

    fn held(life: Option<u64>, age: u64) -> SealedCredential {
        let random = SeededRandom::new(1);
        let updated = NOW.minus(secs(age));
        SealedCredential {
            client: new_id(&random),
            connection: new_id(&random),
            company: new_id(&random),
            platform_key: "mqjo".parse().unwrap(),
            sealed: Vec::new(),
            scopes: String::new(),
            expires_at: life.map(|life| updated.plus(secs(life))),
            lapses_at: None,
            due_at: None,
            failures: 0,
            claim: None,
            updated,
            version: 1,
        }
    }

    #[test]
    fn tokens_near_their_end() {
        for (life, age, near, usable, ended) in [
            (Some(3600), 0, false, true, false),
            (Some(3600), 3539, false, true, false),
            (Some(3600), 3540, true, true, false),
            (Some(3600), 3594, true, true, false),
            (Some(3600), 3595, true, false, false),
            (Some(3600), 3600, true, false, true),
            (Some(40), 34, false, true, false),
            (Some(40), 35, true, false, false),
            (None, 1_000_000, false, true, false),
        ] {
            let held = held(life, age);
            assert_eq!(is_near_its_end(&held, NOW), near, "{life:?} {age}");
            assert_eq!(is_usable(&held, NOW), usable, "{life:?} {age}");
            assert_eq!(has_ended(&held, NOW), ended, "{life:?} {age}");
        }
    }

    #[test]
    fn due_before_the_end_and_not_all_at_once() {
        let random = SeededRandom::new(1);
        let life = |expires: Option<u64>, lapses: Option<u64>| Life {
            expires_at: expires.map(|s| NOW.plus(secs(s))),
            lapses_at: lapses.map(|s| NOW.plus(secs(s))),
        };
        let due = |life: Life| {
            let at = life.due_at(NOW, true, &random);
            at.map(|at| at.since(NOW).as_secs())
        };
        let mut seen = std::collections::BTreeSet::new();
        for _ in 0..50 {
            let at = due(life(Some(3600), None)).unwrap();
            assert!((3300..=3450).contains(&at), "{at}");
            seen.insert(at);
            let at = due(life(Some(60), None)).unwrap();
            assert!((45..=53).contains(&at), "{at}");
            // A refresh token that would lapse while nobody asks for its connection.
            let at = due(life(None, Some(100 * 86_400))).unwrap();
            assert!((99 * 86_400..=99 * 86_400 + 43_200).contains(&at), "{at}");
            let at = due(life(Some(3600), Some(1800))).unwrap();
            assert!((1350..=1575).contains(&at), "{at}");
        }
        assert!(seen.len() > 20);
        assert_eq!(due(life(None, None)), None);
        let unrefreshable = life(Some(60), None).due_at(NOW, false, &random);
        assert_eq!(unrefreshable, Some(NOW.plus(secs(60))));
    }

    #[test]
    fn pauses_grow_are_spread_and_end() {
        let random = SeededRandom::new(1);
        for (failures, transient, asked, least) in [
            (0, true, None, 1),
            (1, true, None, 2),
            (3, true, None, 8),
            (50, true, None, 120),
            (0, true, Some(secs(30)), 30),
            (0, false, None, 60),
            (50, false, None, 6 * 3600),
            (-1, true, None, 1),
        ] {
            let pauses: Vec<_> = (0..20)
                .map(|_| again(failures, transient, asked, NOW, &random).since(NOW))
                .collect();
            for pause in &pauses {
                assert!((secs(least)..=secs(2 * least)).contains(pause), "{pause:?}");
            }
            assert!(pauses.iter().any(|pause| *pause != pauses[0]));
        }
    }
}
