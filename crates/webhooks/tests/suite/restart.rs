//! Nothing that was written is lost when a process ends, however it ends.

use std::time::Duration;

use axum::response::IntoResponse;
use handclasp_testkit::{Setup, TestApp};
use http::StatusCode;

use crate::support::{Bed, Process, Receiver, Worker};

#[tokio::test]
async fn what_was_pending_is_delivered_after_a_restart() {
    let bed = Bed::make().await;
    let receiver = Receiver::ok().await;
    bed.consumer(&receiver.url).await;
    for n in 0..20 {
        bed.company(&format!("Company {n}")).await;
    }
    let worker = bed.work();
    receiver.wait_for(3).await;
    worker.stop().await;
    let before = receiver.count();
    for n in 20..30 {
        bed.company(&format!("Company {n}")).await;
    }
    tokio::time::sleep(Duration::from_millis(100)).await;
    assert_eq!(receiver.count(), before, "nobody works");
    let worker = bed.work();
    bed.settled().await;
    assert_eq!(receiver.by_id().len(), 30);
    worker.stop().await;
}

#[tokio::test]
async fn a_stop_lets_what_is_on_its_way_arrive() {
    let bed = Bed::make().await;
    let receiver = Receiver::later(|_| {
        Box::pin(async {
            tokio::time::sleep(Duration::from_millis(200)).await;
            StatusCode::OK.into_response()
        })
    })
    .await;
    let consumer = bed.consumer(&receiver.url).await;
    let worker = bed.work();
    bed.company("Ash & Birch").await;
    let id = receiver.wait_for(1).await[0].id();
    worker.stop().await;
    assert_eq!(bed.state(&consumer, id).await.0, "success");
    let again = bed.work();
    tokio::time::sleep(Duration::from_millis(100)).await;
    assert_eq!(receiver.count(), 1);
    again.stop().await;
}

#[tokio::test]
async fn a_stop_does_not_wait_for_a_consumer_that_hangs() {
    let bed = Bed::make().await;
    let receiver = Receiver::later(|n| {
        Box::pin(async move {
            if n == 0 {
                std::future::pending::<()>().await;
            }
            StatusCode::OK.into_response()
        })
    })
    .await;
    let consumer = bed.consumer(&receiver.url).await;
    let worker = bed.work();
    bed.company("Ash & Birch").await;
    let id = receiver.wait_for(1).await[0].id();
    let began = std::time::Instant::now();
    worker.stop().await;
    assert!(began.elapsed() < Duration::from_secs(3));
    assert_eq!(bed.state(&consumer, id).await.1, 0, "no attempt counted");
    let again = Worker::start(bed.app().clone());
    bed.settled().await;
    assert_eq!(receiver.by_id()[&id], 2);
    again.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_kill_loses_nothing() {
    let bed = Bed::make().await;
    let receiver = Receiver::answering(|n| {
        // One in ten fails.
        match n % 10 {
            3 => StatusCode::INTERNAL_SERVER_ERROR.into_response(),
            _ => StatusCode::OK.into_response(),
        }
    })
    .await;
    for _ in 0..2 {
        bed.consumer(&receiver.url).await;
    }
    let mut made = 0;
    for round in 0..4 {
        let app = replica(&bed, round).await;
        let process = Process::start(app.clone());
        for _ in 0..30 {
            let client = bed.client.id();
            crate::support::company(&app, client, &format!("Company {made}"), &[]).await;
            made += 1;
        }
        tokio::time::sleep(Duration::from_millis(5 * round)).await;
        process.kill();
        // On PostgreSQL the dead are dead after four seconds.
        bed.test.clock.advance(Duration::from_secs(5));
    }
    let worker = Worker::start(replica(&bed, 99).await);
    let settled = async {
        while bed.open().await > 0 || receiver.by_id().len() < made {
            bed.test.clock.advance(Duration::from_secs(1));
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    tokio::time::timeout(crate::support::LONG, settled)
        .await
        .unwrap();
    assert_eq!(receiver.by_id().len(), made);
    assert!(receiver.by_id().values().all(|&times| times >= 2));
    worker.stop().await;
}

/// Another process on the same database.
async fn replica(bed: &Bed, seed: u64) -> handclasp_app::App {
    let random = std::sync::Arc::new(handclasp_ambient::SeededRandom::new(1_000 + seed));
    TestApp::over(
        Setup::default(),
        &bed.test.database,
        bed.test.clock.clone(),
        random,
    )
    .await
}
