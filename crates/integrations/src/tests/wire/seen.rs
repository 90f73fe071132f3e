//! What was sent, held against what has to be sent.

use std::collections::BTreeMap;

use serde_json::Value;
use url::Url;

use super::fixture::Request;
use crate::tests::fake::Seen;

type Pairs = BTreeMap<String, String>;

/// The parameters of an address, each of which is there once.
fn pairs(url: &Url) -> Pairs {
    let pairs: Pairs = url.query_pairs().into_owned().collect();
    assert_eq!(pairs.len(), url.query_pairs().count(), "twice in {url}");
    pairs
}

/// The address that a person is sent to: the parameters in any order.
pub(super) fn same_address(expected: &Url, sent: &Url, may: &[String]) {
    let bare = |url: &Url| {
        let mut url = url.clone();
        url.set_query(None);
        url
    };
    assert_eq!(bare(sent), bare(expected));
    same_pairs(&pairs(expected), &pairs(sent), may);
}

fn same_pairs(expected: &Pairs, sent: &Pairs, may: &[String]) {
    for (name, value) in expected {
        assert_eq!(sent.get(name), Some(value), "`{name}`");
    }
    for name in sent.keys().filter(|name| !expected.contains_key(*name)) {
        assert!(may.contains(name), "`{name}` is sent, too");
    }
}

/// A request of ours.
pub(super) fn same_request(expected: &Request, sent: &Seen) {
    assert_eq!(sent.method, expected.method);
    let url = format!("https://{}{}", sent.header("host"), sent.path);
    same_address(&expected.url, &Url::parse(&url).unwrap(), &[]);
    for (name, value) in &expected.headers {
        let name = name.to_ascii_lowercase();
        let sent = sent.header(&name);
        if name == "content-type" {
            let kind = |text: &str| text.split(';').next().unwrap().trim().to_owned();
            assert_eq!(kind(sent), kind(value));
        } else {
            assert_eq!(sent, value, "{name}");
        }
    }
    for name in &expected.headers_present {
        assert!(
            !sent.header(&name.to_ascii_lowercase()).is_empty(),
            "{name}"
        );
    }
    // Who shows a secret where nobody asked for it tells it to somebody.
    let shows = |name: &String| name.eq_ignore_ascii_case("authorization");
    if !expected.headers.keys().any(shows) {
        assert_eq!(sent.header("authorization"), "");
    }
    match (&expected.form, &expected.json) {
        (Some(form), None) => {
            let fields: Pairs = sent.form.iter().cloned().collect();
            assert_eq!(fields.len(), sent.form.len(), "a field is there twice");
            same_pairs(form, &fields, &expected.form_may);
        }
        (None, Some(json)) => {
            let expected: Value = serde_json::from_str(json).unwrap();
            let sent: Value = serde_json::from_slice(&sent.body).unwrap();
            assert_eq!(sent, expected);
        }
        (None, None) => assert_eq!(sent.body, b""),
        (Some(_), Some(_)) => panic!("a form and JSON"),
    }
}
