//! What a client set for an integration, as it takes effect: on Link's pages, and at the third party.

use std::collections::BTreeMap;

use handclasp_app::{IntegrationChange, IntegrationSettings};
use handclasp_domain::{Edit, PlatformKey, Secret};
use handclasp_testkit::{Heard, ThirdParty};
use http::{Method, StatusCode};
use tokio_util::sync::CancellationToken;
use url::Url;

use crate::support::{Page, Person, World, link_url};

/// What must be seen nowhere but at the third party.
const CANARY: &str = "canary-5e1c8a42-of-settings";

async fn set(world: &World, key: &str, change: IntegrationChange) -> IntegrationSettings {
    let key: PlatformKey = key.parse().unwrap();
    let app = &world.test.app;
    let caller = world.caller();
    let changed = app.change_integration_settings(&caller, key, change);
    changed.await.unwrap()
}

/// A registration with it, enabled.
fn registered() -> IntegrationChange {
    let values = [("client_id", "lender-at-acme"), ("client_secret", CANARY)];
    let values = values.map(|(name, value)| (name.to_owned(), Secret::new(value.to_owned())));
    IntegrationChange {
        enabled: Edit::Set(true),
        values: BTreeMap::from(values),
        ..IntegrationChange::default()
    }
}

fn choose_url(world: &World) -> String {
    format!("{}/choose/accounting", link_url(world))
}

/// The names on the page where software is chosen, in their order.
async fn choices(person: &mut Person<'_>, world: &World) -> Vec<String> {
    let page = person.open(&choose_url(world)).await;
    let words = page.words();
    let mut found: Vec<_> = ["Acme Books", "Sandbox"]
        .into_iter()
        .filter_map(|name| Some((words.find(name)?, name.to_owned())))
        .collect();
    found.sort();
    found.into_iter().map(|(_, name)| name).collect()
}

/// From the page where software is chosen to the third party's address.
async fn to_acme(person: &mut Person<'_>, world: &World) -> Page {
    let choose = person.open(&choose_url(world)).await;
    let consent = person.press(&choose, "Acme Books").await;
    let there = person.press(&consent, "Continue to Acme Books").await;
    assert_eq!(there.url.host_str(), Some("acme.example"));
    there
}

fn asked(there: &Page) -> BTreeMap<String, String> {
    there.url.query_pairs().into_owned().collect()
}

/// The way back that the third party sends people on.
fn way_back(there: &Page) -> String {
    let asked = asked(there);
    let mut back = Url::parse(&asked["redirect_uri"]).unwrap();
    back.query_pairs_mut()
        .append_pair("code", "a-code")
        .append_pair("state", &asked["state"]);
    back.into()
}

#[tokio::test]
async fn link_offers_what_is_set_up_in_the_client_s_order() {
    let acme = ThirdParty::start().await;
    let world = World::with(acme.setup()).await;
    let mut person = world.person();
    assert_eq!(choices(&mut person, &world).await, ["Sandbox"]);
    let enabled = IntegrationChange {
        enabled: Edit::Set(true),
        ..IntegrationChange::default()
    };
    set(&world, "acme", enabled).await;
    assert_eq!(choices(&mut person, &world).await, ["Sandbox"]);
    set(&world, "acme", registered()).await;
    assert_eq!(
        choices(&mut person, &world).await,
        ["Acme Books", "Sandbox"]
    );
    let last = IntegrationChange {
        order: Edit::Set(Some(1_000)),
        ..IntegrationChange::default()
    };
    let kept = set(&world, "acme", last).await;
    assert!(kept.enabled && kept.not_offered.is_none());
    assert_eq!(
        choices(&mut person, &world).await,
        ["Sandbox", "Acme Books"]
    );
    let off = IntegrationChange {
        enabled: Edit::Set(false),
        ..IntegrationChange::default()
    };
    set(&world, "mqjo", off).await;
    assert_eq!(choices(&mut person, &world).await, ["Acme Books"]);
}

#[tokio::test]
async fn what_was_entered_is_what_the_third_party_gets_and_nobody_else() {
    let heard = Heard::listen();
    let acme = ThirdParty::start().await;
    let world = World::with(acme.setup()).await;
    let scopes = vec!["payroll".to_owned(), "books".to_owned()];
    let change = IntegrationChange {
        scopes: Edit::Set(Some(scopes)),
        ..registered()
    };
    let settings = set(&world, "acme", change).await;
    let mut person = world.person();
    let there = to_acme(&mut person, &world).await;
    let asked = asked(&there);
    assert_eq!(asked["client_id"], "lender-at-acme");
    assert_eq!(asked["scope"], "payroll books");
    assert_eq!(asked["redirect_uri"], settings.redirect_uri.as_str());

    // What is set meanwhile does not change what was asked for.
    let other = IntegrationChange {
        scopes: Edit::Set(None),
        ..IntegrationChange::default()
    };
    set(&world, "acme", other).await;
    let done = person.open(&way_back(&there)).await;
    assert_eq!(world.statuses().await, ["Linked"], "{}", done.words());
    assert_eq!(world.parties().await, ["Birch Books Ltd"]);
    let app = &world.test.app;
    let held = app.company(world.client.id(), world.company).await.unwrap();
    let connection = held.connections[0].connection.id;
    let mut store = app.store();
    let credential = handclasp_store::credential::find(&mut store, world.client.id(), connection);
    let credential = credential.await.unwrap().unwrap();
    assert_eq!(credential.scopes, "payroll books");

    app.unlink_connection(&world.caller(), world.company, connection)
        .await
        .unwrap();
    app.revoke_due(&CancellationToken::new()).await.unwrap();
    let seen = acme.seen();
    let paths: Vec<_> = seen.iter().map(|form| form["path"].as_str()).collect();
    assert_eq!(paths, ["/token", "/revoke"]);
    for form in &seen {
        assert_eq!(form["client_id"], "lender-at-acme");
        assert_eq!(form["client_secret"], CANARY);
    }

    for page in [&there, &done] {
        assert!(!page.html.contains(CANARY) && !page.url.as_str().contains(CANARY));
    }
    let log = heard.text();
    for call in ["token", "revocation"] {
        assert!(log.contains(&format!("purpose=\"{call}\"")), "{log}");
    }
    assert!(!log.contains(CANARY));
    for entry in std::fs::read_dir(world.test.database.folder()).unwrap() {
        let bytes = std::fs::read(entry.unwrap().path()).unwrap();
        let canary = CANARY.as_bytes();
        assert!(!bytes.windows(canary.len()).any(|part| part == canary));
    }
}

#[tokio::test]
async fn what_is_not_offered_can_not_be_had_by_those_who_know_of_it() {
    let acme = ThirdParty::start().await;
    let world = World::with(acme.setup()).await;
    set(&world, "acme", registered()).await;
    let mut person = world.person();
    let choose = person.open(&choose_url(&world)).await;
    let consent = person.press(&choose, "Acme Books").await;
    let app = &world.test.app;
    let held = app.company(world.client.id(), world.company).await.unwrap();
    let start = app.connection_link_url(world.company, held.connections[0].connection.id);

    let off = IntegrationChange {
        enabled: Edit::Set(false),
        ..IntegrationChange::default()
    };
    set(&world, "acme", off).await;
    // Pages that were drawn before, and an address that was sent before.
    for refused in [
        person.press(&choose, "Acme Books").await,
        person.press(&consent, "Continue to Acme Books").await,
        person.open(&start).await,
        world.person().open(&start).await,
    ] {
        assert_eq!(refused.status, StatusCode::CONFLICT, "{}", refused.words());
    }
    assert!(world.attempts().await.is_empty());
    assert!(acme.seen().is_empty());
}

#[tokio::test]
async fn a_registration_that_is_taken_away_ends_what_was_begun_with_it() {
    let acme = ThirdParty::start().await;
    let world = World::with(acme.setup()).await;
    set(&world, "acme", registered()).await;
    let mut person = world.person();
    let there = to_acme(&mut person, &world).await;
    let without = IntegrationChange {
        values: BTreeMap::from([("client_secret".to_owned(), Secret::new(String::new()))]),
        ..IntegrationChange::default()
    };
    set(&world, "acme", without).await;
    let failed = person.open(&way_back(&there)).await;
    assert_eq!(
        failed.heading(),
        "Acme Books can't be connected at the moment"
    );
    assert_eq!(world.statuses().await, ["PendingAuth"]);
    assert!(acme.seen().is_empty());
    // It is over, and stays so.
    let again = person
        .request(Method::GET, way_back(&there).parse().unwrap(), None)
        .await;
    assert_eq!(again.heading(), failed.heading());
    set(&world, "acme", registered()).await;
    let there = to_acme(&mut person, &world).await;
    person.open(&way_back(&there)).await;
    assert_eq!(world.statuses().await, ["Linked"]);
}

#[tokio::test]
async fn a_secret_never_goes_to_endpoints_that_changed_since_it_was_entered() {
    let acme = ThirdParty::start().await;
    let mut world = World::with(acme.setup()).await;
    set(&world, "acme", registered()).await;
    let mut person = world.person();
    let there = to_acme(&mut person, &world).await;
    let cookies = person.cookies();
    world
        .restart(acme.setup_with(|declaration| {
            *declaration = declaration.replace("acme.example/authorize", "acme.example/other");
        }))
        .await;
    let mut person = world.person();
    person.take_cookies(cookies);
    assert_eq!(choices(&mut person, &world).await, ["Sandbox"]);
    // What was begun with the registration is not ended with it: the code goes nowhere.
    let failed = person.open(&way_back(&there)).await;
    assert_eq!(
        failed.heading(),
        "Acme Books can't be connected at the moment"
    );
    assert!(acme.seen().is_empty());
    set(&world, "acme", registered()).await;
    let there = to_acme(&mut person, &world).await;
    assert_eq!(there.url.path(), "/other");
    person.open(&way_back(&there)).await;
    assert_eq!(world.statuses().await, ["Linked"]);
}

#[tokio::test]
async fn who_is_sent_back_with_a_form_comes_as_all_others_do() {
    let acme = ThirdParty::start().await;
    let setup = acme.setup_with(|declaration| {
        let with = "pkce = \"S256\"\nresponse_mode = \"form_post\"";
        *declaration = declaration.replace("pkce = \"S256\"", with);
    });
    let world = World::with(setup).await;
    set(&world, "acme", registered()).await;
    let mut person = world.person();
    let there = to_acme(&mut person, &world).await;
    let asked = asked(&there);
    assert_eq!(asked["response_mode"], "form_post");
    let back = Url::parse(&asked["redirect_uri"]).unwrap();
    let form = vec![
        ("code".to_owned(), "a-code".to_owned()),
        ("state".to_owned(), asked["state"].clone()),
    ];
    // A form from another site brings no cookie: it only says where to go.
    let mut bare = world.person();
    let foreign = bare.request(Method::POST, back.clone(), Some(form.clone()));
    assert_eq!(foreign.await.status, StatusCode::BAD_REQUEST);
    assert_eq!(world.statuses().await, ["PendingAuth"]);
    person.request(Method::POST, back, Some(form)).await;
    assert_eq!(world.statuses().await, ["Linked"]);
    // Where that is not declared, no form is taken.
    let sandbox = asked["redirect_uri"].replace("/acme", "/mqjo");
    let sandbox = Url::parse(&sandbox).unwrap();
    let refused = person
        .request(Method::POST, sandbox, Some(Vec::new()))
        .await;
    assert_eq!(refused.status, StatusCode::BAD_REQUEST);
}
