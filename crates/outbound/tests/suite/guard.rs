//! No request gets where it must not: no server here sees as much as a connection.

use std::sync::Arc;
use std::time::Duration;

use crate::support::{Names, Server, allowing, get};
use handclasp_outbound::{
    BuildError, Outbound, OutboundError, Pin, Policy, Request, SystemResolver, UrlFault,
};
use url::Url;

const OK: &str = "HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n";

fn url(text: &str) -> Url {
    text.parse().unwrap()
}

fn refused(error: &OutboundError) -> bool {
    matches!(error, OutboundError::RefusedAddress) && error.is_before_send()
}

#[tokio::test]
async fn a_literal_address_in_any_notation_is_refused() {
    let (server, _) = Server::answering(OK).await;
    let outbound = Outbound::new(Policy::default()).unwrap();
    for host in [
        "127.0.0.1",
        "127.1",
        "2130706433",
        "0x7f000001",
        "0177.0.0.1",
        "0.0.0.0",
        "0",
        "[::1]",
        "[::]",
        "[::ffff:127.0.0.1]",
        "[::127.0.0.1]",
        "[64:ff9b::127.0.0.1]",
    ] {
        for scheme in ["http", "https"] {
            let url = url(&format!("{scheme}://{host}:{}/", server.port()));
            let error = outbound.send(get(url.clone())).await.unwrap_err();
            assert!(refused(&error), "{url}: {error:?}");
            let error = outbound.check_url(&url).unwrap_err();
            assert!(refused(&error), "{url}: {error:?}");
        }
    }
    assert_eq!(server.connections(), 0);
}

#[tokio::test]
async fn this_machine_by_name_is_refused_by_the_systems_resolver_too() {
    let (server, _) = Server::answering(OK).await;
    // With some range allowed http is possible, and the name is really looked up.
    let outbound =
        Outbound::with_resolver(allowing(&["10.9.8.0/24"]), Arc::new(SystemResolver)).unwrap();
    for scheme in ["http", "https"] {
        let url = url(&format!("{scheme}://localhost:{}/", server.port()));
        assert!(refused(&outbound.send(get(url)).await.unwrap_err()));
    }
    assert_eq!(server.connections(), 0);
}

#[tokio::test]
async fn the_systems_resolver_finds_names() {
    let (server, seen) = Server::answering(OK).await;
    let outbound = Outbound::new(allowing(&["127.0.0.0/8", "::1/128"])).unwrap();
    let url = url(&format!("http://localhost:{}/", server.port()));
    outbound.send(get(url)).await.unwrap();
    assert_eq!(seen.all().len(), 1);
}

#[tokio::test]
async fn a_name_that_leads_inside_is_refused() {
    let (server, _) = Server::answering(OK).await;
    let names = Names::of(&[
        ("inside.example", &[&["127.0.0.1"]]),
        ("metadata.example", &[&["169.254.169.254"]]),
        ("six.example", &[&["::1"]]),
        ("mapped.example", &[&["::ffff:127.0.0.1"]]),
        ("nat64.example", &[&["64:ff9b::7f00:1"]]),
        ("unique-local.example", &[&["fd00::1"]]),
        // One bad address is enough, wherever it stands.
        ("first.example", &[&["127.0.0.1", "8.8.8.8"]]),
        ("last.example", &[&["8.8.8.8", "2606:4700::1", "127.0.0.1"]]),
    ]);
    let outbound = Outbound::with_resolver(Policy::default(), names).unwrap();
    for name in [
        "inside",
        "metadata",
        "six",
        "mapped",
        "nat64",
        "unique-local",
        "first",
        "last",
    ] {
        let url = url(&format!("https://{name}.example:{}/", server.port()));
        outbound.check_url(&url).unwrap();
        let error = outbound.send(get(url)).await.unwrap_err();
        assert!(refused(&error), "{name}: {error:?}");
    }
    assert_eq!(server.connections(), 0);
}

#[tokio::test]
async fn an_allowed_range_opens_itself_and_nothing_beside_it() {
    let (server, seen) = Server::answering(OK).await;
    let names = Names::of(&[
        ("in.example", &[&["127.0.0.1"]]),
        ("mixed.example", &[&["127.0.0.1", "127.0.0.2"]]),
        ("public.example", &[&["8.8.8.8"]]),
    ]);
    let outbound = Outbound::with_resolver(allowing(&["127.0.0.1/32"]), names).unwrap();
    let port = server.port();
    for host in ["in.example", "127.0.0.1", "[::ffff:127.0.0.1]"] {
        let url = url(&format!("http://{host}:{port}/"));
        outbound.send(get(url)).await.unwrap();
    }
    assert_eq!(seen.all().len(), 3);
    let mixed = url(&format!("http://mixed.example:{port}/"));
    assert!(refused(&outbound.send(get(mixed)).await.unwrap_err()));
    let beside = url(&format!("http://127.0.0.2:{port}/"));
    assert!(refused(&outbound.send(get(beside)).await.unwrap_err()));
    // A public address is reached by https alone.
    let public = url("http://public.example/");
    let error = outbound.send(get(public)).await.unwrap_err();
    assert!(
        matches!(error, OutboundError::BadUrl(UrlFault::PlainHttp)),
        "{error:?}"
    );
}

#[tokio::test]
async fn the_address_that_was_checked_is_the_one_connected_to() {
    // Both servers have the same port, so that only the address tells them apart.
    let right = Server::start(close_after_one).await;
    let wrong = Server::start_on(&format!("127.0.0.2:{}", right.port()), close_after_one).await;
    let names = Names::of(&[("rebinds.example", &[&["127.0.0.1"], &["127.0.0.2"]])]);
    let outbound =
        Outbound::with_resolver(allowing(&["127.0.0.1/32"]), Arc::clone(&names) as _).unwrap();
    let url = url(&format!("http://rebinds.example:{}/", right.port()));
    outbound.send(get(url.clone())).await.unwrap();
    assert_eq!(
        names.lookups(),
        1,
        "looked up once, for the check and the connection"
    );
    assert_eq!(right.connections(), 1);
    // The next connection resolves anew, and is judged anew.
    assert!(refused(&outbound.send(get(url)).await.unwrap_err()));
    assert_eq!(names.lookups(), 2);
    assert_eq!((right.connections(), wrong.connections()), (1, 0));
}

async fn close_after_one(mut stream: tokio::net::TcpStream) {
    use tokio::io::AsyncWriteExt;
    crate::support::read_request(&mut stream).await;
    let answer = b"HTTP/1.1 200 OK\r\nconnection: close\r\ncontent-length: 0\r\n\r\n";
    let _ = stream.write_all(answer).await;
}

fn pinned(origin: &str, server: &Server, plain: bool) -> (Outbound, Arc<Names>) {
    let pin = Pin {
        origin: url(origin),
        address: server.address,
        plain,
    };
    let names = Names::none();
    let policy = Policy {
        pins: vec![pin],
        ..Policy::default()
    };
    let outbound = Outbound::with_resolver(policy, Arc::clone(&names) as _).unwrap();
    (outbound, names)
}

#[tokio::test]
async fn a_pinned_origin_goes_to_its_address_unresolved() {
    for (origin, host) in [
        ("http://link.example", "link.example"),
        ("http://link.example:8080", "link.example:8080"),
        ("http://127.0.0.1:1", "127.0.0.1:1"),
        ("http://[::1]:1", "[::1]:1"),
        ("http://localhost:1", "localhost:1"),
    ] {
        let (server, seen) = Server::answering(OK).await;
        let (outbound, names) = pinned(origin, &server, false);
        let url = url(&format!("{origin}/sandbox/token?a=b"));
        outbound.check_url(&url).unwrap();
        outbound.send(get(url)).await.unwrap();
        let seen = seen.all();
        assert!(
            seen[0].starts_with("GET /sandbox/token?a=b HTTP/1.1\r\n"),
            "{seen:?}"
        );
        assert!(seen[0].contains(&format!("host: {host}\r\n")), "{seen:?}");
        assert_eq!(names.lookups(), 0);
    }
}

#[tokio::test]
async fn a_pin_for_https_may_be_plain_behind_the_proxy() {
    let (server, seen) = Server::answering(OK).await;
    let (outbound, _) = pinned("https://link.example", &server, true);
    outbound
        .send(get(url("https://link.example/sandbox")))
        .await
        .unwrap();
    assert!(seen.all()[0].contains("host: link.example\r\n"));

    // Not asked to be plain it speaks TLS, to which this server has nothing to say.
    let (outbound, _) = pinned("https://link.example", &server, false);
    let request = Request {
        deadline: Duration::from_millis(100),
        ..get(url("https://link.example/"))
    };
    let error = outbound.send(request).await.unwrap_err();
    assert!(error.is_before_send(), "{error:?}");
    assert_eq!(seen.all().len(), 1);
}

#[tokio::test]
async fn a_pin_opens_its_exact_origin_and_no_other() {
    let (server, _) = Server::answering(OK).await;
    let port = server.port();
    let (outbound, _) = pinned(&format!("http://127.0.0.1:{port}"), &server, false);
    for other in [
        format!("https://127.0.0.1:{port}/"),
        format!("http://127.0.0.1:{}/", port.wrapping_add(1).max(1)),
        "http://127.0.0.1/".to_owned(),
        format!("http://[::1]:{port}/"),
        format!("http://[::ffff:127.0.0.1]:{port}/"),
        format!("http://127.0.0.2:{port}/"),
    ] {
        let other = url(&other);
        let error = outbound.send(get(other.clone())).await.unwrap_err();
        assert!(refused(&error), "{other}: {error:?}");
        assert!(outbound.check_url(&other).is_err());
    }
    let (by_name, _) = pinned("http://link.example:8080", &server, false);
    for other in [
        "http://link.example/",
        "http://link.example:8081/",
        "https://link.example:8080/",
        "http://a.link.example:8080/",
        "http://link.example.:8080/",
    ] {
        assert!(by_name.send(get(url(other))).await.is_err(), "{other}");
    }
    let with_user = url("http://user@link.example:8080/");
    let error = by_name.send(get(with_user)).await.unwrap_err();
    assert!(matches!(error, OutboundError::BadUrl(UrlFault::UserInfo)));
    assert_eq!(server.connections(), 0);
}

#[tokio::test]
async fn without_pins_a_pinned_origin_is_judged_like_any_other() {
    let (server, seen) = Server::answering(OK).await;
    let literal = format!("http://127.0.0.1:{}", server.port());
    for origin in [
        literal.as_str(),
        "http://localhost:1",
        "https://link.example",
    ] {
        let (outbound, names) = pinned(origin, &server, true);
        let before = seen.all().len();
        // A connection to the pinned address is kept, and must not be used by the other client.
        outbound.send(get(url(origin))).await.unwrap();
        let open = outbound.without_pins();
        let error = open.send(get(url(origin))).await.unwrap_err();
        assert!(error.is_before_send(), "{origin}: {error:?}");
        if origin == literal {
            assert!(refused(&open.check_url(&url(origin)).unwrap_err()));
        }
        assert_eq!(names.lookups(), usize::from(origin.contains("link")));
        // Neither is the first one changed by it.
        outbound.send(get(url(origin))).await.unwrap();
        assert_eq!(seen.all().len(), before + 2);
    }
}

#[tokio::test]
async fn a_pin_that_is_no_origin_is_refused_at_the_start() {
    let address = "127.0.0.1:1".parse().unwrap();
    let build = |origins: &[&str]| {
        let pins = origins.iter().map(|origin| Pin {
            origin: url(origin),
            address,
            plain: false,
        });
        Outbound::new(Policy {
            pins: pins.collect(),
            ..Policy::default()
        })
    };
    for origin in [
        "https://a.example/path",
        "https://a.example/?q",
        "https://a.example/#f",
        "https://u@a.example/",
        "ftp://a.example/",
    ] {
        assert!(matches!(build(&[origin]), Err(BuildError::Pin)), "{origin}");
    }
    let twice = build(&["https://a.example", "https://a.example:443/"]);
    assert!(matches!(twice, Err(BuildError::PinTwice)));
    let agent = Outbound::new(Policy {
        user_agent: "two\nlines".to_owned(),
        ..Policy::default()
    });
    assert!(matches!(agent, Err(BuildError::UserAgent)));
}
