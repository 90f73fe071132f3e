//! The whole retry schedule, by the test's own clock.

use std::time::Duration;

use axum::response::IntoResponse;
use handclasp_domain::Timestamp;
use http::StatusCode;
use http::header::RETRY_AFTER;

use crate::support::{Bed, Receiver, answer};

const MINUTE: u64 = 60;
const HOUR: u64 = 60 * MINUTE;
const PAUSES: [u64; 7] = [
    5,
    5 * MINUTE,
    30 * MINUTE,
    2 * HOUR,
    5 * HOUR,
    10 * HOUR,
    10 * HOUR,
];

/// Moves the clock to an instant.
fn move_to(bed: &Bed, at: Timestamp) {
    bed.test.clock.advance(at.since(bed.app().now()));
}

#[tokio::test]
async fn a_message_is_tried_eight_times_and_then_given_up() {
    let bed = Bed::make().await;
    let receiver = Receiver::answering(|n| answer(500, format!("failure {n}"))).await;
    let consumer = bed.consumer(&receiver.url).await;
    let worker = bed.work();
    bed.company("Ash & Birch").await;
    let id = receiver.wait_for(1).await[0].id();
    for (number, pause) in (1_u32..).zip(PAUSES) {
        let log = bed.attempts(&consumer, id, number as usize).await;
        let last = log.last().unwrap();
        assert_eq!(last.at, bed.app().now());
        let (state, attempts, due) = bed.state(&consumer, id).await;
        assert_eq!((state.as_str(), attempts), ("attempting", number));
        let (waits, pause) = (due.since(last.at), Duration::from_secs(pause));
        assert!(
            waits <= pause && waits >= pause * 4 / 5,
            "{number}: {waits:?}"
        );
        // Not a moment too early.
        move_to(&bed, due.minus(Duration::from_millis(1)));
        tokio::time::sleep(Duration::from_millis(60)).await;
        assert_eq!(receiver.count(), number as usize);
        move_to(&bed, due);
        receiver.wait_for(number as usize + 1).await;
    }
    let log = bed.attempts(&consumer, id, 8).await;
    assert_eq!(bed.state(&consumer, id).await.0, "failure");
    bed.test.clock.advance(Duration::from_secs(100 * HOUR));
    tokio::time::sleep(Duration::from_millis(100)).await;
    assert_eq!(receiver.count(), 8);
    assert!(receiver.by_id().len() == 1, "the webhook-id changed");
    // Each attempt has the timestamp of its own moment, and its line in the log.
    for (call, line) in receiver.calls().iter().zip(&log) {
        let stamp = line.at.as_seconds().to_string();
        assert_eq!(call.header("webhook-timestamp"), stamp);
        assert_eq!((line.outcome.as_str(), line.status), ("status", Some(500)));
        assert_eq!(line.response, format!("failure {}", line.number - 1));
    }
    worker.stop().await;
}

#[tokio::test]
async fn a_success_ends_the_schedule() {
    let bed = Bed::make().await;
    let receiver = Receiver::answering(|n| answer(if n == 0 { 503 } else { 204 }, "")).await;
    let consumer = bed.consumer(&receiver.url).await;
    let worker = bed.work();
    bed.company("Ash & Birch").await;
    let id = receiver.wait_for(1).await[0].id();
    bed.attempts(&consumer, id, 1).await;
    bed.test.clock.advance(Duration::from_secs(5));
    bed.settled().await;
    assert_eq!(bed.state(&consumer, id).await.0, "success");
    assert_eq!(bed.attempts(&consumer, id, 2).await[1].status, Some(204));
    worker.stop().await;
}

#[tokio::test]
async fn retry_after_is_honoured_within_bounds() {
    let bed = Bed::make().await;
    let receiver = Receiver::answering(|n| {
        let asked = ["120", "3", "999999"][n.min(2)];
        (StatusCode::TOO_MANY_REQUESTS, [(RETRY_AFTER, asked)]).into_response()
    })
    .await;
    let consumer = bed.consumer(&receiver.url).await;
    let worker = bed.work();
    bed.company("Ash & Birch").await;
    let id = receiver.wait_for(1).await[0].id();
    let expected = [120..=120, 240..=300, 36_000..=36_000];
    for (number, expected) in (1..).zip(expected) {
        bed.attempts(&consumer, id, number).await;
        let due = bed.state(&consumer, id).await.2;
        let waits = due.since(bed.app().now()).as_secs();
        assert!(expected.contains(&waits), "{number}: {waits}");
        move_to(&bed, due);
        receiver.wait_for(number + 1).await;
    }
    worker.stop().await;
}

#[tokio::test]
async fn gone_disables_the_consumer() {
    let bed = Bed::make().await;
    let receiver = Receiver::answering(|_| answer(410, "")).await;
    let other = Receiver::ok().await;
    let consumer = bed.consumer(&receiver.url).await;
    bed.consumer(&other.url).await;
    let worker = bed.work();
    bed.company("First").await;
    let id = receiver.wait_for(1).await[0].id();
    let log = bed.attempts(&consumer, id, 1).await;
    assert_eq!(log[0].outcome, "gone");
    assert_eq!(bed.state(&consumer, id).await.0, "failure");
    let found = bed.app().webhook(bed.client.id(), consumer.id).await;
    assert!(found.unwrap().disabled);
    bed.company("Second").await;
    other.wait_for(2).await;
    bed.test.clock.advance(Duration::from_secs(60));
    tokio::time::sleep(Duration::from_millis(100)).await;
    assert_eq!(receiver.count(), 1);
    worker.stop().await;
}
