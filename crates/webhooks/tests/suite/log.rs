//! The log of attempts: failures are told apart, and answers kept in part.

use std::time::Duration;

use handclasp_store::delivery::LoggedAttempt;
use tokio::io::AsyncWriteExt;
use tokio::net::TcpListener;

use crate::support::{Bed, Receiver, answer, nobody};

/// What the log says of the first attempt to deliver to `url`.
async fn first_attempt(url: &str) -> LoggedAttempt {
    let bed = Bed::make().await;
    let consumer = bed.consumer(url).await;
    let healthy = Receiver::ok().await;
    bed.consumer(&healthy.url).await;
    let worker = bed.work();
    bed.company("Ash & Birch").await;
    let id = healthy.wait_for(1).await[0].id();
    let log = bed.attempts(&consumer, id, 1).await.remove(0);
    worker.stop().await;
    log
}

#[tokio::test]
async fn a_redirect_is_a_failure_and_not_followed() {
    let elsewhere = Receiver::ok().await;
    let target = elsewhere.url.clone();
    let receiver = Receiver::answering(move |_| {
        let mut redirect = answer(307, "");
        redirect
            .headers_mut()
            .insert("location", target.parse().unwrap());
        redirect
    })
    .await;
    let log = first_attempt(&receiver.url).await;
    assert_eq!((log.outcome.as_str(), log.status), ("redirect", Some(307)));
    assert_eq!(elsewhere.count(), 0);
}

#[tokio::test]
async fn nobody_there_is_told_from_a_broken_answer() {
    let log = first_attempt(&nobody().await).await;
    assert_eq!((log.outcome.as_str(), log.status), ("connect", None));

    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/", listener.local_addr().unwrap());
    tokio::spawn(async move {
        while let Ok((mut socket, _)) = listener.accept().await {
            socket.write_all(b"this is not HTTP\r\n\r\n").await.unwrap();
        }
    });
    let log = first_attempt(&url).await;
    assert_eq!((log.outcome.as_str(), log.status), ("protocol", None));
}

#[tokio::test]
async fn answers_are_kept_in_part() {
    let long = "x\u{0}".repeat(5_000);
    let text = long.clone();
    let failing = Receiver::answering(move |_| answer(400, text.clone())).await;
    let log = first_attempt(&failing.url).await;
    assert_eq!(log.response, "x\u{fffd}".repeat(2_048));
    let succeeding = Receiver::answering(move |_| answer(200, long.clone())).await;
    let log = first_attempt(&succeeding.url).await;
    assert_eq!(log.outcome, "success");
    assert_eq!(log.response, "x\u{fffd}".repeat(128));
    assert!(log.micros > 0 && log.micros < 15_000_000);
}

#[tokio::test]
async fn no_answer_in_fifteen_seconds_is_a_failure() {
    // Paused only after the database is there: its threads have clocks of their own.
    let bed = Bed::make().await;
    let silent = Receiver::later(|_| Box::pin(std::future::pending())).await;
    let consumer = bed.consumer(&silent.url).await;
    let worker = bed.work();
    bed.company("Ash & Birch").await;
    let id = silent.wait_for(1).await[0].id();
    let began = std::time::Instant::now();
    let log = bed.attempts(&consumer, id, 1).await;
    assert_eq!(log[0].outcome, "timeout");
    assert!((15_000_000..17_000_000).contains(&log[0].micros));
    assert!(began.elapsed() < Duration::from_secs(17));
    worker.stop().await;
}
