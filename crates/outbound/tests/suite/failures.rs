//! Each way to fail ends in its own error, in time, and tells rightly whether anything was sent.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use crate::support::{Names, Server, allowing, fetch, get, local, read_request};
use handclasp_outbound::{Outbound, OutboundError, Overflow, Request, Resolver, Resolving};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use url::Url;

fn url(text: &str) -> Url {
    text.parse().unwrap()
}

fn soon(url: Url) -> Request {
    Request {
        deadline: Duration::from_millis(200),
        ..get(url)
    }
}

/// A resolver that never answers.
struct Silent;

impl Resolver for Silent {
    fn resolve(&self, _: String) -> Resolving {
        Box::pin(std::future::pending())
    }
}

#[tokio::test]
async fn an_unknown_name() {
    let error = local()
        .send(get(url("https://nowhere.example/")))
        .await
        .unwrap_err();
    assert!(matches!(error, OutboundError::Resolve(_)), "{error:?}");
    assert!(error.is_before_send());
}

#[tokio::test]
async fn a_name_without_addresses() {
    let names = Names::of(&[("empty.example", &[&[]])]);
    let outbound = Outbound::with_resolver(allowing(&[]), names).unwrap();
    let error = outbound
        .send(get(url("https://empty.example/")))
        .await
        .unwrap_err();
    assert!(matches!(error, OutboundError::Resolve(_)), "{error:?}");
}

#[tokio::test]
async fn a_closed_port() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    drop(listener);
    let error = local()
        .send(get(url(&format!("http://{address}/"))))
        .await
        .unwrap_err();
    assert!(matches!(error, OutboundError::Connect(_)), "{error:?}");
    assert!(error.is_before_send());
}

#[tokio::test]
async fn a_resolver_that_never_answers() {
    let outbound = Outbound::with_resolver(allowing(&[]), Arc::new(Silent)).unwrap();
    let error = outbound
        .send(soon(url("https://slow.example/")))
        .await
        .unwrap_err();
    assert!(
        matches!(error, OutboundError::Timeout { sent: false }),
        "{error:?}"
    );
    assert!(error.is_before_send());
}

#[tokio::test]
async fn a_tls_handshake_that_never_ends() {
    let server = Server::start(|mut stream| async move {
        let mut sink = Vec::new();
        let _ = stream.read_to_end(&mut sink).await;
    })
    .await;
    let https = url(&format!("https://{}/", server.address));
    let error = local().send(soon(https)).await.unwrap_err();
    assert!(
        matches!(error, OutboundError::Timeout { sent: false }),
        "{error:?}"
    );
    assert!(error.is_before_send());
    assert_eq!(server.connections(), 1);
}

#[tokio::test]
async fn a_server_that_speaks_no_tls() {
    let (server, _) = Server::answering("HTTP/1.1 200 OK\r\n\r\n").await;
    let server_speaks_first = Server::start(|mut stream| async move {
        let _ = stream.write_all(b"220 mail.example ESMTP\r\n").await;
        let _ = read_request(&mut stream).await;
    })
    .await;
    for server in [&server_speaks_first, &server] {
        let https = url(&format!("https://{}/", server.address));
        let error = local().send(soon(https)).await.unwrap_err();
        let expected = matches!(
            error,
            OutboundError::Tls(_) | OutboundError::Timeout { sent: false }
        );
        assert!(expected, "{error:?}");
        assert!(error.is_before_send());
    }
}

#[tokio::test]
async fn no_answer_in_time() {
    let server = Server::start(|mut stream| async move {
        read_request(&mut stream).await;
        std::future::pending::<()>().await;
    })
    .await;
    let started = Instant::now();
    let error = local().send(soon(server.url("/"))).await.unwrap_err();
    assert!(
        matches!(error, OutboundError::Timeout { sent: true }),
        "{error:?}"
    );
    assert!(!error.is_before_send());
    assert!(started.elapsed() < Duration::from_secs(3));
}

#[tokio::test]
async fn a_body_that_trickles() {
    let server = Server::start(|mut stream| async move {
        read_request(&mut stream).await;
        let _ = stream
            .write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 1000\r\n\r\n")
            .await;
        while stream.write_all(b"x").await.is_ok() {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    })
    .await;
    for on_overflow in [Overflow::Fail, Overflow::Truncate] {
        let request = Request {
            on_overflow,
            ..soon(server.url("/"))
        };
        let started = Instant::now();
        let error = local().send(request).await.unwrap_err();
        assert!(
            matches!(error, OutboundError::Timeout { sent: true }),
            "{error:?}"
        );
        assert!(started.elapsed() < Duration::from_secs(3));
    }
}

#[tokio::test]
async fn headers_that_trickle() {
    let server = Server::start(|mut stream| async move {
        read_request(&mut stream).await;
        let _ = stream.write_all(b"HTTP/1.1 200 OK\r\nx: ").await;
        while stream.write_all(b"x").await.is_ok() {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    })
    .await;
    let error = local().send(soon(server.url("/"))).await.unwrap_err();
    assert!(
        matches!(error, OutboundError::Timeout { sent: true }),
        "{error:?}"
    );
}

/// A server that answers with `head` and then with bytes without end; it counts what it got rid of.
async fn endless(head: &'static [u8], piece: &'static [u8]) -> (Server, Arc<AtomicUsize>) {
    let written = Arc::new(AtomicUsize::new(0));
    let counted = Arc::clone(&written);
    let server = Server::start(move |mut stream: TcpStream| {
        let counted = Arc::clone(&counted);
        async move {
            read_request(&mut stream).await;
            let _ = stream.write_all(head).await;
            while stream.write_all(piece).await.is_ok() {
                counted.fetch_add(piece.len(), Ordering::SeqCst);
            }
        }
    })
    .await;
    (server, written)
}

#[tokio::test]
async fn a_hundred_megabytes_are_refused_when_they_are_announced() {
    let head = b"HTTP/1.1 200 OK\r\ncontent-length: 104857600\r\n\r\n";
    let (server, _) = endless(head, &[b'x'; 64 * 1024]).await;
    let error = fetch(&server).await.unwrap_err();
    assert!(matches!(error, OutboundError::TooLarge), "{error:?}");
}

#[tokio::test]
async fn a_body_without_end_is_stopped_at_the_limit() {
    let head = b"HTTP/1.1 200 OK\r\n\r\n";
    for (on_overflow, fails) in [(Overflow::Fail, true), (Overflow::Truncate, false)] {
        let (server, written) = endless(head, &[b'x'; 64 * 1024]).await;
        let request = Request {
            on_overflow,
            ..get(server.url("/"))
        };
        match local().send(request).await {
            Err(error) => assert!(
                fails && matches!(error, OutboundError::TooLarge),
                "{error:?}"
            ),
            Ok(answer) => {
                assert!(!fails && answer.truncated);
                assert_eq!(answer.body.len(), 1 << 20);
            }
        }
        // What was read, and what lies in the buffers of two sockets; far from what the server had.
        assert!(written.load(Ordering::SeqCst) < 32 << 20);
    }
}

#[tokio::test]
async fn headers_without_end() {
    let (one, _) = endless(b"HTTP/1.1 200 OK\r\nx: ", &[b'x'; 1024]).await;
    let (many, _) = endless(b"HTTP/1.1 200 OK\r\n", b"x: y\r\n").await;
    let counted = format!("HTTP/1.1 200 OK\r\n{}\r\n", "x: y\r\n".repeat(129));
    let (counted, _) = Server::answering(counted).await;
    for server in [one, many, counted] {
        let error = fetch(&server).await.unwrap_err();
        assert!(matches!(error, OutboundError::TooLarge), "{error:?}");
    }
}

#[tokio::test]
async fn interim_answers_without_end() {
    let (server, _) = endless(b"", b"HTTP/1.1 100 Continue\r\n\r\n").await;
    let error = local().send(soon(server.url("/"))).await.unwrap_err();
    assert!(!error.is_before_send(), "{error:?}");
}

#[tokio::test]
async fn a_connection_that_breaks() {
    let reset = Server::start(|mut stream| async move {
        read_request(&mut stream).await;
        // Closing with nothing lingering is a reset.
        let _ = stream.set_zero_linger();
    })
    .await;
    let closed = Server::start(|mut stream| async move {
        read_request(&mut stream).await;
    })
    .await;
    let in_the_headers = Server::start(|mut stream| async move {
        read_request(&mut stream).await;
        let _ = stream.write_all(b"HTTP/1.1 200 OK\r\nconte").await;
    })
    .await;
    let in_the_body = Server::start(|mut stream| async move {
        read_request(&mut stream).await;
        let _ = stream
            .write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\nhalf")
            .await;
    })
    .await;
    let in_a_chunk = Server::start(|mut stream| async move {
        read_request(&mut stream).await;
        let _ = stream
            .write_all(b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n9\r\nhalf")
            .await;
    })
    .await;
    for server in [reset, closed, in_the_headers, in_the_body, in_a_chunk] {
        let error = fetch(&server).await.unwrap_err();
        assert!(
            matches!(error, OutboundError::Reset { sent: true, .. }),
            "{error:?}"
        );
        assert!(!error.is_before_send());
    }
}

#[tokio::test]
async fn an_answer_that_is_not_http() {
    for answer in [
        "220 mail.example ESMTP\r\n",
        "<html>hello</html>\r\n\r\n",
        "HTTP/2.0 200 OK\r\n\r\n",
        "HTTP/1.1 abc OK\r\n\r\n",
        "HTTP/1.1 101 Switching Protocols\r\n\r\n",
        "HTTP/1.1 200 OK\r\nbad header\r\n\r\n",
        "HTTP/1.1 200 OK\r\ncontent-length: 1\r\ncontent-length: 2\r\n\r\nab",
        "HTTP/1.1 200 OK\r\ncontent-length: -1\r\n\r\n",
        "\0\0\0\0\0\0\0\0\r\n\r\n",
    ] {
        let (server, _) = Server::answering(answer).await;
        let error = fetch(&server).await.unwrap_err();
        assert!(
            matches!(error, OutboundError::Protocol(_)),
            "{answer:?}: {error:?}"
        );
        assert!(!error.is_before_send());
    }
}

#[tokio::test]
async fn a_body_that_is_not_chunked_as_announced() {
    for chunk in ["zz\r\n", "ffffffffffffffffff\r\n", "1\r\nabc\r\n"] {
        let head = "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n";
        let (server, _) = Server::answering(format!("{head}{chunk}")).await;
        let error = fetch(&server).await.unwrap_err();
        assert!(
            matches!(error, OutboundError::Protocol(_)),
            "{chunk}: {error:?}"
        );
    }
}

#[tokio::test]
async fn after_a_failure_the_client_goes_on() {
    let outbound = local();
    let (bad, _) = Server::answering("nonsense\r\n\r\n").await;
    let (good, _) = Server::answering("HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n").await;
    for _ in 0..3 {
        assert!(outbound.send(get(bad.url("/"))).await.is_err());
        assert!(outbound.send(get(good.url("/"))).await.is_ok());
    }
}

#[tokio::test]
async fn a_slow_server_delays_no_other() {
    let outbound = local();
    let slow = Server::start(|mut stream| async move {
        read_request(&mut stream).await;
        std::future::pending::<()>().await;
    })
    .await;
    let waiting: Vec<_> = (0..50)
        .map(|_| {
            let (outbound, request) = (outbound.clone(), get(slow.url("/")));
            tokio::spawn(async move { outbound.send(request).await })
        })
        .collect();
    while slow.connections() < 50 {
        tokio::task::yield_now().await;
    }
    let (good, _) = Server::answering("HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n").await;
    let response = outbound.send(get(good.url("/"))).await.unwrap();
    assert!(response.elapsed < Duration::from_secs(3));
    waiting.iter().for_each(tokio::task::JoinHandle::abort);
}
