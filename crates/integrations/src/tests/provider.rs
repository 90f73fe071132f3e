//! A third party that is shaped by a declaration, and as strict as that lets it be.

mod pages;
mod token;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Mutex;

use aws_lc_rs::{digest, hmac};
use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use serde_json::{Value, json};
use url::form_urlencoded;

use super::*;
use crate::account::Reader;
use crate::api::ApiAuthorization;
use crate::call::{Call, CallBody};
use crate::oauth2::{
    CallbackValue, ClientAuthentication, InstantForm, Pkce, Quirk, RefreshTokens, ResponseMode,
    RevocationWay, TokenBody, TokenEndpoint,
};
use crate::pattern::Pattern;
use crate::template::Template;
use crate::tests::fake::{Reply, Seen};
use crate::token_link::Address;
use crate::{Calls, Endpoint, Held, Values};

pub(super) const CALLBACK: &str = "https://hub.example/callback/abc/key";

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
    "acct_1PgafTB7WZ01zgkW",
    "ck_0123abcd",
    "cs_0123abcd",
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

#[derive(Default)]
struct Memory {
    /// Code to challenge.
    codes: BTreeMap<String, Option<String>>,
    access: BTreeSet<String>,
    refresh: BTreeSet<String>,
    issued: u32,
    ended: bool,
}

pub(super) struct Provider {
    integration: Arc<Integration>,
    /// All that will ever be known.
    known: Values,
    memory: Mutex<Memory>,
}

impl Provider {
    pub(super) fn new(integration: Arc<Integration>) -> Self {
        let client = super::client(Arc::clone(&integration));
        let mut own = person(&integration);
        for (name, value) in callback_values(&integration) {
            let known = client.known(&own);
            own.set(
                format!("callback.{name}"),
                callback_value(name, value, &known),
            );
        }
        if let Some(token) = token_endpoint(&integration) {
            for (name, value) in &token.answer.keep {
                let sample = sample(name, value.pattern.as_ref());
                own.set(format!("token.{name}"), sample);
            }
        }
        if let Auth::Delivery(declared) = &integration.auth {
            for (name, value) in &declared.keep {
                let sample = sample(name, value.pattern.as_ref());
                own.set(format!("delivery.{name}"), sample);
            }
        }
        if let Auth::TokenLink(link) = &integration.auth {
            for name in link.keep.keys() {
                own.set(format!("link.{name}"), format!("link-{name}"));
            }
            for step in link.before.iter().chain(&link.after) {
                for name in step.keep.keys() {
                    own.set(format!("step.{name}"), format!("kept-{name}"));
                }
            }
        }
        if let Some(account) = &integration.account {
            if let Some(before) = &account.before {
                for name in before.keep.keys() {
                    own.set(format!("account.{name}"), format!("kept-{name}"));
                }
            }
            for name in account.keep.keys() {
                own.set(format!("account.{name}"), format!("kept-{name}"));
            }
            for (name, pattern) in &account.patterns {
                own.set(format!("account.{name}"), sample(name, Some(pattern)));
            }
            let known = client.known(&own);
            let id = match &account.id {
                Reader::Pointer(_) => "party-1".to_owned(),
                Reader::Template(template) => template.fill(&known).unwrap(),
            };
            own.set("account.id", id);
        }
        let mut known = client.known(&own);
        known.set("redirect_uri", CALLBACK);
        known.set("return_url", format!("{CALLBACK}?state=st4te"));
        known.set("state", "st4te");
        Self {
            integration,
            known,
            memory: Mutex::default(),
        }
    }

    /// What is known to whom a call is made: tokens in an address, too.
    fn known_to_calls(&self) -> Values {
        let mut known = self.known.clone();
        known.set("access_token", "some");
        known.set("refresh_token", "refresh-1");
        known
    }

    /// The hosts of all addresses.
    pub(super) fn hosts(&self) -> Vec<String> {
        let mut hosts = BTreeSet::new();
        let known = self.known_to_calls();
        let mut add = |endpoint: &Endpoint| {
            if let Ok(url) = endpoint.url(&known) {
                hosts.insert(url.host_str().unwrap().to_owned());
            }
        };
        for (_, endpoint) in self.endpoints() {
            add(endpoint);
        }
        hosts.into_iter().collect()
    }

    /// Every address that is called, with what it is for.
    fn endpoints(&self) -> Vec<(&'static str, &Endpoint)> {
        let mut all = Vec::new();
        if let Some(token) = token_endpoint(&self.integration) {
            all.push(("token", &token.endpoint));
            all.extend(token.refresh_endpoint.as_ref().map(|at| ("token", at)));
        }
        match self.revocation() {
            RevocationWay::None => {}
            RevocationWay::Rfc7009 { endpoint, .. } => all.push(("revoke", endpoint)),
            RevocationWay::Call(call) => all.push(("revoke", &call.endpoint)),
        }
        match &self.integration.auth {
            Auth::OAuth1(declared) => {
                all.push(("request", &declared.request_endpoint));
                all.push(("access", &declared.token_endpoint));
            }
            Auth::TokenLink(link) => {
                all.extend(link.before.as_ref().map(|it| ("before", &it.call.endpoint)));
                all.extend(link.create.as_ref().map(|it| ("create", &it.endpoint)));
                all.extend(link.after.as_ref().map(|it| ("after", &it.call.endpoint)));
                all.extend(link.exchange.as_ref().map(|it| ("exchange", &it.endpoint)));
            }
            Auth::OAuth2Code(_)
            | Auth::ClientCredentials(_)
            | Auth::Credentials
            | Auth::Delivery(_)
            | Auth::FileUpload => {}
        }
        if let Some(account) = &self.integration.account {
            let before = account.before.as_ref();
            all.extend(before.map(|it| ("account.before", &it.call.endpoint)));
            all.extend(account.call.as_ref().map(|it| ("account", &it.endpoint)));
            let revocation = account.revocation.as_ref();
            all.extend(revocation.map(|it| ("account.revocation", &it.endpoint)));
        }
        all
    }

    pub(super) fn scopes(&self) -> Vec<String> {
        token_endpoint(&self.integration).map_or_else(Vec::new, |token| token.scopes.clone())
    }

    fn client_id(&self) -> &str {
        self.known.get("person.client_id").unwrap_or("id:of/us")
    }

    /// What stands for the callback's address.
    fn redirect_uri(&self) -> String {
        let other = match &self.integration.auth {
            Auth::OAuth2Code(code) => code.redirect_uri.as_ref(),
            Auth::ClientCredentials(_)
            | Auth::OAuth1(_)
            | Auth::Credentials
            | Auth::TokenLink(_)
            | Auth::Delivery(_)
            | Auth::FileUpload => None,
        };
        other.map_or_else(
            || CALLBACK.to_owned(),
            |other| other.fill(&self.known).unwrap(),
        )
    }

    pub(super) fn token_endpoint(&self) -> Option<&TokenEndpoint> {
        token_endpoint(&self.integration)
    }

    pub(super) fn refresh_tokens(&self) -> Option<RefreshTokens> {
        match &self.integration.auth {
            Auth::OAuth2Code(declared) => Some(declared.token.refresh_tokens),
            // Another is asked for as the first was.
            Auth::ClientCredentials(_) => Some(RefreshTokens::Stay),
            Auth::OAuth1(_)
            | Auth::Credentials
            | Auth::TokenLink(_)
            | Auth::Delivery(_)
            | Auth::FileUpload => None,
        }
    }

    pub(super) fn revocation(&self) -> &RevocationWay {
        match &self.integration.auth {
            Auth::OAuth2Code(declared) => &declared.token.revocation,
            Auth::ClientCredentials(declared) => &declared.token.revocation,
            Auth::OAuth1(declared) => &declared.revocation,
            Auth::TokenLink(declared) => &declared.revocation,
            Auth::Credentials | Auth::Delivery(_) | Auth::FileUpload => &RevocationWay::None,
        }
    }

    pub(super) fn has_ended(&self) -> bool {
        self.memory.lock().unwrap().ended
    }

    pub(super) fn answer(&self, request: &Seen) -> Reply {
        let host = request.header("host");
        let path = request.path.split('?').next().unwrap();
        let mut known = self.known_to_calls();
        if let Some(token) = request.header("authorization").strip_prefix("Bearer ") {
            known.set("access_token", token);
        }
        let here = self.endpoints().into_iter().filter(|(_, endpoint)| {
            let url = endpoint.url(&known).unwrap();
            (url.host_str().unwrap(), url.path()) == (host, path)
        });
        let mut here: Vec<&str> = here.map(|(what, _)| what).collect();
        // Several things may be done at one address: by the method.
        if here.len() > 1 && here.contains(&"revoke") {
            let is_revoke = request.method == "DELETE";
            here.retain(|what| (*what == "revoke") == is_revoke);
        }
        match here.first() {
            Some(&"token") => self.token(request),
            Some(&"revoke") => self.revoke(request),
            Some(&"request") => {
                assert!(request.header("authorization").starts_with("OAuth "));
                assert!(request.header("authorization").contains("oauth_callback="));
                let body =
                    "oauth_token=request-token&oauth_token_secret=rs&oauth_callback_confirmed=true";
                Reply::of(200, "text/plain", body)
            }
            Some(&"access") => {
                assert!(
                    request
                        .header("authorization")
                        .contains("oauth_verifier=\"v3rifier\"")
                );
                let body = "oauth_token=access-token&oauth_token_secret=as";
                Reply::of(200, "application/x-www-form-urlencoded", body)
            }
            Some(&what) => self.call(what, request),
            None => Reply::json(404, &json!({ "error": "nothing is here" })),
        }
    }

    /// A declared call: that it is made as declared, and an answer in which all is at its place.
    fn call(&self, what: &str, request: &Seen) -> Reply {
        let (call, mut body) = match (&self.integration.auth, &self.integration.account) {
            (_, Some(account)) if what == "account.revocation" => {
                (account.revocation.as_ref().unwrap(), json!({}))
            }
            (Auth::TokenLink(link), _) if what == "before" => {
                let before = link.before.as_ref().unwrap();
                let entry = self.entry("step", before.keep.iter());
                (&before.call, listed(entry, before.list.as_deref()))
            }
            (Auth::TokenLink(link), _) if what == "after" => {
                let after = link.after.as_ref().unwrap();
                let entry = self.entry("step", after.keep.iter());
                (&after.call, listed(entry, after.list.as_deref()))
            }
            (Auth::TokenLink(link), _) if what == "create" => {
                let mut entry = self.entry("link", link.keep.iter());
                if let Address::Answered { at, .. } = &link.address {
                    put(&mut entry, at, &self.link_address());
                }
                (link.create.as_ref().unwrap(), entry)
            }
            (Auth::TokenLink(link), _) if what == "exchange" => {
                let mut entry = json!({});
                if let Some(Reader::Pointer(at)) = &link.token {
                    put(&mut entry, at, "access-1");
                }
                (link.exchange.as_ref().unwrap(), entry)
            }
            (_, Some(account)) if what == "account.before" => {
                let before = account.before.as_ref().unwrap();
                let entry = self.entry("account", before.keep.iter());
                (&before.call, listed(entry, before.list.as_deref()))
            }
            (_, Some(account)) => {
                let mut entry = self.entry("account", account.keep.iter());
                if let Reader::Pointer(at) = &account.id {
                    put(&mut entry, at, "party-1");
                }
                if let Some(only) = &account.only {
                    put(&mut entry, &only.at, &sample("only", Some(&only.pattern)));
                }
                if let Some(Reader::Pointer(at)) = account.name.first() {
                    put(&mut entry, at, "Party One");
                }
                let mut body = listed(entry, account.list.as_deref());
                // One that is to be passed over.
                if let (Some(_), Some(list)) = (&account.only, &account.list) {
                    body.pointer_mut(list)
                        .unwrap()
                        .as_array_mut()
                        .unwrap()
                        .push(json!({ "other": true }));
                }
                (account.call.as_ref().unwrap(), body)
            }
            (_, None) => panic!("{what}"),
        };
        self.is_as_declared(call, request);
        if body.is_null() {
            body = json!({});
        }
        Reply::json(200, &body)
    }

    fn entry<'a>(
        &self,
        source: &str,
        keep: impl Iterator<Item = (&'a String, &'a Reader)>,
    ) -> Value {
        let mut entry = json!({});
        for (name, reader) in keep {
            if let Reader::Pointer(at) = reader {
                put(
                    &mut entry,
                    at,
                    self.known.get(&format!("{source}.{name}")).unwrap(),
                );
            }
        }
        entry
    }

    fn is_as_declared(&self, call: &Call, request: &Seen) {
        assert_eq!(request.method, call.method.as_str());
        let mut known = self.known.clone();
        if let Some(token) = request.header("authorization").strip_prefix("Bearer ") {
            known.set("access_token", token);
        }
        for (name, template) in &call.headers {
            let value = template.fill(&known);
            if let Ok(value) = value {
                assert_eq!(request.header(name), value, "{name}");
            }
        }
        match &call.body {
            CallBody::Empty => assert_eq!(request.body, b""),
            CallBody::Form(fields) => {
                assert_eq!(
                    request.header("content-type"),
                    "application/x-www-form-urlencoded"
                );
                for (name, template) in fields {
                    if let Ok(value) = template.fill(&known) {
                        assert_eq!(request.field(name), Some(value.as_str()), "{name}");
                    }
                }
            }
            CallBody::Json(json) => {
                assert_eq!(request.header("content-type"), "application/json");
                let sent: Value = serde_json::from_slice(&request.body).unwrap();
                if let Ok(expected) = json.fill(&known) {
                    assert_eq!(sent, expected);
                }
            }
        }
    }

    fn revoke(&self, request: &Seen) -> Reply {
        let mut memory = self.memory.lock().unwrap();
        match self.revocation() {
            RevocationWay::None => panic!("nothing can be revoked"),
            RevocationWay::Rfc7009 { .. } => {
                let query: BTreeMap<_, _> = request.query().into_iter().collect();
                let token = request.field("token").map(str::to_owned);
                let token = token.or_else(|| query.get("token").cloned()).unwrap();
                assert!(memory.access.contains(&token) || memory.refresh.contains(&token));
            }
            RevocationWay::Call(call) => self.is_as_declared(call, request),
        }
        memory.ended = true;
        Reply::of(200, "text/plain", "")
    }

    /// A call to the API has all that is declared, and stands where it is.
    pub(super) fn call_api(&self, client: &Client, calls: &Calls<'_>, held: &Held) {
        let Some(api) = &self.integration.api else {
            assert_eq!(client.api_base(held), Ok(None));
            return;
        };
        let base = client.api_base(held).unwrap().unwrap();
        let mut known = client.known(&held.values);
        known.set("access_token", held.access_token.clone());
        // The caller writes whatever is declared, too.
        let mut headers = http::HeaderMap::new();
        for name in api.headers.keys() {
            headers.insert(
                http::HeaderName::try_from(name).unwrap(),
                "theirs".parse().unwrap(),
            );
        }
        headers.insert("authorization", "Bearer theirs".parse().unwrap());
        headers.insert("x-more", "more".parse().unwrap());
        let own = api
            .query
            .keys()
            .map(|name| format!("&{}=theirs", encode(name)));
        let request = crate::api::Request {
            method: http::Method::GET,
            path: "things/7".to_owned(),
            query: Some(format!("page=2{}", own.collect::<String>())),
            headers,
            body: crate::api::Body::Whole(bytes::Bytes::new()),
        };
        let call = client.call(&base, request).unwrap();
        let (request, _) = client.authorized(calls, held, call).unwrap();
        let below = format!("{}/things/7", base.path().trim_end_matches('/'));
        assert_eq!(request.url.path(), below);
        assert_eq!(request.url.host_str(), base.host_str());
        assert_eq!(request.headers["x-more"], "more");
        let filled = |template: &Template| template.fill(&known).unwrap();
        for (name, template) in &api.headers {
            let sent: Vec<_> = request.headers.get_all(name.as_str()).iter().collect();
            assert_eq!(sent, [filled(template).as_str()]);
        }
        let query: Vec<_> = request.url.query_pairs().into_owned().collect();
        assert_eq!(query[0], ("page".to_owned(), "2".to_owned()));
        for (name, template) in &api.query {
            let sent = query.iter().filter(|(sent, _)| sent == name);
            let sent: Vec<_> = sent.map(|(_, value)| value.as_str()).collect();
            assert_eq!(sent, [filled(template)]);
        }
        let shown = request.headers.get("authorization");
        let shown = shown.map(|value| value.to_str().unwrap().to_owned());
        match &api.authorization {
            ApiAuthorization::Bearer => {
                let token = format!("{} {}", held.token_type, held.access_token);
                assert_eq!(shown, Some(token));
            }
            ApiAuthorization::Basic { user, password } => {
                let both = format!("{}:{}", filled(user), filled(password));
                assert_eq!(shown, Some(format!("Basic {}", STANDARD.encode(both))));
            }
            ApiAuthorization::Header { name, value } => {
                assert_eq!(request.headers[name.as_str()], filled(value).as_str());
            }
            ApiAuthorization::Query { name, value } => {
                assert!(query.contains(&(name.clone(), filled(value))));
            }
            ApiAuthorization::OAuth1 => assert!(shown.unwrap().starts_with("OAuth ")),
        }
    }
}

fn encode(text: &str) -> String {
    let mut encoded = String::new();
    handclasp_domain::percent_encode(text, &mut encoded);
    encoded
}

fn token_endpoint(integration: &Integration) -> Option<&TokenEndpoint> {
    match &integration.auth {
        Auth::OAuth2Code(declared) => Some(&declared.token),
        Auth::ClientCredentials(declared) => Some(&declared.token),
        Auth::OAuth1(_)
        | Auth::Credentials
        | Auth::TokenLink(_)
        | Auth::Delivery(_)
        | Auth::FileUpload => None,
    }
}

fn callback_values(integration: &Integration) -> impl Iterator<Item = (&String, &CallbackValue)> {
    let values = match &integration.auth {
        Auth::OAuth2Code(declared) => Some(&declared.callback_values),
        Auth::OAuth1(declared) => Some(&declared.callback_values),
        Auth::TokenLink(declared) => Some(&declared.callback_values),
        Auth::ClientCredentials(_) | Auth::Credentials | Auth::Delivery(_) | Auth::FileUpload => {
            None
        }
    };
    values.into_iter().flatten()
}

fn callback_value(name: &str, value: &CallbackValue, known: &Values) -> String {
    match (&value.equals, value.options.first()) {
        (Some(equals), _) => equals.fill(known).unwrap(),
        (None, Some(option)) => option.value.clone(),
        (None, None) => sample(name, value.pattern.as_ref()),
    }
}

/// An entry within its list.
fn listed(entry: Value, list: Option<&str>) -> Value {
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

fn put(target: &mut Value, pointer: &str, value: &str) {
    put_value(target, pointer, json!(value));
}

/// Sets what a JSON pointer points at, with all that has to be around it.
fn put_value(target: &mut Value, pointer: &str, value: Value) {
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
