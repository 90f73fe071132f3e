//! A running server: its doors, its background work, and how it stops.

use std::net::SocketAddr;
use std::time::Duration;

use anyhow::Context;
use handclasp_app::App;
use handclasp_web::front::{self, Door, FrontLimits};
use handclasp_web::layers::Sites;
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::config::Config;
use crate::control;

/// How long work that outlives its request may go on after the stop: longer than the 30 s that an exchange may take.
const TASKS: Duration = Duration::from_secs(40);

/// Opens the door.
pub(crate) async fn listen(address: SocketAddr) -> anyhow::Result<TcpListener> {
    TcpListener::bind(address)
        .await
        .with_context(|| format!("listen: cannot listen on {address}"))
}

/// Serves until the process is told to stop, and then ends in good order: no new connections, running requests finished within
/// the grace time, claims handed back, the database closed.
pub(crate) async fn run(
    config: &Config,
    app: App,
    sites: Sites,
    listener: TcpListener,
    stop: CancellationToken,
) -> anyhow::Result<()> {
    let background = TaskTracker::new();
    // Background work goes on while the last requests finish: they may cause events.
    let background_stop = CancellationToken::new();
    background.spawn(handclasp_webhooks::run(
        app.clone(),
        background_stop.clone(),
    ));
    background.spawn(handclasp_app::jobs::run(
        app.clone(),
        background_stop.clone(),
    ));
    let control = control::open(config)?;
    background.spawn(front::serve(
        vec![Door::Unix(control)],
        control::router(app.clone()),
        FrontLimits {
            connections: 16,
            ..FrontLimits::default()
        },
        background_stop.clone(),
    ));
    let told = stop.clone();
    tokio::spawn(async move {
        if wait_for_signal().await.is_ok() {
            tracing::info!("told to stop");
            told.cancel();
        }
    });
    let grace = Duration::from_secs(config.grace_seconds);
    let limits = FrontLimits {
        connections: config.connections,
        grace,
        ..FrontLimits::default()
    };
    let served = front::serve(vec![Door::Tcp(listener)], sites, limits, stop).await;
    if served.cut > 0 {
        tracing::warn!(
            cut = served.cut,
            "connections were still busy after the grace time"
        );
    }
    app.tasks().close();
    // What was begun at a third party can't be begun again: it has its own time, whatever the grace time for requests is.
    if tokio::time::timeout(grace.max(TASKS), app.tasks().wait())
        .await
        .is_err()
    {
        tracing::warn!(
            "an authorization was still under way; its person will be asked to try again"
        );
    }
    background_stop.cancel();
    background.close();
    let _late = tokio::time::timeout(grace.max(Duration::from_secs(2)), background.wait()).await;
    app.store().close().await;
    let _gone = std::fs::remove_file(config.control_path());
    Ok(())
}

async fn wait_for_signal() -> std::io::Result<()> {
    use tokio::signal::unix::{SignalKind, signal};
    let mut terminate = signal(SignalKind::terminate())?;
    tokio::select! {
        _ = terminate.recv() => Ok(()),
        result = tokio::signal::ctrl_c() => result,
    }
}
