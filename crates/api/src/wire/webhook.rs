//! Webhook consumers on the wire.

use handclasp_app::{Consumer, NewWebhook};
use handclasp_domain::{ConsumerId, EventType, FieldError};
use serde::{Deserialize, Serialize, Serializer};
use serde_json::{Value, json};

use crate::doc::shape::{flag, id, list, object, or_null, url, with, word};
use crate::doc::{Schemas, Shape};

/// A webhook consumer, without its secret.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct WebhookConsumer<'a> {
    id: ConsumerId,
    url: &'a str,
    disabled: bool,
    #[serde(serialize_with = "words")]
    event_types: &'a [EventType],
    company_tags: &'a [String],
}

fn words<S: Serializer>(kinds: &&[EventType], serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_seq(kinds.iter().map(|kind| kind.as_str()))
}

impl<'a> From<&'a Consumer> for WebhookConsumer<'a> {
    fn from(consumer: &'a Consumer) -> Self {
        Self {
            id: consumer.id,
            url: &consumer.url,
            disabled: consumer.disabled,
            event_types: &consumer.event_types,
            company_tags: &consumer.company_tags,
        }
    }
}

/// All of a client's webhook consumers. The contract gives this list no pages.
#[derive(Serialize)]
pub(crate) struct WebhookConsumers<'a> {
    pub(crate) results: Vec<WebhookConsumer<'a>>,
}

/// A webhook consumer's signing secret, in the form `whsec_…` of the Standard Webhooks specification.
#[derive(Serialize)]
pub(crate) struct WebhookSecret<'a> {
    pub(crate) secret: &'a str,
}

/// What a webhook consumer is created with.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct CreateWebhook {
    url: Option<String>,
    event_types: Option<Vec<String>>,
    company_tags: Option<Vec<String>>,
    disabled: Option<bool>,
}

impl CreateWebhook {
    /// Checks that what is required is there; the rest is the use case's to check.
    pub(crate) fn parse(self) -> Result<NewWebhook, FieldError> {
        Ok(NewWebhook {
            url: self.url.ok_or_else(|| super::missing("url"))?,
            event_types: self.event_types.unwrap_or_default(),
            company_tags: self.company_tags.unwrap_or_default(),
            disabled: self.disabled.unwrap_or_default(),
        })
    }
}

impl Shape for WebhookConsumer<'_> {
    const NAME: &'static str = "WebhookConsumer";

    fn schema(_: &mut Schemas) -> Value {
        object("A webhook consumer: an address of yours that is told what happened.")
            .must("id", id("Its id."))
            // As it is called: written out, it may be longer than it came.
            .must("url", address())
            .must("disabled", disabled())
            .must("eventTypes", kinds())
            .must("companyTags", company_tags())
            .schema()
    }
}

impl Shape for WebhookConsumers<'_> {
    const NAME: &'static str = "WebhookConsumers";

    fn schema(all: &mut Schemas) -> Value {
        let consumers = list(
            "All of them, the oldest first.",
            all.of::<WebhookConsumer<'_>>(),
        );
        object("Your webhook consumers.")
            .must("results", with(consumers, json!({ "maxItems": 50 })))
            .schema()
    }
}

impl Shape for WebhookSecret<'_> {
    const NAME: &'static str = "WebhookSecret";

    fn schema(_: &mut Schemas) -> Value {
        let secret = json!({
            "type": "string",
            "description": "The secret, in the form of the Standard Webhooks specification.",
            "pattern": "^whsec_[A-Za-z0-9+/]+=*$",
            "example": "whsec_C2FVsBQIhrscChlQIMV+b5sSYspob7oD",
        });
        object("What a consumer's messages are signed with.")
            .must("secret", secret)
            .schema()
    }
}

impl Shape for CreateWebhook {
    const NAME: &'static str = "CreateWebhook";

    fn schema(_: &mut Schemas) -> Value {
        object("What a webhook consumer is created with.")
            .must(
                "url",
                with(address(), json!({ "maxLength": 2048, "pattern": HTTPS })),
            )
            .may("eventTypes", or_null(kinds()))
            .may("companyTags", or_null(company_tags()))
            .may("disabled", or_null(disabled()))
            .schema()
    }
}

/// For this host or none plain `http` may be allowed too, which the server's operator decides.
const HTTPS: &str = "^[Hh][Tt][Tt][Pp][Ss]?://";

fn address() -> Value {
    let example = "https://app.example.com/events";
    url("The address, which leads to no private network.", example)
}

fn disabled() -> Value {
    flag("Whether it gets nothing for now.")
}

fn kinds() -> Value {
    let words = EventType::ALL.iter().map(|kind| kind.as_str());
    list(
        "The events it gets; empty for all.",
        word("A kind of event.", words),
    )
}

fn company_tags() -> Value {
    let pair = json!({
        "type": "string",
        "description": "A label and its value, as `region:eu`.",
        "maxLength": 128,
        "pattern": r"^[^:\u0000-\u001f\u007f-\u009f\u2028\u2029]+:[^\u0000-\u001f\u007f-\u009f\u2028\u2029]*$",
        "example": "region:eu",
    });
    let list = list(
        "The labels of the companies whose events it gets; empty for all companies.",
        pair,
    );
    with(list, json!({ "maxItems": 10 }))
}
