//! A running server: its doors, its background work, and how it stops.

use std::net::SocketAddr;
use std::time::Duration;

use anyhow::Context;
use handclasp_app::App;
use handclasp_web::front::{self, Door, FrontLimits};
use handclasp_web::layers::Sites;
use tokio::net::{TcpListener, UnixListener};
use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::config::Config;
use crate::{control, files};

/// How long work that outlives its request may go on after the stop: longer than the 30 s that an exchange may take.
const TASKS: Duration = Duration::from_secs(40);
/// How long background work may take to hand back what it has claimed. What it does not is taken up elsewhere, or at the next start.
const BACKGROUND: Duration = Duration::from_secs(10);

/// Opens the door.
pub(crate) async fn listen(address: SocketAddr) -> anyhow::Result<TcpListener> {
    TcpListener::bind(address)
        .await
        .with_context(|| format!("listen: cannot listen on {address}"))
}

/// Serves until the process is told to stop, and then ends in good order: `/readyz` says so at once, connections are taken until a
/// balancer has noticed, running requests finish within the grace time, claims are handed back, the database is closed. Told
/// twice, it ends at once: nothing is lost by it but what runs.
pub(crate) async fn run(
    config: &Config,
    app: App,
    sites: Sites,
    listener: TcpListener,
    stop: CancellationToken,
    mut signals: Signals,
) -> anyhow::Result<()> {
    let (control, socket) = control::open(config)?;
    let told_twice = async {
        signals.next().await;
        tracing::info!("told to stop");
        stop.cancel();
        signals.next().await;
    };
    let result = tokio::select! {
        result = in_good_order(config, app, sites, control, listener, stop.clone()) => result,
        () = told_twice => Err(anyhow::anyhow!("told twice to stop: ended in the middle of things")),
    };
    drop(socket);
    result
}

async fn in_good_order(
    config: &Config,
    app: App,
    sites: Sites,
    control: UnixListener,
    listener: TcpListener,
    stop: CancellationToken,
) -> anyhow::Result<()> {
    let background = TaskTracker::new();
    // Background work goes on while the last requests finish: they may cause events.
    let background_stop = CancellationToken::new();
    let webhooks = handclasp_webhooks::run(app.clone(), background_stop.clone());
    let jobs = handclasp_app::jobs::run(app.clone(), background_stop.clone());
    let fault = CancellationToken::new();
    for work in [background.spawn(webhooks), background.spawn(jobs)] {
        tokio::spawn(end_with(work, fault.clone(), stop.clone()));
    }
    background.spawn(front::serve(
        "control",
        vec![Door::Unix(control)],
        control::router(app.clone()),
        FrontLimits {
            connections: 16,
            // A backup takes as long as the database is large.
            request_time: Duration::from_secs(60 * 60),
            ..FrontLimits::default()
        },
        background_stop.clone(),
    ));
    let limits = FrontLimits {
        connections: files::connections(config.connections, config.database_pool),
        drain: config.drain(),
        grace: Duration::from_secs(config.grace_seconds),
        ..FrontLimits::default()
    };
    front::serve("public", vec![Door::Tcp(listener)], sites, limits, stop).await;
    app.tasks().close();
    // What was begun at a third party can't be begun again: it has its own time, whatever the grace time for requests is.
    if tokio::time::timeout(TASKS, app.tasks().wait())
        .await
        .is_err()
    {
        tracing::warn!(
            "an authorization was still under way; its person will be asked to try again"
        );
    }
    background_stop.cancel();
    background.close();
    let _late = tokio::time::timeout(BACKGROUND, background.wait()).await;
    app.store().close().await;
    anyhow::ensure!(
        !fault.is_cancelled(),
        "background work ended by a fault: see the log"
    );
    Ok(())
}

/// Ends the server where background work panicked. Without it nothing would be delivered and nobody would notice; whoever starts
/// the server again starts that too.
async fn end_with(work: JoinHandle<()>, fault: CancellationToken, stop: CancellationToken) {
    if work.await.is_err_and(|error| error.is_panic()) {
        tracing::error!("background work has ended by a fault; the server stops");
        fault.cancel();
        stop.cancel();
    }
}

/// The signals by which a process is told to stop.
pub(crate) struct Signals {
    terminate: Signal,
    interrupt: Signal,
}

impl Signals {
    /// From now on a signal waits for [`run`] and does not end the process by itself.
    pub(crate) fn listen() -> std::io::Result<Self> {
        Ok(Self {
            terminate: signal(SignalKind::terminate())?,
            interrupt: signal(SignalKind::interrupt())?,
        })
    }

    async fn next(&mut self) {
        tokio::select! {
            _ = self.terminate.recv() => {}
            _ = self.interrupt.recv() => {}
        }
    }
}
