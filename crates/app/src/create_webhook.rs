//! A new webhook consumer.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use handclasp_ambient::random_bytes;
use handclasp_domain::{ConsumerId, EventType, FieldError, Id, Secret, is_one_line};
use handclasp_store::audit::{self, AuditEntry};
use handclasp_store::consumer::{self, Consumer};
use handclasp_vault::Cell;
use zeroize::Zeroizing;

use crate::{App, AppError, Caller, Refusal};

/// How many consumers a client may have.
pub const CONSUMERS_MOST: i64 = 50;

/// What a webhook consumer is created with.
#[derive(Debug, Clone)]
pub struct NewWebhook {
    /// The address.
    pub url: String,
    /// The events it wants, in the wire's words; empty for all.
    pub event_types: Vec<String>,
    /// The company labels it wants, as `key:value`; empty for all companies.
    pub company_tags: Vec<String>,
    /// Whether it gets nothing for now.
    pub disabled: bool,
}

impl App {
    /// Creates a webhook consumer with a signing secret of its own, which [`App::webhook_secret`] shows.
    pub async fn create_webhook(
        &self,
        caller: &Caller,
        new: NewWebhook,
    ) -> Result<Consumer, AppError> {
        let event_types = event_types(&new.event_types)?;
        check_tags(&new.company_tags)?;
        let url = self.parse_customer_url("url", &new.url)?;
        let id: ConsumerId = self.id();
        let consumer = Consumer {
            client: caller.client,
            id,
            url: url.into(),
            event_types,
            company_tags: new.company_tags,
            disabled: new.disabled,
            secret: self
                .vault()
                .seal(
                    &secret_cell(caller.client, id),
                    self.draw_secret().as_bytes(),
                )
                .map_err(|_| AppError::Internal("a webhook's secret can't be sealed"))?,
            created: self.now(),
        };
        let entry = AuditEntry {
            subject: Some(id.uuid()),
            ..self.entry(caller, "webhook.create", consumer.created)
        };
        let mark = caller.mark(&entry);
        self.carry_out_once(
            "create_webhook",
            mark,
            (consumer, entry),
            |tx, (new, entry)| {
                Box::pin(async move {
                    // Under SERIALIZABLE two that count at once do not both get in.
                    if consumer::count(tx, new.client).await? >= CONSUMERS_MOST {
                        return Err(Refusal::TooManyWebhooks.into());
                    }
                    consumer::insert(tx, new).await?;
                    audit::insert(tx, entry).await?;
                    Ok(new.clone())
                })
            },
        )
        .await
    }

    /// A secret as the Standard Webhooks specification writes it.
    fn draw_secret(&self) -> Zeroizing<String> {
        let drawn = Zeroizing::new(random_bytes::<32>(&**self.random()));
        let mut text = Zeroizing::new(String::with_capacity(64));
        text.push_str("whsec_");
        STANDARD.encode_string(drawn.as_slice(), &mut text);
        text
    }

    /// Opens the signing secret of a consumer: `whsec_` and its base64.
    pub fn open_webhook_secret(&self, consumer: &Consumer) -> Result<Secret<String>, AppError> {
        self.vault()
            .open_text(&secret_cell(consumer.client, consumer.id), &consumer.secret)
            .map_err(|_| AppError::Internal("a webhook's secret can't be opened"))
    }
}

fn secret_cell(client: handclasp_domain::ClientId, id: ConsumerId) -> Cell {
    Cell {
        client: Some(client),
        table: "consumer",
        row: id.uuid(),
        column: "secret",
    }
}

/// Reads the wire's words; twice the same counts once.
fn event_types(words: &[String]) -> Result<Vec<EventType>, FieldError> {
    let mut kinds = Vec::with_capacity(words.len().min(EventType::ALL.len()));
    for (index, word) in words.iter().enumerate() {
        let kind = EventType::parse(word).ok_or_else(|| {
            FieldError::new(
                format!("eventTypes[{index}]"),
                "is not an event type of this server",
            )
        })?;
        if !kinds.contains(&kind) {
            kinds.push(kind);
        }
    }
    Ok(kinds)
}

fn check_tags(tags: &[String]) -> Result<(), FieldError> {
    if tags.len() > 10 {
        return Err(FieldError::new(
            "companyTags",
            "must have at most 10 entries",
        ));
    }
    for (index, tag) in tags.iter().enumerate() {
        let field = || format!("companyTags[{index}]");
        if tag.chars().count() > 128 {
            return Err(FieldError::new(field(), "must have at most 128 characters"));
        }
        if !is_one_line(tag) {
            return Err(FieldError::new(field(), "must not have control characters"));
        }
        if tag.split_once(':').is_none_or(|(key, _)| key.is_empty()) {
            return Err(FieldError::new(field(), "must have the form key:value"));
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_known_ones() {
        let words = |list: &[&str]| list.iter().map(|w| (*w).to_owned()).collect::<Vec<_>>();
        let kinds = event_types(&words(&[
            "company.created",
            "connection.deleted",
            "company.created",
        ]));
        let expected = [EventType::CompanyCreated, EventType::ConnectionDeleted];
        assert_eq!(kinds.unwrap(), expected);
        let wrong = event_types(&words(&["company.created", "Company.Created"])).unwrap_err();
        assert_eq!(wrong.field, "eventTypes[1]");
    }

    #[test]
    fn tags_are_pairs() {
        let tags =
            |list: &[&str]| check_tags(&list.iter().map(|w| (*w).to_owned()).collect::<Vec<_>>());
        assert!(tags(&["region:eu", "a:", "a:b:c"]).is_ok());
        for bad in [
            "",
            "region",
            ":eu",
            "a:\0",
            "a\n:b",
            "a:b\u{2028}",
            &format!("a:{}", "v".repeat(127)),
        ] {
            assert_eq!(tags(&["x:y", bad]).unwrap_err().field, "companyTags[1]");
        }
        assert_eq!(tags(&["a:b"; 11]).unwrap_err().field, "companyTags");
    }
}
