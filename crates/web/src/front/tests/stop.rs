//! The way to the end.

use super::*;

#[tokio::test]
async fn a_stop_lets_running_requests_finish() {
    let server = Server::start(limits(), hello()).await;
    let mut idle = server.connect().await;
    idle.write_all(GET).await.unwrap();
    assert!(answer(&mut idle).await.ends_with("hello"));
    let mut running = server.connect().await;
    running
        .write_all(b"GET /slow HTTP/1.1\r\nHost: a\r\n\r\n")
        .await
        .unwrap();
    tokio::time::sleep(SHORT / 2).await;
    server.stop.cancel();
    assert!(closed(&mut idle).await < SOON);
    assert!(answer(&mut running).await.ends_with("slow"));
    assert!(closed(&mut running).await < SOON);
    assert_eq!(server.served.await.unwrap(), Served { cut: 0 });
    assert!(TcpStream::connect(server.address).await.is_err());
}

#[tokio::test]
async fn after_the_grace_time_the_rest_is_cut() {
    let limits = FrontLimits {
        grace: SHORT,
        ..limits()
    };
    let server = Server::start(limits, hello()).await;
    let mut stuck = server.connect().await;
    stuck
        .write_all(b"GET /never HTTP/1.1\r\nHost: a\r\n\r\n")
        .await
        .unwrap();
    tokio::time::sleep(SHORT / 2).await;
    server.stop.cancel();
    assert_eq!(server.served.await.unwrap(), Served { cut: 1 });
    assert!(closed(&mut stuck).await < SOON);
}

#[tokio::test]
async fn who_waits_in_the_systems_queue_is_answered_too() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    // The system connects them; nobody has accepted them when the stop comes.
    let mut waiting = Vec::new();
    for _ in 0..20 {
        let mut stream = TcpStream::connect(address).await.unwrap();
        stream.write_all(GET).await.unwrap();
        waiting.push(stream);
    }
    let stop = CancellationToken::new();
    stop.cancel();
    let server = Server::on(listener, limits(), hello(), stop);
    for stream in &mut waiting {
        let said = answer(stream).await;
        assert!(said.ends_with("hello"), "{said}");
        assert!(said.contains("connection: close"), "{said}");
    }
    assert_eq!(server.served.await.unwrap(), Served { cut: 0 });
}

#[tokio::test]
async fn while_draining_everybody_is_answered_for_the_last_time() {
    let limits = FrontLimits {
        drain: Duration::from_secs(1),
        ..limits()
    };
    let server = Server::start(limits, hello()).await;
    let mut kept = server.connect().await;
    kept.write_all(GET).await.unwrap();
    let said = answer(&mut kept).await;
    assert!(!said.contains("connection: close"), "{said}");
    server.stop.cancel();
    tokio::time::sleep(SHORT).await;
    let mut new = server.connect().await;
    for stream in [&mut kept, &mut new] {
        stream.write_all(GET).await.unwrap();
        let said = answer(stream).await;
        assert!(said.ends_with("hello"), "{said}");
        assert!(said.contains("connection: close"), "{said}");
        assert!(closed(stream).await < SOON);
    }
    assert_eq!(server.served.await.unwrap(), Served { cut: 0 });
    assert!(TcpStream::connect(server.address).await.is_err());
}

#[tokio::test]
async fn a_head_that_is_on_its_way_is_answered() {
    let server = Server::start(limits(), hello()).await;
    let (mut used, mut fresh) = (server.connect().await, server.connect().await);
    used.write_all(GET).await.unwrap();
    assert!(answer(&mut used).await.ends_with("hello"));
    for stream in [&mut used, &mut fresh] {
        stream.write_all(&GET[..9]).await.unwrap();
    }
    tokio::time::sleep(SHORT).await;
    server.stop.cancel();
    tokio::time::sleep(SHORT).await;
    for stream in [&mut used, &mut fresh] {
        stream.write_all(&GET[9..]).await.unwrap();
        let said = answer(stream).await;
        assert!(said.ends_with("hello"), "{said}");
        assert!(said.contains("connection: close"), "{said}");
    }
    assert_eq!(server.served.await.unwrap(), Served { cut: 0 });
}
