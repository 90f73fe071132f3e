//! When a message is tried again.

use std::time::Duration;

use handclasp_ambient::{Random, random_bytes};
use handclasp_domain::Timestamp;
use http::HeaderValue;
use jiff::fmt::rfc2822::DateTimeParser;

const fn minutes(n: u64) -> Duration {
    Duration::from_secs(n * 60)
}

/// How long to wait after the first failed attempt, the second, and so on; after the last one more the message has failed.
const PAUSES: [Duration; 7] = [
    Duration::from_secs(5),
    minutes(5),
    minutes(30),
    minutes(2 * 60),
    minutes(5 * 60),
    minutes(10 * 60),
    minutes(10 * 60),
];

/// The longest that a consumer may ask us to wait: the longest pause of the schedule.
const LONGEST: Duration = PAUSES[6];

/// When the attempt after number `attempt`, which failed at `now`, is made; none after the last. The pause is up to a fifth shorter
/// than the schedule says, so that what failed together does not come back together and the whole stays within the schedule's
/// 27.6 hours. A consumer's `Retry-After` makes it longer, never shorter, and not longer than ten hours.
pub(crate) fn next(
    attempt: u32,
    now: Timestamp,
    asked: Option<Duration>,
    random: &dyn Random,
) -> Option<Timestamp> {
    let index = usize::try_from(attempt.checked_sub(1)?).ok()?;
    let pause = *PAUSES.get(index)?;
    let draw = u32::from_le_bytes(random_bytes(random));
    let fifth = pause / 5;
    let shorter = fifth.mul_f64(f64::from(draw) / f64::from(u32::MAX));
    let pause = (pause - shorter).max(asked.unwrap_or_default().min(LONGEST));
    Some(now.plus(pause))
}

/// Reads a `Retry-After`, in seconds or as a date (RFC 9110, 10.2.3). What is neither, or lies in the past, counts as none.
pub(crate) fn retry_after(value: &HeaderValue, now: Timestamp) -> Option<Duration> {
    let text = value.to_str().ok()?.trim();
    if !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit()) {
        // More digits than a number holds is a very long time.
        return Some(Duration::from_secs(text.parse().unwrap_or(u64::MAX)));
    }
    let date = DateTimeParser::new().parse_timestamp(text).ok()?;
    let pause = Timestamp::from_micros(date.as_microsecond()).since(now);
    (pause > Duration::ZERO).then_some(pause)
}

#[cfg(test)]
mod tests {
    use handclasp_ambient::SeededRandom;

    use super::*;

    const NOW: Timestamp = Timestamp::from_seconds(1_800_000_000);

    #[test]
    fn pauses_follow_the_schedule_with_jitter_and_end() {
        let random = SeededRandom::new(1);
        for (attempt, pause) in (1..).zip(PAUSES) {
            let mut drawn: Vec<_> = (0..200)
                .map(|_| next(attempt, NOW, None, &random).unwrap().since(NOW))
                .collect();
            drawn.sort();
            assert!(drawn[0] >= pause * 4 / 5 && drawn[199] <= pause);
            assert!(drawn[199] - drawn[0] > pause / 10, "no jitter");
        }
        assert_eq!(next(8, NOW, None, &random), None);
        assert_eq!(next(0, NOW, None, &random), None);
        let whole: Duration = PAUSES.iter().sum();
        assert!(whole < handclasp_store::company::ERASED_AFTER);
    }

    #[test]
    fn retry_after_makes_it_longer_within_bounds() {
        let random = SeededRandom::new(1);
        let pause = |attempt, asked| {
            let next = next(attempt, NOW, Some(Duration::from_secs(asked)), &random).unwrap();
            next.since(NOW).as_secs()
        };
        assert_eq!(pause(1, 60), 60);
        assert!((240..=300).contains(&pause(2, 60)));
        assert_eq!(pause(1, 1_000_000), 36_000);
        assert!(next(8, NOW, Some(Duration::ZERO), &random).is_none());
    }

    #[test]
    fn retry_after_is_seconds_or_a_date() {
        let read = |text: &'static str| retry_after(&HeaderValue::from_static(text), NOW);
        assert_eq!(read("120"), Some(Duration::from_secs(120)));
        assert_eq!(read("0"), Some(Duration::ZERO));
        assert!(read("99999999999999999999999").is_some());
        // 1,800,000,000 is 2027-01-15 08:00:00.
        let date = read("Fri, 15 Jan 2027 08:02:00 GMT");
        assert_eq!(date, Some(Duration::from_secs(120)));
        for none in ["", "-1", "soon", "1.5", "Fri, 15 Jan 2027 07:00:00 GMT"] {
            assert_eq!(read(none), None, "{none}");
        }
    }
}
