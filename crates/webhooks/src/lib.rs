//! Webhooks: from an event that was written to a message that arrived, with everything that may go wrong in between.
//!
//! An event is one row, written in the transaction of the change that causes it. [`run`] does the rest, in four steps that know
//! each other only by the database and by the board of what this process has in hand:
//!
//! 1. `fan_out` turns events into deliveries, one a consumer.
//! 2. `look` finds the lanes (a lane is a consumer's deliveries) with something due, and puts their messages on the board.
//! 3. `send` takes messages from the board, lane by lane, signs and sends them.
//! 4. `record` writes down how it went, many attempts at a time: delivered, to be tried again, or given up.
//!
//! The board is what each step must keep honest: whatever the database says is due is either on it, or it says that it may be
//! behind. `check` compares the two now and then, and says in the log what it finds to have been forgotten.
//!
//! Messages are delivered at least once. The `webhook-id` is the same on every attempt, so that a receiver can tell. Their order
//! is that of the events as far as nothing goes wrong, and promised to nobody.
//!
//! On PostgreSQL several processes share the work. A lane is claimed by one of them under its epoch (`alive`); the results of
//! another are refused. A process that shows no sign of life for four seconds is dead, and its lanes are taken over. On SQLite
//! there is one process and nothing to claim.

mod alive;
mod board;
mod check;
mod fan_out;
mod hub;
mod look;
mod payload;
mod record;
mod say;
mod schedule;
mod send;
mod sign;

use std::time::Duration;

use handclasp_app::App;
use tokio_util::sync::CancellationToken;

/// How webhooks are run. [`Options::default`] is what the product does; tests are in more of a hurry.
#[derive(Debug, Clone)]
pub struct Options {
    /// How often the database is looked at for what other processes left. Default 250 ms.
    pub poll: Duration,
    /// After which time with nothing to do a consumer is let go. Default 5 s.
    pub idle: Duration,
    /// How long messages that are on their way may take when the process is told to stop. Default 5 s.
    pub grace: Duration,
    /// How many messages are on their way at once, to all consumers together. Default 256.
    pub most: usize,
    /// How many messages of one consumer are held in memory, beside those on their way. Default 512.
    pub queue: usize,
    /// The same for a consumer that was slow, and for any while all together hold more than `crowded`. Default 16.
    pub short_queue: usize,
    /// How many messages all consumers hold before each keeps to the short queue. Default 8,192.
    pub crowded: usize,
    /// How many consumers are compared with the database each `poll`, to see that nothing was forgotten. Default 8.
    pub checked: usize,
    /// After which time something that can't be read is tried again. Default 10 minutes.
    pub again: Duration,
    /// How often a process shows that it is alive, on PostgreSQL; after four seconds without it is dead. Default 1 s.
    pub beat: Duration,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            poll: Duration::from_millis(250),
            idle: Duration::from_secs(5),
            grace: Duration::from_secs(5),
            most: 256,
            queue: 512,
            short_queue: 16,
            crowded: 8 * 1024,
            checked: 8,
            again: Duration::from_secs(10 * 60),
            beat: Duration::from_secs(1),
        }
    }
}

/// Delivers events until told to stop; then lets what is on its way arrive, within a grace, writes it down, and hands the
/// rest to whoever comes next. Ends only by being told to.
pub async fn run(app: App, stop: CancellationToken) {
    run_with(app, Options::default(), stop).await;
}

/// As [`run`], with other options.
pub async fn run_with(app: App, options: Options, stop: CancellationToken) {
    hub::run(app, options, stop).await;
}
