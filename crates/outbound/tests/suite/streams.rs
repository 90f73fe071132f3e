//! Bodies that are passed on as they come, with limits on their size and time.

use std::time::{Duration, Instant};

use bytes::Bytes;
use handclasp_outbound::{OutboundError, Stream, StreamBody, StreamLimits, Streamed};
use http::{HeaderMap, HeaderValue, Method, header};
use http_body::Frame;
use http_body_util::{BodyExt, Full};
use tokio::io::{AsyncReadExt, AsyncWriteExt};

use crate::support::{Server, local};

const LIMITS: StreamLimits = StreamLimits {
    head: Duration::from_secs(5),
    idle: Duration::from_secs(5),
    answer: Duration::from_secs(10),
    max_sent: 1 << 20,
    max_received: 1 << 20,
};

fn whole(body: impl Into<Bytes>) -> StreamBody {
    let body = Full::new(body.into());
    body.map_err(|never| match never {}).boxed_unsync()
}

/// Chunks of this size, with a pause before each.
fn chunks(many: usize, size: usize, pause: Duration) -> StreamBody {
    let frames = futures::stream::unfold(0, move |sent| async move {
        if sent == many {
            return None;
        }
        tokio::time::sleep(pause).await;
        let frame = Frame::data(Bytes::from(vec![b'x'; size]));
        Some((Ok(frame), sent + 1))
    });
    http_body_util::StreamBody::new(frames).boxed_unsync()
}

async fn send(
    server: &Server,
    body: StreamBody,
    limits: StreamLimits,
) -> Result<Streamed, OutboundError> {
    local()
        .stream(Stream {
            method: Method::POST,
            url: server.url("/"),
            headers: HeaderMap::new(),
            body,
            limits,
            purpose: "test",
        })
        .await
}

/// What a server does after it read the head of a request: these steps of writing.
async fn writing(steps: Vec<(Duration, Vec<u8>)>) -> Server {
    Server::start(move |mut stream| {
        let steps = steps.clone();
        async move {
            let mut read = [0; 4096];
            let _head = stream.read(&mut read).await;
            for (pause, bytes) in steps {
                tokio::time::sleep(pause).await;
                if stream.write_all(&bytes).await.is_err() {
                    return;
                }
            }
            std::future::pending::<()>().await;
        }
    })
    .await
}

const HEAD: &[u8] = b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n";

fn chunk(size: usize) -> Vec<u8> {
    let mut bytes = format!("{size:x}\r\n").into_bytes();
    bytes.extend(vec![b'y'; size]);
    bytes.extend(b"\r\n");
    bytes
}

#[tokio::test]
async fn both_bodies_pass_while_they_come() {
    // It answers each chunk of the request as soon as that is there.
    let server = Server::start(|mut stream| async move {
        let mut read = vec![0; 1 << 16];
        let mut text = String::new();
        while !text.contains("\r\n\r\n") {
            let n = stream.read(&mut read).await.unwrap();
            text.push_str(&String::from_utf8_lossy(&read[..n]));
        }
        assert!(text.contains("transfer-encoding: chunked"), "{text}");
        stream.write_all(HEAD).await.unwrap();
        let mut seen = text.matches('x').count();
        while seen < 5 {
            let n = stream.read(&mut read).await.unwrap();
            seen += read[..n].iter().filter(|byte| **byte == b'x').count();
            stream.write_all(&chunk(1)).await.unwrap();
        }
        stream.write_all(b"0\r\n\r\n").await.unwrap();
    })
    .await;
    let body = chunks(5, 1, Duration::from_millis(20));
    let mut answer = send(&server, body, LIMITS).await.unwrap();
    assert_eq!(answer.status, 200);
    let mut many = 0;
    while let Some(frame) = answer.body.frame().await {
        many += frame.unwrap().into_data().unwrap().len();
    }
    assert!(many >= 3, "{many}");
}

#[tokio::test]
async fn a_known_length_is_announced_and_headers_of_the_connection_are_the_clients_own() {
    let (server, seen) = Server::answering("HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nhi").await;
    let answer = send(&server, whole("hello"), LIMITS).await.unwrap();
    let body = answer.body.collect().await.unwrap().to_bytes();
    assert_eq!(body, "hi");
    assert!(seen.all()[0].contains("content-length: 5\r\n"));
    // A POST of nothing says so.
    send(&server, whole(""), LIMITS).await.unwrap();
    assert!(seen.all()[1].contains("content-length: 0\r\n"));
    let mut headers = HeaderMap::new();
    headers.insert(header::HOST, HeaderValue::from_static("evil.example"));
    let refused = local()
        .stream(Stream {
            method: Method::GET,
            url: server.url("/"),
            headers,
            body: whole(""),
            limits: LIMITS,
            purpose: "test",
        })
        .await;
    assert!(matches!(refused, Err(OutboundError::Unsendable)));
}

#[tokio::test]
async fn what_is_too_large_is_cut_off() {
    let server = writing(Vec::new()).await;
    let limits = StreamLimits {
        max_sent: 100,
        max_received: 100,
        ..LIMITS
    };
    let many = chunks(3, 60, Duration::ZERO);
    let refused = send(&server, many, limits).await;
    assert!(
        matches!(refused, Err(OutboundError::RequestBody)),
        "{refused:?}"
    );

    let mut answer = HEAD.to_vec();
    answer.extend(chunk(60));
    answer.extend(chunk(60));
    let server = writing(vec![(Duration::ZERO, answer)]).await;
    let answer = send(&server, whole("x"), limits).await.unwrap();
    let cut = answer.body.collect().await.err().unwrap();
    assert!(matches!(cut, OutboundError::TooLarge), "{cut:?}");
}

#[tokio::test]
async fn a_body_that_breaks_off_is_no_whole_one() {
    let (server, seen) = Server::answering("HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nhi").await;
    let frames = futures::stream::iter([
        Ok(Frame::data(Bytes::from_static(b"half"))),
        Err("gone".into()),
    ]);
    let body = http_body_util::StreamBody::new(frames).boxed_unsync();
    let broken = send(&server, body, LIMITS).await;
    assert!(
        matches!(broken, Err(OutboundError::RequestBody)),
        "{broken:?}"
    );
    assert!(seen.all().is_empty());
}

#[tokio::test]
async fn silence_ends_in_time_at_each_place() {
    let soon = Duration::from_millis(200);
    let began = Instant::now();
    // Before the head.
    let server = writing(Vec::new()).await;
    let limits = StreamLimits {
        head: soon,
        ..LIMITS
    };
    let late = send(&server, whole("x"), limits).await;
    assert!(
        matches!(late, Err(OutboundError::Timeout { sent: true })),
        "{late:?}"
    );
    // Within the body.
    let mut part = HEAD.to_vec();
    part.extend(chunk(10));
    let server = writing(vec![(Duration::ZERO, part)]).await;
    let limits = StreamLimits {
        idle: soon,
        ..LIMITS
    };
    let answer = send(&server, whole("x"), limits).await.unwrap();
    let late = answer.body.collect().await.err().unwrap();
    assert!(matches!(late, OutboundError::Timeout { .. }), "{late:?}");
    // A byte now and then, for ever.
    let mut steps = vec![(Duration::ZERO, HEAD.to_vec())];
    steps.extend((0..500).map(|_| (Duration::from_millis(50), chunk(1))));
    let server = writing(steps).await;
    let limits = StreamLimits {
        idle: soon,
        answer: Duration::from_millis(400),
        ..LIMITS
    };
    let answer = send(&server, whole("x"), limits).await.unwrap();
    let late = answer.body.collect().await.err().unwrap();
    assert!(matches!(late, OutboundError::Timeout { .. }), "{late:?}");
    assert!(
        began.elapsed() < Duration::from_secs(3),
        "{:?}",
        began.elapsed()
    );
}

/// Whoever reads slowly is not taken for a third party that is silent.
#[tokio::test]
async fn a_slow_reader_is_no_silence() {
    let mut all = HEAD.to_vec();
    all.extend(chunk(10));
    let mut rest = chunk(10);
    rest.extend(b"0\r\n\r\n");
    let server = writing(vec![
        (Duration::ZERO, all),
        (Duration::from_millis(450), rest),
    ])
    .await;
    let limits = StreamLimits {
        idle: Duration::from_millis(200),
        ..LIMITS
    };
    let mut answer = send(&server, whole("x"), limits).await.unwrap();
    assert!(answer.body.frame().await.unwrap().is_ok());
    tokio::time::sleep(Duration::from_millis(350)).await;
    let rest = answer.body.collect().await.unwrap().to_bytes();
    assert_eq!(rest.len(), 10);
}
