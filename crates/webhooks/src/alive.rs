//! The sign of life of this process, on PostgreSQL.

use std::sync::Arc;
use std::time::Duration;

use handclasp_store::{Engine, StoreError, lane, replica};
use tokio_util::sync::CancellationToken;

use crate::hub::{Hub, Standing};

/// After which silence a process is dead.
const LIFE: Duration = Duration::from_secs(4);
/// How long dead processes are remembered.
const REMEMBERED: Duration = Duration::from_secs(24 * 60 * 60);

/// Shows life until told to stop, then hands back what is claimed and takes this process out.
pub(crate) async fn run(hub: Arc<Hub>, stop: CancellationToken) {
    if hub.app.store().engine() == Engine::Sqlite {
        return;
    }
    let mut epoch = None;
    loop {
        match beat(&hub, epoch).await {
            Ok(now) => epoch = Some(now),
            // Tried again at the next beat; when it is too late, nothing more is sent.
            Err(error) => tracing::warn!(%error, cause = ?error, "no sign of life could be given"),
        }
        tokio::select! {
            () = stop.cancelled() => break,
            () = tokio::time::sleep(hub.options.beat) => {}
        }
    }
    if let Some(epoch) = epoch
        && let Err(error) = leave(&hub, epoch).await
    {
        // The others find out by themselves, four seconds later.
        tracing::warn!(%error, cause = ?error, "this process could not be taken out");
    }
}

/// One sign of life; the epoch that it was given under.
async fn beat(hub: &Hub, epoch: Option<i64>) -> Result<i64, StoreError> {
    let id = hub.app.replica();
    let now = hub.app.now();
    let until = now.plus(LIFE);
    let alive = |epoch| Standing::Alive {
        claim: Some((id, epoch)),
        until,
    };
    if let Some(epoch) = epoch {
        let renewed = hub
            .app
            .store()
            .queue("renew_replica", (id, epoch, now, until), |tx, input| {
                let (id, epoch, now, until) = *input;
                Box::pin(async move { replica::renew(tx, id, epoch, now, until).await })
            })
            .await?;
        if renewed {
            hub.set_standing(alive(epoch));
            return Ok(epoch);
        }
        tracing::warn!("this process was taken for dead and goes on anew");
    }
    // What was claimed before is not ours any more.
    hub.set_standing(Standing::Out);
    hub.board().clear();
    let forgotten = now.minus(REMEMBERED);
    let epoch = hub
        .app
        .store()
        .queue("register_replica", (id, until, forgotten), |tx, input| {
            let (id, until, forgotten) = *input;
            Box::pin(async move {
                replica::purge(tx, forgotten).await?;
                replica::register(tx, id, until).await
            })
        })
        .await?;
    hub.set_standing(alive(epoch));
    Ok(epoch)
}

async fn leave(hub: &Hub, epoch: i64) -> Result<(), StoreError> {
    let id = hub.app.replica();
    let mut lanes = hub.board().keys();
    lanes.sort();
    hub.set_standing(Standing::Out);
    let now = hub.app.now();
    hub.app
        .store()
        .queue("leave", (lanes, id, epoch, now), |tx, input| {
            let (lanes, id, epoch, now) = input;
            Box::pin(async move {
                lane::release(tx, lanes, (*id, *epoch), *now).await?;
                replica::resign(tx, *id, *epoch).await
            })
        })
        .await
}
