//! Metrics, on a listener of their own: they are for the operator, and never reachable through the public one.

use std::net::SocketAddr;
use std::time::Duration;

use anyhow::Context;
use axum::Router;
use axum::routing::get;
use handclasp_web::front::{self, Door, FrontLimits};
use handclasp_web::layers::Outer;
use metrics_exporter_prometheus::{Matcher, PrometheusBuilder, PrometheusHandle};
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;

/// Begins to count. Before anything registers what it counts.
pub(crate) fn install() -> anyhow::Result<PrometheusHandle> {
    let seconds = [
        0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0,
    ];
    let handle = PrometheusBuilder::new()
        .set_buckets_for_metric(Matcher::Suffix("_seconds".to_owned()), &seconds)?
        .install_recorder()?;
    let upkeep = handle.clone();
    // Whether or not anybody asks for the figures: without it what is measured would pile up.
    tokio::spawn(async move {
        loop {
            tokio::time::sleep(Duration::from_secs(5)).await;
            upkeep.run_upkeep();
        }
    });
    Ok(handle)
}

/// Opens the door; none where no address is set.
pub(crate) async fn listen(address: Option<SocketAddr>) -> anyhow::Result<Option<TcpListener>> {
    let Some(address) = address else {
        return Ok(None);
    };
    let listener = TcpListener::bind(address)
        .await
        .with_context(|| format!("metrics_listen: cannot listen on {address}"))?;
    Ok(Some(listener))
}

/// Serves `/metrics` for as long as the process lives, so that its end can be watched too; and the probes, which no crowd at the
/// public door can keep waiting here.
pub(crate) fn serve(
    listener: TcpListener,
    handle: PrometheusHandle,
    outer: &Outer,
    probes: Router,
) {
    let metrics = Router::new().route("/metrics", get(move || std::future::ready(handle.render())));
    let limits = FrontLimits {
        connections: 32,
        ..FrontLimits::default()
    };
    tokio::spawn(front::serve(
        "metrics",
        vec![Door::Tcp(listener)],
        outer.wrap(metrics.merge(probes)),
        limits,
        CancellationToken::new(),
    ));
}
