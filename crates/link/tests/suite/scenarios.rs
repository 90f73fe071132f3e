//! Every scenario of the Sandbox, as the person and the platform see it: on which page, with which status and which event it ends.

use std::collections::BTreeSet;
use std::time::{Duration, Instant};

use axum::body::Body;
use handclasp_domain::PlatformKey;
use http::{Method, Request, StatusCode};
use http_body_util::BodyExt;
use tokio_util::sync::CancellationToken;
use tower::ServiceExt;

use crate::support::{Page, World, link_url, to_sign_in};

/// How an authorization ends.
#[derive(Clone, Copy)]
enum Ends {
    /// Linked, to the company of this name.
    Linked(&'static str),
    /// On a page with this heading; leaving it, the platform is told this status.
    Failed(&'static str, &'static str),
}

const FIRST: Ends = Ends::Linked("Marigold Bakery");
const THIRD_PARTY: Ends = Ends::Failed("Sandbox could not complete this", "500");
const UNREACHABLE: Ends = Ends::Failed("Sandbox is not answering", "500");

const TABLE: &[(&str, Ends)] = &[
    ("allow", FIRST),
    ("several-entities", FIRST),
    ("wrong-company", Ends::Linked("Tidewater Instruments")),
    (
        "too-few-scopes",
        Ends::Failed("A little more access is needed", "500"),
    ),
    ("decline", Ends::Failed("You did not allow access", "403")),
    ("server-error", THIRD_PARTY),
    ("unavailable", UNREACHABLE),
    ("slow:1", FIRST),
    ("token-server-error", UNREACHABLE),
    ("token-unavailable", UNREACHABLE),
    ("rate-limited", UNREACHABLE),
    ("error-with-200", THIRD_PARTY),
    ("html", THIRD_PARTY),
    ("oversized", THIRD_PARTY),
    ("reset", UNREACHABLE),
    ("expires-text", FIRST),
    ("expires-float", FIRST),
    ("expires-zero", FIRST),
    ("expires-null", FIRST),
    ("expires-missing", FIRST),
    ("expires-huge", FIRST),
    ("refresh-missing", FIRST),
    ("refresh-empty", FIRST),
    ("form", FIRST),
    ("byte-order-mark", FIRST),
    ("expires", FIRST),
    ("revoked", FIRST),
    // At once: the tokens are given, and worth nothing.
    ("revoked:0", THIRD_PARTY),
    ("answer-lost", FIRST),
    ("calls-token-refused", FIRST),
    ("calls-rate-limited", FIRST),
    ("calls-unavailable", FIRST),
    // What is put off until the renewal is no matter here.
    ("later-html", FIRST),
];

/// Those whose end takes half a minute.
const LONG: &[(&str, Ends)] = &[("trickle", UNREACHABLE), ("slow:35", UNREACHABLE)];

/// A connection of the API's, and its own address.
async fn connection(world: &World) -> String {
    let key: PlatformKey = "mqjo".parse().unwrap();
    let made = world
        .test
        .app
        .create_connection(&world.caller(), world.company, key)
        .await
        .unwrap();
    world.test.app.connection_link_url(world.company, made.id)
}

async fn ends(scenario: &str, expected: Ends) {
    let world = World::start().await;
    world
        .redirect_to("https://platform.example/?s={statusCode}&c={data.company.companyName}&made-up={isSandbox}")
        .await;
    let start = connection(&world).await;
    let mut person = world.person();
    let fixed = format!("{start}?sandbox.scenario={scenario}");
    let sign_in = person.open(&fixed).await;
    let mut ended = person.press(&sign_in, "Go on").await;
    if scenario == "several-entities" {
        ended = person.choose_company(&ended, "Marigold Bakery").await;
    }
    let landing = |page: &Page, name: &str| {
        let found = page.url.query_pairs().find(|(known, _)| known == name);
        found.map(|(_, value)| value.into_owned())
    };
    let said = format!("{scenario}: {} {}", ended.url, ended.html);
    match expected {
        Ends::Linked(company) => {
            assert_eq!(ended.url.host_str(), Some("platform.example"), "{said}");
            assert_eq!(landing(&ended, "s").as_deref(), Some("200"), "{said}");
            assert_eq!(landing(&ended, "c").as_deref(), Some(company), "{said}");
            assert_eq!(landing(&ended, "made-up").as_deref(), Some("true"));
            assert_eq!(world.statuses().await, ["Linked"], "{scenario}");
            assert_eq!(world.told("connection.connected").await, 1, "{scenario}");
            assert_eq!(world.told("connection.failed").await, 0, "{scenario}");
        }
        Ends::Failed(heading, status) => {
            assert_eq!(ended.heading(), heading, "{said}");
            assert_eq!(world.statuses().await, ["PendingAuth"], "{scenario}");
            assert_eq!(world.told("connection.failed").await, 1, "{scenario}");
            let left = person.click(&ended, "Leave").await;
            assert_eq!(landing(&left, "s").as_deref(), Some(status), "{scenario}");
            // The address fixes it: trying again goes the same way.
            let again = person.click(&ended, "Try again").await;
            assert!(
                again.words().contains("fixed by the address"),
                "{}",
                again.words()
            );
        }
    }
}

#[tokio::test]
async fn each_ends_on_its_page_with_its_status_and_its_event() {
    for (scenario, expected) in TABLE {
        let began = Instant::now();
        Box::pin(ends(scenario, *expected)).await;
        let took = began.elapsed();
        assert!(took < Duration::from_secs(10), "{scenario} took {took:?}");
    }
}

#[tokio::test]
async fn who_dawdles_is_waited_for_half_a_minute() {
    let began = Instant::now();
    let [(one, ends_so), (other, ends_as_well)] = LONG else {
        panic!("there are two");
    };
    tokio::join!(ends(one, *ends_so), ends(other, *ends_as_well));
    let took = began.elapsed();
    assert!(took < Duration::from_secs(33), "{took:?}");
}

#[tokio::test]
async fn none_is_left_out_here() {
    let world = World::start().await;
    let request = Request::get("/sandbox/scenarios")
        .body(Body::empty())
        .unwrap();
    let answer = world.sandbox.clone().oneshot(request).await.unwrap();
    let body = answer.into_body().collect().await.unwrap().to_bytes();
    let listed: serde_json::Value = serde_json::from_slice(&body).unwrap();
    let listed: BTreeSet<_> = listed
        .as_array()
        .unwrap()
        .iter()
        .map(|one| one["name"].as_str().unwrap())
        .collect();
    let driven = TABLE.iter().chain(LONG).map(|(scenario, _)| {
        let name = scenario.split(':').next().unwrap();
        name.strip_prefix("later-").unwrap_or(name)
    });
    assert_eq!(driven.collect::<BTreeSet<_>>(), listed);
}

#[tokio::test]
async fn what_the_link_url_fixes_holds_for_the_whole_journey() {
    let world = World::start().await;
    let mut person = world.person();
    let fixed = format!("{}?sandbox.scenario=decline", link_url(&world));
    let sign_in = to_sign_in(&mut person, &fixed).await;
    let declined = person.press(&sign_in, "Go on").await;
    assert_eq!(declined.heading(), "You did not allow access");
    let consent = person.click(&declined, "Try again").await;
    let sign_in = person.press(&consent, "Continue to Sandbox").await;
    // Another address does not change a sign-in that is on its way.
    let kept: Vec<_> = sign_in
        .url
        .query_pairs()
        .filter(|(name, _)| name == "sandbox_scenario")
        .map(|(_, value)| value.into_owned())
        .collect();
    assert_eq!(kept, ["decline"]);
    // What nobody can have meant is passed over, and what the Sandbox does not know is told to who tries.
    for (said, heading) in [
        ("%0d%0aSet-Cookie", "Sign in to Sandbox Accounting"),
        ("DECLINE", "Sign in to Sandbox Accounting"),
        ("nothing-of-ours", "There is no such outcome"),
    ] {
        let world = World::start().await;
        let mut person = world.person();
        let url = format!("{}?sandbox.scenario={said}", link_url(&world));
        let sign_in = to_sign_in(&mut person, &url).await;
        assert_eq!(sign_in.heading(), heading, "{said}");
    }
}

#[tokio::test]
async fn another_company_at_the_second_sign_in_is_refused_by_name() {
    let world = World::start().await;
    let mut person = world.person();
    let sign_in = to_sign_in(&mut person, &link_url(&world)).await;
    let entities = person.go_on_with(&sign_in, "several-entities").await;
    let overview = person.choose_company(&entities, "Marigold Bakery").await;
    assert_eq!(world.statuses().await, ["Linked"]);
    assert_eq!(world.parties().await, ["Marigold Bakery"]);
    let details = person.click(&overview, "Sandbox").await;
    let consent = person.click(&details, "Sign in at Sandbox again").await;
    let sign_in = person.press(&consent, "Continue to Sandbox").await;
    let refused = person.go_on_with(&sign_in, "wrong-company").await;
    assert_eq!(refused.heading(), "That is another company");
    for name in ["Marigold Bakery", "Tidewater Instruments"] {
        assert!(refused.words().contains(name), "{}", refused.words());
    }
    assert_eq!(world.statuses().await, ["Linked"]);
    assert_eq!(world.parties().await, ["Marigold Bakery"]);
}

#[tokio::test]
async fn banks_and_shops_are_signed_in_to_alike() {
    for (category, platform, service) in [
        (
            "The accounts of your business",
            "Banking Sandbox",
            "Sandbox Banking",
        ),
        (
            "Your shop, till or payment service",
            "Commerce Sandbox",
            "Sandbox Commerce",
        ),
    ] {
        let world = World::start().await;
        let mut person = world.person();
        let overview = person.open(&link_url(&world)).await;
        let list = person.click(&overview, category).await;
        let consent = person.press(&list, platform).await;
        let sign_in = person
            .press(&consent, &format!("Continue to {platform}"))
            .await;
        assert_eq!(sign_in.heading(), format!("Sign in to {service}"));
        let done = person.press(&sign_in, "Allow access").await;
        assert_eq!(done.status, StatusCode::OK);
        assert_eq!(world.statuses().await, ["Linked"]);
        // Of these a company may have several.
        let list = person.click(&done, category).await;
        let consent = person.press(&list, platform).await;
        let button = format!("Continue to {platform}");
        let sign_in = person.press(&consent, &button).await;
        person.press(&sign_in, "Allow access").await;
        assert_eq!(world.statuses().await, ["Linked", "Linked"]);
    }
}

#[tokio::test]
async fn of_several_companies_the_person_says_which() {
    let world = World::start().await;
    let mut person = world.person();
    let sign_in = to_sign_in(&mut person, &link_url(&world)).await;
    let entities = person.go_on_with(&sign_in, "several-entities").await;
    assert_eq!(entities.heading(), "Which company do you want to connect?");
    // Nothing is connected yet, and what was not offered can't be.
    assert_eq!(world.statuses().await, ["PendingAuth"]);
    let missing = person.press(&entities, "Connect it to").await;
    assert!(missing.words().contains("Choose a company"));
    let (action, mut fields) = entities.form("Connect it to");
    fields.push(("entity".to_owned(), "somebody-else".to_owned()));
    let other = person.request(Method::POST, action, Some(fields)).await;
    assert!(other.words().contains("Choose a company"));
    assert_eq!(world.statuses().await, ["PendingAuth"]);
    // Coming back to the result is coming back to the question.
    let again = person.open(entities.url.as_str()).await;
    let linked = person.choose_company(&again, "Harbour Street Cycles").await;
    assert!(
        linked.words().contains("Harbour Street Cycles"),
        "{}",
        linked.words()
    );
    assert_eq!(world.statuses().await, ["Linked"]);
    assert_eq!(world.parties().await, ["Harbour Street Cycles"]);
    assert_eq!(world.told("connection.connected").await, 1);
    // Once it is known which, nobody is asked again.
    let details = person.click(&linked, "Sandbox").await;
    let consent = person.click(&details, "Sign in at Sandbox again").await;
    let sign_in = person.press(&consent, "Continue to Sandbox").await;
    let overview = person.go_on_with(&sign_in, "several-entities").await;
    assert!(
        overview.heading().starts_with("Your connections to"),
        "{}",
        overview.heading()
    );
    assert_eq!(world.parties().await, ["Harbour Street Cycles"]);
}

#[tokio::test]
async fn what_was_allowed_and_not_chosen_ends_with_the_company() {
    let world = World::start().await;
    let mut person = world.person();
    let sign_in = to_sign_in(&mut person, &link_url(&world)).await;
    let entities = person.go_on_with(&sign_in, "several-entities").await;
    let app = &world.test.app;
    app.delete_company(&world.caller(), world.company)
        .await
        .unwrap();
    app.revoke_due(&CancellationToken::new()).await.unwrap();
    let grants = sign_in.url.join("/sandbox/grants").unwrap();
    let shown = person.open(grants.as_str()).await;
    assert!(shown.words().contains("Ended"), "{}", shown.words());
    let gone = person.open(entities.url.as_str()).await;
    assert_eq!(gone.status, StatusCode::NOT_FOUND);
}

#[tokio::test]
async fn who_dawdles_holds_up_nobody_else() {
    let world = World::start().await;
    let mut waiting = world.person();
    let sign_in = to_sign_in(&mut waiting, &link_url(&world)).await;
    let mut hanging = Box::pin(waiting.go_on_with(&sign_in, "trickle"));
    let quick = async {
        // The other one's callback is being worked on by now.
        tokio::time::sleep(Duration::from_millis(500)).await;
        let mut took = Vec::new();
        for _ in 0..3 {
            let mut person = world.person();
            let overview = person.open(&link_url(&world)).await;
            let list = person.click(&overview, "Your shop, till").await;
            let consent = person.press(&list, "Commerce Sandbox").await;
            let there = person.press(&consent, "Continue to Commerce").await;
            let began = Instant::now();
            person.press(&there, "Allow access").await;
            took.push(began.elapsed());
        }
        took
    };
    let took = tokio::select! {
        page = &mut hanging => panic!("it ended at once: {}", page.words()),
        took = quick => took,
    };
    assert!(
        took.iter().all(|one| *one < Duration::from_secs(3)),
        "{took:?}"
    );
    let linked = world.statuses().await;
    assert_eq!(linked.iter().filter(|one| **one == "Linked").count(), 3);
}
