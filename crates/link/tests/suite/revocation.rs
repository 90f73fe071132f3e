//! Tokens that are let go: revoked at the third party, tried again while it is down, and destroyed at last in any case.

use std::sync::Arc;
use std::time::Duration;

use handclasp_ambient::SeededRandom;
use handclasp_app::App;
use handclasp_store::credential::{self, Revocation};
use handclasp_testkit::{Setup, TestApp};
use tokio_util::sync::CancellationToken;

use crate::support::{World, link_url, to_sign_in};

/// All that waits to be revoked, due or not.
async fn queued(world: &World) -> Vec<Revocation> {
    let far = world.test.app.now().plus(Duration::from_secs(30 * 86_400));
    credential::due_revocations(&mut world.test.app.store(), far, 100)
        .await
        .unwrap()
}

/// A replica for which the third party stands where nobody listens.
async fn cut_off(world: &World) -> App {
    let random = Arc::new(SeededRandom::new(7));
    let clock = world.test.clock.clone();
    TestApp::over(Setup::default(), &world.test.database, clock, random).await
}

async fn linked() -> World {
    let world = World::start().await;
    let mut person = world.person();
    let sign_in = to_sign_in(&mut person, &link_url(&world)).await;
    person.press(&sign_in, "Allow access").await;
    world
}

#[tokio::test]
async fn what_is_unlinked_is_revoked_once_the_third_party_is_there_again() {
    let world = linked().await;
    let (app, stop) = (&world.test.app, CancellationToken::new());
    let held = app.company(world.client.id(), world.company).await.unwrap();
    let connection = held.connections[0].connection.id;
    app.unlink_connection(&world.caller(), world.company, connection)
        .await
        .unwrap();
    assert_eq!(world.statuses().await, ["Unlinked"], "at once, here");
    assert_eq!(queued(&world).await.len(), 1);
    let down = cut_off(&world).await;
    for attempts in 1..=3 {
        down.revoke_due(&stop).await.unwrap();
        let left = queued(&world).await;
        assert_eq!((left.len(), left[0].attempts), (1, attempts));
        // Not before its time.
        down.revoke_due(&stop).await.unwrap();
        assert_eq!(queued(&world).await[0].attempts, attempts);
        let pause = left[0].due_at.since(app.now());
        world.test.clock.advance(pause);
    }
    app.revoke_due(&stop).await.unwrap();
    assert!(queued(&world).await.is_empty());
}

#[tokio::test]
async fn what_can_never_be_revoked_is_destroyed_after_seven_days() {
    let world = linked().await;
    let stop = CancellationToken::new();
    world
        .test
        .app
        .delete_company(&world.caller(), world.company)
        .await
        .unwrap();
    let down = cut_off(&world).await;
    for _ in 0..60 {
        let Some(left) = queued(&world).await.pop() else {
            let age = world.test.app.now().since(handclasp_testkit::START);
            assert!(age > Duration::from_secs(7 * 86_400), "{age:?}");
            return;
        };
        world
            .test
            .clock
            .advance(left.due_at.since(world.test.app.now()));
        down.revoke_due(&stop).await.unwrap();
    }
    panic!("it is tried for ever");
}
