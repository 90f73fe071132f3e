//! Attempts that end otherwise than by their callback.

use std::time::Duration;

use handclasp_domain::{AttemptId, AttemptState, Id, ReplicaId};
use handclasp_store::attempt;

use crate::support::{World, link_url, to_sign_in};

#[tokio::test]
async fn whoever_takes_too_long_starts_again_with_one_button() {
    let world = World::start().await;
    let mut person = world.person();
    let sign_in = to_sign_in(&mut person, &link_url(&world)).await;
    let callback = person.allow_and_wait(&sign_in).await;
    world.test.clock.advance(Duration::from_secs(3_601));
    let late = person.open(callback.as_str()).await;
    assert_eq!(late.heading(), "That took a little too long");
    assert_eq!(world.statuses().await, ["PendingAuth"]);
    let consent = person.click(&late, "Sign in at Sandbox again").await;
    assert_eq!(consent.heading(), "Connect Sandbox to Lender Ltd?");
}

/// Another process takes the attempt that the browser's callback belongs to, and dies.
async fn taken_by_the_dead(world: &World) -> AttemptId {
    let found = world.attempts().await;
    let (client, attempt) = (world.client.id(), found[0].id);
    let dead = ReplicaId::from_uuid(uuid::Uuid::from_u128(9));
    let input = (client, attempt, dead, world.test.app.now());
    let store = world.test.app.store();
    let taken = store
        .write("test_take", input, |tx, (client, attempt, dead, at)| {
            Box::pin(async move { attempt::take(tx, *client, *attempt, *dead, *at).await })
        })
        .await;
    assert!(taken.unwrap());
    attempt
}

#[tokio::test]
async fn an_exchange_whose_process_died_ends_and_can_be_tried_again() {
    let world = World::start().await;
    let mut person = world.person();
    to_sign_in(&mut person, &link_url(&world)).await;
    let attempt = taken_by_the_dead(&world).await;
    let result = world.address(&format!("company/{}/result/{attempt}", world.company));
    let running = person.look(&result).await;
    assert_eq!(running.heading(), "Finishing your connection");
    assert_eq!(
        running.link("Leave").path(),
        format!("/company/{}/leave", world.company)
    );
    // It has the benefit of the doubt for a moment.
    world.test.app.bury_abandoned().await.unwrap();
    assert_eq!(
        person.look(&result).await.heading(),
        "Finishing your connection"
    );
    world.test.clock.advance(Duration::from_secs(11));
    world.test.app.bury_abandoned().await.unwrap();
    let failed = person.look(&result).await;
    assert_eq!(failed.heading(), "The connection was interrupted");
    assert_eq!(world.statuses().await, ["PendingAuth"]);
    assert_eq!(world.events().await.last(), Some(&"connection.failed"));
    let consent = person.click(&failed, "Try again").await;
    let sign_in = person.press(&consent, "Continue to Sandbox").await;
    person.press(&sign_in, "Allow access").await;
    assert_eq!(world.statuses().await, ["Linked"]);
}

#[tokio::test]
async fn an_attempt_of_a_deleted_connection_says_so() {
    let world = World::start().await;
    let mut person = world.person();
    let sign_in = to_sign_in(&mut person, &link_url(&world)).await;
    let connection = world.attempts().await[0].connection;
    let app = &world.test.app;
    app.delete_connection(&world.caller(), world.company, connection)
        .await
        .unwrap();
    let gone = person.press(&sign_in, "Allow access").await;
    assert_eq!(gone.heading(), "This connection is no longer wanted");
    assert!(world.statuses().await.is_empty());
    // With the company everything goes, the attempts of deleted connections too.
    app.delete_company(&world.caller(), world.company)
        .await
        .unwrap();
    assert!(world.attempts().await.is_empty());
}

#[tokio::test]
async fn an_attempt_that_nobody_came_back_to_loses_its_secrets() {
    let world = World::start().await;
    let mut person = world.person();
    let sign_in = to_sign_in(&mut person, &link_url(&world)).await;
    world.test.app.tidy().await.unwrap();
    assert!(!world.attempts().await[0].sealed.is_empty());
    world.test.clock.advance(Duration::from_secs(3_601));
    world.test.app.tidy().await.unwrap();
    let found = world.attempts().await;
    assert_eq!(found[0].state, AttemptState::Expired);
    assert!(found[0].sealed.is_empty());
    // Whoever comes back yet, or to the page before, reads that it took too long.
    let go = world.address(&format!("company/{}/go/{}", world.company, found[0].id));
    for late in [
        person.press(&sign_in, "Allow access").await,
        person.open(&go).await,
    ] {
        assert_eq!(late.heading(), "That took a little too long");
        late.link("Sign in at Sandbox again");
    }
}

#[tokio::test]
async fn a_page_from_yesterday_does_not_lead_to_a_sign_in_in_vain() {
    let world = World::start().await;
    let mut person = world.person();
    to_sign_in(&mut person, &link_url(&world)).await;
    let attempt = world.attempts().await[0].id;
    world.test.clock.advance(Duration::from_secs(3_601));
    let go = world.address(&format!("company/{}/go/{attempt}", world.company));
    assert_eq!(
        person.open(&go).await.heading(),
        "That took a little too long"
    );
}

#[tokio::test]
async fn another_company_is_refused_by_name_and_can_be_connected_by_itself() {
    let world = World::start().await;
    let mut person = world.person();
    let sign_in = to_sign_in(&mut person, &link_url(&world)).await;
    let overview = person.press(&sign_in, "Allow access").await;
    let first = world.parties().await;
    // While the first is linked there is room for no other.
    let details = person.click(&overview, "Sandbox").await;
    let consent = person.click(&details, "Sign in at Sandbox again").await;
    let sign_in = person.press(&consent, "Continue to Sandbox").await;
    let refused = person.allow_for_another(&sign_in).await;
    assert_eq!(refused.heading(), "That is another company");
    assert!(refused.words().contains(&first[0]), "{}", refused.words());
    assert!(!refused.words().contains("as well"), "{}", refused.words());
    assert_eq!(world.statuses().await, ["Linked"]);

    let details = person.open(details.url.as_str()).await;
    let ask = person.click(&details, "Disconnect").await;
    let ended = person.press(&ask, "Disconnect").await;
    let consent = person.click(&ended, "Sign in at Sandbox again").await;
    let sign_in = person.press(&consent, "Continue to Sandbox").await;
    let refused = person.allow_for_another(&sign_in).await;
    let consent = person.press(&refused, "as well").await;
    let sign_in = person.press(&consent, "Continue to Sandbox").await;
    person.allow_for_another(&sign_in).await;
    assert_eq!(world.statuses().await, ["Unlinked", "Linked"]);
    let parties = world.parties().await;
    assert_eq!(parties[0], first[0]);
    assert!(refused.words().contains(&parties[1]), "{}", refused.words());
}
