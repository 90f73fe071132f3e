//! Making and deleting consumers.

use std::time::Duration;

use base64::Engine as _;
use handclasp_app::{AppError, CONSUMERS_MOST, NewWebhook, Refusal};
use handclasp_domain::EventType;
use handclasp_outbound::Pin;
use handclasp_store::{statements, values};
use handclasp_testkit::Setup;

use crate::support::{Bed, Receiver, answer, caller};

fn new(url: &str) -> NewWebhook {
    NewWebhook {
        url: url.to_owned(),
        event_types: vec!["company.created".to_owned()],
        company_tags: vec!["region:eu".to_owned()],
        disabled: false,
    }
}

#[tokio::test]
async fn a_consumer_is_kept_as_it_was_made() {
    let bed = Bed::make().await;
    let (app, client) = (bed.app(), bed.client.id());
    let made = app
        .create_webhook(&bed.caller(), new("https://example.com/hook?a=b"))
        .await
        .unwrap();
    assert_eq!(made.url, "https://example.com/hook?a=b");
    assert_eq!(made.event_types, [EventType::CompanyCreated]);
    assert_eq!(made.company_tags, ["region:eu"]);
    let list = app.list_webhooks(client).await.unwrap();
    assert_eq!(list, std::slice::from_ref(&made));

    let secret = app.webhook_secret(client, made.id).await.unwrap();
    let key = secret.expose().strip_prefix("whsec_").unwrap();
    let key = base64::engine::general_purpose::STANDARD.decode(key);
    assert_eq!(key.unwrap().len(), 32);
    let again = app
        .create_webhook(&bed.caller(), new("https://example.com/"))
        .await
        .unwrap();
    let other = app.webhook_secret(client, again.id).await.unwrap();
    assert_ne!(secret.expose(), other.expose());

    // Another client's consumer is no consumer.
    let stranger = bed.test.client().await.id();
    let unknown = |error| matches!(error, AppError::NotFound("webhook"));
    assert!(unknown(
        app.webhook_secret(stranger, made.id).await.unwrap_err()
    ));
    let deleted = app.delete_webhook(&caller(stranger), made.id).await;
    assert!(unknown(deleted.unwrap_err()));
    assert_eq!(app.list_webhooks(client).await.unwrap().len(), 2);

    app.delete_webhook(&bed.caller(), made.id).await.unwrap();
    let deleted = app.delete_webhook(&bed.caller(), made.id).await;
    assert!(unknown(deleted.unwrap_err()));
    let entries = app.store().query(&AUDIT, values![client]).await.unwrap();
    let actions: Vec<String> = entries.iter().map(|row| row.get(0).unwrap()).collect();
    let expected = ["webhook.create", "webhook.create", "webhook.delete"];
    assert_eq!(actions, expected);
}

statements! {
    /// What was done to webhooks.
    AUDIT = "SELECT action FROM audit WHERE client_id = $1 AND action LIKE 'webhook.%' ORDER BY action";
    /// What is left of consumers.
    LEFT = "SELECT (SELECT count(*) FROM consumer) + (SELECT count(*) FROM consumer_lane)
        + (SELECT count(*) FROM delivery) + (SELECT count(*) FROM delivery_attempt)";
    /// The stored secrets.
    SECRETS = "SELECT secret FROM consumer";
}

#[tokio::test]
async fn addresses_that_must_not_be_called_are_refused_at_once() {
    let bed = Bed::make().await;
    for bad in [
        "",
        "example.com/hook",
        "ftp://example.com/",
        "http://203.0.113.7/hook",
        "https://user:pass@example.com/",
        "https://10.0.0.1/hook",
        "https://169.254.169.254/latest/meta-data",
        "https://[::ffff:10.0.0.1]/",
    ] {
        let refused = bed.app().create_webhook(&bed.caller(), new(bad)).await;
        let Err(AppError::Invalid(error)) = refused else {
            panic!("{bad}: {refused:?}");
        };
        assert_eq!(error.field, "url", "{bad}");
    }
    // Loopback is what the test's operator allowed.
    let loopback = new("http://127.0.0.1:9/hook");
    let allowed = bed.app().create_webhook(&bed.caller(), loopback).await;
    allowed.unwrap();
}

#[tokio::test]
async fn the_pinned_way_to_the_sandbox_is_not_open_to_webhooks() {
    let receiver = Receiver::ok().await;
    let address = receiver.address();
    let pinned = [
        "http://10.0.0.1:8080".to_owned(),
        format!("https://localhost:{}", address.port()),
    ];
    let pins = pinned.each_ref().map(|origin| Pin {
        origin: origin.parse().unwrap(),
        address,
        plain: true,
    });
    let bed = Bed::with(Setup {
        pins: pins.into(),
        ..Setup::default()
    })
    .await;
    let [private, own] = pinned.map(|origin| new(&format!("{origin}/hook")));
    let refused = bed.app().create_webhook(&bed.caller(), private).await;
    assert!(matches!(refused, Err(AppError::Invalid(_))), "{refused:?}");

    // By a name it may be made: where that leads shows only later. It must not lead along the pin, which is plain HTTP.
    let consumer = bed.consumer(&own.url).await;
    let healthy = Receiver::ok().await;
    bed.consumer(&healthy.url).await;
    let worker = bed.work();
    bed.company("Ash & Birch").await;
    let id = healthy.wait_for(1).await[0].id();
    let log = bed.attempts(&consumer, id, 1).await.remove(0);
    worker.stop().await;
    assert_eq!(log.outcome, "tls");
    assert_eq!(receiver.count(), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn there_are_fifty_at_most_also_under_a_race() {
    let bed = Bed::make().await;
    let making = (0..70).map(|_| {
        let (app, caller) = (bed.app().clone(), bed.caller());
        tokio::spawn(async move {
            loop {
                let made = app
                    .create_webhook(&caller, new("https://example.com/"))
                    .await;
                match made {
                    Err(AppError::Store(error)) if error.is_retryable() => {}
                    other => return other,
                }
            }
        })
    });
    let mut made = 0;
    for one in futures::future::join_all(making).await {
        match one.unwrap() {
            Ok(_) => made += 1,
            Err(AppError::Refused(Refusal::TooManyWebhooks)) => {}
            Err(other) => panic!("{other:?}"),
        }
    }
    assert_eq!(made, CONSUMERS_MOST);
    let list = bed.app().list_webhooks(bed.client.id()).await.unwrap();
    assert_eq!(i64::try_from(list.len()).unwrap(), CONSUMERS_MOST);
}

#[tokio::test]
async fn what_is_pending_vanishes_with_its_consumer() {
    let bed = Bed::make().await;
    let receiver = Receiver::answering(|_| answer(500, "")).await;
    let consumer = bed.consumer(&receiver.url).await;
    let worker = bed.work();
    for n in 0..100 {
        bed.company(&format!("Company {n}")).await;
    }
    let last = receiver.wait_for(100).await[99].id();
    bed.attempts(&consumer, last, 1).await;
    bed.app()
        .delete_webhook(&bed.caller(), consumer.id)
        .await
        .unwrap();
    bed.test.clock.advance(Duration::from_secs(59));
    let emptied = async {
        while bed.open().await > 0 {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        // One lane is kept for a minute.
        bed.test.clock.advance(Duration::from_secs(2));
        loop {
            let left = bed.app().store().query(&LEFT, values![]).await.unwrap();
            if left[0].get::<i64>(0).unwrap() == 0 {
                break;
            }
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    tokio::time::timeout(crate::support::LONG, emptied)
        .await
        .unwrap();
    bed.company("One more").await;
    tokio::time::sleep(Duration::from_millis(100)).await;
    assert_eq!(receiver.count(), 100, "delivered to a deleted consumer");
    worker.stop().await;
}

#[tokio::test]
async fn secrets_are_stored_sealed() {
    let bed = Bed::make().await;
    let made = bed.consumer("https://example.com/").await;
    let secret = bed.app().webhook_secret(bed.client.id(), made.id).await;
    let secret = secret.unwrap();
    let text = secret.expose().trim_start_matches("whsec_").as_bytes();
    let stored = bed.app().store().query(&SECRETS, values![]).await.unwrap();
    let stored: Vec<u8> = stored[0].get(0).unwrap();
    assert!(!stored.windows(text.len()).any(|window| window == text));
    assert!(!format!("{made:?}").contains(secret.expose()));
}
