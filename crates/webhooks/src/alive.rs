//! The sign of life of this process, on PostgreSQL.

use std::sync::Arc;
use std::time::Duration;

use handclasp_domain::Timestamp;
use handclasp_store::{Engine, StoreError, lane, replica};
use tokio_util::sync::CancellationToken;

use crate::hub::{Hub, Standing};
use crate::say::{self, Seldom};

/// After which silence a process is dead.
const LIFE: Duration = Duration::from_secs(4);
/// How long dead processes are remembered.
const REMEMBERED: Duration = Duration::from_secs(24 * 60 * 60);

/// Shows life until told to stop, then hands back what is claimed and takes this process out.
pub(crate) async fn run(hub: Arc<Hub>, stop: CancellationToken) {
    if hub.app.store().engine() == Engine::Sqlite {
        return;
    }
    let mut life = None;
    let mut failures = Seldom::default();
    loop {
        match beat(&hub, life).await {
            Ok(given) => {
                life = Some(given);
                if failures.is_over() {
                    tracing::info!("a sign of life could be given again");
                }
            }
            // Tried again at the next beat; when it is too late, nothing more is sent.
            Err(error) => say::database(&mut failures, &error, "no sign of life could be given"),
        }
        tokio::select! {
            () = stop.cancelled() => break,
            () = tokio::time::sleep(hub.options.beat) => {}
        }
    }
    if let Some(life) = life
        && let Err(error) = leave(&hub, life.epoch).await
    {
        // The others find out by themselves, four seconds later.
        tracing::warn!(%error, cause = ?error, "this process could not be taken out");
    }
}

/// What a sign of life says.
#[derive(Debug, Clone, Copy)]
struct Life {
    epoch: i64,
    until: Timestamp,
}

/// One sign of life after `last`.
async fn beat(hub: &Hub, last: Option<Life>) -> Result<Life, StoreError> {
    let id = hub.app.replica();
    let begin = |epoch, until| {
        hub.set_standing(Standing::Alive {
            claim: Some((id, epoch)),
            until,
        });
        Life { epoch, until }
    };
    if let Some(Life { epoch, until: end }) = last {
        let now = hub.app.now();
        let until = now.plus(LIFE);
        let renewed = hub
            .app
            .store()
            .queue("renew_replica", (id, epoch, now, until), |tx, input| {
                let (id, epoch, now, until) = *input;
                Box::pin(async move { replica::renew(tx, id, epoch, now, until).await })
            })
            .await?;
        // Where the last sign ran out before this one was there, others may have taken this process for dead meanwhile, and it did so
        // itself: what it has in hand is worth nothing any more, whatever the database says.
        if renewed && hub.app.now() < end {
            return Ok(begin(epoch, until));
        }
        tracing::warn!("this process was taken for dead and goes on anew");
    }
    // What was claimed before is not ours any more.
    hub.set_standing(Standing::Out);
    hub.board().clear();
    let now = hub.app.now();
    let (until, forgotten) = (now.plus(LIFE), now.minus(REMEMBERED));
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
    Ok(begin(epoch, until))
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
