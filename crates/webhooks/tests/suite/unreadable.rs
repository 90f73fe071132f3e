//! What can't be read holds up nothing else, and arrives once it can be.

use std::time::Duration;

use handclasp_domain::{ClientId, EventId};
use handclasp_store::{Statement, StoreError, statements, values};
use handclasp_webhooks::Options;

use crate::said::Said;
use crate::support::{Bed, Receiver, Worker, company, hurried};

statements! {
    /// Events of a kind that a later version knows, or of none.
    SET_KIND = "UPDATE event SET kind = $2 WHERE client_id = $1";
    /// Events that are damaged.
    SET_FACTS = "UPDATE event SET facts = $2 WHERE client_id = $1";
    /// What they were.
    FACTS = "SELECT facts FROM event WHERE client_id = $1";
    /// Consumers that want something else.
    SET_TYPES = "UPDATE consumer SET event_types = $2 WHERE client_id = $1";
}

async fn set(bed: &Bed, statement: &'static Statement, client: ClientId, to: &str) {
    let store = bed.app().store();
    let input = (client, to.to_owned());
    let set = store.queue("test", input, move |tx, (client, to)| {
        Box::pin(async move { tx.execute(statement, values![*client, to.as_str()]).await })
    });
    let set: Result<u64, StoreError> = set.await;
    assert!(set.unwrap() > 0);
}

#[tokio::test]
async fn an_event_that_cannot_be_read_is_set_aside_and_tried_again() {
    let said = Said::listen();
    let bed = Bed::make().await;
    let (mine, other) = (Receiver::ok().await, Receiver::ok().await);
    bed.consumer(&mine.url).await;
    bed.company("Of a later version").await;
    let client = bed.client.id();
    set(&bed, &SET_KIND, client, "company.exploded").await;

    let stranger = bed.test.client().await.id();
    let new = handclasp_app::NewWebhook {
        url: other.url.clone(),
        event_types: vec![],
        company_tags: vec![],
        disabled: false,
    };
    let caller = crate::support::caller(stranger);
    bed.app().create_webhook(&caller, new).await.unwrap();
    let options = Options {
        again: Duration::from_millis(300),
        ..hurried()
    };
    let worker = Worker::with(bed.app().clone(), options);
    for n in 1..=3 {
        company(bed.app(), stranger, &format!("Company {n}"), &[]).await;
        other.wait_for(n).await;
    }
    bed.company("One more").await;
    let id = mine.wait_for(1).await[0].id();
    let line = said.wait_for(&"what=\"event\"", "can't be read").await;
    assert!(line.starts_with("ERROR"), "{line}");

    set(&bed, &SET_KIND, client, "company.created").await;
    let calls = mine.wait_for(2).await;
    assert_ne!(calls[1].id(), id);
    bed.settled().await;
    worker.stop().await;
}

#[tokio::test]
async fn a_delivery_that_cannot_be_read_waits_and_is_made_later() {
    let bed = Bed::make().await;
    let receiver =
        Receiver::answering(|n| crate::support::answer(if n == 0 { 500 } else { 204 }, "")).await;
    let consumer = bed.consumer(&receiver.url).await;
    let worker = bed.work();
    bed.company("Damaged").await;
    let id: EventId = receiver.wait_for(1).await[0].id();
    bed.attempts(&consumer, id, 1).await;
    let client = bed.client.id();
    let facts = bed.app().store().query(&FACTS, values![client]).await;
    let facts: String = facts.unwrap()[0].get(0).unwrap();
    set(&bed, &SET_FACTS, client, "{").await;
    bed.test.clock.advance(Duration::from_secs(5));
    bed.company("One more").await;
    receiver.wait_for(2).await;
    let put_off = async {
        while bed.state(&consumer, id).await.2 <= bed.app().now() {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    tokio::time::timeout(crate::support::LONG, put_off)
        .await
        .unwrap();
    assert_eq!(bed.state(&consumer, id).await.1, 1, "no attempt");
    assert_eq!(receiver.by_id()[&id], 1);

    set(&bed, &SET_FACTS, client, &facts).await;
    bed.test.clock.advance(Duration::from_secs(10 * 60));
    bed.settled().await;
    assert_eq!(receiver.by_id()[&id], 2);
    worker.stop().await;
}

#[tokio::test]
async fn a_consumer_that_cannot_be_read_holds_up_nobody() {
    let said = Said::listen();
    let bed = Bed::make().await;
    let (damaged, later) = (Receiver::ok().await, Receiver::ok().await);
    let consumer = bed.consumer(&damaged.url).await;
    let client = bed.client.id();
    set(&bed, &SET_TYPES, client, "[").await;
    bed.consumer(&later.url).await;
    let worker = bed.work();
    bed.company("First").await;
    later.wait_for(1).await;
    let line = said.wait_for(&consumer.id, "can't be read").await;
    assert!(line.starts_with("ERROR"), "{line}");
    assert_eq!(damaged.count(), 0);

    // What a later version knows, too.
    set(
        &bed,
        &SET_TYPES,
        client,
        r#"["company.exploded","company.created"]"#,
    )
    .await;
    bed.company("Second").await;
    damaged.wait_for(1).await;
    later.wait_for(2).await;
    set(&bed, &SET_TYPES, client, r#"["company.exploded"]"#).await;
    bed.company("Third").await;
    bed.settled().await;
    assert_eq!((damaged.count(), later.count()), (1, 2));
    worker.stop().await;
}
