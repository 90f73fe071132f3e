//! Webhook consumers on the wire.

use handclasp_app::{Consumer, NewWebhook};
use handclasp_domain::{ConsumerId, EventType, FieldError};
use serde::{Deserialize, Serialize, Serializer};

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
