//! The front with real sockets. What is to happen soon has seconds to do so: machines that test are busy.

mod crowd;
mod stop;

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};

use axum::Router;
use axum::extract::Extension;
use axum::routing::{get, post};
use handclasp_ambient::{SeededRandom, SystemClock};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream, UnixListener, UnixStream};
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

use super::{Door, FrontLimits, Peer, Served, serve};
use crate::layers::{Outer, OuterLimits, Surface};

const SHORT: Duration = Duration::from_millis(150);
/// Shorter than the default limits that matter here.
const SOON: Duration = Duration::from_secs(5);
const GET: &[u8] = b"GET / HTTP/1.1\r\nHost: a\r\n\r\n";

struct Server {
    address: SocketAddr,
    stop: CancellationToken,
    served: JoinHandle<Served>,
}

impl Server {
    async fn start(limits: FrontLimits, router: Router) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        Self::on(listener, limits, router, CancellationToken::new())
    }

    fn on(
        listener: TcpListener,
        limits: FrontLimits,
        router: Router,
        stop: CancellationToken,
    ) -> Self {
        let address = listener.local_addr().unwrap();
        let served = tokio::spawn(serve(
            "test",
            vec![Door::Tcp(listener)],
            router,
            limits,
            stop.clone(),
        ));
        Self {
            address,
            stop,
            served,
        }
    }

    async fn connect(&self) -> TcpStream {
        TcpStream::connect(self.address).await.unwrap()
    }
}

fn limits() -> FrontLimits {
    FrontLimits::default()
}

fn hello() -> Router {
    Router::new()
        .route("/", get(|| async { "hello" }))
        .route("/echo", post(|body: String| async { body }))
        .route(
            "/slow",
            get(|| async {
                tokio::time::sleep(SHORT * 2).await;
                "slow"
            }),
        )
        .route("/never", get(std::future::pending::<&'static str>))
        .route("/large", get(|| async { vec![b'x'; 64 * 1024 * 1024] }))
        .route(
            "/panic",
            get(|| async {
                if true {
                    panic!("on purpose")
                }
            }),
        )
        .route(
            "/peer",
            get(|Extension(Peer(peer)): Extension<Peer>| async move {
                peer.map_or_else(|| "none".to_owned(), |p| p.ip().to_string())
            }),
        )
}

fn outer(limits: OuterLimits) -> Outer {
    Outer::new(
        Surface::Api,
        Arc::new(SystemClock::default()),
        Arc::new(SeededRandom::new(1)),
    )
    .with_limits(limits)
}

/// Reads one answer of known length.
async fn answer(stream: &mut (impl AsyncReadExt + Unpin)) -> String {
    let mut read = Vec::new();
    let mut buffer = [0; 4096];
    loop {
        let text = String::from_utf8_lossy(&read).into_owned();
        if let Some((head, body)) = text.split_once("\r\n\r\n") {
            let length: usize = head
                .lines()
                .find_map(|l| l.strip_prefix("content-length: "))
                .map_or(0, |l| l.parse().unwrap());
            if body.len() >= length {
                return text;
            }
        }
        let count = stream.read(&mut buffer).await.unwrap();
        if count == 0 {
            return text;
        }
        read.extend_from_slice(&buffer[..count]);
    }
}

/// How long it took until the other side closed.
async fn closed(stream: &mut TcpStream) -> Duration {
    let begun = Instant::now();
    let mut rest = Vec::new();
    // A reset is an end too.
    let _reset = tokio::time::timeout(Duration::from_secs(10), stream.read_to_end(&mut rest))
        .await
        .expect("the connection stayed open");
    begun.elapsed()
}

#[tokio::test]
async fn one_connection_carries_many_requests() {
    let server = Server::start(limits(), hello()).await;
    let mut stream = server.connect().await;
    for _ in 0..3 {
        stream.write_all(GET).await.unwrap();
        assert!(answer(&mut stream).await.ends_with("hello"));
    }
    // Two at once, and one whose body follows later.
    stream.write_all(&[GET, GET].concat()).await.unwrap();
    let first = answer(&mut stream).await;
    if first.matches("hello").count() == 1 {
        assert!(answer(&mut stream).await.ends_with("hello"));
    }
    stream
        .write_all(b"POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 4\r\n\r\nab")
        .await
        .unwrap();
    tokio::time::sleep(Duration::from_millis(20)).await;
    stream.write_all(b"cd").await.unwrap();
    assert!(answer(&mut stream).await.ends_with("abcd"));
}

#[tokio::test]
async fn a_unix_socket_is_a_door_too() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("s");
    let stop = CancellationToken::new();
    let served = tokio::spawn(serve(
        "test",
        vec![Door::Unix(UnixListener::bind(&path).unwrap())],
        hello(),
        limits(),
        stop.clone(),
    ));
    let mut stream = UnixStream::connect(&path).await.unwrap();
    stream
        .write_all(b"GET /peer HTTP/1.1\r\nHost: a\r\n\r\n")
        .await
        .unwrap();
    assert!(answer(&mut stream).await.ends_with("none"));
    stop.cancel();
    assert_eq!(served.await.unwrap(), Served { cut: 0 });
}

#[tokio::test]
async fn the_peer_is_known() {
    let server = Server::start(limits(), hello()).await;
    let mut stream = server.connect().await;
    stream
        .write_all(b"GET /peer HTTP/1.1\r\nHost: a\r\n\r\n")
        .await
        .unwrap();
    assert!(answer(&mut stream).await.ends_with("127.0.0.1"));
}

#[tokio::test]
async fn a_head_that_drips_is_cut() {
    let limits = FrontLimits {
        head_time: SHORT,
        ..limits()
    };
    let server = Server::start(limits, hello()).await;
    // One says nothing at all, one drips, one drips on a connection that was used before.
    let mut silent = server.connect().await;
    let mut fresh = server.connect().await;
    fresh.write_all(b"GET / HT").await.unwrap();
    let mut used = server.connect().await;
    used.write_all(GET).await.unwrap();
    assert!(answer(&mut used).await.ends_with("hello"));
    used.write_all(b"GET / HTTP/1.1\r\nHo").await.unwrap();
    let drip = tokio::spawn(async move {
        for _ in 0..100 {
            tokio::time::sleep(Duration::from_millis(20)).await;
            if fresh.write_all(b"x").await.is_err() {
                return true;
            }
        }
        false
    });
    assert!(closed(&mut silent).await < SOON);
    assert!(closed(&mut used).await < SOON);
    assert!(drip.await.unwrap(), "a dripping head lived on");
}

#[tokio::test]
async fn an_idle_connection_is_closed() {
    let limits = FrontLimits {
        idle_time: SHORT,
        ..limits()
    };
    let server = Server::start(limits, hello()).await;
    let mut stream = server.connect().await;
    stream.write_all(GET).await.unwrap();
    assert!(answer(&mut stream).await.ends_with("hello"));
    let took = closed(&mut stream).await;
    assert!(took >= SHORT / 2 && took < SOON, "{took:?}");
}

#[tokio::test]
async fn a_body_that_drips_is_a_408() {
    let limits_of_one = OuterLimits {
        body_time: SHORT,
        ..OuterLimits::default()
    };
    let router = Router::new().route(
        "/echo",
        post(|_: crate::error::ApiJson<u8>| async { "read" }),
    );
    let server = Server::start(limits(), outer(limits_of_one).wrap(router)).await;
    let mut stream = server.connect().await;
    stream
        .write_all(b"POST /echo HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\nContent-Length: 1000\r\n\r\n{")
        .await
        .unwrap();
    let said = answer(&mut stream).await;
    assert!(said.starts_with("HTTP/1.1 408 "), "{said}");
    assert!(said.contains("\"canBeRetried\":\"True\""), "{said}");
    assert!(closed(&mut stream).await < SOON);
}

#[tokio::test]
async fn an_answer_that_is_not_taken_is_cut() {
    let limits = FrontLimits {
        write_time: SHORT,
        ..limits()
    };
    let server = Server::start(limits, hello()).await;
    let mut stream = server.connect().await;
    stream
        .write_all(b"GET /large HTTP/1.1\r\nHost: a\r\n\r\n")
        .await
        .unwrap();
    tokio::time::sleep(SHORT * 6).await;
    let mut rest = Vec::new();
    // What the system had taken already still arrives, the rest does not.
    let _reset = stream.read_to_end(&mut rest).await;
    assert!(rest.len() < 64 * 1024 * 1024, "{}", rest.len());
}

#[tokio::test]
async fn a_head_that_is_too_large_is_a_431() {
    let limits = FrontLimits {
        head: 8 * 1024,
        ..limits()
    };
    let server = Server::start(limits, hello()).await;
    let mut stream = server.connect().await;
    let head = format!(
        "GET / HTTP/1.1\r\nHost: a\r\nX: {}\r\n\r\n",
        "x".repeat(9_000)
    );
    stream.write_all(head.as_bytes()).await.unwrap();
    let said = answer(&mut stream).await;
    assert!(said.starts_with("HTTP/1.1 431 "), "{said}");
}

#[tokio::test]
async fn a_request_that_takes_too_long_and_one_that_panics_are_answered() {
    let limits_of_one = OuterLimits {
        request_time: SHORT,
        ..OuterLimits::default()
    };
    let server = Server::start(limits(), outer(limits_of_one).wrap(hello())).await;
    let mut stream = server.connect().await;
    stream
        .write_all(b"GET /never HTTP/1.1\r\nHost: a\r\n\r\n")
        .await
        .unwrap();
    let said = answer(&mut stream).await;
    assert!(said.starts_with("HTTP/1.1 503 "), "{said}");
    assert!(said.contains("retry-after: "), "{said}");
    stream
        .write_all(b"GET /panic HTTP/1.1\r\nHost: a\r\n\r\n")
        .await
        .unwrap();
    let said = answer(&mut stream).await;
    assert!(said.starts_with("HTTP/1.1 500 "), "{said}");
    assert!(!said.contains("on purpose"), "{said}");
    // And the connection goes on.
    stream.write_all(GET).await.unwrap();
    assert!(answer(&mut stream).await.ends_with("hello"));
}

#[tokio::test]
async fn a_body_over_the_limit_is_a_413_that_arrives() {
    let server = Server::start(limits(), outer(OuterLimits::default()).wrap(hello())).await;
    let mut stream = server.connect().await;
    let body = vec![b'x'; 2 * 1024 * 1024];
    let head = format!(
        "POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: {}\r\n\r\n",
        body.len()
    );
    stream.write_all(head.as_bytes()).await.unwrap();
    // This client reads only when it has sent everything.
    stream.write_all(&body).await.unwrap();
    let said = answer(&mut stream).await;
    assert!(said.starts_with("HTTP/1.1 413 "), "{said}");
}

#[tokio::test]
async fn a_body_that_is_refused_is_not_asked_for() {
    let server = Server::start(limits(), outer(OuterLimits::default()).wrap(hello())).await;
    let head = |length: usize| {
        format!(
            "POST /echo HTTP/1.1\r\nHost: a\r\nContent-Type: text/plain\r\nExpect: 100-continue\r\nContent-Length: {length}\r\n\r\n"
        )
    };
    let mut stream = server.connect().await;
    stream
        .write_all(head(2 * 1024 * 1024).as_bytes())
        .await
        .unwrap();
    let begun = Instant::now();
    let mut said = String::new();
    stream.read_to_string(&mut said).await.unwrap();
    assert!(said.starts_with("HTTP/1.1 413 "), "{said}");
    assert!(said.contains("connection: close"), "{said}");
    assert!(begun.elapsed() < SOON);

    let mut stream = server.connect().await;
    stream.write_all(head(4).as_bytes()).await.unwrap();
    let mut word = [0; 25];
    stream.read_exact(&mut word).await.unwrap();
    assert_eq!(&word, b"HTTP/1.1 100 Continue\r\n\r\n");
    stream.write_all(b"abcd").await.unwrap();
    assert!(answer(&mut stream).await.ends_with("abcd"));
}

#[tokio::test]
async fn a_long_answer_may_take_longer_than_a_request() {
    let limits = FrontLimits {
        request_time: SHORT,
        ..limits()
    };
    let trickle = || async {
        let pieces = futures::stream::unfold(0, |n| async move {
            tokio::time::sleep(SHORT / 3).await;
            (n < 9).then(|| (Ok::<_, std::io::Error>("piece"), n + 1))
        });
        axum::body::Body::from_stream(pieces)
    };
    let server = Server::start(limits, Router::new().route("/", get(trickle))).await;
    let mut stream = server.connect().await;
    let close = b"GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n";
    stream.write_all(close).await.unwrap();
    let mut said = String::new();
    stream.read_to_string(&mut said).await.unwrap();
    assert_eq!(said.matches("piece").count(), 9, "{said}");

    let limits = FrontLimits {
        answer_time: SHORT,
        ..limits
    };
    let server = Server::start(limits, Router::new().route("/", get(trickle))).await;
    let mut stream = server.connect().await;
    stream.write_all(close).await.unwrap();
    let mut said = Vec::new();
    let _reset = stream.read_to_end(&mut said).await;
    let said = String::from_utf8(said).unwrap();
    assert!(said.matches("piece").count() < 9, "{said}");
}
