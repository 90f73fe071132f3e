//! Writing down how attempts went, many at a time.

use std::sync::Arc;
use std::time::Duration;

use handclasp_ambient::new_logged_id;
use handclasp_domain::{Actor, AuditId, Id};
use handclasp_store::audit::{self, AuditEntry};
use handclasp_store::delivery::{self, Attempt};
use handclasp_store::lane::LaneKey;
use handclasp_store::{StoreError, consumer};
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

use crate::hub::{Hub, Made};
use crate::say::{self, Seldom};

/// How many attempts one transaction writes at most, two rows each. It takes its turn with the requests that write; more would keep
/// those waiting for longer.
const BATCH: usize = 125;
/// How long to wait before writing is tried again.
const PAUSE: Duration = Duration::from_millis(200);
/// How often writing is tried at the end, when the process is told to stop.
const LAST_TRIES: usize = 5;

/// Writes down what comes, until `stop`; then what has come.
pub(crate) async fn run(hub: Arc<Hub>, mut made: mpsc::Receiver<Made>, stop: CancellationToken) {
    let mut batch = Vec::with_capacity(BATCH);
    let mut failures = Seldom::default();
    loop {
        let came = tokio::select! {
            biased;
            came = made.recv_many(&mut batch, BATCH) => came,
            () = stop.cancelled() => 0,
        };
        if came == 0 {
            return;
        }
        write(&hub, std::mem::take(&mut batch), &mut failures, &stop).await;
        batch.reserve(BATCH);
    }
}

async fn write(hub: &Hub, made: Vec<Made>, failures: &mut Seldom, stop: &CancellationToken) {
    let gone: Vec<_> = made
        .iter()
        .filter(|made| made.gone)
        .map(|made| (made.attempt.lane, disabling(hub, made.attempt.lane)))
        .collect();
    let results: Vec<_> = made
        .iter()
        .map(|made| (made.attempt.lane, made.generation, made.attempt.event))
        .collect();
    let attempts: Arc<[Attempt]> = made.into_iter().map(|made| made.attempt).collect();
    let gone: Arc<[_]> = gone.into();
    let mut tries = 0;
    let saved = loop {
        match save(hub, Arc::clone(&attempts), Arc::clone(&gone)).await {
            Ok(saved) => break saved,
            Err(error) => {
                let what = "attempts to deliver webhooks could not be written down yet";
                say::database(failures, &error, what);
                tries += 1;
                if stop.is_cancelled() && tries >= LAST_TRIES {
                    // They are made again by whoever comes next.
                    return;
                }
                tokio::time::sleep(PAUSE).await;
            }
        }
    };
    if failures.is_over() {
        tracing::info!("attempts to deliver webhooks are written down again");
    }
    let mut board = hub.board();
    for (key, generation, event) in results {
        board.saved(key, generation, event);
        if !saved {
            board.doubt(key);
        }
    }
    for (key, _) in &*gone {
        board.heard(*key);
    }
}

/// Whether all of them counted. Where one did not, its message may be still due, and only the database knows.
async fn save(
    hub: &Hub,
    attempts: Arc<[Attempt]>,
    gone: Arc<[(LaneKey, AuditEntry)]>,
) -> Result<bool, StoreError> {
    let count = attempts.len() as u64;
    let Some(claim) = hub.claim() else {
        // Dead to the others. Whoever has the lanes next makes these attempts again.
        metrics::counter!("handclasp_webhook_results_lost_total").increment(count);
        return Ok(false);
    };
    let (saved, disabled) = hub
        .app
        .store()
        .queue("save_attempts", (attempts, gone, claim), |tx, input| {
            let (attempts, gone, claim) = input;
            Box::pin(async move {
                let saved = delivery::save(tx, attempts, *claim).await?;
                let mut disabled = Vec::new();
                for (key, entry) in &**gone {
                    if consumer::disable(tx, key.client, key.consumer).await? {
                        audit::insert(tx, entry).await?;
                        disabled.push(*key);
                    }
                }
                Ok::<_, StoreError>((saved, disabled))
            })
        })
        .await?;
    for key in disabled {
        tracing::warn!(
            client = %key.client, consumer = %key.consumer,
            "a webhook consumer answered 410 Gone and is disabled"
        );
    }
    if saved < count {
        // The consumer was deleted meanwhile, or its lane is another replica's.
        metrics::counter!("handclasp_webhook_results_lost_total").increment(count - saved);
    }
    Ok(saved == count)
}

/// The audit entry of a consumer's being disabled because it answered that it is gone.
fn disabling(hub: &Hub, key: LaneKey) -> AuditEntry {
    AuditEntry {
        client: key.client,
        id: new_logged_id::<AuditId>(&**hub.app.clock(), &**hub.app.random()),
        at: hub.app.now(),
        actor: Actor::System,
        action: "webhook.disable",
        company: None,
        subject: Some(key.consumer.uuid()),
        address: None,
        correlation: None,
    }
}
