//! One consumer never delays another: without that these tests would see the 15 s that a silent one is waited for. How little it
//! is on a machine at rest is for the benchmarks.

use std::time::{Duration, Instant};

use axum::body::Body;
use axum::response::IntoResponse;
use http::StatusCode;

use crate::support::{Bed, Receiver, nobody};

#[tokio::test]
async fn healthy_consumers_are_not_delayed_by_the_others() {
    let bed = Bed::make().await;
    let silent = Receiver::later(|_| Box::pin(std::future::pending())).await;
    let endless = Receiver::answering(|_| {
        let stream = futures::stream::unfold((), |()| async {
            tokio::time::sleep(Duration::from_millis(20)).await;
            Some((Ok::<_, std::io::Error>(vec![b'x'; 16]), ()))
        });
        (StatusCode::OK, Body::from_stream(stream)).into_response()
    })
    .await;
    let slow = Receiver::later(|_| {
        Box::pin(async {
            tokio::time::sleep(Duration::from_secs(5)).await;
            StatusCode::OK.into_response()
        })
    })
    .await;
    let dead = nobody().await;
    let healthy = Receiver::ok().await;
    for url in [&silent.url, &endless.url, &slow.url, &dead, &healthy.url] {
        bed.consumer(url).await;
    }
    let worker = bed.work();
    let mut late = Vec::new();
    for n in 1..=100 {
        let began = Instant::now();
        bed.company(&format!("Company {n}")).await;
        healthy.wait_for(n).await;
        late.push(began.elapsed());
    }
    let latest = late.into_iter().max().unwrap();
    assert!(latest < Duration::from_secs(5), "{latest:?}");
    assert!(silent.count() >= 8);
    worker.stop().await;
}

#[tokio::test]
async fn many_silent_consumers_together_do_not_delay_the_healthy_one() {
    let bed = Bed::make().await;
    let silent = Receiver::later(|_| Box::pin(std::future::pending())).await;
    for _ in 0..20 {
        bed.consumer(&silent.url).await;
    }
    let healthy = Receiver::ok().await;
    bed.consumer(&healthy.url).await;
    let worker = bed.work();
    for n in 1..=50 {
        let began = Instant::now();
        bed.company(&format!("Company {n}")).await;
        healthy.wait_for(n).await;
        assert!(began.elapsed() < Duration::from_secs(5), "{n}");
    }
    worker.stop().await;
}
