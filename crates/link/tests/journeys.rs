//! The journeys through the real routers and a real database; the third party behind a real socket.
#![expect(
    clippy::unwrap_used,
    clippy::panic,
    reason = "what does not work fails the test"
)]

mod support;

use std::time::Duration;

use http::{Method, StatusCode};
use support::{Page, Person, World};

/// From the Link URL to the third party's sign-in page.
async fn to_sign_in(person: &mut Person<'_>, url: &str) -> Page {
    let overview = person.open(url).await;
    let choose = person.click(&overview, "Choose your software").await;
    let consent = person.press(&choose, "Sandbox").await;
    assert_eq!(consent.heading(), "Connect Sandbox to Lender Ltd?");
    let sign_in = person.press(&consent, "Continue to Sandbox").await;
    assert_eq!(
        sign_in.url.path(),
        "/sandbox/authorize",
        "{}",
        sign_in.words()
    );
    sign_in
}

fn link_url(world: &World) -> String {
    world.test.app.link_url(world.company)
}

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

#[tokio::test]
async fn j6_leaving_ends_with_its_status() {
    for (outcome, status, message) in [
        ("Decline", "403", "User%20cancelled"),
        ("error", "500", "Unknown%20error%20occurred"),
    ] {
        let world = World::start().await;
        world
            .redirect_to("https://platform.example/done?s={statusCode}&m={errorMessage}")
            .await;
        let mut person = world.person();
        let sign_in = to_sign_in(&mut person, &link_url(&world)).await;
        let failed = person.press(&sign_in, outcome).await;
        let leave = person.click(&failed, "Leave").await;
        let landed = person.press(&leave, "Leave").await;
        assert_eq!(
            landed.url.as_str(),
            format!("https://platform.example/done?s={status}&m={message}#")
        );
    }
}

#[tokio::test]
async fn leaving_at_once_and_not_listed() {
    for (way, button, status) in [
        ("Leave", "Leave", "403"),
        ("I use something else", "Return to Lender Ltd", "501"),
    ] {
        let world = World::start().await;
        world
            .redirect_to("https://platform.example/{x}?s={statusCode}")
            .await;
        let mut person = world.person();
        let overview = person.open(&format!("{}?x=y", link_url(&world))).await;
        let from = if way == "Leave" {
            overview
        } else {
            person.click(&overview, "Choose your software").await
        };
        let ask = person.click(&from, way).await;
        let landed = person.press(&ask, button).await;
        assert_eq!(
            landed.url.as_str(),
            format!("https://platform.example/y?s={status}#")
        );
        assert_eq!(
            world.events().await,
            ["company.created"],
            "looking makes no connection"
        );
    }
}

#[tokio::test]
async fn a_callback_counts_once_and_in_its_own_browser() {
    let world = World::start().await;
    let mut person = world.person();
    let sign_in = to_sign_in(&mut person, &link_url(&world)).await;
    // The third party's answer, caught before the browser takes it.
    let (action, fields) = sign_in.form("Allow access");
    let answer = person.request(Method::POST, action, Some(fields)).await;
    let callback = answer.refresh().expect("the third party's page goes on");
    assert!(callback.path().starts_with("/callback/"));

    // Another browser: refused, and nothing has changed.
    let mut stranger = world.person();
    let refused = stranger.open(callback.as_str()).await;
    assert_eq!(
        (refused.status, refused.heading().as_str()),
        (
            StatusCode::BAD_REQUEST,
            "Please go back to where you started"
        )
    );
    assert_eq!(world.statuses().await, ["PendingAuth"]);
    // So is a state that somebody made up, a repeated parameter, and none at all.
    for query in ["", "code=x", "state=x&code=y", "state=a&state=b&code=c"] {
        let mut url = callback.clone();
        url.set_query(Some(query));
        assert_eq!(
            person.open(url.as_str()).await.status,
            StatusCode::BAD_REQUEST,
            "{query}"
        );
    }
    assert_eq!(world.statuses().await, ["PendingAuth"]);
    // Another integration's or client's address for the same state.
    let foreign = callback
        .as_str()
        .replace(&world.client.id().to_string(), &world.company.to_string());
    assert_eq!(person.open(&foreign).await.status, StatusCode::BAD_REQUEST);

    // The right one: linked. Again, the same result, and no second exchange.
    assert!(
        person
            .open(callback.as_str())
            .await
            .words()
            .contains("Connected")
    );
    assert_eq!(world.statuses().await, ["Linked"]);
    assert!(
        person
            .open(callback.as_str())
            .await
            .words()
            .contains("Connected")
    );
    assert_eq!(
        world
            .events()
            .await
            .iter()
            .filter(|kind| **kind == "connection.connected")
            .count(),
        1
    );
}

#[tokio::test]
async fn two_callbacks_at_once_exchange_once() {
    let world = World::start().await;
    let mut person = world.person();
    let sign_in = to_sign_in(&mut person, &link_url(&world)).await;
    let (action, fields) = sign_in.form("Allow access");
    let answer = person.request(Method::POST, action, Some(fields)).await;
    let callback = answer.refresh().unwrap();
    let mut twin = world.person();
    twin.clone_cookies(&person);
    let (one, two) = tokio::join!(person.open(callback.as_str()), twin.open(callback.as_str()));
    for page in [one, two] {
        assert!(page.words().contains("Connected"), "{}", page.words());
    }
    assert_eq!(
        world
            .events()
            .await
            .iter()
            .filter(|kind| **kind == "connection.connected")
            .count(),
        1
    );
    assert_eq!(world.statuses().await, ["Linked"]);
}

#[tokio::test]
async fn a_dropped_request_loses_nothing() {
    let world = World::start().await;
    let mut person = world.person();
    let sign_in = to_sign_in(&mut person, &link_url(&world)).await;
    let (action, fields) = sign_in.form("Allow access");
    let answer = person.request(Method::POST, action, Some(fields)).await;
    let callback = answer.refresh().unwrap();
    // The browser goes away a moment after it asked, at whatever point the work has reached.
    for micros in [0, 50, 200, 1_000, 5_000, 20_000] {
        let mut gone = world.person();
        gone.clone_cookies(&person);
        let _dropped =
            tokio::time::timeout(Duration::from_micros(micros), gone.open(callback.as_str())).await;
    }
    assert!(
        person
            .open(callback.as_str())
            .await
            .words()
            .contains("Connected")
    );
    assert_eq!(world.statuses().await, ["Linked"]);
    assert_eq!(
        world
            .events()
            .await
            .iter()
            .filter(|kind| **kind == "connection.connected")
            .count(),
        1
    );
}

#[tokio::test]
async fn whoever_takes_too_long_starts_again_with_one_button() {
    let world = World::start().await;
    let mut person = world.person();
    let sign_in = to_sign_in(&mut person, &link_url(&world)).await;
    let (action, fields) = sign_in.form("Allow access");
    let answer = person.request(Method::POST, action, Some(fields)).await;
    let callback = answer.refresh().unwrap();
    world.test.clock.advance(Duration::from_secs(3_601));
    let late = person.open(callback.as_str()).await;
    assert_eq!(late.heading(), "That took a little too long");
    assert_eq!(world.statuses().await, ["PendingAuth"]);
    let consent = person.click(&late, "Sign in at Sandbox again").await;
    assert_eq!(consent.heading(), "Connect Sandbox to Lender Ltd?");
}

#[tokio::test]
async fn back_reload_and_a_second_tab_work_at_every_step() {
    let world = World::start().await;
    let mut person = world.person();
    let overview = person.open(&link_url(&world)).await;
    let choose = person.click(&overview, "Choose your software").await;
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
    assert_eq!(
        world
            .events()
            .await
            .iter()
            .filter(|kind| **kind == "connection.connected")
            .count(),
        1
    );
}

#[tokio::test]
async fn the_page_that_goes_on_asks_the_second_time() {
    let world = World::start().await;
    let mut person = world.person();
    let overview = person.open(&link_url(&world)).await;
    let choose = person.click(&overview, "Choose your software").await;
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

#[tokio::test]
async fn forms_from_elsewhere_and_unknown_links_are_refused() {
    let world = World::start().await;
    let base = world.test.app.settings().link_url.clone();
    let mut person = world.person();
    for path in [
        "company/67e55044-10b1-426f-9247-bb680e5fe0c8".to_owned(),
        "company/nothing".to_owned(),
        format!(
            "company/{}/connections/67e55044-10b1-426f-9247-bb680e5fe0c8",
            world.company
        ),
        format!("company/{}/choose/nothing", world.company),
        format!(
            "companies/{}/connections/{}/start",
            world.company, world.company
        ),
    ] {
        let page = person.open(base.join(&path).unwrap().as_str()).await;
        assert_eq!(
            (page.status, page.heading().as_str()),
            (StatusCode::NOT_FOUND, "This link does not open anything"),
            "{path}"
        );
    }
    // Without the browser's cookie there is no journey to begin.
    let mut blank = world.person();
    let choose = base
        .join(&format!("company/{}/choose", world.company))
        .unwrap();
    let fields = vec![("platformKey".to_owned(), "mqjo".to_owned())];
    let refused = blank.request(Method::POST, choose, Some(fields)).await;
    assert_eq!(
        (refused.status, refused.heading().as_str()),
        (StatusCode::BAD_REQUEST, "Your browser did not remember you")
    );
    assert!(world.statuses().await.is_empty());
    // The older forms of the address answer the same.
    for path in [
        format!("company/{}/link", world.company),
        format!("{}/link", world.company),
    ] {
        assert_eq!(
            person
                .open(base.join(&path).unwrap().as_str())
                .await
                .heading(),
            "Connect your software to Lender Ltd"
        );
    }
}

#[tokio::test]
async fn pages_speak_the_language_that_is_asked_for() {
    let world = World::start().await;
    let mut person = world.person();
    let german = person
        .open(&format!("{}?locale=de", link_url(&world)))
        .await;
    assert_eq!(
        german.heading(),
        "Verbinden Sie Ihre Software mit Lender Ltd"
    );
    let choose = person.click(&german, "Software auswählen").await;
    let consent = person.press(&choose, "Sandbox").await;
    // The journey remembers.
    assert_eq!(consent.heading(), "Sandbox mit Lender Ltd verbinden?");
}

#[tokio::test]
async fn sandboxes_can_be_hidden_and_stay_hidden() {
    let world = World::start().await;
    let mut person = world.person();
    let hidden = person
        .open(&format!(
            "{}?link.showSandboxIntegrations=false",
            link_url(&world)
        ))
        .await;
    assert!(hidden.words().contains("There is nothing to connect here"));
    let choose = format!(
        "company/{}/choose?link.showSandboxIntegrations=false",
        world.company
    );
    let url = world.test.app.settings().link_url.join(&choose).unwrap();
    let refused = person
        .request(
            Method::POST,
            url,
            Some(vec![("platformKey".into(), "mqjo".into())]),
        )
        .await;
    assert_eq!(
        refused.status,
        StatusCode::CONFLICT,
        "what the page hides the server refuses"
    );
    assert!(world.statuses().await.is_empty());
}
