//! From events to deliveries.

use std::collections::btree_map::Entry;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Instant;

use handclasp_domain::{ClientId, ConsumerId, EventId, Timestamp};
use handclasp_store::consumer::{self, Consumer};
use handclasp_store::fan_out::{self, FanOut, Told, Unreadable, Waiting};
use handclasp_store::lane::{self, Claim, LaneKey};
use handclasp_store::{Engine, Reader, StoreError};

use crate::board::{Job, Outlet};
use crate::hub::Hub;
use crate::say::{self, Seldom};
use crate::send;

/// How many events one step takes at most.
const EVENTS: u32 = 500;
/// How many rows it touches at most, where more than one event is taken. It takes its turn with the requests that write; more
/// would keep those waiting for longer.
const ROWS: usize = 250;
/// How many times so many events that were set aside are tried again in one go at most.
const AGAIN: usize = 20;

type Consumers = BTreeMap<ClientId, Vec<Consumer>>;

/// What a step did.
struct Step {
    events: Vec<Told>,
    written: Arc<FanOut>,
    consumers: Consumers,
    /// The lanes that are this process's to deliver, under this claim.
    held: BTreeSet<LaneKey>,
    claim: Claim,
    /// What could not be read.
    unreadable: Vec<Unreadable<EventId>>,
    deaf: Vec<Unreadable<ConsumerId>>,
    /// Whether more is waiting.
    more: bool,
}

/// Fans out until told to stop: when an event was written here, and every now and then for what others wrote.
pub(crate) async fn run(hub: &Arc<Hub>) {
    let mut limit = EVENTS;
    let mut told = true;
    let mut failures = Seldom::default();
    let mut tried_again: Option<Instant> = None;
    while !hub.stop.is_cancelled() {
        let mut again = false;
        let long_ago = tried_again.is_none_or(|at| at.elapsed() >= hub.options.again);
        if long_ago && hub.claim().is_some() {
            match try_again(hub).await {
                Ok(()) => tried_again = Some(Instant::now()),
                Err(error) => say::database(&mut failures, &error, FAILED),
            }
        }
        let in_hand = hub.board().begin_fan_out();
        match step(hub, limit, told, in_hand.clone()).await {
            Ok(step) => {
                if let Some(step) = step {
                    limit = next_limit(&step.written);
                    again = step.more;
                    hand_over(hub, &step);
                }
                if failures.is_over() {
                    tracing::info!("events are fanned out again");
                }
            }
            Err(error) => {
                say::database(&mut failures, &error, FAILED);
                if may_be_written(&error) {
                    let mut board = hub.board();
                    for key in in_hand {
                        board.doubt(key);
                    }
                }
            }
        }
        hub.board().end_fan_out();
        send::start(hub);
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

const FAILED: &str = "events could not be fanned out";

/// Whether a step that failed so may have been kept all the same. To think so wrongly costs a look at each lane in hand.
fn may_be_written(error: &StoreError) -> bool {
    !matches!(error, StoreError::Overloaded { .. } | StoreError::Conflict)
}

/// Lets events that were set aside wait for their fan-out again: a later version may read them, or somebody mended them.
async fn try_again(hub: &Hub) -> Result<(), StoreError> {
    for _ in 0..AGAIN {
        let some = hub
            .app
            .store()
            .queue("try_events_again", EVENTS, |tx, limit| {
                Box::pin(async move { fan_out::try_again(tx, *limit).await })
            })
            .await?;
        if some < u64::from(EVENTS) {
            break;
        }
    }
    Ok(())
}

/// As many events as will touch about as many rows as a step may.
fn next_limit(written: &FanOut) -> u32 {
    let events = (written.events.len() + written.unreadable.len()).max(1);
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
            let waiting = fan_out::waiting(&mut &*store, limit).await?;
            if waiting.is_empty() {
                return Ok(None);
            }
            let mut step = plan(&mut &*store, waiting, limit, claim).await?;
            let input = (Arc::clone(&step.written), in_hand, claim, hub.app.now());
            store
                .queue("fan_out", input, |tx, (written, in_hand, claim, now)| {
                    Box::pin(
                        async move { fan_out::fan_out(tx, written, in_hand, *claim, *now).await },
                    )
                })
                .await?;
            step.held = step.written.lanes();
            Ok(Some(step))
        }
        Engine::Postgres => {
            if !told && fan_out::waiting(&mut &*store, 1).await?.is_empty() {
                return Ok(None);
            }
            let input = (limit, in_hand, claim, hub.app.now());
            store
                .queue("fan_out", input, |tx, (limit, in_hand, claim, now)| {
                    Box::pin(async move {
                        let waiting = fan_out::take(tx, *limit).await?;
                        if waiting.is_empty() {
                            return Ok(None);
                        }
                        let mut step = plan(tx, waiting, *limit, *claim).await?;
                        fan_out::fan_out(tx, &step.written, in_hand, *claim, *now).await?;
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
async fn plan(
    on: &mut impl Reader,
    waiting: Waiting,
    limit: u32,
    claim: Claim,
) -> Result<Step, StoreError> {
    let mut more = u32::try_from(waiting.len()).is_ok_and(|count| count >= limit);
    let mut events = waiting.events;
    let mut consumers = Consumers::new();
    let mut deaf = Vec::new();
    for event in &events {
        if let Entry::Vacant(entry) = consumers.entry(event.client) {
            let audience = consumer::audience(on, event.client).await?;
            entry.insert(audience.consumers);
            deaf.extend(audience.unreadable);
        }
    }
    let mut written = FanOut {
        unreadable: waiting.unreadable.iter().map(|one| one.id).collect(),
        ..FanOut::default()
    };
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
    let unreadable = waiting.unreadable.into_iter().map(|one| Unreadable {
        id: one.id.1,
        cause: one.cause,
    });
    Ok(Step {
        events,
        written: Arc::new(written),
        consumers,
        held: BTreeSet::new(),
        claim,
        unreadable: unreadable.collect(),
        deaf,
        more,
    })
}

/// What a lane is handed.
struct Share {
    outlet: Arc<Outlet>,
    room: usize,
    jobs: Vec<Job>,
    /// Whether it is everything that was written for the lane.
    all: bool,
}

/// Puts what was just written on the board, as far as it has room, so that it need not be read again. Lanes that don't get all
/// of theirs are doubted.
fn hand_over(hub: &Hub, step: &Step) {
    metrics::counter!("handclasp_webhook_events_total").increment(step.events.len() as u64);
    if let Some(event) = step.events.first() {
        metrics::histogram!("handclasp_webhook_fan_out_lag_seconds").record(lag(hub, event.at));
    }
    hub.unreadable("event", &step.unreadable);
    hub.unreadable("consumer", &step.deaf);
    let shares = shares(hub, step);
    let mut board = hub.board();
    // Under another claim these lanes are not this process's any more, and whoever takes them looks.
    let held = hub.claim() == Some(step.claim);
    for key in step.written.lanes() {
        if !held || !shares.contains_key(&key) {
            board.doubt(key);
        }
    }
    for (key, share) in shares.into_iter().filter(|_| held) {
        board.adopt(key, share.outlet);
        board.offer(key, share.jobs, share.all);
    }
}

fn shares(hub: &Hub, step: &Step) -> BTreeMap<LaneKey, Share> {
    let mut shares = BTreeMap::new();
    for consumer in step.consumers.values().flatten() {
        let key = LaneKey::of(consumer);
        if !step.held.contains(&key) {
            continue;
        }
        let present = hub.board().outlet(key);
        if let Some(outlet) = hub.outlet(consumer, present) {
            let share = Share {
                outlet,
                room: hub.board().room(key),
                jobs: Vec::new(),
                all: true,
            };
            shares.insert(key, share);
        }
    }
    let by_id: BTreeMap<_, _> = step.events.iter().map(|event| (event.id, event)).collect();
    for (key, event, _) in &step.written.deliveries {
        let Some(share) = shares.get_mut(key) else {
            continue;
        };
        let message = match by_id.get(event) {
            Some(event) if share.jobs.len() < share.room => hub.message(event).ok(),
            Some(_) | None => None,
        };
        match message {
            Some(message) => share.jobs.push(Job {
                message,
                attempts: 0,
            }),
            // There is no room, or it can't be rendered: a look finds it, and says so.
            None => share.all = false,
        }
    }
    shares
}

fn lag(hub: &Hub, at: Timestamp) -> std::time::Duration {
    hub.app.now().since(at)
}
