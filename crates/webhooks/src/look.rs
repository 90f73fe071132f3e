//! What is due: found in the database, and put on the board.

use std::sync::Arc;
use std::time::Duration;

use futures::StreamExt;
use handclasp_domain::{EventId, Timestamp};
use handclasp_store::StoreError;
use handclasp_store::consumer::{self, Consumer};
use handclasp_store::delivery::{self, DueNow};
use handclasp_store::fan_out::Unreadable;
use handclasp_store::lane::{self, Claim, Lane, LaneKey, NEVER};

use crate::board::{Job, Outlet};
use crate::hub::Hub;
use crate::{check, send};

/// How many lanes are read in one go.
const PAGE: u32 = 200;
/// How many lanes are looked at side by side.
const SIDE_BY_SIDE: usize = 4;
/// How many deliveries are put off in one transaction.
const ROWS: usize = 250;
/// How many steps are taken in one look to delete what is left of a deleted consumer.
const PURGE_STEPS: usize = 20;
/// How long the lane of a deleted consumer is kept after its end: longer than any transaction lasts that may still have
/// seen the consumer and add deliveries.
const CLOSED_FOR: Duration = Duration::from_secs(60);

/// Looks for due lanes, at the start and every now and then.
pub(crate) async fn poll(hub: &Arc<Hub>) {
    let mut awake = false;
    while !hub.stop.is_cancelled() {
        let round = async {
            if !awake {
                wake_all(hub).await?;
            }
            round(hub).await
        };
        match round.await {
            Ok(()) => {
                awake = true;
                hub.can_look();
            }
            Err(error) => hub.could_not_look(&error),
        }
        tokio::select! {
            () = hub.stop.cancelled() => {}
            () = tokio::time::sleep(hub.options.poll) => {}
        }
    }
}

/// Looks at the lanes that are behind and whose queue runs low. Those whose look failed wait for the poll.
pub(crate) async fn refill(hub: &Arc<Hub>) {
    while !hub.stop.is_cancelled() {
        let low = hub.board().take_low();
        if low.is_empty() {
            tokio::select! {
                () = hub.stop.cancelled() => {}
                () = hub.low.notified() => {}
            }
            continue;
        }
        if let Err(error) = look_at_all(hub, low).await {
            hub.could_not_look(&error);
        }
    }
}

/// On SQLite, what the last process had in hand is anybody's guess: every lane is looked at.
async fn wake_all(hub: &Hub) -> Result<(), StoreError> {
    if !matches!(hub.claim(), Some(None)) {
        return Ok(());
    }
    let now = hub.app.now();
    hub.app
        .store()
        .queue("wake_lanes", now, |tx, now| {
            Box::pin(async move { lane::wake_all(tx, *now).await })
        })
        .await
}

async fn round(hub: &Arc<Hub>) -> Result<(), StoreError> {
    let Some(claim) = hub.claim() else {
        return Ok(());
    };
    let now = hub.app.now();
    let mut store = hub.app.store();
    let mut after = None;
    let mut failed = Ok(());
    loop {
        let due = lane::due(&mut store, now, claim, after, PAGE).await?;
        let looked = look_at_all(hub, due.iter().map(|(_, key)| *key).collect()).await;
        failed = failed.and(looked);
        after = due.last().copied();
        if u32::try_from(due.len()).is_ok_and(|count| count < PAGE) || hub.stop.is_cancelled() {
            break;
        }
    }
    if claim.is_some() {
        let orphaned = lane::orphaned(&mut store, now, PAGE).await?;
        failed = failed.and(look_at_all(hub, orphaned).await);
    }
    hub.board().wake();
    check::some(hub, claim).await?;
    check::leave_idle(hub, claim).await?;
    failed
}

/// Looks at lanes, whatever becomes of one; an error, where there was one.
async fn look_at_all(hub: &Arc<Hub>, keys: Vec<LaneKey>) -> Result<(), StoreError> {
    let looked = futures::stream::iter(keys)
        .map(async |key| look_at(hub, key).await)
        .buffer_unordered(SIDE_BY_SIDE)
        .fold(Ok(()), async |failed, looked| failed.and(looked))
        .await;
    send::start(hub);
    looked
}

async fn look_at(hub: &Arc<Hub>, key: LaneKey) -> Result<(), StoreError> {
    let Some(claim) = hub.claim() else {
        return Ok(());
    };
    if let Some(claim) = claim
        && !hub.board().has(key)
        && !take(hub, key, claim).await?
    {
        return Ok(());
    }
    let Some(limit) = hub.board().begin_look(key) else {
        return Ok(());
    };
    // Whatever happens, it is ended once, and before anything else is written.
    let found = match find(hub, key, claim, limit).await {
        Ok(found) => found,
        Err(error) => {
            hub.board().abandon_look(key);
            return Err(error);
        }
    };
    put_on_board(hub, key, claim, &found.next, found.jobs, found.all);
    match found.next {
        Next::Deliver { until, .. } if found.all => settle(hub, key, found.version, until).await,
        Next::Deliver { .. } | Next::Leave => Ok(()),
        Next::Wait => settle(hub, key, found.version, NEVER).await,
        Next::Purge { closed_at } => purge(hub, key, found.version, closed_at).await,
    }
}

/// Ends a look.
fn put_on_board(hub: &Hub, key: LaneKey, claim: Claim, next: &Next, jobs: Vec<Job>, all: bool) {
    let mut board = hub.board();
    // Under another claim the lane is not this process's any more, and whoever takes it looks.
    let held = hub.claim() == Some(claim);
    match next {
        Next::Deliver { outlet, .. } if held => {
            board.adopt(key, Arc::clone(outlet));
            board.end_look(key, jobs, all);
        }
        Next::Deliver { .. } | Next::Leave | Next::Wait | Next::Purge { .. } => board.remove(key),
    }
}

/// What a look found.
struct Found {
    version: i64,
    jobs: Vec<Job>,
    /// Whether those, and what is known already, are all that is due.
    all: bool,
    next: Next,
}

/// What is to be done with a lane.
enum Next {
    /// It is not this process's to deliver, or is gone.
    Leave,
    /// Nothing can be sent to the consumer as it is. A change of it makes the lane due.
    Wait,
    /// The consumer was deleted.
    Purge { closed_at: Timestamp },
    /// Send what is due, and look again then.
    Deliver {
        outlet: Arc<Outlet>,
        until: Timestamp,
    },
}

async fn find(hub: &Hub, key: LaneKey, claim: Claim, limit: usize) -> Result<Found, StoreError> {
    let now = hub.app.now();
    let seen = see(hub, key, now, limit).await?;
    let found = |version, next| Found {
        version,
        jobs: Vec::new(),
        all: true,
        next,
    };
    let Some(seen) = seen else {
        return Ok(found(0, Next::Leave));
    };
    let version = seen.lane.version;
    if let Some(closed_at) = seen.lane.closed_at {
        return Ok(found(version, Next::Purge { closed_at }));
    }
    if claim != seen.lane.claim {
        return Ok(found(version, Next::Leave));
    }
    let present = hub.board().outlet(key);
    let consumer = seen.consumer.filter(|consumer| !consumer.disabled);
    let outlet = consumer.and_then(|consumer| hub.outlet(&consumer, present));
    let Some(outlet) = outlet else {
        return Ok(found(version, Next::Wait));
    };
    let mut unreadable = seen.due.unreadable;
    let mut jobs = Vec::new();
    for due in seen.due.deliveries {
        if hub.board().knows(key, due.event.id) {
            continue;
        }
        match hub.message(&due.event) {
            Ok(message) => jobs.push(Job {
                message,
                attempts: due.attempts,
            }),
            Err(error) => unreadable.push(error),
        }
    }
    if !unreadable.is_empty() {
        hub.unreadable("delivery", &unreadable);
        put_off(hub, key, unreadable, now).await?;
    }
    Ok(Found {
        version,
        jobs,
        all: seen.all,
        next: Next::Deliver {
            outlet,
            until: seen.next.unwrap_or(NEVER),
        },
    })
}

/// Claims a lane; true also where it is claimed by this process already.
async fn take(
    hub: &Hub,
    key: LaneKey,
    claim: (handclasp_domain::ReplicaId, i64),
) -> Result<bool, StoreError> {
    let now = hub.app.now();
    hub.app
        .store()
        .queue("claim_lane", (key, claim, now), |tx, input| {
            let (key, claim, now) = *input;
            Box::pin(async move {
                Ok(lane::claim(tx, key, claim, now).await?
                    || lane::find(tx, key)
                        .await?
                        .is_some_and(|lane| lane.claim == Some(claim)))
            })
        })
        .await
}

/// What a look sees, at one instant.
struct Seen {
    lane: Lane,
    consumer: Option<Consumer>,
    due: DueNow,
    /// Whether that is all that is due.
    all: bool,
    /// When the next after those is due, where that was all.
    next: Option<Timestamp>,
}

async fn see(
    hub: &Hub,
    key: LaneKey,
    now: Timestamp,
    limit: usize,
) -> Result<Option<Seen>, StoreError> {
    let limit = u32::try_from(limit).unwrap_or(u32::MAX);
    hub.app
        .store()
        .read("look", (key, now, limit), |tx, input| {
            let (key, now, limit) = *input;
            Box::pin(async move {
                let Some(lane) = lane::find(tx, key).await? else {
                    return Ok(None);
                };
                let consumer = consumer::recipient(tx, key.client, key.consumer).await?;
                let wanted =
                    lane.closed_at.is_none() && consumer.as_ref().is_some_and(|c| !c.disabled);
                let due = match wanted && limit > 0 {
                    true => delivery::due(tx, key, now, limit).await?,
                    false => DueNow::default(),
                };
                let all = u32::try_from(due.len()).is_ok_and(|count| count < limit);
                let next = match wanted && all {
                    true => delivery::next_due(tx, key, now).await?,
                    false => None,
                };
                Ok(Some(Seen {
                    lane,
                    consumer,
                    due,
                    all,
                    next,
                }))
            })
        })
        .await
}

/// Lets deliveries whose event can't be read wait: a later version may read it, or somebody mend it. They hold up no other.
async fn put_off(
    hub: &Hub,
    key: LaneKey,
    unreadable: Vec<Unreadable<EventId>>,
    now: Timestamp,
) -> Result<(), StoreError> {
    let events: Vec<_> = unreadable.into_iter().map(|one| one.id).collect();
    let until = now.plus(hub.options.again);
    for some in events.chunks(ROWS) {
        hub.app
            .store()
            .queue("put_off", (key, some.to_vec(), now, until), |tx, input| {
                let (key, events, now, until) = input;
                Box::pin(async move { delivery::put_off(tx, *key, events, *now, *until).await })
            })
            .await?;
    }
    Ok(())
}

/// Where something came meanwhile, nothing is changed: the lane is still due, and looked at again.
async fn settle(hub: &Hub, key: LaneKey, version: i64, next: Timestamp) -> Result<(), StoreError> {
    hub.app
        .store()
        .queue("settle_lane", (key, version, next), |tx, input| {
            let (key, version, next) = *input;
            Box::pin(async move { lane::settle(tx, key, version, next).await.map(drop) })
        })
        .await
}

/// Deletes what is left of a deleted consumer.
async fn purge(
    hub: &Hub,
    key: LaneKey,
    version: i64,
    closed_at: Timestamp,
) -> Result<(), StoreError> {
    let until = closed_at.plus(CLOSED_FOR);
    let over = hub.app.now() >= until;
    let input = (key, version, over, until);
    for _ in 0..PURGE_STEPS {
        let done = hub
            .app
            .store()
            .queue("purge_consumer", input, |tx, input| {
                let (key, version, over, until) = *input;
                Box::pin(async move {
                    let done = delivery::purge_some(tx, key.client, key.consumer).await?;
                    if done && over {
                        lane::remove(tx, key).await?;
                    } else if done {
                        lane::settle(tx, key, version, until).await?;
                    }
                    Ok::<_, StoreError>(done)
                })
            })
            .await?;
        if done {
            break;
        }
    }
    Ok(())
}
