//! `wire.toml`: what passes between us and a third party, written by hand from its documentation.

use std::collections::BTreeMap;

use serde::Deserialize;
use url::Url;

use crate::tests::fake::Reply;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Fixture {
    pub(super) given: Given,
    pub(super) authorize: Authorize,
    pub(super) callback: Callback,
    #[serde(default, rename = "exchange")]
    pub(super) exchanges: Vec<Exchange>,
    #[serde(default, rename = "error")]
    pub(super) errors: Vec<Refusal>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Given {
    pub(super) operator: BTreeMap<String, String>,
    /// As typed.
    pub(super) person: BTreeMap<String, String>,
    pub(super) state: String,
    pub(super) code: Option<String>,
    pub(super) verifier: Option<String>,
    pub(super) redirect_uri: Url,
    pub(super) delivery_uri: Option<Url>,
    pub(super) scopes: Vec<String>,
    /// Which of several companies is chosen.
    pub(super) entity: Option<String>,
    /// The present, in seconds since 1970.
    pub(super) now: Option<i64>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Authorize {
    pub(super) source: String,
    pub(super) url: Url,
    /// Parameters that may be there, whatever they say.
    #[serde(default)]
    pub(super) may: Vec<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Callback {
    pub(super) source: String,
    pub(super) query: String,
    /// Queries that have to be refused.
    #[serde(default)]
    pub(super) refuse: Vec<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Exchange {
    pub(super) name: String,
    pub(super) source: String,
    pub(super) request: Request,
    pub(super) answer: Answer,
    #[serde(default)]
    pub(super) expect: Expect,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Request {
    pub(super) method: String,
    pub(super) url: Url,
    #[serde(default)]
    pub(super) headers: BTreeMap<String, String>,
    /// Headers that have to be there, whatever they say.
    #[serde(default)]
    pub(super) headers_present: Vec<String>,
    pub(super) form: Option<BTreeMap<String, String>>,
    /// Fields that may be there, whatever they say.
    #[serde(default)]
    pub(super) form_may: Vec<String>,
    pub(super) json: Option<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Answer {
    pub(super) status: u16,
    #[serde(default)]
    headers: BTreeMap<String, String>,
    #[serde(default)]
    body: String,
}

impl Answer {
    pub(super) fn reply(&self) -> Reply {
        let headers = self.headers.iter();
        let headers = headers.map(|(name, value)| (name.clone().leak() as &str, value.clone()));
        Reply::Answer(
            self.status,
            headers.collect(),
            self.body.clone().into_bytes(),
        )
    }
}

/// What is read of an answer.
#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Expect {
    pub(super) access_token: Option<String>,
    pub(super) refresh_token: Option<String>,
    pub(super) expires_in: Option<u64>,
    pub(super) expires_at: Option<String>,
    pub(super) refresh_expires_in: Option<u64>,
    pub(super) granted: Option<Vec<String>>,
    #[serde(default)]
    pub(super) values: BTreeMap<String, String>,
    #[serde(default)]
    pub(super) accounts: Vec<BTreeMap<String, String>>,
}

/// How the third party says no.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Refusal {
    pub(super) name: String,
    pub(super) during: During,
    pub(super) source: String,
    pub(super) query: Option<String>,
    pub(super) answer: Option<Answer>,
    pub(super) means: Means,
}

#[derive(Clone, Copy, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum During {
    Callback,
    Exchange,
    Account,
    Refresh,
    Revoke,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Means {
    Declined,
    Refused,
    GrantRefused,
    ClientRefused,
    Unavailable,
    RevokedAlready,
}

impl Fixture {
    pub(super) fn parse(file: &str, text: &str) -> Self {
        let fixture: Self = match toml::from_str(text) {
            Ok(fixture) => fixture,
            Err(error) => panic!("{file}: {error}"),
        };
        let sources = [&fixture.authorize.source, &fixture.callback.source];
        let exchanges = fixture.exchanges.iter().map(|one| &one.source);
        let errors = fixture.errors.iter().map(|one| &one.source);
        for source in sources.into_iter().chain(exchanges).chain(errors) {
            assert!(
                !source.is_empty(),
                "{file}: a part says not where it is from"
            );
        }
        fixture
    }

    /// The hosts that we call.
    pub(super) fn hosts(&self) -> Vec<&str> {
        let ours = self.exchanges.iter().filter(|one| one.name != "delivery");
        let mut hosts: Vec<&str> = ours
            .map(|one| one.request.url.host_str().unwrap())
            .collect();
        hosts.sort_unstable();
        hosts.dedup();
        hosts
    }
}
