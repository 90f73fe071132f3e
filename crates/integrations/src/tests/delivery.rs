//! Keys that are delivered by a third party's server: who cannot deliver, and what alone is worth nothing.

use handclasp_domain::CallbackTurn;
use serde_json::json;

use super::*;
use crate::{
    Begin, CallbackQuery, DELIVERY_MAX, MalformedCallback, MalformedDelivery, RefusedCallback,
    RefusedDelivery, Values,
};

const WOO: &str = include_str!("../../../../integrations/woocommerce/integration.toml");
const STATE: &str = "0123456789abcdefABCDEF_-";

fn body() -> serde_json::Value {
    json!({
        "key_id": 1,
        "user_id": STATE,
        "consumer_key": "ck_0123abcd",
        "consumer_secret": "cs_0123abcd",
        "key_permissions": "read",
    })
}

/// Without one member, or with another in its place.
fn with(name: &str, value: Option<serde_json::Value>) -> Vec<u8> {
    let mut body = body();
    let members = body.as_object_mut().unwrap();
    members.remove(name);
    members.extend(value.map(|value| (name.to_owned(), value)));
    body.to_string().into_bytes()
}

fn woo() -> Client {
    client(declared(WOO))
}

#[test]
fn what_cannot_be_read_is_refused() {
    let client = woo();
    let long = "x".repeat(300);
    for (name, value, why) in [
        ("user_id", None, MalformedDelivery::NoState),
        ("user_id", Some(json!(1)), MalformedDelivery::NoState),
        ("user_id", Some(json!("")), MalformedDelivery::NoState),
        ("user_id", Some(json!("a b")), MalformedDelivery::NoState),
        ("user_id", Some(json!("a.b")), MalformedDelivery::NoState),
        ("user_id", Some(json!(long)), MalformedDelivery::NoState),
        ("consumer_key", None, MalformedDelivery::BadValue),
        ("consumer_key", Some(json!("")), MalformedDelivery::BadValue),
        (
            "consumer_key",
            Some(json!("ck_a\r\nX: y")),
            MalformedDelivery::BadValue,
        ),
        (
            "consumer_secret",
            Some(json!("sk_live")),
            MalformedDelivery::BadValue,
        ),
        (
            "key_permissions",
            Some(json!("read\nwrite")),
            MalformedDelivery::BadValue,
        ),
    ] {
        let refused = client.read_delivery(&with(name, value)).unwrap_err();
        assert_eq!(refused, why, "{name}");
    }
    for bad in [
        "",
        "[]",
        "null",
        "{",
        "<html>",
        "user_id=a&consumer_key=ck_1",
    ] {
        let refused = client.read_delivery(bad.as_bytes()).unwrap_err();
        assert!(matches!(refused, MalformedDelivery::Unreadable(_)), "{bad}");
    }
    let twice = body()
        .to_string()
        .replacen('{', "{\"user_id\":\"other\",", 1);
    assert!(client.read_delivery(twice.as_bytes()).is_err());
    let large = with("more", Some(json!("x".repeat(DELIVERY_MAX))));
    let refused = client.read_delivery(&large).unwrap_err();
    assert_eq!(refused, MalformedDelivery::TooLarge);
    // An integration that delivers nothing takes nothing.
    let other = super::client(declared(ACME)).read_delivery(&with("", None));
    assert_eq!(other.unwrap_err(), MalformedDelivery::NotExpected);
}

#[test]
fn only_who_knows_the_state_delivers_and_only_once_and_in_time() {
    let client = woo();
    let deliver = |state: &str, turn: &CallbackTurn, kept: &Values| {
        let delivered = client.read_delivery(&with("", None)).unwrap();
        assert_eq!(delivered.state(), STATE);
        delivered.accept(state, turn, kept)
    };
    let none = Values::default();
    for state in ["", "0123456789abcdefABCDEF_", "0123456789ABCDEFabcdef_-"] {
        let refused = deliver(state, &CallbackTurn::Take, &none).unwrap_err();
        assert_eq!(refused, RefusedDelivery::OtherState);
    }
    for turn in [
        CallbackTurn::Wait,
        CallbackTurn::Show,
        CallbackTurn::TooLate,
    ] {
        let refused = deliver(STATE, &turn, &none).unwrap_err();
        assert_eq!(refused, RefusedDelivery::TooLate);
    }
    let taken = deliver(STATE, &CallbackTurn::Take, &none).unwrap();
    assert_eq!(taken.get("delivery.consumer_secret"), Some("cs_0123abcd"));
    let refused = deliver(STATE, &CallbackTurn::Take, &taken).unwrap_err();
    assert_eq!(refused, RefusedDelivery::Twice);
}

#[test]
fn a_return_without_a_delivery_links_nothing() {
    let client = woo();
    let query = |pairs: &[(&str, &str)]| CallbackQuery::parse(pairs.iter().copied()).unwrap();
    let agreed = query(&[("success", "1"), ("user_id", STATE)]);
    assert_eq!(client.integration().state_of(&agreed), Some(STATE));
    assert_eq!(
        client.integration().state_of(&query(&[("state", STATE)])),
        None
    );
    let delivered = client.read_delivery(&with("", None)).unwrap();
    let kept = delivered
        .accept(STATE, &CallbackTurn::Take, &Values::default())
        .unwrap();
    let mut half = Values::default();
    half.set("delivery.consumer_key", "ck_0123abcd");
    for kept in [&Values::default(), &half] {
        let refused = client.read_callback(&agreed, kept).unwrap_err();
        let why = MalformedCallback::NotDelivered;
        assert!(matches!(refused, RefusedCallback::Malformed(it) if it == why));
    }
    assert!(client.read_callback(&agreed, &kept).is_ok());
    // One who declined did, whatever was delivered.
    let declined = query(&[("success", "0"), ("user_id", STATE)]);
    let refused = client.read_callback(&declined, &kept).unwrap_err();
    assert!(matches!(refused, RefusedCallback::Declined(_)));
}

/// WordPress cleans what it gets, and puts it into an address as it is.
#[tokio::test]
async fn a_state_that_would_not_come_back_is_not_sent() {
    let client = woo();
    let with = With::new(outbound());
    let calls = with.calls(Deadline::start());
    let redirect_uri = url("https://hub.example/callback/abc/ltpp");
    let person: Values = [("person.store_url", "https://shop.example/my shop")]
        .into_iter()
        .collect();
    let mut begin = Begin {
        redirect_uri: &redirect_uri,
        state: STATE,
        verifier: &verifier(),
        nonce: None,
        scopes: &["read".to_owned()],
        person: &person,
    };
    let begun = client.begin(&calls, &begin).await.unwrap();
    let sent: BTreeMap<_, _> = begun.address.query_pairs().into_owned().collect();
    assert_eq!(begun.address.host_str(), Some("shop.example"));
    assert_eq!(sent["return_url"], redirect_uri.as_str());
    assert_eq!(
        sent["callback_url"],
        "https://hub.example/callback/abc/ltpp/delivery"
    );
    for bad in ["", "a.b", "a b", "a%20b", "<b>", "é"] {
        begin.state = bad;
        assert!(client.begin(&calls, &begin).await.is_err(), "{bad}");
    }
}

#[test]
fn nothing_shows_what_was_delivered() {
    let delivered = woo().read_delivery(&with("", None)).unwrap();
    let shown = format!("{delivered:?}");
    assert!(
        !shown.contains("0123abcd") && !shown.contains(STATE),
        "{shown}"
    );
}

#[test]
fn a_declaration_that_could_not_work_is_refused() {
    for (from, to, problem) in [
        ("&user_id={state}", "", "has no {state}"),
        ("&callback_url={delivery_url}", "", "has no {delivery_url}"),
        ("&return_url={return_url}", "", "has no {return_url}"),
        ("answer = 200", "answer = 302", "a status of success"),
        ("required = true", "required = false", ""),
        ("consumer_key = {", "scope = {", "must not name `scope`"),
        ("state = \"/user_id\"", "state = \"user_id\"", "RFC 6901"),
    ] {
        assert!(WOO.contains(from), "{from}");
        let folder = Folder {
            path: "integrations/acme",
            declaration: &WOO.replace(from, to),
            logo: LOGO,
        };
        let origins = Origins::new(&url("http://localhost:8080")).unwrap();
        let refused = Catalogue::parse(&[folder], &origins).unwrap_err();
        assert!(refused.to_string().contains(problem), "{refused}");
    }
}
