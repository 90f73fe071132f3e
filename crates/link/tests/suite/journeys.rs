//! The journeys of the product, each from its first page to its end.

use http::{Method, StatusCode};

use crate::support::{World, link_url, to_sign_in};

#[tokio::test]
async fn j1_a_customer_connects_and_lands_on_the_platform() {
    let world = World::start().await;
    world.redirect_to("https://platform.example/{journeyType}/done?c={companyId}&k={platform}&s={statusCode}&n={data.company.companyName}").await;
    let mut person = world.person();
    let sign_in = to_sign_in(
        &mut person,
        &format!("{}?journeyType=signup", link_url(&world)),
    )
    .await;
    assert_eq!(world.statuses().await, ["PendingAuth"]);
    let back = person.press(&sign_in, "Allow access").await;
    assert_eq!(
        back.heading(),
        "Your connections to Lender Ltd",
        "{}",
        back.words()
    );
    assert!(back.words().contains("Sandbox is connected to Lender Ltd"));
    assert!(
        !back.words().contains("internal-42"),
        "the platform's own reference is not shown"
    );
    assert_eq!(world.statuses().await, ["Linked"]);
    let landed = person.press(&back, "Done, return to Lender Ltd").await;
    assert_eq!(landed.url.host_str(), Some("platform.example"));
    assert_eq!(landed.url.path(), "/signup/done");
    let query: Vec<_> = landed
        .url
        .query_pairs()
        .map(|(k, v)| (k.into_owned(), v.into_owned()))
        .collect();
    assert_eq!(query[0], ("c".into(), world.company.to_string()));
    assert_eq!(query[1], ("k".into(), "mqjo".into()));
    assert_eq!(query[2], ("s".into(), "200".into()));
    assert!(!query[3].1.is_empty());
    assert_eq!(landed.url.fragment(), Some(""));
    assert_eq!(
        world.events().await,
        [
            "company.created",
            "connection.created",
            "connection.connected"
        ]
    );
}

#[tokio::test]
async fn j1_without_a_redirect_url_the_connected_are_shown() {
    let world = World::start().await;
    let mut person = world.person();
    let sign_in = to_sign_in(&mut person, &link_url(&world)).await;
    let back = person.press(&sign_in, "Allow access").await;
    let done = person.press(&back, "Done").await;
    assert_eq!(done.heading(), "All done");
    assert!(done.words().contains("Sandbox"));
    // Reloading shows the same.
    assert_eq!(person.open(done.url.as_str()).await.heading(), "All done");
}

#[tokio::test]
async fn j2_what_is_connected_can_be_disconnected_and_reconnected() {
    let world = World::start().await;
    let mut person = world.person();
    let sign_in = to_sign_in(&mut person, &link_url(&world)).await;
    person.press(&sign_in, "Allow access").await;
    let mut later = world.person();
    let overview = later.open(&link_url(&world)).await;
    let details = later.click(&overview, "Sandbox").await;
    let ask = later.click(&details, "Disconnect").await;
    let ended = later.press(&ask, "Disconnect").await;
    assert!(ended.words().contains("Disconnected"), "{}", ended.words());
    assert_eq!(world.statuses().await, ["Unlinked"]);
    let consent = later.click(&ended, "Sign in at Sandbox again").await;
    let sign_in = later.press(&consent, "Continue to Sandbox").await;
    later.press(&sign_in, "Allow access").await;
    assert_eq!(
        world.statuses().await,
        ["Linked"],
        "the same connection is back"
    );
    assert_eq!(
        world.events().await,
        [
            "company.created",
            "connection.created",
            "connection.connected",
            "connection.disconnected",
            "connection.reconnected"
        ]
    );
    // A second accounting connection has no place.
    let overview = later.open(&link_url(&world)).await;
    assert!(
        !overview
            .words()
            .contains("The software that keeps your books")
    );
    let chosen = later
        .request(
            Method::POST,
            world
                .test
                .app
                .settings()
                .link_url
                .join(&format!("company/{}/choose", world.company))
                .unwrap(),
            Some(vec![("platformKey".into(), "mqjo".into())]),
        )
        .await;
    assert_eq!(
        (chosen.status, chosen.heading().as_str()),
        (StatusCode::CONFLICT, "Sandbox is connected already")
    );
}

#[tokio::test]
async fn j3_a_connections_own_address_leads_straight_on() {
    let world = World::start().await;
    world
        .redirect_to("https://platform.example/done?s={statusCode}&k={connectionId}&j={journey}")
        .await;
    let made = world
        .test
        .app
        .create_connection(&world.caller(), world.company, "mqjo".parse().unwrap())
        .await
        .unwrap();
    let before = world.events().await;
    let start = world.test.app.connection_link_url(world.company, made.id);
    let mut person = world.person();
    let sign_in = person.open(&format!("{start}?journey=mail")).await;
    assert_eq!(sign_in.url.path(), "/sandbox/authorize");
    assert_eq!(world.events().await, before, "looking changes nothing");
    let landed = person.press(&sign_in, "Allow access").await;
    assert_eq!(
        landed.url.as_str(),
        format!("https://platform.example/done?s=200&k={}&j=mail#", made.id)
    );
    assert_eq!(world.statuses().await, ["Linked"]);

    // Declined in another browser: nothing is lost, and leaving says so.
    let mut other = world.person();
    let sign_in = other.open(&start).await;
    let failed = other.press(&sign_in, "Decline").await;
    assert_eq!(failed.heading(), "You did not allow access");
    assert_eq!(world.statuses().await, ["Linked"]);
    let landed = other.click(&failed, "Leave").await;
    assert_eq!(
        landed.url.as_str(),
        format!("https://platform.example/done?s=403&k={}&j=#", made.id)
    );
}

#[tokio::test]
async fn j6_declining_can_be_retried_and_left() {
    let world = World::start().await;
    world
        .redirect_to("https://platform.example/done?s={statusCode}&m={errorMessage}&t={statusText}")
        .await;
    let mut person = world.person();
    let sign_in = to_sign_in(&mut person, &link_url(&world)).await;
    let failed = person.press(&sign_in, "Decline").await;
    assert_eq!(failed.heading(), "You did not allow access");
    assert_eq!(world.statuses().await, ["PendingAuth"]);
    let held = world
        .test
        .app
        .company(world.client.id(), world.company)
        .await
        .unwrap();
    assert_eq!(held.connections[0].errors[0].status_code, "403");
    assert_eq!(held.connections[0].errors[0].resolved_at, None);
    // Try again, and it works; the error is resolved.
    let consent = person.click(&failed, "Try again").await;
    let sign_in = person.press(&consent, "Continue to Sandbox").await;
    person.press(&sign_in, "Allow access").await;
    let held = world
        .test
        .app
        .company(world.client.id(), world.company)
        .await
        .unwrap();
    assert_eq!(held.connections[0].connection.status().as_str(), "Linked");
    assert!(held.connections[0].errors[0].resolved_at.is_some());
    assert_eq!(
        world
            .test
            .app
            .company(world.client.id(), world.company)
            .await
            .unwrap()
            .connections
            .len(),
        1
    );
    assert_eq!(
        world.events().await,
        [
            "company.created",
            "connection.created",
            "connection.failed",
            "connection.connected"
        ]
    );
}
