//! Several processes on one PostgreSQL database. On SQLite there is one process, and these tests say so and end.

use std::time::{Duration, Instant};

use crate::support::{Bed, Process, Receiver, Worker, company, replica};

#[expect(clippy::print_stderr, reason = "a skipped test must be seen")]
async fn on_postgres() -> Option<Bed> {
    let bed = Bed::make().await;
    if !bed.is_postgres() {
        eprintln!("SKIPPED: several processes need PostgreSQL (HANDCLASP_TEST_ENGINE)");
        return None;
    }
    Some(bed)
}

#[tokio::test(flavor = "multi_thread")]
async fn two_processes_deliver_each_message_once() {
    let Some(bed) = on_postgres().await else {
        return;
    };
    let apps = [replica(&bed, 1).await, replica(&bed, 2).await];
    let receivers = [
        Receiver::ok().await,
        Receiver::ok().await,
        Receiver::ok().await,
    ];
    for receiver in &receivers {
        bed.consumer(&receiver.url).await;
    }
    let workers = apps.clone().map(Worker::start);
    let making = (0..400).map(|n| {
        let (app, client) = (apps[n % 2].clone(), bed.client.id());
        tokio::spawn(async move {
            company(&app, client, &format!("Company {n}"), &[]).await;
        })
    });
    for made in futures::future::join_all(making).await {
        made.unwrap();
    }
    bed.settled().await;
    for receiver in &receivers {
        assert_eq!(receiver.by_id().len(), 400);
        assert_eq!(receiver.count(), 400, "delivered twice");
    }
    for worker in workers {
        worker.stop().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_dead_process_is_replaced_within_five_seconds() {
    let Some(bed) = on_postgres().await else {
        return;
    };
    let silent = Receiver::later(|n| {
        Box::pin(async move {
            if n == 0 {
                std::future::pending::<()>().await;
            }
            axum::response::IntoResponse::into_response(http::StatusCode::OK)
        })
    })
    .await;
    bed.consumer(&silent.url).await;
    let first = replica(&bed, 1).await;
    let dying = Process::start(first.clone());
    company(&first, bed.client.id(), "Ash & Birch", &[]).await;
    let id = silent.wait_for(1).await[0].id();
    dying.kill();
    let began = Instant::now();
    let worker = Worker::start(replica(&bed, 2).await);
    silent.wait_for(2).await;
    assert!(
        began.elapsed() > Duration::from_secs(2),
        "while it might live"
    );
    assert!(began.elapsed() <= Duration::from_secs(5));
    assert_eq!(silent.by_id()[&id], 2);
    worker.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_process_that_stops_hands_over_at_once() {
    let Some(bed) = on_postgres().await else {
        return;
    };
    let receiver = Receiver::later(|n| {
        Box::pin(async move {
            if n == 0 {
                std::future::pending::<()>().await;
            }
            axum::response::IntoResponse::into_response(http::StatusCode::OK)
        })
    })
    .await;
    bed.consumer(&receiver.url).await;
    let (first, second) = (replica(&bed, 1).await, replica(&bed, 2).await);
    let stopping = Worker::start(first.clone());
    company(&first, bed.client.id(), "Ash & Birch", &[]).await;
    receiver.wait_for(1).await;
    let worker = Worker::start(second);
    stopping.stop().await;
    let began = Instant::now();
    receiver.wait_for(2).await;
    assert!(
        began.elapsed() < Duration::from_secs(3),
        "not before its end was due"
    );
    worker.stop().await;
}
