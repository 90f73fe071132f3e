//! One integration's way through its fixture.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex};

use handclasp_domain::CallbackTurn;
use url::form_urlencoded;

use super::fixture::{During, Exchange, Expect, Fixture, Means, Refusal};
use super::seen::{same_address, same_request};
use super::*;
use crate::oauth2::GrantedScopes;
use crate::provider::{ProviderFailure, send};
use crate::tests::fake::{Fake, Reply, Seen};
use crate::{
    Begin, CallbackQuery, Granted, Held, RefreshFailure, RefusedCallback, Revocation, Values,
};

/// What the third party answers next.
type Replies = Arc<Mutex<VecDeque<Reply>>>;

pub(super) struct Run {
    fixture: Fixture,
    client: Client,
    fake: Fake,
    replies: Replies,
    with: With,
    now: Timestamp,
    person: Values,
    verifier: Verifier,
}

/// What came of the way so far.
#[derive(Default)]
struct Got {
    /// What is kept from the beginning on.
    kept: Values,
    /// Right after the exchange, with no company chosen.
    fresh: Option<Held>,
    /// As it is now.
    held: Option<Held>,
    /// As it was before it was refreshed.
    linked: Option<Held>,
}

impl Run {
    pub(super) async fn new(integration: Arc<Integration>, fixture: Fixture) -> Self {
        let replies = Replies::default();
        let next = Arc::clone(&replies);
        let fake = Fake::start(move |_| {
            let reply = next.lock().unwrap().pop_front();
            reply.unwrap_or(Reply::Garbage)
        })
        .await;
        let hosts = fixture.hosts();
        let with = With::new(outbound_to(&fake.origin, &hosts));
        let given = &fixture.given;
        let entered = given.operator.iter();
        let entered = entered.map(|(name, value)| (name.clone(), secret(value)));
        let registration = Registration::new(&integration, &entered.collect()).unwrap();
        let read = |field: &crate::PersonField| {
            let value = field.read(given.person.get(&field.name)?).unwrap()?;
            Some((format!("person.{}", field.name), value))
        };
        let person: Values = integration.person.iter().filter_map(read).collect();
        assert_eq!(person.iter().count(), given.person.len(), "not asked for");
        let verifier = match &given.verifier {
            Some(text) => Verifier::from_stored(secret(text)),
            None => verifier(),
        };
        Self {
            now: given.now.map_or(NOW, Timestamp::from_seconds),
            client: Client::new(integration, registration).unwrap(),
            fixture,
            fake,
            replies,
            with,
            person,
            verifier,
        }
    }

    fn calls(&self) -> Calls<'_> {
        Calls {
            now: self.now,
            ..self.with.calls(Deadline::start())
        }
    }

    fn begin(&self) -> Begin<'_> {
        let given = &self.fixture.given;
        Begin {
            redirect_uri: &given.redirect_uri,
            state: &given.state,
            verifier: &self.verifier,
            nonce: None,
            scopes: &given.scopes,
            person: &self.person,
        }
    }

    fn will_answer(&self, reply: Reply) {
        self.replies.lock().unwrap().push_back(reply);
    }

    /// What was sent since.
    fn since(&self, before: usize) -> Vec<Seen> {
        self.fake.seen().split_off(before)
    }

    #[expect(clippy::print_stdout, reason = "says which call it is that fails")]
    pub(super) async fn all(&self) {
        let begun = self
            .client
            .begin(&self.calls(), &self.begin())
            .await
            .unwrap();
        let authorize = &self.fixture.authorize;
        same_address(&authorize.url, &begun.address, &authorize.may);
        let mut got = Got {
            kept: self.person.clone(),
            ..Got::default()
        };
        got.kept.extend(&begun.kept);

        let mut rest = self.fixture.exchanges.as_slice();
        let mut revoked = false;
        while let Some(first) = rest.first() {
            // Accounts may take several calls.
            let same = rest.iter().take_while(|one| one.name == first.name);
            let (now, later) = rest.split_at(same.count());
            rest = later;
            println!("{} at {}", first.name, self.client.integration().name);
            self.step(now, &mut got).await;
            revoked |= first.name == "revoke";
        }
        for query in &self.fixture.callback.refuse {
            let refused = self.read_callback(query, &got.kept);
            assert!(
                matches!(refused, Err(RefusedCallback::Malformed(_))),
                "{query}: {refused:?}"
            );
        }
        if !revoked {
            let held = got.held.as_ref().unwrap();
            let ended = self.client.revoke(&self.calls(), held).await.unwrap();
            assert_eq!(ended, Revocation::NotOffered);
        }
        for refusal in &self.fixture.errors {
            println!("{}", refusal.name);
            self.refusal(refusal, &got).await;
        }
        assert!(self.replies.lock().unwrap().is_empty(), "answers are left");
    }

    /// One call, or those that belong together.
    async fn step(&self, exchanges: &[Exchange], got: &mut Got) {
        if exchanges[0].name == "delivery" {
            return self.deliver(&exchanges[0], got).await;
        }
        let before = self.fake.seen().len();
        for exchange in exchanges {
            self.will_answer(exchange.answer.reply());
        }
        let last = exchanges.last().unwrap();
        let calls = self.calls();
        let given = &self.fixture.given;
        match last.name.as_str() {
            "exchange" => {
                let granted = self.complete(&got.kept).await.unwrap();
                self.is_granted(&last.expect, &granted);
                got.fresh = Some(granted.held.clone());
                got.held = Some(granted.held);
            }
            "account" => {
                let held = got.held.as_mut().unwrap();
                let found = self.client.accounts(&calls, held).await.unwrap();
                are_accounts(&last.expect, &found);
                let chosen = found.iter().find(|one| match &given.entity {
                    Some(entity) => one.id == *entity,
                    None => true,
                });
                held.values.extend(&chosen.unwrap().values);
                for (name, value) in &last.expect.values {
                    let name = format!("account.{name}");
                    assert_eq!(held.values.get(&name), Some(value.as_str()), "{name}");
                }
            }
            "api" => self.call_api(last, got.held.as_ref().unwrap()).await,
            "refresh" => {
                got.linked = got.held.clone();
                let held = got.held.as_ref().unwrap();
                let to = &given.redirect_uri;
                let fresh = self.client.refresh(&calls, held, to, &given.scopes).await;
                let fresh = fresh.unwrap();
                self.is_granted(&last.expect, &fresh);
                got.held = Some(fresh.held);
            }
            "revoke" => {
                let held = got.held.as_ref().unwrap();
                let ended = self.client.revoke(&calls, held).await.unwrap();
                assert_eq!(ended, Revocation::Done);
            }
            "revoke_entity" => {
                let held = got.held.as_ref().unwrap();
                let ended = self.client.revoke_account(&calls, held).await.unwrap();
                assert_eq!(ended, Revocation::Done);
            }
            other => panic!("no step `{other}`"),
        }
        let sent = self.since(before);
        assert_eq!(sent.len(), exchanges.len(), "{}", last.name);
        for (exchange, sent) in exchanges.iter().zip(&sent) {
            same_request(&exchange.request, sent);
        }
    }

    /// The third party's server delivers to ours, and the person comes back.
    async fn deliver(&self, exchange: &Exchange, got: &mut Got) {
        let Auth::Delivery(declared) = &self.client.integration().auth else {
            panic!("nothing is delivered")
        };
        let request = &exchange.request;
        assert_eq!(request.method, "POST");
        assert_eq!(Some(&request.url), self.fixture.given.delivery_uri.as_ref());
        assert_eq!(exchange.answer.status, declared.answer);
        let body = request.json.as_ref().unwrap();
        let delivered = self.client.read_delivery(body.as_bytes()).unwrap();
        let state = delivered.state().to_owned();
        assert_eq!(state, self.fixture.given.state);
        let values = delivered.accept(&state, &CallbackTurn::Take, &got.kept);
        got.kept.extend(&values.unwrap());
        let granted = self.complete(&got.kept).await.unwrap();
        for (name, value) in &exchange.expect.values {
            let name = format!("delivery.{name}");
            assert_eq!(granted.held.values.get(&name), Some(value.as_str()));
        }
        let expect = Expect {
            granted: exchange.expect.granted.clone(),
            ..Expect::default()
        };
        self.is_granted(&expect, &granted);
        got.fresh = Some(granted.held.clone());
        got.held = Some(granted.held);
    }

    fn read_callback(
        &self,
        query: &str,
        kept: &Values,
    ) -> Result<crate::CallbackAnswer, RefusedCallback> {
        let pairs = form_urlencoded::parse(query.as_bytes()).into_owned();
        let query = CallbackQuery::parse(pairs).unwrap();
        self.client.read_callback(&query, kept)
    }

    /// The person comes back as they should.
    async fn complete(&self, kept: &Values) -> Result<Granted, ProviderFailure> {
        let query = &self.fixture.callback.query;
        let pairs = form_urlencoded::parse(query.as_bytes()).into_owned();
        let parsed = CallbackQuery::parse(pairs).unwrap();
        let state = self.client.integration().state_of(&parsed);
        assert_eq!(state, Some(self.fixture.given.state.as_str()));
        let answer = self.read_callback(query, kept).unwrap();
        let code = answer.code.as_ref().map(|code| code.expose().clone());
        assert_eq!(code, self.fixture.given.code);
        let (calls, begin) = (self.calls(), self.begin());
        self.client.complete(&calls, &begin, kept, &answer).await
    }

    fn is_granted(&self, expect: &Expect, granted: &Granted) {
        let held = &granted.held;
        if let Some(token) = &expect.access_token {
            assert_eq!(held.access_token, *token);
        }
        assert_eq!(held.refresh_token, expect.refresh_token);
        let until = expect.expires_at.as_ref().map(|text| {
            let end = Timestamp::parse_rfc3339(text).unwrap();
            end.since(self.now).as_secs()
        });
        let seconds = |time: Option<std::time::Duration>| time.map(|time| time.as_secs());
        assert_eq!(seconds(granted.expires_in), expect.expires_in.or(until));
        if expect.refresh_expires_in.is_some() {
            assert_eq!(
                seconds(granted.refresh_expires_in),
                expect.refresh_expires_in
            );
        }
        let GrantedScopes::Enough(scopes) = &granted.scopes else {
            panic!("{:?}", granted.scopes)
        };
        if let Some(expected) = &expect.granted {
            assert_eq!(scopes, expected);
        }
        for (name, value) in &expect.values {
            assert_eq!(held.values.get(name), Some(value.as_str()), "{name}");
        }
    }

    /// A call as the platform makes it: a path beyond the API's base.
    async fn call_api(&self, exchange: &Exchange, held: &Held) {
        let api = self.client.integration().api.as_ref().unwrap();
        let known = self.client.known(&held.values);
        let base = api.base.url(&known).unwrap();
        let mut wanted = exchange.request.url.clone();
        wanted.set_query(None);
        let beyond = wanted
            .as_str()
            .strip_prefix(base.as_str().trim_end_matches('/'));
        assert!(
            beyond.is_some_and(|path| path.starts_with('/')),
            "{base} is not before {wanted}"
        );
        let method = exchange.request.method.parse().unwrap();
        let mut request = handclasp_outbound::Request::new("api", method, wanted);
        let calls = self.calls();
        self.client
            .authorize(&mut request, &calls, held, &known)
            .unwrap();
        let answer = send(calls.outbound, calls.deadline, request).await.unwrap();
        assert_eq!(answer.status.as_u16(), exchange.answer.status);
    }

    /// The third party says no.
    async fn refusal(&self, refusal: &Refusal, got: &Got) {
        if let Some(answer) = &refusal.answer {
            self.will_answer(answer.reply());
        }
        let before = self.fake.seen().len();
        let calls = self.calls();
        let linked = || got.linked.as_ref().or(got.held.as_ref()).unwrap();
        let failure = match refusal.during {
            During::Callback => {
                // Whatever was delivered is not to be counted on here.
                let query = refusal.query.as_ref().unwrap();
                let refused = self.read_callback(query, &self.person).unwrap_err();
                let means = match refused {
                    RefusedCallback::Declined(_) => Means::Declined,
                    RefusedCallback::Failed(_) | RefusedCallback::Malformed(_) => Means::Refused,
                };
                assert_eq!(means, refusal.means);
                return;
            }
            During::Exchange => self.complete(&got.kept).await.map(drop),
            During::Account => {
                let held = got.fresh.as_ref().unwrap();
                self.client.accounts(&calls, held).await.map(drop)
            }
            During::Refresh => {
                let to = &self.fixture.given.redirect_uri;
                let fresh = self.client.refresh(&calls, linked(), to, &[]).await;
                match fresh {
                    Ok(_) => Ok(()),
                    Err(RefreshFailure::Provider(failure)) => Err(failure),
                    Err(RefreshFailure::NotOffered) => panic!("nothing is refreshed"),
                }
            }
            During::Revoke => self.client.revoke(&calls, linked()).await.map(drop),
        };
        assert_eq!(self.since(before).len(), 1);
        let failure = match failure {
            Ok(()) => {
                assert_eq!(refusal.means, Means::RevokedAlready);
                return;
            }
            Err(failure) => failure,
        };
        let means = match &failure {
            ProviderFailure::GrantRefused { .. } => Means::GrantRefused,
            ProviderFailure::ClientRefused { .. } => Means::ClientRefused,
            ProviderFailure::Refused { .. } => Means::Refused,
            failure if failure.is_transient() => Means::Unavailable,
            ProviderFailure::Unavailable { .. }
            | ProviderFailure::Unreachable(_)
            | ProviderFailure::Forbidden(_)
            | ProviderFailure::Unfilled(_)
            | ProviderFailure::Unintelligible { .. } => panic!("{failure:?}"),
        };
        assert_eq!(means, refusal.means, "{failure:?}");
        let given = &self.fixture.given;
        let secret = given.operator.get("client_secret").or(given.code.as_ref());
        for secret in secret.into_iter().chain(&given.code) {
            assert!(!failure.status_text().contains(secret), "{failure:?}");
        }
    }
}

fn are_accounts(expect: &Expect, found: &[crate::FoundAccount]) {
    assert_eq!(found.len(), expect.accounts.len());
    for (expected, found) in expect.accounts.iter().zip(found) {
        for (name, value) in expected {
            let read = match name.as_str() {
                "id" => Some(found.id.as_str()),
                "name" => Some(found.name.as_str()),
                kept => found.values.get(&format!("account.{kept}")),
            };
            assert_eq!(read, Some(value.as_str()), "{name}");
        }
    }
}
