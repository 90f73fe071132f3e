//! What a run of the kill test saw.

use std::time::Duration;

/// What a run saw.
#[derive(Debug)]
pub struct Report {
    pub(super) kills: usize,
    pub(super) companies: usize,
    pub(super) connections: usize,
    pub(super) deleted: usize,
    pub(super) unanswered: usize,
    pub(super) busy: usize,
    pub(super) events: usize,
    pub(super) again: usize,
    pub(super) refused: usize,
    pub(super) ready: Vec<Duration>,
    pub(super) last_events: Duration,
}

impl std::fmt::Display for Report {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let mut ready = self.ready.clone();
        ready.sort();
        writeln!(
            f,
            "{} kills; acknowledged: {} companies and {} connections created, {} of them deleted; requests without an answer: {}, answered 503: {}",
            self.kills, self.companies, self.connections, self.deleted, self.unanswered, self.busy
        )?;
        writeln!(
            f,
            "{} events, each of them arrived; {} messages came again (the same webhook-id and body), {} were refused once on purpose; \
             the last were there {:.1} s after the writers ended",
            self.events,
            self.again,
            self.refused,
            self.last_events.as_secs_f64()
        )?;
        write!(
            f,
            "from restart to ready: median {:.0} ms, longest {:.0} ms",
            millis(ready.get(ready.len() / 2)),
            millis(ready.last())
        )
    }
}

fn millis(duration: Option<&Duration>) -> f64 {
    duration.map_or(0.0, |duration| duration.as_secs_f64() * 1e3)
}
