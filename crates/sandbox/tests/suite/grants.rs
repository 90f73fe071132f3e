//! How long grants are kept.

use std::time::Duration;

use handclasp_ambient::Clock as _;
use handclasp_store::sandbox::{self, Grant, KEPT};
use handclasp_store::{StoreError, Tx};
use handclasp_testkit::TestApp;
use http::header::{CONTENT_TYPE, SET_COOKIE};
use http::{Method, Request, StatusCode};
use serde_json::json;
use uuid::Uuid;

use super::{Answer, Place, authorize, between, encode, form, tokens_of, usual, value};

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

/// Somebody's browser: the cookie that the gate gave it.
struct Browser(String);

impl Browser {
    async fn new(place: &Place) -> Self {
        let page = place.get("/sandbox/grants").await;
        let cookie = page.header(SET_COOKIE).split(';').next().unwrap();
        Self(cookie.to_owned())
    }

    async fn look(&self, place: &Place) -> String {
        let request = Request::get("/sandbox/grants").header("cookie", &self.0);
        let page = place.send(request, String::new()).await;
        assert_eq!(page.status, StatusCode::OK);
        page.body
    }

    async fn post(&self, place: &Place, address: &str, fields: &[(&str, &str)]) -> Answer {
        let request = form(Method::POST, address)
            .header("sec-fetch-site", "same-origin")
            .header("cookie", &self.0);
        place.send(request, encode(fields)).await
    }

    /// Signs in and allows, as the client that exchanges the code sees it.
    async fn tokens(&self, place: &Place) -> (String, String) {
        let answer = self.sign_in(place).await;
        let back = place.follow(&answer.location()).await;
        tokens_of(&place.exchange(&value(&back, "code")).await)
    }

    async fn sign_in(&self, place: &Place) -> Answer {
        let action = authorize(&usual()).replace("/authorize?", "/sign-in?");
        let fields = [("organisation", "marigold-bakery"), ("outcome", "allow")];
        self.post(place, &action, &fields).await
    }
}

#[tokio::test]
async fn a_tester_sees_the_grants_of_the_browser_and_ends_one() {
    let place = Place::new().await;
    let (own, other) = (Browser::new(&place).await, Browser::new(&place).await);
    assert!(own.look(&place).await.contains("No app has access"));
    let (access, refresh) = own.tokens(&place).await;
    let page = own.look(&place).await;
    for words in [
        "Marigold Bakery",
        "Northwind &#60;Lending&#62;",
        "Works",
        "All goes well",
        "2027-01-15 08:00 UTC",
    ] {
        assert!(page.contains(words), "{words} in {page}");
    }
    assert_eq!(page.matches("<h1>").count(), 1);
    let id = between(&page, "name=\"revoke\" value=\"", "\"");
    // Nobody else sees it, and nobody else ends it.
    assert!(other.look(&place).await.contains("No app has access"));
    let fields = [("revoke", id)];
    let answer = other.post(&place, "/sandbox/grants", &fields).await;
    assert_eq!(answer.status, StatusCode::SEE_OTHER);
    assert_eq!(place.userinfo(&access).await.status, StatusCode::OK);
    let answer = own.post(&place, "/sandbox/grants", &fields).await;
    assert_eq!(answer.location(), "/sandbox/grants");
    assert_eq!(place.userinfo(&access).await.status.as_u16(), 401);
    assert_eq!(
        place.refresh(&refresh).await.error(),
        (400, "invalid_grant".to_owned())
    );
    let page = own.look(&place).await;
    assert!(
        page.contains("Ended") && !page.contains("name=\"revoke\""),
        "{page}"
    );
    for bad in [
        vec![],
        vec![("revoke", "nothing")],
        vec![("advance", "soon")],
        vec![("advance", "99999999999")],
    ] {
        let answer = own.post(&place, "/sandbox/grants", &bad).await;
        assert_eq!(answer.status, StatusCode::BAD_REQUEST, "{bad:?}");
    }
}

#[tokio::test]
async fn a_browser_makes_a_hundred_grants_and_no_more() {
    let place = Place::new().await;
    let browser = Browser::new(&place).await;
    for _ in 0..100 {
        browser.tokens(&place).await;
        place.wait(1);
    }
    let full = browser.sign_in(&place).await;
    assert_eq!(full.status, StatusCode::TOO_MANY_REQUESTS);
    assert!(full.body.contains("href=\"/sandbox/grants\""));
    let page = browser.look(&place).await;
    let id = between(&page, "name=\"revoke\" value=\"", "\"");
    browser
        .post(&place, "/sandbox/grants", &[("revoke", id)])
        .await;
    assert_eq!(browser.sign_in(&place).await.status, StatusCode::SEE_OTHER);
    // Another browser has room of its own.
    let other = Browser::new(&place).await;
    assert_eq!(other.sign_in(&place).await.status, StatusCode::SEE_OTHER);
}

#[tokio::test]
async fn the_clock_is_moved_on_for_tokens_and_for_nothing_else() {
    let place = Place::new().await;
    let late = place.code().await;
    let (access, refresh) = place.tokens().await;
    let advance = async |body: &str| {
        let request = Request::post("/sandbox/clock").header(CONTENT_TYPE, "application/json");
        place.send(request, body.to_owned()).await
    };
    let answer = advance(r#"{"advanceSeconds": 3600}"#).await;
    assert_eq!(
        answer.json(),
        json!({"now": "2027-01-15T09:00:00.0000000Z", "aheadSeconds": 3600})
    );
    assert_eq!(place.userinfo(&access).await.status.as_u16(), 401);
    let (access, refresh) = tokens_of(&place.refresh(&refresh).await);
    assert_eq!(place.userinfo(&access).await.status, StatusCode::OK);
    // Codes are exchanged by the machine's clock.
    assert_eq!(place.exchange(&late).await.status, StatusCode::OK);
    // By its button too.
    let browser = Browser::new(&place).await;
    let page = browser.look(&place).await;
    assert!(page.contains("Ahead by 3600 seconds"), "{page}");
    let months = 61 * 24 * 3_600;
    assert!(page.contains(&format!("name=\"advance\" value=\"{months}\"")));
    let fields = [("advance", months.to_string())];
    browser
        .post(&place, "/sandbox/grants", &super::as_strs(&fields))
        .await;
    assert_eq!(place.refresh(&refresh).await.status.as_u16(), 400);
    let told = place.get("/sandbox/clock").await.json();
    assert_eq!(told["aheadSeconds"], 3_600 + months);
    for bad in [
        "",
        "3600",
        r#"{"advanceSeconds": -1}"#,
        r#"{"advanceSeconds": 999999999999}"#,
    ] {
        assert_eq!(advance(bad).await.status.as_u16(), 400, "{bad}");
    }
    // No other site's form sends JSON.
    let request = form(Method::POST, "/sandbox/clock");
    let answer = place.send(request, "advanceSeconds=60".to_owned()).await;
    assert_eq!(answer.status.as_u16(), 400);
    assert_eq!(
        place.get("/sandbox/clock").await.json()["aheadSeconds"],
        told["aheadSeconds"]
    );
}

#[tokio::test]
async fn outside_of_the_demo_the_clock_stands_where_it_is() {
    let place = Place::with(false).await;
    let request = Request::post("/sandbox/clock").header(CONTENT_TYPE, "application/json");
    let answer = place.send(request, "{}".to_owned()).await;
    assert_eq!(answer.status, StatusCode::NOT_FOUND);
    let browser = Browser::new(&place).await;
    assert!(!browser.look(&place).await.contains("advance"));
    let fields = [("advance", "60")];
    let answer = browser.post(&place, "/sandbox/grants", &fields).await;
    assert_eq!(answer.status, StatusCode::NOT_FOUND);
}

#[tokio::test]
async fn what_ended_is_kept_for_a_day() {
    let place = Place::new().await;
    let browser = Browser::new(&place).await;
    browser.tokens(&place).await;
    let page = browser.look(&place).await;
    let id = between(&page, "name=\"revoke\" value=\"", "\"").to_owned();
    browser
        .post(&place, "/sandbox/grants", &[("revoke", &id)])
        .await;
    browser.tokens(&place).await;
    let purge = async || {
        let before = place.clock.now().minus(sandbox::ENDED_KEPT);
        let purge = place.store.queue("purge", before, |tx: &mut Tx, before| {
            Box::pin(sandbox::purge_ended(tx, *before, 500))
        });
        purge.await.unwrap() as u64
    };
    place.wait(DAY);
    assert_eq!(purge().await, 0);
    place.wait(1);
    assert_eq!(purge().await, 1);
    assert!(!browser.look(&place).await.contains("Ended"));
}

#[tokio::test]
async fn beyond_what_there_is_room_for_the_oldest_go() {
    let place = Place::new().await;
    for _ in 0..4 {
        place.tokens().await;
        place.wait(1);
    }
    let beyond = async |most| sandbox::beyond(&mut &place.store, most).await.unwrap();
    assert_eq!(beyond(4).await, None);
    // The second newest, of the two that may stay: what is older goes.
    let oldest = beyond(1).await.unwrap();
    let purged = place.store.queue("purge", oldest, |tx: &mut Tx, before| {
        Box::pin(sandbox::purge(tx, *before, 500))
    });
    assert_eq!(purged.await.unwrap(), 2);
}
