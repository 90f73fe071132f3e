//! What is shown, and what is refused.

use http::{Method, StatusCode};

use crate::support::{World, link_url};

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
    let choose = person.click(&german, "Buchhaltung").await;
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
