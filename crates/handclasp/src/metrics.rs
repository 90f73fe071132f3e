//! Metrics, on a listener of their own: they are for the operator, and never reachable through the public one.

use std::net::SocketAddr;
use std::time::Duration;

use anyhow::Context;
use axum::Router;
use axum::routing::get;
use handclasp_web::front::{self, Door, FrontLimits};
use metrics_exporter_prometheus::{Matcher, PrometheusBuilder, PrometheusHandle};
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;

/// Begins to count. Before anything registers what it counts.
pub(crate) fn install() -> anyhow::Result<PrometheusHandle> {
    let seconds = [
        0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0,
    ];
    Ok(PrometheusBuilder::new()
        .set_buckets_for_metric(Matcher::Suffix("_seconds".to_owned()), &seconds)?
        .install_recorder()?)
}

/// Serves `/metrics` until told to stop.
pub(crate) async fn serve(
    listen: SocketAddr,
    handle: PrometheusHandle,
    stop: CancellationToken,
) -> anyhow::Result<()> {
    let listener = TcpListener::bind(listen)
        .await
        .with_context(|| format!("metrics_listen: cannot listen on {listen}"))?;
    let upkeep = handle.clone();
    let router = Router::new().route("/metrics", get(move || std::future::ready(handle.render())));
    let limits = FrontLimits {
        connections: 32,
        ..FrontLimits::default()
    };
    tokio::spawn(async move {
        let served = front::serve(vec![Door::Tcp(listener)], router, limits, stop.clone());
        let tidy = async {
            loop {
                tokio::time::sleep(Duration::from_secs(5)).await;
                upkeep.run_upkeep();
            }
        };
        tokio::select! {
            _ = served => {}
            () = tidy => {}
        }
    });
    Ok(())
}
