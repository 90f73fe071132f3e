//! The use cases, one file each: what the product does, without HTTP and without SQL.
//!
//! A use case checks what it is asked, prepares all that takes time (ids, seals, calls to third parties), and then does one
//! unit of work on the store: the change, its event and its audit entry together.

mod authenticate;
mod callback;
mod change_company;
mod choose_account;
mod choose_integration;
mod client_integrations;
mod company_products;
mod company_references;
mod company_token;
mod cors;
mod create_client;
mod create_company;
mod create_connection;
mod create_key;
mod create_rule;
mod create_webhook;
mod credentials;
mod customer_url;
mod deauthorize;
mod delete_company;
mod delete_connection;
mod delete_key;
mod delete_rule;
mod delete_webhook;
mod destination;
mod error;
mod finish_journey;
mod integration_settings;
pub mod jobs;
mod journeys;
mod limits;
mod list_companies;
mod list_keys;
mod list_rules;
mod list_webhooks;
mod once;
mod prepare;
mod profile;
mod proxy;
mod quota;
mod read;
mod recent;
mod refresh;
mod registration;
mod replace_rule;
mod rotate_keys;
mod start;
mod start_authorization;
mod take_delivery;
mod tallies;
mod transition;
mod unlink_connection;
mod update_authorization;
mod use_credentials;

use std::sync::Arc;

use futures::future::BoxFuture;
use handclasp_ambient::{SharedClock, SharedRandom};
use handclasp_domain::{Actor, AuditId, ClientId, CorrelationId, ReplicaId, Secret, Timestamp};
use handclasp_integrations::Catalogue;
use handclasp_outbound::Outbound;
use handclasp_store::audit::{self, AuditEntry};
use handclasp_store::{Store, StoreError, Tx};
use handclasp_vault::{MacKey, Vault};
use tokio::sync::Notify;
use tokio_util::task::TaskTracker;
use url::Url;

use crate::limits::Limits;
use crate::proxy::Proxied;
use crate::refresh::Turns;

pub use authenticate::{ApiKeyText, Authenticated, KeyCache, KnownKey, NotTaken};
pub use callback::{CallbackAnswer, outcome_of};
pub use change_company::CompanyChange;
pub use choose_account::OfferedAccount;
pub use choose_integration::{Choice, Chosen};
pub use client_integrations::{ClientIntegrations, NeedsCredentials, NotOffered};
pub use company_token::{COMPANY_TOKEN_LIFETIME, CompanyToken};
pub use cors::CORS_ORIGINS_MOST;
pub use create_client::NewClient;
pub use create_company::NewCompany;
pub use create_key::{KEYS_MOST, MadeApiKey, NewApiKey};
pub use create_rule::{NewRule, RULES_MOST};
pub use create_webhook::{CONSUMERS_MOST, NewWebhook};
pub use deauthorize::Ended;
pub use destination::Destination;
pub use error::{AppError, Refusal, ThirdPartyError};
pub use finish_journey::Ending;
pub use integration_settings::{EnteredField, IntegrationChange, IntegrationSettings};
pub use journeys::{Browser, LinkView, PageOf};
pub use limits::LimitSettings;
pub use list_companies::{CompanyList, QUERY_LIMIT};
pub use once::{ANSWER_KEPT, Begun, Once, RequestKey, WholeAnswer};
pub use prepare::Prepared;
pub use profile::{AlertAuthHeader, ProfileChange};
pub use rotate_keys::{AtHand, KeyUse, Rotated};
pub use start::{StartError, check_key, prepare};
pub use start_authorization::{ConsentGiven, Origin, StartAuthorization};
pub use use_credentials::UsableCredentials;

pub use handclasp_store::attempt::AuthorizationRequest;
pub use handclasp_store::client::Client;
pub use handclasp_store::company::CompanyWithConnections;
pub use handclasp_store::connection::ConnectionWithErrors;
pub use handclasp_store::consumer::Consumer;
pub use handclasp_store::journey::{Journey, Parameters};

/// Everything the use cases work with. Cheap to clone.
#[derive(Clone)]
pub struct App(Arc<Inner>);

/// What an [`App`] is made of. See [`App::new`].
pub struct Parts {
    /// The database.
    pub store: Store,
    /// Seals what must not be read.
    pub vault: Vault,
    /// Opens connections to third parties.
    pub outbound: Outbound,
    /// The integrations.
    pub catalogue: Catalogue,
    /// The time.
    pub clock: SharedClock,
    /// Randomness.
    pub random: SharedRandom,
    /// What the operator set.
    pub settings: Settings,
    /// What MACs are derived from: see [`prepare`].
    pub secrets: Secrets,
    /// This process.
    pub replica: ReplicaId,
}

struct Inner {
    parts: Parts,
    to_customers: Outbound,
    keys: KeyCache,
    in_flight: Arc<once::InFlight>,
    limits: Limits,
    turns: Arc<Turns>,
    proxied: Proxied,
    tasks: TaskTracker,
    events: Notify,
    attempts: Notify,
}

/// What the operator set, as far as the use cases need it.
#[derive(Debug, Clone)]
pub struct Settings {
    /// Where Link stands: the origin of every Link URL and callback address.
    pub link_url: Url,
    /// Whether people are offered sandbox integrations.
    pub sandbox: SandboxMode,
    /// How many requests are taken.
    pub limits: LimitSettings,
}

/// Whether people are offered sandbox integrations.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SandboxMode {
    /// Never, whatever the Link URL says.
    Never,
    /// Where the Link URL asks for them.
    ByParameter,
    /// Unless the Link URL hides them.
    Shown,
}

/// Keys for values that must not be forged, each for its purpose alone.
#[derive(Clone)]
pub struct Secrets {
    /// For forms: which browser a form was made for.
    pub forms: MacKey,
    /// For the registrations at the built-in third party.
    pub sandbox_registration: MacKey,
    /// For the codes and tokens of the built-in third party.
    pub sandbox_tokens: MacKey,
    /// What the built-in third party signs ID tokens with: an ECDSA key on P-256, as PKCS#8.
    pub sandbox_signing: Secret<Vec<u8>>,
    /// For the addresses and user agents in consents.
    pub consents: MacKey,
    /// For the access tokens of companies.
    pub company_tokens: MacKey,
    /// For what requests with an idempotency key were.
    pub idempotency: MacKey,
}

/// On whose behalf something is done.
#[derive(Debug, Clone)]
pub struct Caller {
    /// The tenant. Every query has it.
    pub client: ClientId,
    /// Who.
    pub actor: Actor,
    /// The name that it goes by, of an API key or a staff user. What it creates shows it.
    pub name: Option<String>,
    /// From which network address.
    pub address: Option<String>,
    /// The request.
    pub correlation: Option<CorrelationId>,
    /// Where the request has an idempotency key: what keeps its answer.
    pub once: Option<Arc<Once>>,
}

impl Caller {
    /// The server itself, for a client's data.
    pub(crate) const fn system(client: ClientId) -> Self {
        Self {
            client,
            actor: Actor::System,
            name: None,
            address: None,
            correlation: None,
            once: None,
        }
    }
}

impl App {
    /// Puts the parts together.
    pub fn new(parts: Parts) -> Self {
        Self(Arc::new(Inner {
            to_customers: parts.outbound.without_pins(),
            limits: Limits::new(parts.settings.limits),
            parts,
            keys: KeyCache::default(),
            in_flight: Arc::default(),
            turns: Arc::default(),
            proxied: Proxied::default(),
            tasks: TaskTracker::new(),
            events: Notify::new(),
            attempts: Notify::new(),
        }))
    }

    /// The database.
    pub fn store(&self) -> &Store {
        &self.0.parts.store
    }

    /// The vault.
    pub fn vault(&self) -> &Vault {
        &self.0.parts.vault
    }

    /// The guarded client, for what integrations declare: third parties and the Sandbox.
    pub fn outbound(&self) -> &Outbound {
        &self.0.parts.outbound
    }

    /// The guarded client for addresses that customers write, as of webhooks. Nothing is pinned for it: the way to the Sandbox
    /// would be one to the server's own doors.
    pub fn outbound_to_customers(&self) -> &Outbound {
        &self.0.to_customers
    }

    /// The integrations.
    pub fn catalogue(&self) -> &Catalogue {
        &self.0.parts.catalogue
    }

    /// The settings.
    pub fn settings(&self) -> &Settings {
        &self.0.parts.settings
    }

    /// The clock.
    pub fn clock(&self) -> &SharedClock {
        &self.0.parts.clock
    }

    /// The random source.
    pub fn random(&self) -> &SharedRandom {
        &self.0.parts.random
    }

    /// The keys for MACs.
    pub fn secrets(&self) -> &Secrets {
        &self.0.parts.secrets
    }

    /// This process.
    pub fn replica(&self) -> ReplicaId {
        self.0.parts.replica
    }

    /// The present instant.
    pub fn now(&self) -> Timestamp {
        self.0.parts.clock.now()
    }

    /// Work that outlives the request that began it. The server waits for it when it stops.
    pub fn tasks(&self) -> &TaskTracker {
        &self.0.tasks
    }

    /// Told when an event was written in this process. A hint: events of other processes are found by looking.
    pub fn events_written(&self) -> &Notify {
        &self.0.events
    }

    /// Carries out a change whose transaction writes this audit entry. Where the answer to its COMMIT was lost, the entry tells
    /// whether it was carried out.
    pub(crate) async fn carry_out<I, F>(
        &self,
        name: &'static str,
        (client, entry): (ClientId, AuditId),
        input: I,
        body: F,
    ) -> Result<(), AppError>
    where
        I: Send + Sync + 'static,
        F: for<'a> Fn(&'a mut Tx, &'a I) -> BoxFuture<'a, Result<(), AppError>>
            + Copy
            + Send
            + Sync
            + 'static,
    {
        self.store()
            .write_marked(name, input, body, move |tx, _| {
                Box::pin(audit::exists(tx, client, entry))
            })
            .await
    }

    pub(crate) fn attempts_finished(&self) -> &Notify {
        &self.0.attempts
    }

    pub(crate) fn in_flight(&self) -> &Arc<once::InFlight> {
        &self.0.in_flight
    }

    pub(crate) fn turns(&self) -> &Arc<Turns> {
        &self.0.turns
    }

    pub(crate) fn proxied(&self) -> &Proxied {
        &self.0.proxied
    }

    pub(crate) fn keys(&self) -> &KeyCache {
        &self.0.keys
    }

    pub(crate) fn limits(&self) -> &Limits {
        &self.0.limits
    }

    pub(crate) fn id<I: handclasp_domain::Id>(&self) -> I {
        handclasp_ambient::new_id(&*self.0.parts.random)
    }

    pub(crate) fn logged_id<I: handclasp_domain::Id>(&self) -> I {
        handclasp_ambient::new_logged_id(&*self.0.parts.clock, &*self.0.parts.random)
    }

    /// An audit entry of what a caller does. Add whom it is about: `AuditEntry { company: Some(id), ..self.entry(…) }`.
    pub(crate) fn entry(&self, caller: &Caller, action: &'static str, at: Timestamp) -> AuditEntry {
        AuditEntry {
            client: caller.client,
            id: self.logged_id(),
            at,
            actor: caller.actor,
            action,
            company: None,
            subject: None,
            address: caller.address.clone(),
            correlation: caller.correlation,
        }
    }

    /// A company's Link URL.
    pub fn link_url(&self, company: handclasp_domain::CompanyId) -> String {
        format!("{}company/{company}", self.settings().link_url)
    }

    /// A connection's own address, which leads straight to its third party.
    pub fn connection_link_url(
        &self,
        company: handclasp_domain::CompanyId,
        connection: handclasp_domain::ConnectionId,
    ) -> String {
        let base = &self.settings().link_url;
        format!("{base}companies/{company}/connections/{connection}/start")
    }

    /// Whether what is told of a connection to this integration is made up.
    pub fn is_sandbox(&self, platform: handclasp_domain::PlatformKey) -> bool {
        let integration = self.catalogue().get(platform);
        integration.is_some_and(|integration| integration.sandbox)
    }
}

/// Runs a unit of work again while others get in its way.
pub(crate) async fn while_raced<T, F>(mut attempt: impl FnMut() -> F) -> Result<T, AppError>
where
    F: Future<Output = Result<T, AppError>>,
{
    for _ in 0..8 {
        match attempt().await {
            Err(AppError::Raced) => {}
            other => return other,
        }
    }
    Err(AppError::Store(StoreError::Conflict))
}
