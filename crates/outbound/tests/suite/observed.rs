//! What metrics, logs and errors tell, and what they do not.

use std::io;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use crate::support::{Names, Server, allowing, get, local, read_request};
use handclasp_outbound::{Outbound, Overflow, Policy, Request};
use http::header::{AUTHORIZATION, HeaderValue};
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

#[derive(Clone, Default)]
struct Log(Arc<Mutex<Vec<u8>>>);

impl io::Write for Log {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[test]
fn nothing_secret_is_logged_or_told() {
    let log = Log::default();
    let writer = log.clone();
    let subscriber = tracing_subscriber::fmt()
        .with_max_level(tracing::Level::TRACE)
        .with_ansi(false)
        .with_writer(move || writer.clone())
        .finish();
    let told = tracing::subscriber::with_default(subscriber, || block_on(ask_with_secrets()));
    let mut told = told;
    told.push_str(&String::from_utf8(log.0.lock().unwrap().clone()).unwrap());
    assert!(
        told.contains("request answered") && told.contains("request failed"),
        "{told}"
    );
    assert!(told.contains("127.0.0.1"), "{told}");
    for secret in ["s3cr3t", "us3r"] {
        let betrayed = told.lines().find(|line| line.contains(secret));
        assert_eq!(betrayed, None);
    }
}

/// Sends secrets in every place of a request, to servers that answer and fail in many ways with secrets of
/// their own, and gives all that requests, answers and errors show of themselves.
async fn ask_with_secrets() -> String {
    let mut told = String::new();
    let outbound = local();
    let mut servers = Vec::new();
    for answer in [
        "HTTP/1.1 200 OK\r\nset-cookie: s3cr3t\r\ncontent-length: 6\r\n\r\ns3cr3t",
        "HTTP/1.1 302 Found\r\nlocation: /s3cr3t\r\ncontent-length: 0\r\n\r\n",
        "s3cr3t\r\n\r\n",
        "HTTP/1.1 200 OK\r\ns3cr3t s3cr3t\r\n\r\n",
        "HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\ns3cr3t-longer-than-allowed",
        "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\ns3cr3t\r\n",
    ] {
        servers.push(Server::answering(answer).await.0);
    }
    servers.push(Server::start(|_| async {}).await);
    let mut urls: Vec<_> = servers
        .iter()
        .map(|server| server.url("/s3cr3t?token=s3cr3t#s3cr3t"))
        .collect();
    for url in [
        "https://unknown.example/s3cr3t?s3cr3t",
        "https://10.0.0.1/s3cr3t?s3cr3t",
        "https://us3r:s3cr3t@example.com/s3cr3t",
        "ftp://example.com/s3cr3t",
        "http://127.0.0.1:1/s3cr3t",
    ] {
        urls.push(url.parse().unwrap());
    }
    for url in urls {
        for on_overflow in [Overflow::Fail, Overflow::Truncate] {
            let mut request = Request {
                body: "s3cr3t".into(),
                max_body: 8,
                on_overflow,
                ..get(url.clone())
            };
            let bearer = HeaderValue::from_static("Bearer s3cr3t");
            request.headers.insert(AUTHORIZATION, bearer);
            told.push_str(&format!("{request:?}\n"));
            match outbound.send(request).await {
                Ok(answer) => told.push_str(&format!("{answer:?}\n")),
                Err(error) => {
                    let cause = std::error::Error::source(&error).map(ToString::to_string);
                    told.push_str(&format!("{error} {error:?} {cause:?}\n"));
                }
            }
        }
    }
    told.push_str(&format!("{outbound:?}"));
    told
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
