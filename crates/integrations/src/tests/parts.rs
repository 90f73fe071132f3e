//! What fits patterns, where things stand in a declaration, and how answers are put together: the small parts of the third party that is
//! shaped by one.

use serde_json::{Value, json};

use super::*;
use crate::Values;
use crate::oauth2::{CallbackValue, TokenEndpoint};
use crate::pattern::Pattern;

/// What fits patterns, in the order in which it is tried.
const SAMPLES: &[&str] = &[
    "north-wind",
    "1234567",
    "https://eu.acme.example",
    "0123456789abcdef0123456789abcdef",
    "123e4567-e89b-12d3-a456-426614174000",
    "eu",
    "north-wind.myshopify.com",
    "https://www.zohoapis.eu",
    "https://accounts.zoho.eu",
    "stores/abc123",
    "https://acme.my.salesforce.com",
    "GB",
    "ORGANISATION",
    "business",
    "https://api.accounting2.twinfield.com",
    "0123456789abcdef0123456789abcdef01234567",
    "0123456789ABCDEF0123456789ABCDEF",
    "BUSINESS",
    "link.example.com",
];

pub(super) fn sample(name: &str, pattern: Option<&Pattern>) -> String {
    let Some(pattern) = pattern else {
        return format!("some-{}", name.replace('_', "-"));
    };
    let fits = SAMPLES.iter().find(|text| pattern.fits(text));
    fits.unwrap_or_else(|| panic!("add a sample that fits {}", pattern.as_str()))
        .to_string()
}

pub(super) fn token_endpoint(integration: &Integration) -> Option<&TokenEndpoint> {
    match &integration.auth {
        Auth::OAuth2Code(declared) => Some(&declared.token),
        Auth::ClientCredentials(declared) => Some(&declared.token),
        Auth::OAuth1(_) | Auth::Credentials | Auth::TokenLink(_) | Auth::FileUpload => None,
    }
}

pub(super) fn callback_values(
    integration: &Integration,
) -> impl Iterator<Item = (&String, &CallbackValue)> {
    let values = match &integration.auth {
        Auth::OAuth2Code(declared) => Some(&declared.callback_values),
        Auth::OAuth1(declared) => Some(&declared.callback_values),
        Auth::TokenLink(declared) => Some(&declared.callback_values),
        Auth::ClientCredentials(_) | Auth::Credentials | Auth::FileUpload => None,
    };
    values.into_iter().flatten()
}

pub(super) fn callback_value(name: &str, value: &CallbackValue, known: &Values) -> String {
    match (&value.equals, value.options.first()) {
        (Some(equals), _) => equals.fill(known).unwrap(),
        (None, Some(option)) => option.value.clone(),
        (None, None) => sample(name, value.pattern.as_ref()),
    }
}

/// An entry within its list.
pub(super) fn listed(entry: Value, list: Option<&str>) -> Value {
    match list {
        None => entry,
        Some("") => json!([entry]),
        Some(pointer) => {
            let mut body = json!({});
            put_value(&mut body, pointer, json!([entry]));
            body
        }
    }
}

pub(super) fn put(target: &mut Value, pointer: &str, value: &str) {
    put_value(target, pointer, json!(value));
}

/// Sets what a JSON pointer points at, with all that has to be around it.
pub(super) fn put_value(target: &mut Value, pointer: &str, value: Value) {
    let mut place = target;
    for part in pointer.split('/').skip(1) {
        let part = part.replace("~1", "/").replace("~0", "~");
        place = match part.parse::<usize>() {
            Ok(index) => {
                if !place.is_array() {
                    *place = json!([]);
                }
                let items = place.as_array_mut().unwrap();
                while items.len() <= index {
                    items.push(Value::Null);
                }
                &mut items[index]
            }
            Err(_) => &mut place[part.as_str()],
        };
    }
    *place = value;
}

/// What the person types, as it is read.
pub(super) fn person(integration: &Integration) -> Values {
    let fields = integration.person.iter();
    fields
        .map(|field| {
            let typed = match (&field.options.first(), &field.example, field.kind) {
                (Some(option), _, _) => option.value.clone(),
                (None, Some(example), _) => example.clone(),
                (None, None, crate::FieldKind::Address) => "https://north.example/shop".to_owned(),
                (None, None, _) => sample(&field.name, field.pattern.as_ref()),
            };
            let read = field.read(&typed);
            let value = read.unwrap_or_else(|why| panic!("{}: {typed}: {why:?}", field.name));
            (format!("person.{}", field.name), value.unwrap())
        })
        .collect()
}

pub(super) fn encode(text: &str) -> String {
    let mut encoded = String::new();
    handclasp_domain::percent_encode(text, &mut encoded);
    encoded
}

/// Where a page of a third party's may stand.
pub(super) fn page(pattern: &Pattern) -> String {
    let fits = [
        "https://pages.acme.example/l/1",
        "https://secure.plaid.com/hl/1",
    ];
    let found = fits.iter().find(|text| pattern.fits(text));
    found
        .unwrap_or_else(|| panic!("add an address that fits {}", pattern.as_str()))
        .to_string()
}
