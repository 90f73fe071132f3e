//! A shop whose server delivers its keys: what the person types, what is delivered, and what the way back is worth.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use axum::body::Body;
use axum::http::HeaderMap;
use axum::routing::get;
use axum::{Json, Router};
use handclasp_app::IntegrationChange;
use handclasp_domain::{Edit, Secret};
use handclasp_outbound::Pin;
use handclasp_testkit::{Setup, TestServer};
use http::{Method, Request, StatusCode};
use serde_json::{Value, json};
use tower::ServiceExt;
use url::Url;

use crate::support::{Page, Person, World, link_url};

/// The keys that the shop makes.
const KEYS: (&str, &str) = ("ck_4f1d0c", "cs_9b7e2a");

/// A shop, the world in which it is reached, and what its API was shown.
struct Shop {
    world: World,
    shown: Arc<Mutex<Vec<String>>>,
    _server: TestServer,
}

impl Shop {
    async fn open() -> Self {
        let mut server = TestServer::bind().await;
        let shown = Arc::<Mutex<Vec<String>>>::default();
        let log = Arc::clone(&shown);
        let status = move |headers: HeaderMap| async move {
            let header = headers["authorization"].to_str().unwrap();
            log.lock().unwrap().push(header.to_owned());
            Json(json!({ "environment": { "site_url": "https://elsewhere.example" } }))
        };
        server.serve(Router::new().route("/wp-json/wc/v3/system_status", get(status)));
        let address = server.url().socket_addrs(|| None).unwrap()[0];
        let world = World::with(Setup {
            pins: vec![Pin {
                origin: Url::parse("https://shop.example.com").unwrap(),
                address,
                plain: true,
            }],
            ..Setup::default()
        })
        .await;
        let name = ("app_name".to_owned(), Secret::new("Harbour".to_owned()));
        let change = IntegrationChange {
            enabled: Edit::Set(true),
            values: BTreeMap::from([name]),
            ..IntegrationChange::default()
        };
        let app = &world.test.app;
        let key = "ltpp".parse().unwrap();
        app.change_integration_settings(&world.caller(), key, change)
            .await
            .unwrap();
        Self {
            world,
            shown,
            _server: server,
        }
    }

    /// Delivers, as the shop's server does: without a cookie, from nowhere that we know.
    async fn deliver(&self, to: &str, body: &Value) -> StatusCode {
        let request = Request::post(Url::parse(to).unwrap().path())
            .header("content-type", "application/json")
            .body(Body::from(body.to_string()))
            .unwrap();
        let answer = self.world.link.clone().oneshot(request).await.unwrap();
        answer.status()
    }
}

/// To the page where the shop's address is typed.
async fn to_fields(person: &mut Person<'_>, world: &World) -> Page {
    let choose = format!("{}/choose/commerce", link_url(world));
    let choose = person.open(&choose).await;
    let consent = person.press(&choose, "WooCommerce").await;
    person.press(&consent, "Continue to WooCommerce").await
}

async fn types(person: &mut Person<'_>, page: &Page, address: &str) -> Page {
    let (action, mut fields) = page.form("Continue");
    for (name, value) in &mut fields {
        if name == "field-store_url" {
            address.clone_into(value);
        }
    }
    let answer = person.request(Method::POST, action, Some(fields)).await;
    match answer.refresh() {
        Some(next) => person.open(next.as_str()).await,
        None => answer,
    }
}

fn asked(there: &Page) -> BTreeMap<String, String> {
    assert_eq!(
        there.url.host_str(),
        Some("shop.example.com"),
        "{}",
        there.html
    );
    there.url.query_pairs().into_owned().collect()
}

fn keys(state: &str) -> Value {
    json!({
        "key_id": 7, "user_id": state, "consumer_key": KEYS.0, "consumer_secret": KEYS.1, "key_permissions": "read",
    })
}

fn way_back(asked: &BTreeMap<String, String>) -> String {
    let mut back = Url::parse(&asked["return_url"]).unwrap();
    back.query_pairs_mut()
        .append_pair("success", "1")
        .append_pair("user_id", &asked["user_id"]);
    back.into()
}

#[tokio::test]
async fn what_can_not_be_an_address_is_asked_for_again() {
    let shop = Box::pin(Shop::open()).await;
    let mut person = shop.world.person();
    let fields = to_fields(&mut person, &shop.world).await;
    assert_eq!(fields.heading(), "Before you go to WooCommerce");
    for (typed, said) in [
        ("", "Enter this."),
        ("http://shop.example.com", "does not look right"),
        ("https://user@shop.example.com", "does not look right"),
        ("not one", "does not look right"),
    ] {
        let again = types(&mut person, &fields, typed).await;
        assert_eq!(again.heading(), fields.heading(), "{typed}");
        assert!(again.words().contains(said), "{typed}: {}", again.words());
    }
    assert_eq!(shop.world.statuses().await, ["PendingAuth"]);
}

#[tokio::test]
async fn keys_that_the_shop_delivers_link_once_the_person_is_back() {
    let shop = Box::pin(Shop::open()).await;
    let mut person = shop.world.person();
    let fields = to_fields(&mut person, &shop.world).await;
    let there = types(&mut person, &fields, "shop.example.com").await;
    let asked = asked(&there);
    assert_eq!(there.url.path(), "/wc-auth/v1/authorize");
    assert_eq!(
        (asked["app_name"].as_str(), asked["scope"].as_str()),
        ("Harbour", "read")
    );
    let (to, state) = (&asked["callback_url"], &asked["user_id"]);
    assert!(
        state
            .bytes()
            .all(|b| b.is_ascii_alphanumeric() || b"-_".contains(&b))
    );

    // What is not for this attempt, or is no key, is refused, all alike.
    for bad in [
        keys("x"),
        keys(&format!("{}A", &state[..state.len() - 1])),
        json!({ "user_id": state, "consumer_key": KEYS.0 }),
        json!({ "user_id": state, "consumer_key": "<script>", "consumer_secret": KEYS.1 }),
        json!([]),
    ] {
        assert_eq!(shop.deliver(to, &bad).await, 400, "{bad}");
    }
    let other = to.replace("/ltpp/", "/gbol/");
    assert_eq!(shop.deliver(&other, &keys(state)).await, 400);
    assert_eq!(shop.deliver(to, &keys(state)).await, 200);
    // Keys alone link nothing, and others do not take their place.
    assert_eq!(shop.world.statuses().await, ["PendingAuth"]);
    assert_eq!(shop.deliver(to, &keys(state)).await, 400);

    // Somebody else who comes with the state gets nowhere.
    let mut stranger = shop.world.person();
    let foreign = stranger.open(&way_back(&asked)).await;
    assert_eq!(foreign.status, 400);
    let linked = person.open(&way_back(&asked)).await;
    assert_eq!(
        shop.world.statuses().await,
        ["Linked"],
        "{}",
        linked.words()
    );
    assert_eq!(shop.world.parties().await, ["https://shop.example.com"]);
    let basic = "Basic Y2tfNGYxZDBjOmNzXzliN2UyYQ==";
    assert_eq!(*shop.shown.lock().unwrap(), [basic]);
    // It is over: nothing is kept any more.
    assert_eq!(shop.deliver(to, &keys(state)).await, 400);
    for page in [&there, &linked] {
        assert!(!page.html.contains(KEYS.1) && !page.url.as_str().contains(KEYS.1));
    }
}

#[tokio::test]
async fn without_keys_the_way_back_is_worth_nothing() {
    let shop = Box::pin(Shop::open()).await;
    let mut person = shop.world.person();
    let fields = to_fields(&mut person, &shop.world).await;
    let there = types(&mut person, &fields, "https://shop.example.com/").await;
    let asked = asked(&there);
    let failed = person.open(&way_back(&asked)).await;
    assert!(
        failed.heading().contains("could not complete"),
        "{}",
        failed.heading()
    );
    assert_eq!(shop.world.statuses().await, ["PendingAuth"]);
    assert!(shop.shown.lock().unwrap().is_empty());
    let late = shop
        .deliver(&asked["callback_url"], &keys(&asked["user_id"]))
        .await;
    assert_eq!(late, 400);
}
