//! What the webhook receiver got.

use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use anyhow::{Context, Result};
use http::{HeaderMap, HeaderValue};
use serde_json::Value;
use standardwebhooks::Webhook;
use uuid::Uuid;

use crate::receiver::{Message, Receiver};

/// One message in so many is refused the first time, so that it has to come again.
const REFUSED_ONE_IN: u128 = 97;

/// A server of its own that checks and keeps what comes, as a platform's would.
pub(crate) struct Inbox {
    receiver: Receiver,
    taken: Arc<Mutex<Taken>>,
}

/// What came.
#[derive(Debug, Default)]
pub(crate) struct Taken {
    /// By `webhook-id`.
    pub(crate) messages: HashMap<Uuid, Taking>,
    /// What was wrong with what came, and how often.
    pub(crate) wrong: BTreeMap<String, usize>,
    secret: Option<String>,
}

/// One message.
#[derive(Debug)]
pub(crate) struct Taking {
    /// Its event type.
    pub(crate) kind: String,
    /// The connection it is about, or else the company.
    pub(crate) subject: Uuid,
    /// How often it came and was answered with success.
    pub(crate) accepted: usize,
    /// How often it came and was refused.
    pub(crate) refused: usize,
    body: Vec<u8>,
}

impl Inbox {
    /// Begins to listen.
    pub(crate) async fn start() -> Result<Self> {
        let taken = Arc::<Mutex<Taken>>::default();
        let into = Arc::clone(&taken);
        let receiver = Receiver::start(move |message| lock(&into).take(message)).await?;
        Ok(Self { receiver, taken })
    }

    /// Where messages go.
    pub(crate) fn url(&self) -> String {
        format!("{}/inbox", self.receiver.url())
    }

    /// The secret by which messages are verified from now on.
    pub(crate) fn expect_secret(&self, secret: String) {
        self.taken().secret = Some(secret);
    }

    /// What came so far.
    pub(crate) fn taken(&self) -> MutexGuard<'_, Taken> {
        lock(&self.taken)
    }
}

fn lock(taken: &Mutex<Taken>) -> MutexGuard<'_, Taken> {
    taken.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Taken {
    fn take(&mut self, message: &Message<'_>) -> u16 {
        match self.check(message) {
            Ok(status) => status,
            Err(error) => {
                *self.wrong.entry(format!("{error:#}")).or_default() += 1;
                400
            }
        }
    }

    fn check(&mut self, message: &Message<'_>) -> Result<u16> {
        let mut headers = HeaderMap::new();
        for name in ["webhook-id", "webhook-timestamp", "webhook-signature"] {
            let value = message.header(name).with_context(|| format!("no {name}"))?;
            headers.insert(name, HeaderValue::from_str(value)?);
        }
        let secret = self
            .secret
            .as_deref()
            .context("a message before anyone knew the secret")?;
        Webhook::new(secret)?
            .verify(message.body, &headers)
            .context("a signature that does not verify")?;
        let id: Uuid = message
            .header("webhook-id")
            .unwrap_or_default()
            .parse()
            .context("a webhook-id that is no UUID")?;

        let refuse_first = id.as_u128().is_multiple_of(REFUSED_ONE_IN);
        if let Some(known) = self.messages.get_mut(&id) {
            anyhow::ensure!(known.body == message.body, "one webhook-id with two bodies");
            known.accepted += 1;
            return Ok(200);
        }
        let json: Value = serde_json::from_slice(message.body).context("a body that is no JSON")?;
        let text = |pointer: &str| json.pointer(pointer).and_then(Value::as_str);
        anyhow::ensure!(
            text("/id") == Some(id.to_string().as_str()),
            "a webhook-id that is not the event's"
        );
        let kind = text("/eventType")
            .context("a message without its type")?
            .to_owned();
        let subject = match kind.starts_with("connection.") {
            true => text("/payload/connection/id"),
            false => text("/payload/id"),
        };
        let subject = subject
            .with_context(|| format!("{kind} without its subject"))?
            .parse()?;
        self.messages.insert(
            id,
            Taking {
                kind,
                subject,
                accepted: usize::from(!refuse_first),
                refused: usize::from(refuse_first),
                body: message.body.to_vec(),
            },
        );
        Ok(if refuse_first { 503 } else { 200 })
    }
}

#[cfg(test)]
impl Taking {
    /// One that came once.
    pub(crate) fn of(kind: String, subject: Uuid) -> Self {
        Self {
            kind,
            subject,
            accepted: 1,
            refused: 0,
            body: Vec::new(),
        }
    }
}
