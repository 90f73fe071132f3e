//! What is due: found in the database, and put on the board.

use std::sync::Arc;
use std::time::Duration;

use futures::StreamExt;
use handclasp_domain::Timestamp;
use handclasp_store::StoreError;
use handclasp_store::consumer::{self, Consumer};
use handclasp_store::delivery::{self, Due};
use handclasp_store::lane::{self, Claim, Lane, LaneKey, NEVER};

use crate::board::Job;
use crate::hub::Hub;
use crate::send;

/// How many lanes are read in one go.
const PAGE: u32 = 200;
/// How many lanes are looked at side by side.
const SIDE_BY_SIDE: usize = 4;
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
            Ok(()) => awake = true,
            Err(error) => report(&error),
        }
        tokio::select! {
            () = hub.stop.cancelled() => {}
            () = tokio::time::sleep(hub.options.poll) => {}
        }
    }
}

/// Looks again for lanes whose queue runs low while the database has more.
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
        look_at_all(hub, low).await;
    }
}

fn report(error: &StoreError) {
    if !matches!(error, StoreError::Overloaded { .. }) {
        tracing::warn!(%error, cause = ?error, "what is due could not be looked for");
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
    loop {
        let due = lane::due(&mut store, now, claim, after, PAGE).await?;
        look_at_all(hub, due.iter().map(|(_, key)| *key).collect()).await;
        after = due.last().copied();
        if u32::try_from(due.len()).is_ok_and(|count| count < PAGE) || hub.stop.is_cancelled() {
            break;
        }
    }
    if claim.is_some() {
        let orphaned = lane::orphaned(&mut store, now, PAGE).await?;
        look_at_all(hub, orphaned).await;
    }
    leave_idle(hub, claim).await
}

/// Lets go of lanes that have nothing to do, so that the next process to have something for them may take them.
async fn leave_idle(hub: &Hub, claim: Claim) -> Result<(), StoreError> {
    let mut idle = hub.board().leave_idle(hub.options.idle);
    if idle.is_empty() {
        return Ok(());
    }
    idle.sort();
    if let Some(claim) = claim {
        hub.app
            .store()
            .queue(
                "release_lanes",
                (idle.clone(), claim),
                |tx, (idle, claim)| {
                    Box::pin(async move { lane::release(tx, idle, *claim, NEVER).await })
                },
            )
            .await?;
    }
    let mut board = hub.board();
    for key in idle {
        board.remove(key);
    }
    Ok(())
}

async fn look_at_all(hub: &Arc<Hub>, keys: Vec<LaneKey>) {
    futures::stream::iter(keys)
        .for_each_concurrent(SIDE_BY_SIDE, async |key| {
            if let Err(error) = look_at(hub, key).await {
                report(&error);
            }
        })
        .await;
    send::start(hub);
}

/// What a look sees, at one instant.
struct Seen {
    lane: Lane,
    consumer: Option<Consumer>,
    due: Vec<Due>,
    /// When the next after those is due, where `due` is all of them.
    next: Option<Timestamp>,
    more: bool,
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
    let result = look(hub, key, claim, limit).await;
    if result.is_err() {
        hub.board().abandon_look(key);
    }
    result
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

async fn look(hub: &Arc<Hub>, key: LaneKey, claim: Claim, limit: usize) -> Result<(), StoreError> {
    let now = hub.app.now();
    let Some(seen) = see(hub, key, now, limit).await? else {
        hub.board().remove(key);
        return Ok(());
    };
    if let Some(closed_at) = seen.lane.closed_at {
        hub.board().remove(key);
        return purge(hub, key, &seen.lane, closed_at).await;
    }
    let consumer = seen.consumer.filter(|consumer| !consumer.disabled);
    let Some(consumer) = consumer.filter(|_| claim == seen.lane.claim) else {
        let ours = claim == seen.lane.claim;
        hub.board().remove(key);
        if ours {
            // What it has not got waits until it is enabled again, which makes the lane due.
            settle(hub, key, seen.lane.version, NEVER).await?;
        }
        return Ok(());
    };
    let present = hub.board().outlet(key);
    let Some(outlet) = hub.outlet(&consumer, present) else {
        // Nothing can be sent to it as it is. Said in the log; a change of the consumer makes the lane due.
        hub.board().remove(key);
        return settle(hub, key, seen.lane.version, NEVER).await;
    };
    let mut jobs = Vec::new();
    for due in seen.due {
        if hub.board().knows(key, due.event.id) {
            continue;
        }
        if let Some(message) = hub.message(&due.event) {
            jobs.push(Job {
                message,
                attempts: due.attempts,
            });
        }
    }
    {
        let mut board = hub.board();
        board.adopt(key, outlet);
        board.end_look(key, jobs, seen.more);
    }
    if !seen.more {
        settle(hub, key, seen.lane.version, seen.next.unwrap_or(NEVER)).await?;
    }
    Ok(())
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
                let consumer = consumer::find(tx, key.client, key.consumer).await?;
                let wanted =
                    lane.closed_at.is_none() && consumer.as_ref().is_some_and(|c| !c.disabled);
                let due = match wanted && limit > 0 {
                    true => delivery::due(tx, key, now, limit).await?,
                    false => Vec::new(),
                };
                let more = u32::try_from(due.len()).is_ok_and(|count| count >= limit);
                let next = match wanted && !more {
                    true => delivery::next_due(tx, key, now).await?,
                    false => None,
                };
                Ok(Some(Seen {
                    lane,
                    consumer,
                    due,
                    next,
                    more,
                }))
            })
        })
        .await
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
    lane: &Lane,
    closed_at: Timestamp,
) -> Result<(), StoreError> {
    let until = closed_at.plus(CLOSED_FOR);
    let over = hub.app.now() >= until;
    let input = (key, lane.version, over, until);
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
