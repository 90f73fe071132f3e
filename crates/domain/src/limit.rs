//! Limits on how many requests may be made, and what callers are told of them.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::{ClientId, EventId, EventType, Timestamp};

const DAY: i64 = 24 * 60 * 60;

/// A day of UTC: the period of a client's quota.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Day(i64);

impl Day {
    /// The day that an instant is in.
    pub const fn of(at: Timestamp) -> Self {
        Self(at.as_seconds().div_euclid(DAY))
    }

    /// The day with this number; 0 is 1970-01-01.
    pub const fn from_number(number: i64) -> Self {
        Self(number)
    }

    /// Its number.
    pub const fn number(self) -> i64 {
        self.0
    }

    /// Its end, which is the beginning of the next.
    pub const fn end(self) -> Timestamp {
        Timestamp::from_seconds(self.0.saturating_add(1).saturating_mul(DAY))
    }
}

/// How a caller stands against the limit that concerns him most.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Standing {
    /// How many requests the limit allows.
    pub limit: u64,
    /// How many of them are left.
    pub remaining: u64,
    /// When all of them are there again.
    pub reset: Timestamp,
}

impl Standing {
    /// Where nothing limits: more than anybody sends, and a number that any program can hold.
    pub const fn unlimited(now: Timestamp) -> Self {
        Self {
            limit: i32::MAX as u64,
            remaining: i32::MAX as u64,
            reset: Day::of(now).end(),
        }
    }
}

/// A request that is over a limit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct OverLimit {
    /// The limit, with nothing left.
    pub standing: Standing,
    /// When the next request will be taken.
    pub wait: Duration,
}

/// An event about the client itself, and about no company.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ClientEvent {
    /// Its id, which is also the `webhook-id` of its deliveries.
    pub id: EventId,
    /// Whose it is.
    pub client: ClientId,
    /// What kind.
    pub kind: EventType,
    /// When it happened.
    pub at: Timestamp,
    /// What was so at that moment.
    pub facts: RateLimitFacts,
}

/// A client's quota at the moment of an event. Stored as JSON: fields may be added here, never renamed or taken away.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct RateLimitFacts {
    /// How many requests a day it has.
    pub daily_quota: u64,
    /// How many of them are left.
    pub quota_remaining: u64,
    /// When all of them are there again.
    pub expires: Timestamp,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn days_end_at_midnight() {
        let noon = Timestamp::from_seconds(1_772_366_400);
        let end = Day::of(noon).end();
        assert_eq!(end.to_string(), "2026-03-02T00:00:00.0000000Z");
        assert_eq!(Day::of(end).number(), Day::of(noon).number() + 1);
        let last = Timestamp::from_micros(end.as_micros() - 1);
        assert_eq!(Day::of(last), Day::of(noon));
    }
}
