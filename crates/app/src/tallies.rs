//! What is counted in memory is written down: once a second, all of it in few transactions, and never while a request waits for it.

use std::sync::Arc;

use handclasp_domain::{ClientId, Day, EventType};
use handclasp_store::client;
use handclasp_store::quota::{self, Quota};

use crate::authenticate::KnownKey;
use crate::limits::Meter;
use crate::quota::Moment;
use crate::{App, AppError};

/// How many keys one transaction writes at most.
const KEYS: usize = 400;
/// How many quotas: each is up to three rows.
const QUOTAS: usize = 100;

/// Further requests of a client.
struct Further {
    client: ClientId,
    day: Day,
    requests: i64,
    /// For the end of the last time that nothing was left, where nobody told of it yet.
    before: Moment,
    moment: Moment,
}

impl App {
    /// Writes down when keys were last used and what clients have used of their quotas, and takes over what other replicas have
    /// added. What could not be written is kept for the next time.
    pub async fn flush_tallies(&self) -> Result<(), AppError> {
        let (mut keys, mut meters) = self.limits().take_tallies();
        // In one order everywhere, so that two replicas do not each wait for the other.
        keys.sort_by_key(|key| (key.client, key.id));
        meters.sort_by_key(|meter| meter.client());
        let mut result = Ok(());
        for some in keys.chunks(KEYS) {
            result = result.and(self.write_uses(some).await);
        }
        for some in meters.chunks(QUOTAS) {
            result = result.and(self.write_quotas(some).await);
        }
        result
    }

    async fn write_uses(&self, keys: &[Arc<KnownKey>]) -> Result<(), AppError> {
        let uses: Vec<_> = keys.iter().map(|key| key.take_use()).collect();
        let written = self
            .store()
            .queue("note_key_uses", uses, |tx, uses| {
                Box::pin(async move { Ok::<_, AppError>(client::note_uses(tx, uses).await?) })
            })
            .await;
        if written.is_err() {
            for key in keys.iter().filter(|key| key.note()) {
                self.limits().note_key(key);
            }
        }
        written
    }

    async fn write_quotas(&self, meters: &[Arc<Meter>]) -> Result<(), AppError> {
        let further: Vec<_> = meters
            .iter()
            .map(|meter| {
                let (day, requests) = meter.to_write();
                Further {
                    client: meter.client(),
                    day,
                    requests: i64::try_from(requests).unwrap_or(i64::MAX),
                    before: self.moment(),
                    moment: self.moment(),
                }
            })
            .collect();
        let days: Vec<_> = further.iter().map(|one| one.day).collect();
        let written = self
            .store()
            .queue("count_requests", further, |tx, further| {
                Box::pin(async move {
                    let mut quotas = Vec::with_capacity(further.len());
                    for one in further {
                        quotas.push(one.write(tx).await?);
                    }
                    Ok::<_, AppError>(quotas)
                })
            })
            .await;
        let default = self.settings().limits.daily_quota;
        for (number, (meter, day)) in meters.iter().zip(days).enumerate() {
            let quota = written.as_ref().ok().and_then(|all| all.get(number));
            if meter.written(day, quota.map(|(quota, _)| quota), default) {
                self.limits().note_meter(meter);
            }
        }
        if written?.iter().any(|(_, told)| *told) {
            self.events_written().notify_one();
        }
        Ok(())
    }
}

impl Further {
    /// Adds to what is known, and tells the client where nothing is left. Answers what holds then, and whether the client was told.
    async fn write(&self, tx: &mut handclasp_store::Tx) -> Result<(Quota, bool), AppError> {
        quota::count(tx, self.client, self.day, self.requests).await?;
        let mut now = quota::find(tx, self.client).await?;
        if let Some(reached) = now.reached
            && reached < self.day
            && quota::reset(tx, self.client, reached).await?
        {
            now.reached = None;
            let kind = EventType::ClientRateLimitReset;
            self.before.tell(tx, self.client, kind, &now).await?;
        }
        // Of a day that is over nobody needs to know.
        let told = self.day == Day::of(self.moment.at)
            && self.moment.is_used_up(&now)
            && quota::reach(tx, self.client, self.day).await?;
        if told {
            now.reached = Some(self.day);
            let kind = EventType::ClientRateLimitReached;
            self.moment.tell(tx, self.client, kind, &now).await?;
        }
        Ok((now, told))
    }
}
