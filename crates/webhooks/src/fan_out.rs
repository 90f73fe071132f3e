//! From events to deliveries.

use std::collections::btree_map::Entry;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use handclasp_domain::{ClientId, Timestamp};
use handclasp_store::consumer::{self, Consumer};
use handclasp_store::delivery::{self, FanOut, Told};
use handclasp_store::lane::{self, Claim, LaneKey};
use handclasp_store::{Engine, Reader, StoreError};

use crate::board::Job;
use crate::hub::Hub;
use crate::send;

/// How many events one step takes at most.
const EVENTS: u32 = 500;
/// How many rows it touches at most, where more than one event is taken. It takes its turn with the requests that write; more
/// would keep those waiting for longer.
const ROWS: usize = 250;

type Consumers = BTreeMap<ClientId, Vec<Consumer>>;

/// What a step did.
struct Step {
    events: Vec<Told>,
    written: Arc<FanOut>,
    consumers: Consumers,
    /// The lanes that are this process's to deliver.
    held: BTreeSet<LaneKey>,
    /// Whether more is waiting.
    more: bool,
}

/// Fans out until told to stop: when an event was written here, and every now and then for what others wrote.
pub(crate) async fn run(hub: &Arc<Hub>) {
    let mut limit = EVENTS;
    let mut told = true;
    while !hub.stop.is_cancelled() {
        let mut again = false;
        let in_hand = hub.board().pin();
        match step(hub, limit, told, in_hand).await {
            Ok(None) => hub.board().unpin(true),
            Ok(Some(step)) => {
                limit = next_limit(&step.written);
                again = step.more;
                hand_over(hub, &step);
                hub.board().unpin(true);
            }
            Err(error) => {
                // It may have been written all the same.
                hub.board().unpin(false);
                hub.low.notify_one();
                if !matches!(error, StoreError::Overloaded { .. }) {
                    tracing::warn!(%error, cause = ?error, "events could not be fanned out");
                }
            }
        }
        told = again;
        if !again {
            tokio::select! {
                () = hub.stop.cancelled() => return,
                () = hub.app.events_written().notified() => told = true,
                () = tokio::time::sleep(hub.options.poll) => {}
            }
        }
    }
}

/// As many events as will touch about as many rows as a step may.
fn next_limit(written: &FanOut) -> u32 {
    let events = written.events.len().max(1);
    let a_piece = written.rows().div_ceil(events).max(1);
    u32::try_from(ROWS.div_ceil(a_piece))
        .unwrap_or(EVENTS)
        .clamp(1, EVENTS)
}

async fn step(
    hub: &Hub,
    limit: u32,
    told: bool,
    in_hand: BTreeSet<LaneKey>,
) -> Result<Option<Step>, StoreError> {
    let Some(claim) = hub.claim() else {
        return Ok(None);
    };
    let store = hub.app.store();
    match store.engine() {
        // Nobody else fans out: reading and matching need not keep the writer busy.
        Engine::Sqlite => {
            let events = delivery::pending(&mut &*store, limit).await?;
            if events.is_empty() {
                return Ok(None);
            }
            let mut step = plan(&mut &*store, events, limit).await?;
            let input = (Arc::clone(&step.written), in_hand, claim, hub.app.now());
            store
                .queue("fan_out", input, |tx, (written, in_hand, claim, now)| {
                    Box::pin(
                        async move { delivery::fan_out(tx, written, in_hand, *claim, *now).await },
                    )
                })
                .await?;
            step.held = step.written.lanes();
            Ok(Some(step))
        }
        Engine::Postgres => {
            if !told && delivery::pending(&mut &*store, 1).await?.is_empty() {
                return Ok(None);
            }
            let input = (limit, in_hand, claim, hub.app.now());
            store
                .queue("fan_out", input, |tx, (limit, in_hand, claim, now)| {
                    Box::pin(async move {
                        let events = delivery::take(tx, *limit).await?;
                        if events.is_empty() {
                            return Ok(None);
                        }
                        let mut step = plan(tx, events, *limit).await?;
                        delivery::fan_out(tx, &step.written, in_hand, *claim, *now).await?;
                        let lanes = step.written.lanes();
                        step.held = held(tx, &step.consumers, *claim).await?;
                        step.held.retain(|key| lanes.contains(key));
                        Ok::<_, StoreError>(Some(step))
                    })
                })
                .await
        }
    }
}

async fn held(
    on: &mut impl Reader,
    consumers: &Consumers,
    claim: Claim,
) -> Result<BTreeSet<LaneKey>, StoreError> {
    let mut held = BTreeSet::new();
    if let Some(claim) = claim {
        for client in consumers.keys() {
            held.extend(lane::held(on, *client, claim).await?);
        }
    }
    Ok(held)
}

/// Reads the consumers, each client's once, and decides who gets what.
async fn plan(on: &mut impl Reader, mut events: Vec<Told>, limit: u32) -> Result<Step, StoreError> {
    let mut more = u32::try_from(events.len()).is_ok_and(|count| count >= limit);
    let mut consumers = Consumers::new();
    for event in &events {
        if let Entry::Vacant(entry) = consumers.entry(event.client) {
            entry.insert(consumer::list(on, event.client).await?);
        }
    }
    let mut written = FanOut::default();
    for event in &events {
        if !written.events.is_empty() && written.rows() >= ROWS {
            more = true;
            break;
        }
        let all = consumers.get(&event.client).map_or(&[][..], Vec::as_slice);
        for consumer in all.iter().filter(|consumer| consumer.wants(event)) {
            written
                .deliveries
                .push((LaneKey::of(consumer), event.id, event.at));
        }
        written.events.push((event.client, event.id));
    }
    events.truncate(written.events.len());
    Ok(Step {
        events,
        written: Arc::new(written),
        consumers,
        held: BTreeSet::new(),
        more,
    })
}

/// Puts what was just written on the board, as far as it has room, so that it need not be read again.
fn hand_over(hub: &Arc<Hub>, step: &Step) {
    metrics::counter!("handclasp_webhook_events_total").increment(step.events.len() as u64);
    let mut rooms: BTreeMap<LaneKey, usize> = BTreeMap::new();
    for consumer in step.consumers.values().flatten() {
        let key = LaneKey::of(consumer);
        if !step.held.contains(&key) {
            continue;
        }
        let present = hub.board().outlet(key);
        if let Some(outlet) = hub.outlet(consumer, present) {
            let mut board = hub.board();
            board.adopt(key, outlet);
            rooms.insert(key, board.room(key));
        }
    }
    let by_id: BTreeMap<_, _> = step.events.iter().map(|event| (event.id, event)).collect();
    let mut jobs: BTreeMap<LaneKey, Vec<Job>> = BTreeMap::new();
    for (key, event, _) in &step.written.deliveries {
        let Some(room) = rooms.get_mut(key) else {
            continue;
        };
        // One beyond the room, so that the board knows of it.
        let waiting = jobs.entry(*key).or_default();
        if waiting.len() <= *room
            && let Some(message) = by_id.get(event).and_then(|event| hub.message(event))
        {
            waiting.push(Job {
                message,
                attempts: 0,
            });
        }
    }
    let mut board = hub.board();
    for (key, jobs) in jobs {
        board.offer(key, jobs);
    }
    drop(board);
    send::start(hub);
    if let Some(event) = step.events.first() {
        metrics::histogram!("handclasp_webhook_fan_out_lag_seconds").record(lag(hub, event.at));
    }
}

fn lag(hub: &Hub, at: Timestamp) -> std::time::Duration {
    hub.app.now().since(at)
}
