//! A client's daily quota of requests: set by the operator, and told of by events.

use handclasp_domain::{
    Actor, AuditId, ClientEvent, ClientId, Day, EventId, EventType, RateLimitFacts, Standing,
    Timestamp,
};
use handclasp_store::audit::{self, AuditEntry};
use handclasp_store::quota::{self, Quota};
use handclasp_store::{Tx, client, event};

use crate::limits::daily;
use crate::{App, AppError};

/// How many clients are told of their new day in one go.
const BATCH: u32 = 100;

/// What an event of a quota needs besides it, drawn beforehand.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Moment {
    pub(crate) event: EventId,
    pub(crate) at: Timestamp,
    /// The server's setting.
    pub(crate) default: u32,
}

impl Moment {
    /// Writes an event of a client's quota.
    pub(crate) async fn tell(
        &self,
        tx: &mut Tx,
        client: ClientId,
        kind: EventType,
        quota: &Quota,
    ) -> Result<(), AppError> {
        let today = Day::of(self.at);
        let used = u64::try_from(quota.used_on(today)).unwrap_or(0);
        let facts = match daily(quota, self.default) {
            // There is no quota any more. Whoever paused is told that he may go on all the same.
            0 => {
                let free = Standing::unlimited(self.at);
                RateLimitFacts {
                    daily_quota: free.limit,
                    quota_remaining: free.remaining,
                    expires: free.reset,
                }
            }
            daily => RateLimitFacts {
                daily_quota: daily,
                quota_remaining: daily.saturating_sub(used),
                expires: today.end(),
            },
        };
        let told = ClientEvent {
            id: self.event,
            client,
            kind,
            at: self.at,
            facts,
        };
        Ok(event::insert_of_client(tx, &told).await?)
    }

    /// Whether a quota is used up.
    pub(crate) fn is_used_up(&self, quota: &Quota) -> bool {
        let used = u64::try_from(quota.used_on(Day::of(self.at))).unwrap_or(0);
        let daily = daily(quota, self.default);
        daily > 0 && used >= daily
    }
}

impl App {
    pub(crate) fn moment(&self) -> Moment {
        Moment {
            event: self.logged_id(),
            at: self.now(),
            default: self.settings().limits.daily_quota,
        }
    }

    /// Sets how many requests a day a client has, for the operator: 0 for as many as it likes, none for what the server's setting
    /// says. It holds on every replica within three seconds. A client that had used up its quota and has not any more is told.
    pub async fn set_daily_quota(
        &self,
        client: ClientId,
        daily: Option<u32>,
    ) -> Result<(), AppError> {
        let moment = self.moment();
        let entry = AuditEntry {
            client,
            id: self.logged_id::<AuditId>(),
            at: moment.at,
            actor: Actor::Operator,
            action: "client.quota",
            company: None,
            subject: None,
            address: None,
            correlation: None,
        };
        let mark = (client, entry.id);
        let input = (daily, moment, entry);
        self.carry_out("set_quota", mark, input, |tx, (daily, moment, entry)| {
            Box::pin(async move {
                if client::find(tx, entry.client).await?.is_none() {
                    return Err(AppError::NotFound("client"));
                }
                quota::set(tx, entry.client, daily.map(i64::from)).await?;
                audit::insert(tx, entry).await?;
                let now = quota::find(tx, entry.client).await?;
                if let Some(reached) = now.reached
                    && !moment.is_used_up(&now)
                    && quota::reset(tx, entry.client, reached).await?
                {
                    let kind = EventType::ClientRateLimitReset;
                    moment.tell(tx, entry.client, kind, &now).await?;
                }
                Ok(())
            })
        })
        .await?;
        self.events_written().notify_one();
        Ok(())
    }

    /// How many requests a day a client has, 0 for as many as it likes, and how many it has made today.
    pub async fn daily_quota(&self, client: ClientId) -> Result<(u64, i64), AppError> {
        let found = quota::find(&mut self.store(), client).await?;
        let daily = daily(&found, self.settings().limits.daily_quota);
        Ok((daily, found.used_on(Day::of(self.now()))))
    }

    /// Tells clients that had used up their quota that a new day has begun. Each is told once, whatever the number of replicas.
    pub async fn reset_quotas(&self) -> Result<(), AppError> {
        let today = Day::of(self.now());
        for (client, reached) in quota::due_resets(&mut self.store(), today, BATCH).await? {
            let input = (client, reached, self.moment());
            self.store()
                .queue("reset_quota", input, |tx, (client, reached, moment)| {
                    Box::pin(async move {
                        if !quota::reset(tx, *client, *reached).await? {
                            return Ok(());
                        }
                        let now = quota::find(tx, *client).await?;
                        let kind = EventType::ClientRateLimitReset;
                        moment.tell(tx, *client, kind, &now).await
                    })
                })
                .await?;
            self.events_written().notify_one();
        }
        Ok(())
    }
}
