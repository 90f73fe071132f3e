//! What metrics, logs and errors tell, and what they do not.

use std::time::Duration;

use crate::support::{Names, Server, allowing, get, local, read_request};
use handclasp_outbound::{Outbound, Policy};
use metrics_util::debugging::{DebugValue, DebuggingRecorder};

fn block_on<T>(future: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap()
        .block_on(future)
}

/// Runs this and gives what was counted, as `name{labels} count`.
fn counted(future: impl Future<Output = ()>) -> Vec<String> {
    let recorder = DebuggingRecorder::new();
    let snapshotter = recorder.snapshotter();
    metrics::with_local_recorder(&recorder, || block_on(future));
    let mut lines: Vec<_> = snapshotter
        .snapshot()
        .into_vec()
        .into_iter()
        .map(|(key, _, _, value)| {
            let labels: Vec<_> = key
                .key()
                .labels()
                .map(|label| format!("{}={}", label.key(), label.value()))
                .collect();
            let count = match value {
                DebugValue::Counter(count) => count,
                DebugValue::Histogram(values) => values.len() as u64,
                DebugValue::Gauge(_) => 0,
            };
            format!("{}{{{}}} {count}", key.key().name(), labels.join(","))
        })
        .collect();
    lines.sort();
    lines
}

#[test]
fn each_request_is_counted_once_by_purpose_and_outcome() {
    let lines = counted(async {
        let outbound = local();
        let (fine, _) = Server::answering("HTTP/1.1 204 No Content\r\n\r\n").await;
        let (moved, _) = Server::answering("HTTP/1.1 301 Moved\r\ncontent-length: 0\r\n\r\n").await;
        let (broken, _) = Server::answering("nonsense\r\n\r\n").await;
        for server in [&fine, &fine, &moved, &broken] {
            let _ = outbound.send(get(server.url("/"))).await;
        }
        let _ = outbound
            .send(get("https://10.0.0.1/".parse().unwrap()))
            .await;
        let silent = Server::start(|mut stream| async move {
            read_request(&mut stream).await;
            std::future::pending::<()>().await;
        })
        .await;
        let waiting = outbound.send(get(silent.url("/")));
        let _ = tokio::time::timeout(Duration::from_millis(50), waiting).await;
    });
    let counter = |outcome: &str, count: u64| {
        format!("handclasp_outbound_requests_total{{purpose=test,outcome={outcome}}} {count}")
    };
    assert_eq!(
        lines,
        [
            "handclasp_outbound_request_seconds{purpose=test} 6".to_owned(),
            counter("2xx", 2),
            counter("3xx", 1),
            counter("abandoned", 1),
            counter("protocol", 1),
            counter("refused_address", 1),
        ]
    );
}

#[tokio::test]
async fn a_failure_has_a_sentence_for_people_and_a_cause_for_the_log() {
    let outbound = Outbound::with_resolver(Policy::default(), Names::none()).unwrap();
    let unknown = "https://nowhere.example/".parse().unwrap();
    let error = outbound.send(get(unknown)).await.unwrap_err();
    assert_eq!(error.to_string(), "The host name could not be resolved.");
    let cause = std::error::Error::source(&error).unwrap();
    assert_eq!(cause.to_string(), "no such name");

    let closed = Outbound::with_resolver(allowing(&["127.0.0.0/8"]), Names::none()).unwrap();
    let error = closed
        .send(get("http://127.0.0.1:1/".parse().unwrap()))
        .await
        .unwrap_err();
    assert_eq!(error.to_string(), "The server could not be connected to.");
    let cause = std::error::Error::source(&error).unwrap().to_string();
    assert!(cause.contains("refused"), "{cause}");
}
