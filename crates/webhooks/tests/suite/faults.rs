//! The database fails at the wrong moment, and nothing is forgotten for it.

use std::time::Duration;

use axum::response::IntoResponse;
use handclasp_domain::EventId;
use handclasp_store::lane::LaneKey;
use handclasp_store::{Statement, StoreError, Tx, statements, values};
use handclasp_webhooks::Options;
use http::StatusCode;
use metrics_util::debugging::{DebugValue, DebuggingRecorder, Snapshotter};

use crate::said::Said;
use crate::support::{Bed, Receiver, Worker, hurried};

statements! {
    /// From now on no lane is let go.
    HOLD_LANES = "ALTER TABLE consumer_lane ADD CONSTRAINT held CHECK (claimed_by IS NOT NULL) NOT VALID";
    /// It may be again.
    FREE_LANES = "ALTER TABLE consumer_lane DROP CONSTRAINT held";
    /// The row by which processes show life, locked.
    LOCK_LIFE = "SELECT id FROM replica FOR UPDATE";
    /// A pause in the database.
    SLEEP = "SELECT CAST(pg_sleep(CAST($1 AS BIGINT) / 1000.0) AS TEXT)";
    /// A delivery that nobody is told of.
    FORGET = "INSERT INTO delivery (client_id, consumer_id, event_id, state, attempts, open, due_at)
        VALUES ($1, $2, $3, 'sending', 0, 1, $4)";
}

async fn run(bed: &Bed, statement: &'static Statement) {
    let store = bed.app().store();
    let done = store.queue("test", (), move |tx: &mut Tx, ()| {
        Box::pin(async move { tx.execute(statement, values![]).await })
    });
    let done: Result<u64, StoreError> = done.await;
    done.unwrap();
}

#[tokio::test]
async fn a_lane_that_could_not_be_let_go_goes_on() {
    let bed = Bed::make().await;
    if !bed.is_postgres() {
        return;
    }
    let receiver = Receiver::ok().await;
    bed.consumer(&receiver.url).await;
    let worker = bed.work();
    bed.company("First").await;
    receiver.wait_for(1).await;
    run(&bed, &HOLD_LANES).await;
    // Longer than after which an idle lane is let go.
    tokio::time::sleep(Duration::from_millis(500)).await;
    for n in 2..5 {
        bed.company(&format!("Company {n}")).await;
        receiver.wait_for(n).await;
    }
    run(&bed, &FREE_LANES).await;
    tokio::time::sleep(Duration::from_millis(500)).await;
    bed.company("Last").await;
    receiver.wait_for(5).await;
    worker.stop().await;
}

/// Keeps all processes from showing life for a while.
fn silence(bed: &Bed, millis: i64) -> tokio::task::JoinHandle<()> {
    let store = bed.app().store().clone();
    tokio::spawn(async move {
        let locked = store.queue("test", (), move |tx: &mut Tx, ()| {
            Box::pin(async move {
                tx.query(&LOCK_LIFE, values![]).await?;
                tx.query(&SLEEP, values![millis]).await
            })
        });
        let locked: Result<Vec<_>, StoreError> = locked.await;
        locked.unwrap();
    })
}

#[tokio::test]
async fn what_was_not_written_down_by_a_process_that_was_dead_for_a_moment_is_sent_again() {
    let bed = Bed::make().await;
    if !bed.is_postgres() {
        return;
    }
    let (answer_now, told) = tokio::sync::watch::channel(false);
    let receiver = Receiver::later(move |_| {
        let mut told = told.clone();
        Box::pin(async move {
            told.wait_for(|told| *told).await.unwrap();
            StatusCode::NO_CONTENT.into_response()
        })
    })
    .await;
    bed.consumer(&receiver.url).await;
    let options = Options {
        beat: Duration::from_millis(500),
        ..hurried()
    };
    let worker = Worker::with(bed.app().clone(), options);
    bed.company("Ash & Birch").await;
    receiver.wait_for(1).await;
    let pause = |millis| tokio::time::sleep(Duration::from_millis(millis));
    // A sign of life that comes almost too late, and a second one that is given in time but comes after the first has run out.
    let first = silence(&bed, 1_200);
    pause(800).await;
    let second = silence(&bed, 1_500);
    pause(100).await;
    bed.test.clock.advance(Duration::from_millis(3_900));
    first.await.unwrap();
    pause(1_000).await;
    bed.test.clock.advance(Duration::from_millis(200));
    answer_now.send(true).unwrap();
    second.await.unwrap();
    // Its result was refused, so it comes again.
    receiver.wait_for(2).await;
    bed.settled().await;
    worker.stop().await;
}

/// How often the database was asked what is due, in vain.
fn looks_in_vain(snapshotter: &Snapshotter) -> usize {
    let snapshot = snapshotter.snapshot().into_vec();
    let looks = snapshot.into_iter().filter(|(key, ..)| {
        let labels: Vec<_> = key.key().labels().map(|label| label.value()).collect();
        key.key().name() == "handclasp_store_seconds" && labels == ["look", "error"]
    });
    looks
        .map(|(.., value)| match value {
            DebugValue::Histogram(times) => times.len(),
            DebugValue::Counter(_) | DebugValue::Gauge(_) => 0,
        })
        .sum()
}

#[tokio::test]
async fn a_database_that_is_gone_is_not_asked_without_a_pause() {
    let recorder = DebuggingRecorder::new();
    let snapshotter = recorder.snapshotter();
    let _recording = metrics::set_default_local_recorder(&recorder);
    let bed = Bed::make().await;
    let receiver = Receiver::ok().await;
    bed.consumer(&receiver.url).await;
    let options = Options {
        queue: 20,
        ..hurried()
    };
    for n in 0..200 {
        bed.company(&format!("Company {n}")).await;
    }
    let worker = Worker::with(bed.app().clone(), options);
    receiver.wait_for(40).await;
    bed.app().store().close().await;
    tokio::time::sleep(Duration::from_millis(200)).await;
    looks_in_vain(&snapshotter);
    tokio::time::sleep(Duration::from_secs(1)).await;
    let looks = looks_in_vain(&snapshotter);
    assert!(looks < 100, "{looks} looks in a second");
    worker.stop().await;
}

/// A delivery of an event of another consumer's, written past everything that would tell somebody.
async fn forget(bed: &Bed, lane: LaneKey, event: EventId) {
    let store = bed.app().store();
    let at = bed.app().now().minus(Duration::from_secs(10));
    let input = (lane, event, at);
    let done = store.queue("test", input, |tx: &mut Tx, (lane, event, at)| {
        Box::pin(async move {
            let values = values![lane.client, lane.consumer, *event, *at];
            tx.execute(&FORGET, values).await
        })
    });
    let done: Result<u64, StoreError> = done.await;
    done.unwrap();
}

async fn forgotten_is_found(options: Options) {
    let said = Said::listen();
    let bed = Bed::make().await;
    let (all, few) = (Receiver::ok().await, Receiver::ok().await);
    bed.consumer(&all.url).await;
    let few_only = &["company.created"];
    let consumer = bed.consumer_for(&few.url, few_only, &[]).await;
    let made = bed.company("Ash & Birch").await;
    let worker = Worker::with(bed.app().clone(), options);
    few.wait_for(1).await;
    bed.app()
        .delete_company(&bed.caller(), made.id)
        .await
        .unwrap();
    let event = all.wait_for(2).await[1].id();
    bed.settled().await;
    // Until nobody looks any more.
    tokio::time::sleep(Duration::from_millis(500)).await;
    forget(&bed, LaneKey::of(&consumer), event).await;
    assert_eq!(few.wait_for(2).await[1].id(), event);
    let line = said.wait_for(&consumer.id, "forgotten").await;
    assert!(line.starts_with("WARN"), "{line}");
    worker.stop().await;
}

#[tokio::test]
async fn what_was_forgotten_is_found_by_comparing() {
    let idle = Duration::from_secs(3_600);
    forgotten_is_found(Options { idle, ..hurried() }).await;
}

#[tokio::test]
async fn what_was_forgotten_is_found_before_a_lane_is_let_go() {
    let idle = Duration::from_secs(2);
    let checked = 0;
    forgotten_is_found(Options {
        idle,
        checked,
        ..hurried()
    })
    .await;
}
