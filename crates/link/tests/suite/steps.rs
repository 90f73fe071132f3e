//! Back, reload and a second tab at every step.

use http::{Method, StatusCode};

use crate::support::{World, link_url};

#[tokio::test]
async fn back_reload_and_a_second_tab_work_at_every_step() {
    let world = World::start().await;
    let mut person = world.person();
    let overview = person.open(&link_url(&world)).await;
    let choose = person.click(&overview, "Accounting").await;
    let consent = person.press(&choose, "Sandbox").await;
    // Back to the list, and the same choice again: still one connection.
    let again = person.press(&choose, "Sandbox").await;
    assert_eq!(again.url, consent.url);
    assert_eq!(world.statuses().await.len(), 1);
    // Two consents open in two tabs, both sent: two attempts, one connection.
    let first = person.press(&consent, "Continue to Sandbox").await;
    let second = person.press(&again, "Continue to Sandbox").await;
    for page in [&overview, &choose, &consent] {
        assert_eq!(person.look(page.url.as_str()).await.status, StatusCode::OK);
    }
    assert!(
        person
            .press(&second, "Allow access")
            .await
            .words()
            .contains("Connected")
    );
    // The other tab finishes too: it authorizes the same company again, and changes nothing that is told.
    assert!(
        person
            .press(&first, "Allow access")
            .await
            .words()
            .contains("Connected")
    );
    assert_eq!(world.statuses().await, ["Linked"]);
    assert_eq!(world.told("connection.connected").await, 1);
}

#[tokio::test]
async fn the_page_that_goes_on_asks_the_second_time() {
    let world = World::start().await;
    let mut person = world.person();
    let overview = person.open(&link_url(&world)).await;
    let choose = person.click(&overview, "Accounting").await;
    let consent = person.press(&choose, "Sandbox").await;
    let (action, fields) = consent.form("Continue to Sandbox");
    let go = person.request(Method::POST, action, Some(fields)).await;
    assert!(go.refresh().is_some());
    let again = person.look(go.url.as_str()).await;
    assert_eq!(again.refresh(), None);
    assert_eq!(again.heading(), "Continue to Sandbox?");
    // Another browser has no business with it.
    let mut stranger = world.person();
    stranger.open(&link_url(&world)).await;
    assert_eq!(
        stranger.look(go.url.as_str()).await.status,
        StatusCode::NOT_FOUND
    );
}
