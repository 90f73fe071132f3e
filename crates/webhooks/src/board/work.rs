//! What lies on the board.

use std::sync::Arc;

use bytes::Bytes;
use handclasp_domain::{EventId, Timestamp};
use handclasp_store::lane::LaneKey;
use url::Url;

use crate::sign::SigningKey;

/// A message, rendered once for all its consumers.
#[derive(Debug)]
pub(crate) struct Message {
    /// The event, and the `webhook-id`.
    pub(crate) id: EventId,
    /// When it happened.
    pub(crate) at: Timestamp,
    /// What is sent.
    pub(crate) body: Bytes,
}

/// A message that is due to one consumer.
#[derive(Debug, Clone)]
pub(crate) struct Job {
    pub(crate) message: Arc<Message>,
    /// How often it was tried.
    pub(crate) attempts: u32,
}

/// A consumer as messages are sent to it.
#[derive(Debug)]
pub(crate) struct Outlet {
    pub(crate) url: Url,
    pub(crate) key: SigningKey,
    /// What the two were made of, to see when that changes.
    pub(crate) source: (String, Vec<u8>),
}

/// A job to do now. Ended by [`Board::done`].
#[derive(Debug, Clone)]
pub(crate) struct Work {
    pub(crate) lane: LaneKey,
    pub(crate) outlet: Arc<Outlet>,
    pub(crate) job: Job,
    /// Of which of the lane's lives on the board it is.
    pub(crate) generation: u64,
    pub(super) was_slow: bool,
}

/// How a consumer took an attempt.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Manner {
    /// It answered, or refused, at once.
    Near,
    /// It answered, or refused, with the delay of a long way.
    Far,
    /// It answered after a while.
    Slow,
    /// It did not answer in time.
    Silent,
    /// It wants nothing more, ever.
    Gone,
}
