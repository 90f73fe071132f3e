//! Keys that a third party's server delivers to ours while the person is at its pages.
//!
//! ```text
//! begin ─► the person agrees there ─► their server POSTs to ours: read_delivery, Delivered::accept ─► we answer
//!                                     ─► the person's browser comes back: read_callback, complete
//! ```
//! Nothing proves who delivers but the state, which is in the address that the person was sent to. So a delivery alone links
//! nothing: the browser that began has to come back, and the keys have to work at the address that the person named.

use std::collections::BTreeMap;

use handclasp_domain::{CallbackTurn, Secret};
use serde_json::Value;
use subtle::ConstantTimeEq;
use url::Url;

use crate::callback::{CallbackQuery, MalformedCallback, RefusedCallback};
use crate::client::{Begin, Begun, Client, Granted};
use crate::endpoint::Endpoint;
use crate::held::Held;
use crate::integration::{Auth, Integration};
use crate::oauth2::{GrantedScopes, TokenValue, kept_values};
use crate::provider::{ProviderError, Unintelligible, members};
use crate::template::Unfilled;
use crate::values::Values;

/// How a third party delivers keys, as declared.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Delivery {
    /// Where the person is sent. Knows `scopes`, `state`, `return_url` for the browser and `delivery_url` for the third party's server.
    pub address: Endpoint,
    /// What is asked for, unless the client set scopes of its own.
    pub scopes: Vec<String>,
    /// Where the state stands in what is delivered (RFC 6901).
    pub state: String,
    /// Where stands what was allowed; words with spaces between.
    pub scope: Option<String>,
    /// What is kept, as `delivery.<name>`.
    pub keep: BTreeMap<String, TokenValue>,
    /// The status of the answer that says we have it. With any other the third party takes the keys back.
    pub answer: u16,
    /// The parameter that has the state when the browser comes back.
    pub state_parameter: String,
    /// The parameters, and what they say, of one who declined.
    pub declined: BTreeMap<String, String>,
}

/// The last part of the address to which is delivered: it stands below the one to which the browser comes back.
pub const DELIVERY_PATH: &str = "delivery";

/// The longest body of a delivery that is read, in bytes.
pub const DELIVERY_MAX: usize = 16 * 1024;

/// What is kept of the scopes until the browser is back.
const SCOPE: &str = "delivery.scope";

/// What was delivered. Nothing of it can be seen before [`Delivered::accept`], but for the state, by which its attempt is found.
#[derive(Debug)]
pub struct Delivered {
    state: Secret<String>,
    values: Values,
}

/// What is delivered cannot be read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum MalformedDelivery {
    /// This integration delivers nothing.
    #[error("this integration delivers nothing")]
    NotExpected,
    /// It is longer than a delivery can be.
    #[error("what is delivered is too large")]
    TooLarge,
    /// It is no JSON object.
    #[error("what is delivered cannot be read: {0}")]
    Unreadable(Unintelligible),
    /// It names no state, or one that cannot be ours.
    #[error("what is delivered names no state of ours")]
    NoState,
    /// A value is missing, or does not look like what it is to be.
    #[error("a value that is needed is missing, or does not fit")]
    BadValue,
}

/// What is delivered is not taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum RefusedDelivery {
    /// It names another state than the attempt has.
    #[error("what is delivered belongs to no attempt")]
    OtherState,
    /// It comes after the attempt's time, or after the person came back.
    #[error("what is delivered comes too late")]
    TooLate,
    /// Something was delivered for this attempt before.
    #[error("something was delivered before")]
    Twice,
}

impl Delivered {
    /// The state that it names, to find the attempt by. It is not proven by being there.
    pub fn state(&self) -> &str {
        self.state.expose()
    }

    /// Takes what was delivered, for the attempt whose state is `state`, whose callback would have this `turn` now, and for which
    /// `kept` is known. The values are to be sealed with the attempt, in a transaction that finds it as it was, so that of two
    /// deliveries at once one is refused; only then is the third party answered.
    ///
    /// # Errors
    /// [`RefusedDelivery`]. The third party is then answered 4xx, and takes the keys back.
    pub fn accept(
        self,
        state: &str,
        turn: &CallbackTurn,
        kept: &Values,
    ) -> Result<Values, RefusedDelivery> {
        if !bool::from(self.state.expose().as_bytes().ct_eq(state.as_bytes())) {
            return Err(RefusedDelivery::OtherState);
        }
        match turn {
            CallbackTurn::Take => {}
            CallbackTurn::Wait | CallbackTurn::Show | CallbackTurn::TooLate => {
                return Err(RefusedDelivery::TooLate);
            }
        }
        if kept.of("delivery").next().is_some() {
            return Err(RefusedDelivery::Twice);
        }
        Ok(self.values)
    }
}

impl Integration {
    /// What ties a callback to its request: the `state`, or what this integration gives back in its place. As it came.
    pub fn state_of<'a>(&self, query: &'a CallbackQuery) -> Option<&'a str> {
        match &self.auth {
            Auth::Delivery(declared) => query.value(&declared.state_parameter),
            Auth::OAuth2Code(_)
            | Auth::ClientCredentials(_)
            | Auth::OAuth1(_)
            | Auth::Credentials
            | Auth::TokenLink(_)
            | Auth::FileUpload => query.state(),
        }
    }
}

/// A state that every third party brings back as it was: some clean what they get, and put it into an address as it is.
fn is_plain(state: &str) -> bool {
    (1..=200).contains(&state.len())
        && state
            .bytes()
            .all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_'))
}

/// Where is delivered, where the browser comes back to `redirect_uri`.
fn delivery_url(redirect_uri: &Url) -> Url {
    let mut url = redirect_uri.clone();
    if let Ok(mut path) = url.path_segments_mut() {
        path.pop_if_empty().push(DELIVERY_PATH);
    }
    url
}

impl Client {
    /// Where the person is sent.
    pub(crate) fn delivery_address(
        &self,
        declared: &Delivery,
        begin: &Begin<'_>,
    ) -> Result<Begun, Unfilled> {
        if !is_plain(begin.state) {
            return Err(Unfilled::Unfit("state".to_owned()));
        }
        let mut known = self.known(begin.person);
        known.set("scopes", begin.scopes.join(" "));
        known.set("state", begin.state);
        known.set("return_url", begin.redirect_uri.as_str());
        known.set("delivery_url", delivery_url(begin.redirect_uri).as_str());
        Ok(Begun {
            address: declared.address.url(&known)?,
            kept: Values::default(),
        })
    }

    /// Reads what a third party's server delivers: the body of a POST to the callback's address with [`DELIVERY_PATH`] below it. It
    /// comes without a cookie, and is answered with [`Delivery::answer`] and an empty body once it is stored.
    ///
    /// # Errors
    /// [`MalformedDelivery`], to be answered 400.
    pub fn read_delivery(&self, body: &[u8]) -> Result<Delivered, MalformedDelivery> {
        let Auth::Delivery(declared) = &self.integration.auth else {
            return Err(MalformedDelivery::NotExpected);
        };
        if body.len() > DELIVERY_MAX {
            return Err(MalformedDelivery::TooLarge);
        }
        let json = Some("application/json");
        let members = members(json, body).map_err(MalformedDelivery::Unreadable)?;
        let body = Value::Object(members);
        let state = body.pointer(&declared.state).and_then(Value::as_str);
        let state = state.filter(|state| is_plain(state));
        let state = state.ok_or(MalformedDelivery::NoState)?;
        let mut values =
            kept_values("delivery", &declared.keep, &body).ok_or(MalformedDelivery::BadValue)?;
        let scope = declared.scope.as_ref().and_then(|at| body.pointer(at));
        if let Some(scope) = scope.and_then(Value::as_str) {
            let plain = |c: char| c == ' ' || c.is_ascii_graphic();
            if scope.len() > 500 || !scope.chars().all(plain) {
                return Err(MalformedDelivery::BadValue);
            }
            values.set(SCOPE, scope);
        }
        Ok(Delivered {
            state: Secret::new(state.to_owned()),
            values,
        })
    }

    /// What the browser brings back: that the person agreed, which means nothing where nothing was delivered.
    pub(crate) fn check_delivered(
        declared: &Delivery,
        query: &CallbackQuery,
        kept: &Values,
    ) -> Result<(), RefusedCallback> {
        let says = |(name, value): (&String, &String)| query.value(name) == Some(value);
        if !declared.declined.is_empty() && declared.declined.iter().all(says) {
            return Err(RefusedCallback::Declined(ProviderError::default()));
        }
        let is_there = |name: &String| kept.get(&format!("delivery.{name}")).is_some();
        let needed = declared.keep.iter().filter(|(_, value)| value.required);
        if needed.map(|(name, _)| name).all(is_there) {
            return Ok(());
        }
        Err(RefusedCallback::Malformed(MalformedCallback::NotDelivered))
    }

    /// What the connection holds. `own` is what is known by now, what was delivered with it.
    pub(crate) fn delivered(&self, begin: &Begin<'_>, own: &Values) -> Granted {
        let granted = match own.get(SCOPE) {
            Some(scope) => scope.split_whitespace().map(str::to_owned).collect(),
            None => begin.scopes.to_vec(),
        };
        let lasting = own.iter().filter(|(name, _)| *name != SCOPE);
        Granted {
            held: Held {
                access_token: String::new(),
                refresh_token: None,
                token_type: String::new(),
                token_secret: None,
                values: lasting.collect(),
            },
            expires_in: None,
            refresh_expires_in: None,
            scopes: GrantedScopes::Enough(granted),
            id_token: None,
        }
    }
}
