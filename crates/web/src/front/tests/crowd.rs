//! More connections than places.

use super::*;

fn few(connections: usize) -> FrontLimits {
    FrontLimits {
        connections,
        ..limits()
    }
}

#[tokio::test]
async fn over_the_cap_one_waits_and_idle_ones_make_room() {
    let server = Server::start(few(2), hello()).await;
    let mut busy = server.connect().await;
    busy.write_all(b"GET /never HTTP/1.1\r\nHost: a\r\n\r\n")
        .await
        .unwrap();
    let mut idle = server.connect().await;
    idle.write_all(GET).await.unwrap();
    assert!(answer(&mut idle).await.ends_with("hello"));

    let mut third = server.connect().await;
    third.write_all(GET).await.unwrap();
    let begun = Instant::now();
    assert!(answer(&mut third).await.ends_with("hello"));
    assert!(begun.elapsed() > SHORT, "it did not wait");
    assert!(begun.elapsed() < SOON);
    assert!(closed(&mut idle).await < SOON);
}

#[tokio::test]
async fn those_who_say_nothing_make_room() {
    let server = Server::start(few(8), hello()).await;
    let mut silent = Vec::new();
    for _ in 0..40 {
        silent.push(server.connect().await);
    }
    let begun = Instant::now();
    let mut late = server.connect().await;
    late.write_all(GET).await.unwrap();
    // Behind 40 others with 8 places: five times a second, and not five times the time for a head.
    assert!(answer(&mut late).await.ends_with("hello"));
    assert!(begun.elapsed() < Duration::from_secs(15));
}

#[tokio::test]
async fn without_a_crowd_nobody_has_to_hurry() {
    let server = Server::start(few(3), hello()).await;
    let mut silent = server.connect().await;
    tokio::time::sleep(Duration::from_millis(1_500)).await;
    silent.write_all(GET).await.unwrap();
    assert!(answer(&mut silent).await.ends_with("hello"));
}
