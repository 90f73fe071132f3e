//! What a message says, against the contract.

use handclasp_domain::{
    ClientEvent, ConnectionError, ConnectionFacts, ConnectionStatus, Event, EventFacts, EventType,
    Id, Products, RateLimitFacts, SourceType, Timestamp,
};
use handclasp_store::event;
use handclasp_testkit::contract::contract;
use serde_json::{Value, json};
use uuid::Uuid;

use crate::support::{Bed, Receiver};

fn with_connection(facts: EventFacts) -> EventFacts {
    let id = Uuid::from_u128;
    let at = Timestamp::from_seconds(1_772_366_400);
    EventFacts {
        connection: Some(ConnectionFacts {
            id: Id::from_uuid(id(1)),
            platform_key: "mqjo".parse().unwrap(),
            platform_name: "Sandbox".to_owned(),
            integration_id: Id::from_uuid(id(2)),
            source_id: Id::from_uuid(id(3)),
            source_type: SourceType::Accounting,
            status: ConnectionStatus::PendingAuth,
            created: at,
            last_sync: None,
            errors: vec![
                ConnectionError {
                    status_code: "500".to_owned(),
                    status_text: "server_error".to_owned(),
                    error_message: "It failed".to_owned(),
                    errored_at: at,
                    resolved_at: Some(at),
                },
                ConnectionError {
                    status_code: "403".to_owned(),
                    status_text: "access_denied".to_owned(),
                    error_message: "It was declined".to_owned(),
                    errored_at: at,
                    resolved_at: None,
                },
            ],
            third_party_name: Some("Ash & Birch Ltd".to_owned()),
        }),
        ..facts
    }
}

fn with_product(mut facts: EventFacts) -> EventFacts {
    facts.company.products = Products::parse(["lending", "bank-feeds"]).unwrap();
    facts.company.product = Some("bank-feeds".parse().unwrap());
    facts
}

#[tokio::test]
async fn every_kind_of_event_keeps_the_contract() {
    let bed = Bed::make().await;
    let receiver = Receiver::ok().await;
    bed.consumer(&receiver.url).await;
    let company = bed.company("Ash & Birch").await;
    let facts = EventFacts {
        company: (&company).into(),
        connection: None,
    };
    let of_companies = EventType::ALL.iter().filter(|kind| !kind.is_of_client());
    let events: Vec<_> = of_companies
        .map(|&kind| Event {
            id: handclasp_ambient::new_logged_id(&**bed.app().clock(), &**bed.app().random()),
            client: bed.client.id(),
            kind,
            at: bed.app().now(),
            facts: if kind.as_str().starts_with("connection") {
                with_connection(facts.clone())
            } else if kind.as_str().starts_with("company.product") {
                with_product(facts.clone())
            } else {
                facts.clone()
            },
        })
        .collect();
    let of_the_client: Vec<_> = EventType::ALL
        .iter()
        .filter(|kind| kind.is_of_client())
        .map(|&kind| ClientEvent {
            id: handclasp_ambient::new_logged_id(&**bed.app().clock(), &**bed.app().random()),
            client: bed.client.id(),
            kind,
            at: bed.app().now(),
            facts: RateLimitFacts {
                daily_quota: 12_000,
                quota_remaining: 7,
                expires: Timestamp::from_seconds(1_772_409_600),
            },
        })
        .collect();
    assert_eq!(events.len() + of_the_client.len(), EventType::ALL.len());
    bed.app()
        .store()
        .write(
            "events",
            (events, of_the_client),
            |tx, (events, of_the_client)| {
                Box::pin(async move {
                    for one in events {
                        event::insert(tx, one).await?;
                    }
                    for one in of_the_client {
                        event::insert_of_client(tx, one).await?;
                    }
                    Ok::<_, handclasp_store::StoreError>(())
                })
            },
        )
        .await
        .unwrap();
    let worker = bed.work();
    let calls = receiver.wait_for(EventType::ALL.len() + 1).await;
    worker.stop().await;

    let link = "http://127.0.0.1:4000";
    for call in &calls {
        let body = call.json();
        let schema = match call.event_type().split('.').next() {
            Some("connection") => "ConnectionWebhook",
            Some("client") => "ClientRateLimitWebhook",
            _ if call.event_type().starts_with("company.product") => "CompanyProductWebhook",
            _ => "CompanyWebhook",
        };
        if let Some(contract) = contract() {
            contract.check_schema(schema, &body);
        }
        assert_eq!(body["generatedDate"], "2026-03-01T12:00:00.0000000Z");
    }
    let payload = |kind: EventType| -> Value {
        let call = calls.iter().find(|call| call.event_type() == kind.as_str());
        call.unwrap().json()["payload"].clone()
    };
    assert_eq!(
        payload(EventType::CompanyDeleted),
        json!({
            "id": company.id,
            "name": "Ash & Birch",
            "redirect": format!("{link}/company/{}", company.id),
            "created": "2026-03-01T12:00:00.0000000Z",
            "tags": {},
        })
    );
    assert_eq!(
        payload(EventType::ClientRateLimitReached),
        json!({
            "dailyQuota": 12_000,
            "quotaRemaining": 7,
            "expiryDate": "2026-03-02T00:00:00.0000000Z",
        })
    );
    assert_eq!(
        payload(EventType::CompanyProductAdded),
        json!({
            "id": company.id,
            "name": "Ash & Birch",
            "productId": "bank-feeds",
            "productName": "Bank feeds",
            "products": ["lending", "bank-feeds"],
        })
    );
    assert_eq!(
        payload(EventType::ConnectionFailed),
        json!({
            "referenceCompany": { "id": company.id, "name": "Ash & Birch", "tags": {} },
            "connection": {
                "id": "00000000-0000-0000-0000-000000000001",
                "integrationId": "00000000-0000-0000-0000-000000000002",
                "integrationKey": "mqjo",
                "sourceId": "00000000-0000-0000-0000-000000000003",
                "sourceType": "Accounting",
                "platformName": "Sandbox",
                "linkUrl": format!(
                    "{link}/companies/{}/connections/00000000-0000-0000-0000-000000000001/start",
                    company.id
                ),
                "status": "PendingAuth",
                "created": "2026-03-01T12:00:00.0000000Z",
                "dataConnectionErrors": [
                    {
                        "statusCode": "500",
                        "statusText": "server_error",
                        "errorMessage": "It failed",
                        "erroredOnUtc": "2026-03-01T12:00:00.0000000Z",
                        "status": "Resolved",
                        "resolvedOnUtc": "2026-03-01T12:00:00.0000000Z",
                    },
                    {
                        "statusCode": "403",
                        "statusText": "access_denied",
                        "errorMessage": "It was declined",
                        "erroredOnUtc": "2026-03-01T12:00:00.0000000Z",
                        "status": "Active",
                    },
                ],
                "connectionInfo": { "companyName": "Ash & Birch Ltd", "isSandbox": true },
            },
        })
    );
}
