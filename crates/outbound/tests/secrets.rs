//! Nothing secret is logged or told. In a process of its own: what is logged there is all this test's.
#![expect(clippy::unwrap_used, reason = "tests fail by panicking")]

#[path = "suite/support.rs"]
#[expect(dead_code, reason = "shared with the suite, which uses the rest")]
mod support;

use std::io;
use std::sync::{Arc, Mutex};

use handclasp_outbound::{Overflow, Request};
use http::header::{AUTHORIZATION, HeaderValue};

use crate::support::{Server, get, local};

fn block_on<T>(future: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap()
        .block_on(future)
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
