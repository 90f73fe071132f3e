//! A bucket of requests for each address: full at first, and filled again evenly within a minute.
//!
//! A bucket is one number, the instant at which it is full again (the generic cell rate algorithm), so that nothing runs to fill it.

use std::collections::HashMap;
use std::hash::{BuildHasher, RandomState};
use std::net::IpAddr;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use handclasp_domain::{OverLimit, Standing, Timestamp};

/// A minute, in nanoseconds: a request's share of it is seldom a whole number of microseconds.
const MINUTE: i64 = 60_000_000_000;
/// So many locks, that callers seldom wait for each other.
const SHARDS: usize = 64;
/// At most this many addresses behind each; all together take about ten megabytes.
const SHARD_MOST: usize = 4_096;

/// The buckets of all addresses.
pub(super) struct Buckets {
    most: u64,
    /// The share of one request, in nanoseconds.
    share: i64,
    hasher: RandomState,
    shards: Vec<Shard>,
    /// The last of them, which is there whatever the index.
    last: Shard,
}

type Shard = Mutex<HashMap<Place, i64>>;

/// Whom a bucket belongs to: who has an IPv6 address has 2⁶⁴ of them.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
enum Place {
    V4([u8; 4]),
    V6([u8; 8]),
}

impl From<IpAddr> for Place {
    fn from(address: IpAddr) -> Self {
        match address.to_canonical() {
            IpAddr::V4(address) => Self::V4(address.octets()),
            IpAddr::V6(address) => {
                let [a, b, c, d, e, f, g, h, ..] = address.octets();
                Self::V6([a, b, c, d, e, f, g, h])
            }
        }
    }
}

impl Buckets {
    /// Buckets of so many requests; none for 0, which is no limit.
    pub(super) fn new(most: u32) -> Option<Self> {
        (most > 0).then(|| Self {
            most: most.into(),
            share: MINUTE / i64::from(most),
            hasher: RandomState::new(),
            shards: std::iter::repeat_with(Mutex::default)
                .take(SHARDS - 1)
                .collect(),
            last: Mutex::default(),
        })
    }

    /// Takes a request out of the bucket of an address.
    pub(super) fn take(&self, from: IpAddr, now: Timestamp) -> Result<Standing, OverLimit> {
        let (place, now) = (Place::from(from), nanos(now));
        let mut shard = self.shard(place);
        // No bucket takes longer than a minute to be full. One that seems to was used before the clock was set back.
        let full = shard
            .get(&place)
            .copied()
            .filter(|full| (now..=now.saturating_add(MINUTE)).contains(full))
            .unwrap_or(now);
        let next = full.saturating_add(self.share);
        // The shares of all requests are the minute but for what rounding took.
        let over = next - now - self.share.saturating_mul(to_signed(self.most));
        if over > 0 {
            return Err(OverLimit {
                standing: self.standing(full, now),
                wait: Duration::from_nanos(over.unsigned_abs()),
            });
        }
        if shard.len() >= SHARD_MOST && !shard.contains_key(&place) {
            make_room(&mut shard, now);
        }
        shard.insert(place, next);
        Ok(self.standing(next, now))
    }

    /// Puts a request back.
    pub(super) fn give_back(&self, from: IpAddr, now: Timestamp) {
        let (place, now) = (Place::from(from), nanos(now));
        let mut shard = self.shard(place);
        if let Some(full) = shard.get_mut(&place) {
            *full = full.saturating_sub(self.share);
            if *full <= now {
                shard.remove(&place);
            }
        }
    }

    fn standing(&self, full: i64, now: i64) -> Standing {
        // Rounded up: what is not there in full is not there.
        let taken = (full - now)
            .unsigned_abs()
            .div_ceil(self.share.unsigned_abs());
        Standing {
            limit: self.most,
            remaining: self.most.saturating_sub(taken),
            reset: Timestamp::from_micros(full.saturating_add(999) / 1_000),
        }
    }

    fn shard(&self, place: Place) -> MutexGuard<'_, HashMap<Place, i64>> {
        let index = usize::try_from(self.hasher.hash_one(place) % SHARDS as u64).unwrap_or(0);
        let shard = self.shards.get(index).unwrap_or(&self.last);
        shard.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Forgets the buckets that are full again. Where that are few, all are forgotten: to let some requests through is better than to
/// search through thousands of buckets for each, which is what somebody with many addresses would like.
fn make_room(shard: &mut HashMap<Place, i64>, now: i64) {
    shard.retain(|_, full| *full > now);
    if shard.len() > SHARD_MOST / 4 * 3 {
        shard.clear();
    }
}

fn nanos(at: Timestamp) -> i64 {
    at.as_micros().saturating_mul(1_000)
}

fn to_signed(number: u64) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Timestamp = Timestamp::from_seconds(1_772_366_400);

    fn address(text: &str) -> IpAddr {
        text.parse().unwrap()
    }

    fn after(seconds: u64) -> Timestamp {
        NOW.plus(Duration::from_secs(seconds))
    }

    #[test]
    fn a_bucket_empties_and_fills_again_within_a_minute() {
        let buckets = Buckets::new(6).unwrap();
        let one = address("192.0.2.1");
        for left in (0..6).rev() {
            let standing = buckets.take(one, NOW).unwrap();
            let reset = after(10 * (6 - left));
            let expected = Standing {
                limit: 6,
                remaining: left,
                reset,
            };
            assert_eq!(standing, expected);
        }
        let over = buckets.take(one, after(4)).unwrap_err();
        assert_eq!(over.wait, Duration::from_secs(6));
        assert_eq!(
            (over.standing.remaining, over.standing.reset),
            (0, after(60))
        );
        // Whoever comes too early has not to wait longer for it.
        assert_eq!(buckets.take(one, after(10)).unwrap().remaining, 0);
        assert!(buckets.take(one, after(10)).is_err());
        assert_eq!(buckets.take(one, after(600)).unwrap().remaining, 5);
        // Others have their own.
        assert_eq!(
            buckets.take(address("192.0.2.2"), NOW).unwrap().remaining,
            5
        );
    }

    #[test]
    fn any_number_is_allowed_in_full_and_no_more() {
        for most in [1, 7, 60, 1_001, 60_000] {
            let buckets = Buckets::new(most).unwrap();
            let one = address("192.0.2.1");
            let taken = (0..most + 10).filter(|_| buckets.take(one, NOW).is_ok());
            assert_eq!(taken.count(), most as usize);
        }
        assert!(Buckets::new(0).is_none());
    }

    #[test]
    fn what_is_given_back_is_there() {
        let buckets = Buckets::new(1).unwrap();
        let one = address("192.0.2.1");
        for _ in 0..3 {
            assert!(buckets.take(one, NOW).is_ok());
            buckets.give_back(one, NOW);
        }
        assert!(buckets.take(one, NOW).is_ok());
        assert!(buckets.take(one, NOW).is_err());
    }

    #[test]
    fn one_network_has_one_bucket_in_ipv6() {
        let buckets = Buckets::new(1).unwrap();
        assert!(buckets.take(address("2001:db8::1"), NOW).is_ok());
        assert!(buckets.take(address("2001:db8::ffff:1:2:3"), NOW).is_err());
        assert!(buckets.take(address("2001:db8:0:1::1"), NOW).is_ok());
        assert!(buckets.take(address("192.0.2.1"), NOW).is_ok());
        assert!(buckets.take(address("::ffff:192.0.2.1"), NOW).is_err());
    }

    #[test]
    fn however_many_addresses_there_are_few_are_remembered() {
        let buckets = Buckets::new(1).unwrap();
        for number in 0..600_000_u32 {
            let from = IpAddr::from(number.to_be_bytes());
            assert!(buckets.take(from, NOW).is_ok());
        }
        let most = buckets
            .shards
            .iter()
            .map(|shard| shard.lock().unwrap().len());
        assert!(most.max().unwrap() <= SHARD_MOST);
        // Those that are full again go first.
        let mut shard = HashMap::from([(Place::V4([1; 4]), 5), (Place::V4([2; 4]), 7)]);
        make_room(&mut shard, 5);
        assert_eq!(shard.len(), 1);
    }

    #[test]
    fn a_clock_that_is_set_back_locks_nobody_out() {
        let buckets = Buckets::new(2).unwrap();
        let one = address("192.0.2.1");
        assert!(buckets.take(one, after(100_000)).is_ok());
        assert_eq!(buckets.take(one, NOW).unwrap().remaining, 1);
        assert_eq!(buckets.take(one, NOW).unwrap().remaining, 0);
        assert!(buckets.take(one, NOW).is_err());
    }
}
