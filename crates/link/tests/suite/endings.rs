//! How a journey ends, and that it ends once.

use crate::support::{Page, Person, World, link_url, to_sign_in};

#[tokio::test]
async fn j6_leaving_ends_with_its_status() {
    for (outcome, status, message) in [
        ("decline", "403", "User%20cancelled"),
        ("server-error", "500", "Unknown%20error%20occurred"),
    ] {
        let world = World::start().await;
        world
            .redirect_to("https://platform.example/done?s={statusCode}&m={errorMessage}")
            .await;
        let mut person = world.person();
        let sign_in = to_sign_in(&mut person, &link_url(&world)).await;
        let failed = person.go_on_with(&sign_in, outcome).await;
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
            person.click(&overview, "Accounting").await
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

/// From the Link URL to the overview with the Sandbox connected.
async fn connected(person: &mut Person<'_>, url: &str) -> Page {
    let sign_in = to_sign_in(person, url).await;
    person.press(&sign_in, "Allow access").await
}

/// The platform's page, with all that it may be told.
async fn platform(world: &World) {
    world
        .redirect_to("https://platform.example/?s={statusCode}&k={connectionId}&t={statusText}&j={journey}&q={search}")
        .await;
}

#[tokio::test]
async fn what_is_pressed_twice_ends_once() {
    let world = World::start().await;
    platform(&world).await;
    let mut person = world.person();
    let overview = connected(
        &mut person,
        &format!("{}?journey=j&search=q", link_url(&world)),
    )
    .await;
    let first = person.press(&overview, "Done").await;
    let told = first.url.as_str();
    assert!(
        told.contains("?s=200&k=") && told.ends_with("&t=&j=j&q=q#"),
        "{told}"
    );
    // The second half of a double click, and the back button.
    assert_eq!(person.press(&overview, "Done").await.url, first.url);

    let mut person = world.person();
    let overview = person
        .open(&format!("{}?journey=k", link_url(&world)))
        .await;
    let details = person.click(&overview, "Sandbox").await;
    let consent = person.click(&details, "Sign in at Sandbox again").await;
    let sign_in = person.press(&consent, "Continue to Sandbox").await;
    let declined = person.press(&sign_in, "Decline").await;
    let leave = person.click(&declined, "Leave").await;
    let first = person.press(&leave, "Leave").await;
    assert!(first.url.as_str().ends_with("&j=k&q=#"), "{}", first.url);
    assert!(first.url.as_str().contains("?s=403&k="), "{}", first.url);
    assert_eq!(person.press(&leave, "Leave").await.url, first.url);
}

#[tokio::test]
async fn a_journey_that_goes_on_after_its_end_says_what_it_said() {
    let world = World::start().await;
    platform(&world).await;
    let mut person = world.person();
    let overview = person
        .open(&format!("{}?journey=j", link_url(&world)))
        .await;
    let choose = person.click(&overview, "Accounting").await;
    let consent = person.press(&choose, "Sandbox").await;
    let leave = person.click(&consent, "Leave").await;
    person.press(&leave, "Leave").await;
    // Back to the page that is still open.
    let sign_in = person.press(&consent, "Continue to Sandbox").await;
    let back = person.press(&sign_in, "Allow access").await;
    let landed = person.press(&back, "Done").await;
    assert!(landed.url.as_str().ends_with("&j=j&q=#"), "{}", landed.url);
    // The Link URL without a parameter says that there is none.
    let overview = person.open(&link_url(&world)).await;
    let landed = person.press(&overview, "Done").await;
    assert_eq!(
        landed.url.as_str(),
        "https://platform.example/?s=201&k=&t=&j=&q=#"
    );
}

#[tokio::test]
async fn without_a_platform_page_the_way_back_says_what_the_link_said() {
    let world = World::start().await;
    let mut person = world.person();
    let overview = person
        .open(&format!("{}?journey=j&locale=de", link_url(&world)))
        .await;
    let leave = person.click(&overview, "Verlassen").await;
    let ended = person.press(&leave, "Gehen").await;
    let again = ended.link("Den Link wieder öffnen");
    assert_eq!(again.query(), Some("journey=j&locale=de"));
}

#[tokio::test]
async fn done_is_said_only_of_what_is_still_connected() {
    let world = World::start().await;
    platform(&world).await;
    let mut person = world.person();
    let overview = connected(&mut person, &link_url(&world)).await;
    let details = person.click(&overview, "Sandbox").await;
    let ask = person.click(&details, "Disconnect").await;
    person.press(&ask, "Disconnect").await;
    // On the first tab the button is still there.
    let back = person.press(&overview, "Done").await;
    assert_eq!(back.url.as_str(), link_url(&world));
    assert!(back.words().contains("Disconnected"), "{}", back.words());
    let leave = person.click(&back, "Leave").await;
    let landed = person.press(&leave, "Leave").await;
    assert!(landed.url.as_str().contains("?s=403&k="), "{}", landed.url);
}

#[tokio::test]
async fn what_was_said_of_a_later_attempt_does_not_travel_with_a_success() {
    let world = World::start().await;
    platform(&world).await;
    let mut person = world.person();
    let overview = connected(&mut person, &link_url(&world)).await;
    let details = person.click(&overview, "Sandbox").await;
    let consent = person.click(&details, "Sign in at Sandbox again").await;
    let sign_in = person.press(&consent, "Continue to Sandbox").await;
    person.press(&sign_in, "Decline").await;
    let overview = person.open(&link_url(&world)).await;
    let landed = person.press(&overview, "Done").await;
    let told = landed.url.as_str();
    assert!(
        told.contains("?s=200&k=") && told.contains("&t=&"),
        "{told}"
    );
}
