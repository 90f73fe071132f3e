//! The webhook inbox: a receiver such as a platform would write, and a page that shows what came.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, PoisonError};

use anyhow::Context;
use askama::Template;
use aws_lc_rs::hmac;
use axum::Router;
use axum::body::Bytes;
use axum::extract::State;
use axum::response::Response;
use axum::routing::{get, post};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use handclasp_ambient::SharedClock;
use handclasp_app::{App, Caller, NewWebhook};
use handclasp_domain::{ClientId, ConsumerId, Timestamp};
use handclasp_web::look::{Brand, Icon, PageContext, PageShell, Tone, render};
use http::{HeaderMap, StatusCode};

use super::{Memory, operator};
use crate::wiring::Addresses;

const PATH: &str = "/demo/inbox";
/// How many messages are shown.
const SHOWN: usize = 100;
/// How far a message's time may be off (Standard Webhooks, "Verifying webhook authenticity"), in seconds.
const TOLERANCE: i64 = 300;

/// Subscribes the inbox to everything.
pub(super) async fn subscribe(
    app: &App,
    caller: &Caller,
    addresses: &Addresses,
) -> anyhow::Result<ConsumerId> {
    let new = NewWebhook {
        url: url(addresses),
        event_types: Vec::new(),
        company_tags: Vec::new(),
        disabled: false,
    };
    Ok(app.create_webhook(caller, new).await?.id)
}

/// Subscribes it anew where the port is another one than before, or the subscription was deleted. What the old one has not got
/// yet stays undelivered.
pub(super) async fn resubscribe(
    app: &App,
    memory: &Memory,
    addresses: &Addresses,
) -> anyhow::Result<ConsumerId> {
    let caller = operator(memory.client);
    let mut current = None;
    for consumer in app.list_webhooks(memory.client).await? {
        if consumer.id == memory.consumer && consumer.url == url(addresses) {
            current = Some(consumer.id);
        } else if consumer.url.ends_with(PATH) {
            app.delete_webhook(&caller, consumer.id).await?;
        }
    }
    match current {
        Some(current) => Ok(current),
        None => subscribe(app, &caller, addresses).await,
    }
}

fn url(addresses: &Addresses) -> String {
    format!("{}{PATH}", addresses.link)
}

/// The inbox.
#[derive(Clone)]
pub(super) struct Inbox(Arc<Inner>);

struct Inner {
    key: hmac::Key,
    clock: SharedClock,
    messages: Mutex<VecDeque<Message>>,
}

#[derive(Clone)]
struct Message {
    at: Timestamp,
    id: String,
    verified: Result<(), &'static str>,
    event_type: String,
    body: String,
}

impl Inbox {
    /// The inbox of the demo's consumer, whose secret it needs to verify what comes.
    pub(super) async fn new(
        app: &App,
        client: ClientId,
        consumer: ConsumerId,
    ) -> anyhow::Result<Self> {
        let secret = app.webhook_secret(client, consumer).await?;
        let bytes = STANDARD
            .decode(secret.expose().trim_start_matches("whsec_"))
            .context("the consumer's secret is not base64")?;
        Ok(Self(Arc::new(Inner {
            key: hmac::Key::new(hmac::HMAC_SHA256, &bytes),
            clock: app.clock().clone(),
            messages: Mutex::default(),
        })))
    }

    /// Where messages arrive.
    pub(super) fn receiver(&self) -> Router {
        Router::new()
            .route(PATH, post(receive))
            .with_state(self.clone())
    }

    /// Where they are shown.
    pub(super) fn pages(&self) -> Router {
        Router::new()
            .route(PATH, get(show))
            .with_state(self.clone())
    }

    /// Verifies a message by the Standard Webhooks specification.
    fn verify(&self, headers: &HeaderMap, body: &[u8]) -> Result<(), &'static str> {
        let header = |name: &str| headers.get(name).and_then(|value| value.to_str().ok());
        let id = header("webhook-id").ok_or("no webhook-id")?;
        let stamp = header("webhook-timestamp").ok_or("no webhook-timestamp")?;
        let seconds: i64 = stamp
            .parse()
            .map_err(|_| "webhook-timestamp is no number")?;
        if (self.0.clock.now().as_seconds() - seconds).abs() > TOLERANCE {
            return Err("webhook-timestamp is too old or too new");
        }
        let signed = [id.as_bytes(), b".", stamp.as_bytes(), b".", body].concat();
        header("webhook-signature")
            .ok_or("no webhook-signature")?
            .split(' ')
            .filter_map(|one| STANDARD.decode(one.strip_prefix("v1,")?).ok())
            .any(|signature| hmac::verify(&self.0.key, &signed, &signature).is_ok())
            .then_some(())
            .ok_or("the signature is wrong")
    }
}

async fn receive(State(inbox): State<Inbox>, headers: HeaderMap, body: Bytes) -> StatusCode {
    let verified = inbox.verify(&headers, &body);
    let read: Option<serde_json::Value> = serde_json::from_slice(&body).ok();
    let message = Message {
        at: inbox.0.clock.now(),
        id: headers
            .get("webhook-id")
            .and_then(|value| value.to_str().ok())
            .unwrap_or_default()
            .to_owned(),
        event_type: read
            .as_ref()
            .and_then(|value| value.get("eventType")?.as_str())
            .unwrap_or("not an event")
            .to_owned(),
        body: read
            .and_then(|value| serde_json::to_string_pretty(&value).ok())
            .unwrap_or_else(|| String::from_utf8_lossy(&body).into_owned()),
        verified,
    };
    let mut messages = inbox
        .0
        .messages
        .lock()
        .unwrap_or_else(PoisonError::into_inner);
    messages.push_front(message);
    messages.truncate(SHOWN);
    match verified {
        Ok(()) => StatusCode::NO_CONTENT,
        Err(_) => StatusCode::UNAUTHORIZED,
    }
}

#[derive(Template)]
#[template(path = "demo_inbox.html")]
struct Page {
    shell: PageShell,
    messages: Vec<Message>,
}

async fn show(State(inbox): State<Inbox>, page: PageContext) -> Response {
    let messages = inbox
        .0
        .messages
        .lock()
        .unwrap_or_else(PoisonError::into_inner);
    render(&Page {
        shell: page.speaking(Some("en")).shell(Brand::of("Webhook inbox")),
        messages: messages.iter().cloned().collect(),
    })
}
