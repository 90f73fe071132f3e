//! How long grants are kept.

use std::time::Duration;

use handclasp_ambient::Clock as _;
use handclasp_store::sandbox::{self, Grant, KEPT};
use handclasp_store::{StoreError, Tx};
use handclasp_testkit::TestApp;
use http::StatusCode;
use uuid::Uuid;

use super::{Place, tokens_of};

const DAY: u64 = 24 * 3_600;

#[tokio::test]
async fn old_grants_are_deleted_in_the_background_and_others_are_not() {
    let test = TestApp::start().await;
    let store = test.app.store();
    let now = test.app.clock().now();
    let second = Duration::from_secs(1);
    let grant = |id: u128, created| Grant {
        id: Uuid::from_u128(id),
        app: "an app".into(),
        browser: None,
        subject: "sam-taylor".into(),
        organisations: "marigold-bakery".into(),
        scope: "accounting".into(),
        scenario: "allow".into(),
        generation: 0,
        revoked: None,
        created,
    };
    let mut grants: Vec<_> = (1..=700)
        .map(|id| grant(id, now.minus(KEPT).minus(second)))
        .collect();
    grants.push(grant(0, now.minus(KEPT)));
    store
        .write("test_grants", grants, |tx: &mut Tx, grants| {
            Box::pin(async move {
                for grant in grants {
                    assert!(sandbox::insert(tx, grant).await?);
                }
                Ok::<_, StoreError>(())
            })
        })
        .await
        .unwrap();
    let there = async |id: u128| {
        let found = sandbox::find(&mut &*store, Uuid::from_u128(id)).await;
        found.unwrap().is_some()
    };
    test.app.tidy().await.unwrap();
    for id in [1, 350, 700] {
        assert!(!there(id).await, "{id}");
    }
    assert!(there(0).await);
    test.clock.advance(second);
    test.app.tidy().await.unwrap();
    assert!(!there(0).await);
}

#[tokio::test]
async fn a_grant_that_is_renewed_outlives_its_first_token() {
    let place = Place::new().await;
    let purge = async || {
        let before = place.clock.now().minus(KEPT);
        let purge = place.store.queue("purge", before, |tx: &mut Tx, before| {
            Box::pin(sandbox::purge(tx, *before, 500))
        });
        purge.await.unwrap() as u64
    };
    let (_, mut refresh) = place.tokens().await;
    let (_, unused) = place.tokens().await;
    for _ in 0..3 {
        place.wait(50 * DAY);
        purge().await;
        let answer = place.refresh(&refresh).await;
        assert_eq!(answer.status, StatusCode::OK, "{}", answer.body);
        (_, refresh) = tokens_of(&answer);
    }
    assert_eq!(place.refresh(&unused).await.status, StatusCode::BAD_REQUEST);
    place.wait(61 * DAY);
    assert_eq!(purge().await, 0);
    place.wait(1);
    assert_eq!(purge().await, 1);
}
