//! Many events for many consumers, with so little room in memory that everything that can run over does. Whatever happens, each
//! consumer gets each event.

use std::time::{Duration, Instant};

use axum::response::IntoResponse;
use handclasp_app::App;
use handclasp_webhooks::Options;
use http::StatusCode;

use crate::said::Said;
use crate::support::{Bed, Receiver, Worker, company, hurried, replica};

const LASTS: Duration = Duration::from_secs(3);

/// A worker that has room for almost nothing.
fn narrow() -> Options {
    Options {
        most: 64,
        queue: 4,
        short_queue: 1,
        crowded: 30,
        ..hurried()
    }
}

/// Writes so many events at once, by all of these processes.
async fn write(bed: &Bed, apps: &[App], burst: usize, size: usize) {
    let writing = (0..size).map(|number| {
        let (app, client) = (apps[number % apps.len()].clone(), bed.client.id());
        let name = format!("Company {burst}/{number}");
        tokio::spawn(async move { company(&app, client, &name, &[]).await })
    });
    for made in futures::future::join_all(writing).await {
        made.unwrap();
    }
}

/// Bursts, each of which must have arrived before the next: nothing that comes later mends what was forgotten.
async fn bursts(bed: &Bed, apps: &[App]) {
    let said = Said::listen();
    let mut receivers = Vec::new();
    for kind in 0..10 {
        let receiver = Receiver::later(move |_| {
            Box::pin(async move {
                if kind % 3 == 0 {
                    tokio::time::sleep(Duration::from_millis(15)).await;
                }
                StatusCode::NO_CONTENT.into_response()
            })
        });
        receivers.push(receiver.await);
        bed.consumer(&receivers[kind].url).await;
    }
    let workers = apps.iter().map(|app| Worker::with(app.clone(), narrow()));
    let workers: Vec<_> = workers.collect();
    let (began, mut written) = (Instant::now(), 0);
    for burst in 0.. {
        let size = 1 + burst * 7 % 24;
        write(bed, apps, burst, size).await;
        written += size;
        for receiver in &receivers {
            receiver.wait_for(written).await;
        }
        if began.elapsed() > LASTS {
            break;
        }
    }
    bed.settled().await;
    for receiver in &receivers {
        assert_eq!(receiver.by_id().len(), written);
    }
    for worker in workers {
        worker.stop().await;
    }
    // Nothing arrived only because it was missed in the end.
    assert_eq!(said.of(&"forgotten"), [""; 0]);
}

/// Hardly a pause, and consumers of all kinds: at once, after a while, slow for once, failing for once.
async fn all_at_once(bed: &Bed, apps: &[App]) {
    let said = Said::listen();
    let mut receivers = Vec::new();
    for kind in 0..20 {
        let receiver = Receiver::later(move |number| {
            Box::pin(async move {
                match kind % 5 {
                    0 => tokio::time::sleep(Duration::from_millis(15)).await,
                    1 if number == 50 => tokio::time::sleep(Duration::from_millis(2_100)).await,
                    2 if number < 3 => {
                        return StatusCode::SERVICE_UNAVAILABLE.into_response();
                    }
                    _ => {}
                }
                StatusCode::NO_CONTENT.into_response()
            })
        });
        receivers.push(receiver.await);
        bed.consumer(&receivers[kind].url).await;
    }
    let workers = apps.iter().map(|app| Worker::with(app.clone(), narrow()));
    let workers: Vec<_> = workers.collect();
    let (began, mut written) = (Instant::now(), 0);
    for burst in 0.. {
        let size = 1 + burst * 7 % 24;
        write(bed, apps, burst, size).await;
        written += size;
        if began.elapsed() > LASTS {
            break;
        }
        tokio::time::sleep(Duration::from_millis(60)).await;
    }
    bed.settled().await;
    for (kind, receiver) in receivers.iter().enumerate() {
        assert_eq!(receiver.by_id().len(), written, "consumer {kind}");
    }
    for worker in workers {
        worker.stop().await;
    }
    // Nothing arrived only because it was missed in the end.
    assert_eq!(said.of(&"forgotten"), [""; 0]);
}

#[tokio::test(flavor = "multi_thread")]
async fn each_burst_arrives_whole() {
    let bed = Bed::make().await;
    bursts(&bed, &[replica(&bed, 1).await]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn every_event_reaches_every_consumer() {
    let bed = Bed::make().await;
    all_at_once(&bed, &[replica(&bed, 1).await]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn every_event_reaches_every_consumer_from_several_processes() {
    let bed = Bed::make().await;
    if bed.is_postgres() {
        let apps = [replica(&bed, 1).await, replica(&bed, 2).await];
        bursts(&bed, &apps).await;
        let bed = Bed::make().await;
        let apps = [replica(&bed, 1).await, replica(&bed, 2).await];
        all_at_once(&bed, &apps).await;
    }
}
