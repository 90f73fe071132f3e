//! What is sent, and what an answer is.

use std::time::Duration;

use crate::support::{Names, Server, allowing, fetch, get, local, read_request};
use bytes::Bytes;
use handclasp_outbound::{Outbound, OutboundError, Overflow, Policy, Request, UrlFault};
use http::header::{ACCEPT, CONTENT_TYPE, HeaderName, HeaderValue};
use http::{Method, StatusCode};
use tokio::io::{AsyncReadExt, AsyncWriteExt};

#[tokio::test]
async fn an_answer_is_handed_on_whatever_its_status() {
    for (line, status) in [("200 OK", 200), ("404 Not Found", 404), ("503 Busy", 503)] {
        let answer = format!("HTTP/1.1 {line}\r\ncontent-length: 2\r\nx-a: b\r\n\r\nhi");
        let (server, _) = Server::answering(answer).await;
        let response = fetch(&server).await.unwrap();
        assert_eq!(response.status, StatusCode::from_u16(status).unwrap());
        assert_eq!(response.headers["x-a"], "b");
        assert_eq!(response.body, "hi");
        assert!(!response.truncated);
        assert!(response.elapsed > Duration::ZERO);
    }
}

#[tokio::test]
async fn a_redirect_is_an_answer_and_not_followed() {
    let (target, seen_there) =
        Server::answering("HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n").await;
    let answer = format!(
        "HTTP/1.1 302 Found\r\nlocation: {}\r\ncontent-length: 0\r\n\r\n",
        target.url("/")
    );
    let (server, seen) = Server::answering(answer).await;
    let response = fetch(&server).await.unwrap();
    assert_eq!(response.status, StatusCode::FOUND);
    assert_eq!(seen.all().len(), 1);
    assert_eq!(seen_there.all().len(), 0);
    assert_eq!(target.connections(), 0);
}

#[tokio::test]
async fn a_request_has_what_it_was_given_and_nothing_of_its_own() {
    let (server, seen) = Server::answering(
        "HTTP/1.1 200 OK\r\nset-cookie: a=b; Path=/\r\ncontent-length: 0\r\n\r\n",
    )
    .await;
    let outbound = local();
    for _ in 0..2 {
        let mut request = Request {
            body: Bytes::from_static(b"{\"a\":1}"),
            ..Request::new("test", Method::POST, server.url("/hook?q=1#fragment"))
        };
        let json = HeaderValue::from_static("application/json");
        request.headers.insert(CONTENT_TYPE, json);
        outbound.send(request).await.unwrap();
    }
    let expected = format!(
        "POST /hook?q=1 HTTP/1.1\r\ncontent-type: application/json\r\nuser-agent: {}\r\nhost: {}\r\ncontent-length: 7\r\n\r\n{{\"a\":1}}",
        Policy::default().user_agent,
        server.address,
    );
    // The second has no cookie, no referrer, and came over the same connection.
    assert_eq!(seen.all(), [expected.clone(), expected]);
    assert_eq!(server.connections(), 1);
}

#[tokio::test]
async fn a_user_agent_and_an_empty_post_go_as_they_are() {
    let (server, seen) = Server::answering("HTTP/1.1 204 No Content\r\n\r\n").await;
    let mut request = Request::new("test", Method::POST, server.url("/"));
    let agent = HeaderValue::from_static("Own/1");
    request.headers.insert(http::header::USER_AGENT, agent);
    let response = local().send(request).await.unwrap();
    assert_eq!(response.status, StatusCode::NO_CONTENT);
    let seen = seen.all();
    assert!(seen[0].contains("user-agent: Own/1\r\n"), "{seen:?}");
    assert!(seen[0].contains("content-length: 0\r\n"), "{seen:?}");
}

#[tokio::test]
async fn compressed_bodies_stay_as_they_came() {
    let answer =
        b"HTTP/1.1 200 OK\r\ncontent-encoding: gzip\r\ncontent-length: 4\r\n\r\n\x1f\x8b\x08\x00";
    let (server, _) = Server::answering(answer.to_vec()).await;
    let response = fetch(&server).await.unwrap();
    assert_eq!(&response.body[..], b"\x1f\x8b\x08\x00");
}

#[tokio::test]
async fn headers_of_the_connection_are_refused_before_anything_is_sent() {
    let (server, _) = Server::answering("HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n").await;
    for name in [
        "host",
        "content-length",
        "transfer-encoding",
        "connection",
        "upgrade",
        "expect",
        "te",
        "trailer",
        "keep-alive",
        "proxy-authorization",
        "proxy-connection",
    ] {
        let mut request = get(server.url("/"));
        let name = HeaderName::from_static(name);
        request
            .headers
            .insert(name.clone(), HeaderValue::from_static("1"));
        let error = local().send(request).await.unwrap_err();
        assert!(
            matches!(error, OutboundError::Unsendable),
            "{name}: {error:?}"
        );
        assert!(error.is_before_send());
    }
    let connect = Request::new("test", Method::CONNECT, server.url("/"));
    let error = local().send(connect).await.unwrap_err();
    assert!(matches!(error, OutboundError::Unsendable), "{error:?}");
    assert_eq!(server.connections(), 0);
}

#[tokio::test]
async fn a_body_that_is_too_long_fails_or_is_cut_as_asked() {
    let sized = "HTTP/1.1 200 OK\r\ncontent-length: 10\r\n\r\n0123456789";
    let chunked = "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n5\r\n01234\r\n5\r\n56789\r\n0\r\n\r\n";
    for answer in [sized, chunked] {
        let (server, _) = Server::answering(answer).await;
        let limited = |max_body, on_overflow| Request {
            max_body,
            on_overflow,
            ..get(server.url("/"))
        };
        let outbound = local();
        let error = outbound.send(limited(9, Overflow::Fail)).await.unwrap_err();
        assert!(matches!(error, OutboundError::TooLarge), "{error:?}");
        assert!(!error.is_before_send());

        let cut = outbound.send(limited(9, Overflow::Truncate)).await.unwrap();
        assert_eq!((&cut.body[..], cut.truncated), (&b"012345678"[..], true));
        let none = outbound.send(limited(0, Overflow::Truncate)).await.unwrap();
        assert_eq!((&none.body[..], none.truncated), (&b""[..], true));
        for on_overflow in [Overflow::Fail, Overflow::Truncate] {
            let whole = outbound.send(limited(10, on_overflow)).await.unwrap();
            assert_eq!(
                (&whole.body[..], whole.truncated),
                (&b"0123456789"[..], false)
            );
        }
    }
}

#[tokio::test]
async fn a_url_that_cannot_be_called_is_refused_when_saved_and_when_sent() {
    let outbound = Outbound::with_resolver(Policy::default(), Names::none()).unwrap();
    for (url, fault) in [
        ("ftp://example.com/", UrlFault::Scheme),
        ("http://example.com/", UrlFault::PlainHttp),
        ("https://a:b@example.com/", UrlFault::UserInfo),
        ("https://example.com:0/", UrlFault::Port),
    ] {
        let url: url::Url = url.parse().unwrap();
        for error in [
            outbound.check_url(&url).unwrap_err(),
            outbound.send(get(url.clone())).await.unwrap_err(),
        ] {
            assert!(
                matches!(error, OutboundError::BadUrl(found) if found == fault),
                "{url}"
            );
            assert!(error.is_before_send());
        }
    }
    let fine = "https://example.com:8443/a%20b?c=|{}\"#d".parse().unwrap();
    outbound.check_url(&fine).unwrap();
}

#[tokio::test]
async fn http_may_go_to_a_name_within_an_allowed_range() {
    let (server, seen) = Server::answering("HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n").await;
    let names = Names::of(&[("hook.example.com", &[&["127.0.0.1"]])]);
    let outbound = Outbound::with_resolver(allowing(&["127.0.0.1/32"]), names).unwrap();
    let url = format!("http://hook.example.com:{}/", server.port());
    let mut request = get(url.parse().unwrap());
    request
        .headers
        .insert(ACCEPT, HeaderValue::from_static("*/*"));
    outbound.send(request).await.unwrap();
    let host = format!("host: hook.example.com:{}\r\n", server.port());
    assert!(seen.all()[0].contains(&host));
}

#[tokio::test]
async fn answers_of_less_common_forms_are_understood() {
    for (method, answer, status, body) in [
        (
            Method::GET,
            "HTTP/1.0 200 OK\r\n\r\nto the end",
            200,
            "to the end",
        ),
        (Method::GET, "HTTP/1.1 200 \r\n\r\n", 200, ""),
        (Method::GET, "HTTP/1.1 299 Own\r\n\r\n", 299, ""),
        (
            Method::HEAD,
            "HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\n",
            200,
            "",
        ),
        (
            Method::GET,
            "HTTP/1.1 304 Same\r\ncontent-length: 9\r\n\r\n",
            304,
            "",
        ),
        (
            Method::GET,
            "HTTP/1.1 103 Early Hints\r\nlink: x\r\n\r\nHTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nhi",
            200,
            "hi",
        ),
    ] {
        let answer = answer.to_owned();
        let server = Server::start(move |mut stream| {
            let answer = answer.clone();
            async move {
                read_request(&mut stream).await;
                let _ = stream.write_all(answer.as_bytes()).await;
            }
        })
        .await;
        let request = Request {
            method,
            ..get(server.url("/"))
        };
        let response = local().send(request).await.unwrap();
        assert_eq!(
            (response.status.as_u16(), &response.body[..]),
            (status, body.as_bytes())
        );
        assert!(!response.truncated);
    }
}

#[tokio::test]
async fn an_answer_to_a_body_that_nobody_reads_is_still_an_answer() {
    let server = Server::start(|mut stream| async move {
        let mut head = [0; 64];
        let _ = stream.read(&mut head).await;
        let answer = b"HTTP/1.1 413 Too Large\r\ncontent-length: 0\r\nconnection: close\r\n\r\n";
        let _ = stream.write_all(answer).await;
        tokio::time::sleep(Duration::from_millis(100)).await;
    })
    .await;
    let request = Request {
        method: Method::POST,
        body: vec![b'x'; 16 << 20].into(),
        ..get(server.url("/"))
    };
    let response = local().send(request).await.unwrap();
    assert_eq!(response.status, StatusCode::PAYLOAD_TOO_LARGE);
}
