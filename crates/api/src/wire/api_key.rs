//! API keys on the wire.

use handclasp_app::{MadeApiKey, NewApiKey};
use handclasp_domain::{ApiKey, ApiKeyId, FieldError, Scope, Scopes};
use serde::{Deserialize, Serialize, Serializer};
use serde_json::{Value, json};

use super::Instant;
use crate::doc::shape::{id, line, list, object, or_null, text, time, with, word};
use crate::doc::{Schemas, Shape};

/// An API key. `scopes` and `lastUsed` go beyond the contract.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct ApiKeyDetails<'a> {
    id: ApiKeyId,
    #[serde(skip_serializing_if = "Option::is_none")]
    name: Option<&'a str>,
    /// The key's text: in the answer to its creation alone. Nobody has it any more afterwards.
    #[serde(skip_serializing_if = "Option::is_none")]
    api_key: Option<&'a str>,
    created_date: Instant,
    #[serde(serialize_with = "words")]
    scopes: Scopes,
    #[serde(skip_serializing_if = "Option::is_none")]
    last_used: Option<Instant>,
}

fn words<S: Serializer>(scopes: &Scopes, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_seq(scopes.iter().map(Scope::as_str))
}

impl<'a> From<&'a ApiKey> for ApiKeyDetails<'a> {
    fn from(key: &'a ApiKey) -> Self {
        Self {
            id: key.id,
            name: key.name.as_deref(),
            api_key: None,
            created_date: Instant(key.created),
            scopes: key.scopes,
            last_used: key.last_used.map(Instant),
        }
    }
}

impl<'a> From<&'a MadeApiKey> for ApiKeyDetails<'a> {
    fn from(made: &'a MadeApiKey) -> Self {
        Self {
            api_key: Some(made.text.expose()),
            ..Self::from(&made.key)
        }
    }
}

/// All of a client's API keys. The contract gives this list no pages.
#[derive(Serialize)]
pub(crate) struct ApiKeys<'a> {
    pub(crate) results: Vec<ApiKeyDetails<'a>>,
}

/// What an API key is created with. All of it may be left out.
#[derive(Default, Deserialize)]
pub(crate) struct CreateApiKey {
    name: Option<String>,
    /// Beyond the contract: what the key may do, `read` and `write` where nothing is said.
    scopes: Option<Vec<String>>,
}

impl CreateApiKey {
    /// Reads the scopes; the rest is the use case's to check.
    pub(crate) fn parse(self) -> Result<NewApiKey, FieldError> {
        Ok(NewApiKey {
            name: self.name,
            scopes: match self.scopes {
                Some(words) => scopes(&words)?,
                None => Scopes::ORDINARY,
            },
        })
    }
}

fn scopes(words: &[String]) -> Result<Scopes, FieldError> {
    if words.is_empty() {
        let problem = "must hold at least one of read, write and credentials";
        return Err(FieldError::new("scopes", problem));
    }
    let mut scopes = Scopes::default();
    for (place, word) in words.iter().enumerate() {
        let Some(scope) = Scope::parse(word) else {
            let problem = "must be read, write or credentials";
            return Err(FieldError::new(format!("scopes[{place}]"), problem));
        };
        scopes = scopes.with(scope);
    }
    Ok(scopes)
}

impl Shape for ApiKeyDetails<'_> {
    const NAME: &'static str = "ApiKeyDetails";

    fn schema(_: &mut Schemas) -> Value {
        object("An API key.")
            .must("id", id("The key's id."))
            .may("name", name())
            .may("apiKey", text("The key itself, when it is created."))
            .must("createdDate", time("When it was created."))
            .must("scopes", list("What it may do.", scope()))
            .may("lastUsed", time("When it was last used, to some seconds."))
            .schema()
    }
}

impl Shape for ApiKeys<'_> {
    const NAME: &'static str = "ApiKeys";

    fn schema(all: &mut Schemas) -> Value {
        let key = all.of::<ApiKeyDetails<'_>>();
        object("All of the client's API keys.")
            .must("results", list("The keys, the oldest first.", key))
            .schema()
    }
}

impl Shape for CreateApiKey {
    const NAME: &'static str = "CreateApiKey";

    fn schema(_: &mut Schemas) -> Value {
        let scopes = list(
            "What it may do; `read` and `write` where nothing is said.",
            scope(),
        );
        object("What an API key is created with.")
            .may("name", or_null(name()))
            .may("scopes", or_null(with(scopes, json!({ "minItems": 1 }))))
            .schema()
    }
}

fn name() -> Value {
    with(
        line("Your name for it.", 0, 50),
        json!({ "example": "invoices" }),
    )
}

fn scope() -> Value {
    word("A scope.", Scope::ALL.iter().map(|scope| scope.as_str()))
}
