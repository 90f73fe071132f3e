//! A message arrives, signed, at those who want it and at nobody else.

use std::sync::Arc;
use std::time::Duration;

use handclasp_ambient::{ManualClock, SeededRandom};
use handclasp_app::NewWebhook;
use handclasp_domain::Id;
use handclasp_testkit::{Setup, TestApp};
use standardwebhooks::Webhook;

use crate::support::{Bed, Receiver, Worker, company, replica};

#[tokio::test]
async fn a_message_is_signed_as_standard_webhooks_has_it() {
    let bed = Bed::make().await;
    let receiver = Receiver::ok().await;
    let consumer = bed.consumer(&receiver.url).await;
    // The library compares the timestamp with the system's clock.
    let app = replica(&bed, 1).await;
    let worker = Worker::start(app.clone());
    company(&app, bed.client.id(), "Müller & Söhne – 株式会社", &[]).await;

    let call = receiver.wait_for(1).await.remove(0);
    assert_eq!(call.header("content-type"), "application/json");
    assert_eq!(call.json()["id"], call.header("webhook-id"));
    assert!(!call.headers.contains_key("svix-id"));

    let secret = app.webhook_secret(bed.client.id(), consumer.id);
    let oracle = Webhook::new(secret.await.unwrap().expose()).unwrap();
    oracle.verify(&call.body, &call.headers).unwrap();
    let mut altered = call.body.to_vec();
    altered[10] ^= 1;
    assert!(oracle.verify(&altered, &call.headers).is_err());
    worker.stop().await;
}

#[tokio::test]
async fn consumers_get_what_they_want_and_nothing_else() {
    let bed = Bed::make().await;
    let receivers = [(); 5].map(|()| Receiver::ok());
    let [all, created, tagged, disabled, late] = futures::future::join_all(receivers)
        .await
        .try_into()
        .unwrap_or_else(|_| unreachable!());
    let other = bed.test.client().await;
    bed.consumer(&all.url).await;
    bed.consumer_for(&created.url, &["company.created"], &[])
        .await;
    bed.consumer_for(&tagged.url, &[], &["region:eu", "vip:yes"])
        .await;
    let new = NewWebhook {
        url: disabled.url.clone(),
        event_types: vec![],
        company_tags: vec![],
        disabled: true,
    };
    bed.app().create_webhook(&bed.caller(), new).await.unwrap();

    let (app, client) = (bed.app(), bed.client.id());
    let plain = company(app, client, "Plain", &[]).await;
    company(app, client, "European", &[("region", "eu")]).await;
    company(app, client, "American", &[("region", "us"), ("vip", "no")]).await;
    company(app, other.id(), "Foreign", &[("region", "eu")]).await;
    app.delete_company(&bed.caller(), plain.id).await.unwrap();
    // A consumer gets nothing that happened before it was there, by whichever clock.
    bed.test.clock.advance(Duration::from_secs(6));
    bed.consumer(&late.url).await;
    let worker = bed.work();
    bed.settled().await;

    assert_eq!(all.count(), 4);
    let names = |receiver: &Receiver| {
        let calls = receiver.calls();
        let mut names: Vec<_> = calls
            .iter()
            .map(|call| call.json()["payload"]["name"].as_str().unwrap().to_owned())
            .collect();
        names.sort();
        names
    };
    assert_eq!(names(&created), ["American", "European", "Plain"]);
    assert_eq!(names(&tagged), ["European"]);
    assert_eq!(disabled.count(), 0);
    assert_eq!(late.count(), 0);
    worker.stop().await;
}

#[tokio::test]
async fn a_consumer_that_was_made_by_a_fast_clock_misses_nothing() {
    let bed = Bed::make().await;
    let receiver = Receiver::ok().await;
    let clock = Arc::new(ManualClock::at(bed.app().now()));
    let random = Arc::new(SeededRandom::new(77));
    let slow = TestApp::over(Setup::default(), &bed.test.database, clock, random).await;
    bed.test.clock.advance(Duration::from_secs(3));
    bed.consumer(&receiver.url).await;
    company(&slow, bed.client.id(), "Of another process", &[]).await;
    let worker = bed.work();
    receiver.wait_for(1).await;
    worker.stop().await;
}

#[tokio::test]
async fn more_than_fits_into_memory_is_delivered_once_each() {
    let bed = Bed::make().await;
    let receivers = [Receiver::ok().await, Receiver::ok().await];
    for receiver in &receivers {
        bed.consumer(&receiver.url).await;
    }
    let events = 1300;
    let made = (0..events).map(|n| {
        let bed = &bed;
        async move { bed.company(&format!("Company {n}")).await }
    });
    futures::stream::StreamExt::collect::<Vec<_>>(futures::stream::StreamExt::buffer_unordered(
        futures::stream::iter(made),
        64,
    ))
    .await;
    let worker = bed.work();
    bed.settled().await;
    for receiver in &receivers {
        assert_eq!(receiver.count(), events);
        assert_eq!(receiver.by_id().len(), events);
    }
    worker.stop().await;
}

#[tokio::test]
async fn while_working_events_go_out_without_being_polled_for() {
    let bed = Bed::make().await;
    let receiver = Receiver::ok().await;
    bed.consumer(&receiver.url).await;
    let stop = tokio_util::sync::CancellationToken::new();
    let options = handclasp_webhooks::Options {
        poll: Duration::from_secs(3600),
        ..handclasp_webhooks::Options::default()
    };
    let run = handclasp_webhooks::run_with(bed.app().clone(), options, stop.clone());
    let running = tokio::spawn(run);
    tokio::time::sleep(Duration::from_millis(100)).await;
    for n in 1..=5 {
        bed.company(&format!("Company {n}")).await;
        receiver.wait_for(n).await;
    }
    stop.cancel();
    running.await.unwrap();
}

#[tokio::test]
async fn an_event_whose_company_was_erased_tells_its_id_alone() {
    let bed = Bed::make().await;
    let receiver = Receiver::ok().await;
    bed.consumer(&receiver.url).await;
    let made = bed.company("Soon gone").await;
    bed.app()
        .delete_company(&bed.caller(), made.id)
        .await
        .unwrap();
    // Nobody delivered for more than a day.
    bed.test.clock.advance(Duration::from_secs(29 * 60 * 60));
    bed.app().tidy().await.unwrap();
    let worker = bed.work();
    for call in receiver.wait_for(2).await {
        let json = call.json();
        assert_eq!(json["id"], call.id().uuid().to_string());
        assert!(json.get("payload").is_none(), "{json}");
    }
    worker.stop().await;
}

#[tokio::test]
async fn an_idle_worker_takes_up_again() {
    let bed = Bed::make().await;
    let receiver = Receiver::ok().await;
    bed.consumer(&receiver.url).await;
    let worker = Worker::start(bed.app().clone());
    for n in 1..=2 {
        bed.company(&format!("Company {n}")).await;
        receiver.wait_for(n).await;
        // Longer than after which an idle consumer is let go.
        tokio::time::sleep(Duration::from_millis(400)).await;
    }
    worker.stop().await;
}
