//! A page that people are led to, and that is not OAuth's.

use std::collections::BTreeMap;
use std::time::Duration;

use serde_json::Value;
use url::Url;

use crate::account::{Before, Reader, entries, kept};
use crate::call::Call;
use crate::client::{Begin, Begun, Calls, Client, Granted};
use crate::endpoint::Endpoint;
use crate::held::Held;
use crate::oauth2::{CallbackValue, GrantedScopes, RevocationWay};
use crate::pattern::Pattern;
use crate::provider::{ProviderFailure, Unintelligible, unintelligible};
use crate::values::Values;

/// A page of the third party's that people are led to, and that sends them back with a token, or with a sign that it is done.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TokenLink {
    /// A call whose answer the next needs, as one that fetches a token for the operator. What it keeps is `step.<name>`.
    pub before: Option<Before>,
    /// The call that makes the page.
    pub create: Option<Call>,
    /// The page's address.
    pub address: Address,
    /// What is kept of the `create` call's answer, as `link.<name>`.
    pub keep: BTreeMap<String, Reader>,
    /// Which callback parameters are kept, as `callback.<name>`.
    pub callback_values: BTreeMap<String, CallbackValue>,
    /// A call that is made once the person is back and whose answer `exchange` needs. What it keeps is `step.<name>` too.
    pub after: Option<Before>,
    /// The call that fetches the token once the person is back.
    pub exchange: Option<Call>,
    /// Where the token stands: in the answer of `exchange`, or in what is known. None where calls are made with the operator's own.
    pub token: Option<Reader>,
    /// How long it lasts.
    pub token_lifetime: Option<Duration>,
    /// How access is ended.
    pub revocation: RevocationWay,
}

/// Where the page stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Address {
    /// At a place of the `create` call's answer, where it has to fit a pattern: whatever is answered, people are sent nowhere else.
    Answered {
        /// Where it stands.
        at: String,
        /// What it has to look like.
        pattern: Pattern,
    },
    /// At an address that is made of what is known.
    Made(Endpoint),
}

/// The longest token.
const TOKEN_MAX: usize = 20_000;

impl Client {
    /// Makes the page, and the address that the person is sent to.
    pub(crate) async fn make_link(
        &self,
        declared: &TokenLink,
        calls: &Calls<'_>,
        begin: &Begin<'_>,
    ) -> Result<Begun, ProviderFailure> {
        // What leads back has the state in it, as these pages know none.
        let mut back = begin.redirect_uri.clone();
        back.query_pairs_mut().append_pair("state", begin.state);
        let mut own = begin.person.clone();
        own.extend(&self.steps(declared.before.as_ref(), calls, &own).await?);
        own.set("return_url", back.as_str());
        own.set("state", begin.state);
        let mut link = Values::default();
        let mut answer = Value::Null;
        if let Some(create) = &declared.create {
            let (made, response) = self.ask("link", create, calls, &nothing(), &own).await?;
            let known = self.known(&own);
            for (name, reader) in &declared.keep {
                let value = reader.read(&made, &known);
                let value =
                    value.ok_or_else(|| unintelligible(&response, Unintelligible::BadValue))?;
                link.set(format!("link.{name}"), value);
            }
            answer = made;
        }
        own.extend(&link);
        let address = match &declared.address {
            Address::Made(endpoint) => endpoint.url(&self.known(&own))?,
            Address::Answered { at, pattern } => answer
                .pointer(at)
                .and_then(Value::as_str)
                .filter(|text| pattern.fits(text))
                .and_then(|text| Url::parse(text).ok())
                .ok_or(ProviderFailure::Unintelligible {
                    status: None,
                    why: Unintelligible::BadValue,
                })?,
        };
        Ok(Begun {
            address,
            kept: link,
        })
    }

    /// Takes what the person's way through the page brought. `own` is what is known by now.
    pub(crate) async fn take_link(
        &self,
        declared: &TokenLink,
        calls: &Calls<'_>,
        mut own: Values,
    ) -> Result<Granted, ProviderFailure> {
        let steps = self.steps(declared.before.as_ref(), calls, &own).await?;
        let mut known = own.clone();
        known.extend(&steps);
        known.extend(&self.steps(declared.after.as_ref(), calls, &known).await?);
        let (answer, response) = match &declared.exchange {
            None => (Value::Null, None),
            Some(exchange) => {
                let (answer, response) = self
                    .ask("token", exchange, calls, &nothing(), &known)
                    .await?;
                (answer, Some(response))
            }
        };
        let bad = |why| match &response {
            Some(response) => unintelligible(response, why),
            None => ProviderFailure::Unintelligible { status: None, why },
        };
        let token = match &declared.token {
            None => String::new(),
            Some(reader) => reader
                .read(&answer, &self.known(&known))
                .filter(|token| {
                    (1..=TOKEN_MAX).contains(&token.len())
                        && token.bytes().all(|b| b.is_ascii_graphic())
                })
                .ok_or_else(|| bad(Unintelligible::NoAccessToken))?,
        };
        // Neither is of use any more.
        for name in ["return_url", "state"] {
            own.set(name, "");
        }
        let own = own.iter().filter(|(_, value)| !value.is_empty()).collect();
        Ok(Granted {
            held: Held {
                access_token: token,
                refresh_token: None,
                token_type: "Bearer".to_owned(),
                token_secret: None,
                values: own,
            },
            expires_in: declared.token_lifetime,
            refresh_expires_in: None,
            scopes: GrantedScopes::Enough(Vec::new()),
            id_token: None,
        })
    }

    /// What a call before another brings, as `step.<name>`.
    async fn steps(
        &self,
        before: Option<&Before>,
        calls: &Calls<'_>,
        own: &Values,
    ) -> Result<Values, ProviderFailure> {
        let Some(before) = before else {
            return Ok(Values::default());
        };
        let (answer, response) = self
            .ask("token", &before.call, calls, &nothing(), own)
            .await?;
        let list = entries(&answer, before.list.as_deref())
            .map_err(|why| unintelligible(&response, why))?;
        // The first entry that has all of it: there may be others beside, as of a way through the page that led nowhere.
        let known = self.known(own);
        let kept = list
            .into_iter()
            .find_map(|entry| kept(&before.keep, entry, &known).ok());
        let kept = kept.ok_or_else(|| unintelligible(&response, Unintelligible::BadValue))?;
        Ok(kept
            .of("account")
            .map(|(name, value)| (format!("step.{name}"), value.to_owned()))
            .collect())
    }
}

/// What is held before anything is.
fn nothing() -> Held {
    Held {
        access_token: String::new(),
        refresh_token: None,
        token_type: String::new(),
        token_secret: None,
        values: Values::default(),
    }
}
