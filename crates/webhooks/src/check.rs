//! Whether the board knows what the database says is due. It should, always: whoever leaves something out says so. Were that wrong
//! somewhere, a message would lie until the next start, and nobody would hear of it. So some lanes are compared each round, and
//! every one before it is let go.

use std::sync::Arc;
use std::time::Duration;

use futures::StreamExt;
use handclasp_store::StoreError;
use handclasp_store::delivery;
use handclasp_store::lane::{self, Claim, LaneKey, NEVER};

use crate::board::Checked;
use crate::hub::Hub;

/// What is due and not known for so long was forgotten. What is due for less may just have come.
const LONG: Duration = Duration::from_secs(5);
/// How many lanes are let go in one round.
const LEAVING: usize = 200;
/// How many are compared side by side.
const SIDE_BY_SIDE: usize = 4;

/// Compares some lanes, in turn.
pub(crate) async fn some(hub: &Arc<Hub>, claim: Claim) -> Result<(), StoreError> {
    let keys = hub.board().next_to_check(hub.options.checked);
    complete(hub, claim, keys).await.map(drop)
}

/// Lets go of lanes that have nothing to do, so that the next process to have something for them may take them.
pub(crate) async fn leave_idle(hub: &Arc<Hub>, claim: Claim) -> Result<(), StoreError> {
    let mut idle = hub.board().idle(hub.options.idle);
    idle.truncate(LEAVING);
    let idle = complete(hub, claim, idle).await?;
    let Some(claim) = claim else {
        // Nobody else is to be told.
        let mut board = hub.board();
        for key in board.leave(idle, hub.options.idle) {
            board.remove(key);
        }
        return Ok(());
    };
    let mut leaving = hub.board().leave(idle, hub.options.idle);
    if leaving.is_empty() {
        return Ok(());
    }
    leaving.sort();
    let released = hub
        .app
        .store()
        .queue(
            "release_lanes",
            (leaving.clone(), claim),
            |tx, (leaving, claim)| {
                Box::pin(async move { lane::release(tx, leaving, *claim, NEVER).await })
            },
        )
        .await;
    let mut board = hub.board();
    match &released {
        Ok(()) => {
            for key in leaving {
                board.remove(key);
            }
        }
        Err(_) => board.stay(&leaving),
    }
    released
}

/// Those of the lanes that are as the database has them.
async fn complete(
    hub: &Arc<Hub>,
    claim: Claim,
    keys: Vec<LaneKey>,
) -> Result<Vec<LaneKey>, StoreError> {
    let checked: Vec<_> = futures::stream::iter(keys)
        .map(async |key| (key, check(hub, claim, key).await))
        .buffer_unordered(SIDE_BY_SIDE)
        .collect()
        .await;
    let mut complete = Vec::new();
    for (key, checked) in checked {
        if checked? == Checked::Complete {
            complete.push(key);
        }
    }
    Ok(complete)
}

async fn check(hub: &Hub, claim: Claim, key: LaneKey) -> Result<Checked, StoreError> {
    let Some(limit) = hub.board().begin_check(key) else {
        return Ok(Checked::Unclear);
    };
    let now = hub.app.now();
    let limit = u32::try_from(limit).unwrap_or(u32::MAX);
    let read = hub
        .app
        .store()
        .read("check_lane", (key, now, limit), |tx, input| {
            let (key, now, limit) = *input;
            Box::pin(async move {
                let Some(lane) = lane::find(tx, key).await? else {
                    return Ok(None);
                };
                let due = delivery::overdue(tx, key, now, limit).await?;
                Ok::<_, StoreError>(Some((lane, due)))
            })
        })
        .await;
    let mut board = hub.board();
    let checked = match &read {
        // It is due, and looked at anyway.
        Ok(Some((lane, _))) if lane.due_at <= now => board.end_check(key, None),
        Ok(Some((lane, due))) if lane.claim == claim && lane.closed_at.is_none() => {
            board.end_check(key, Some((due, now.minus(LONG))))
        }
        // It is another's by now, or gone: a look takes it off the board.
        Ok(_) => {
            let checked = board.end_check(key, None);
            board.doubt(key);
            checked
        }
        Err(_) => board.end_check(key, None),
    };
    drop(board);
    read?;
    if let Checked::Forgotten(count) = checked {
        metrics::counter!("handclasp_webhook_forgotten_total").increment(count as u64);
        tracing::warn!(
            client = %key.client, consumer = %key.consumer, count,
            "webhooks were due and forgotten; they are sent now. This is a fault in Handclasp: please report it"
        );
    }
    Ok(checked)
}
