//! The use cases over a test's own database.

use std::sync::Arc;

use axum::Router;
use handclasp_ambient::{ManualClock, SeededRandom, SharedClock, SharedRandom, new_id};
use handclasp_app::{
    App, Caller, Client, LimitSettings, NewApiKey, Parts, SandboxMode, Settings, prepare,
};
use handclasp_domain::{Actor, ClientId, Scopes, Secret, Timestamp};
use handclasp_integrations::{Catalogue, EMBEDDED, Folder, Origins};
use handclasp_outbound::{Outbound, Pin, Policy};
use handclasp_store::StoreOptions;
use handclasp_vault::{KeyRing, MasterKey, Vault};
use url::Url;

use crate::{Http, TestDatabase};

/// When every test begins: 2026-03-01T12:00:00Z.
pub const START: Timestamp = Timestamp::from_seconds(1_772_366_400);

/// What the master key of tests is drawn from.
pub const MASTER_KEY: u64 = 0x4a4d;

/// The logo of what a test declares.
const LOGO: &str = r#"<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 1 1"></svg>"#;

/// What a test may want to have otherwise. [`TestApp::start`] takes the defaults.
pub struct Setup {
    /// Where Link stands. Default `http://127.0.0.1:4000/`, where nobody listens.
    pub link_url: Url,
    /// Where the built-in third party stands. Default `http://localhost:4000/`, where nobody listens.
    pub sandbox_url: Url,
    /// Whether people are offered sandbox integrations. Default: yes, unless the Link URL hides them.
    pub sandbox: SandboxMode,
    /// Integrations beside the embedded ones: the name of each one's folder, and its `integration.toml`.
    pub declarations: Vec<(&'static str, String)>,
    /// Addresses of origins that no name server knows.
    pub pins: Vec<Pin>,
    /// How many requests are taken. Default: any number.
    pub limits: LimitSettings,
    /// What the master keys are drawn from, the current one first. Default: one that is the same in every test.
    pub master_keys: Vec<u64>,
}

impl Default for Setup {
    fn default() -> Self {
        let url = |text: &str| match Url::parse(text) {
            Ok(url) => url,
            Err(error) => panic!("{text}: {error}"),
        };
        Self {
            link_url: url("http://127.0.0.1:4000/"),
            sandbox_url: url("http://localhost:4000/"),
            sandbox: SandboxMode::Shown,
            declarations: Vec::new(),
            pins: Vec::new(),
            limits: LimitSettings::default(),
            master_keys: vec![MASTER_KEY],
        }
    }
}

/// The use cases over a database of this test's own. The clock stands at [`START`] until it is moved, ids and secrets are the same
/// in every run, and calls to loopback are allowed.
pub struct TestApp {
    /// The use cases.
    pub app: App,
    /// Their clock.
    pub clock: Arc<ManualClock>,
    /// Their database.
    pub database: TestDatabase,
    /// How often they were started.
    starts: u64,
}

impl TestApp {
    /// Starts with the defaults.
    pub async fn start() -> Self {
        Self::with(Setup::default()).await
    }

    /// Starts with something otherwise.
    pub async fn with(setup: Setup) -> Self {
        let database = TestDatabase::fresh().await;
        let clock = Arc::new(ManualClock::at(START));
        let random: SharedRandom = Arc::new(SeededRandom::new(1));
        let app = Self::over(setup, &database, clock.clone(), random).await;
        Self {
            app,
            clock,
            database,
            starts: 1,
        }
    }

    /// Use cases over a database that is there already, as a second replica or a restarted server has them.
    pub async fn over(
        setup: Setup,
        database: &TestDatabase,
        clock: SharedClock,
        random: SharedRandom,
    ) -> App {
        let store = database.store().clone();
        // The same in every run, and apart from what the test draws.
        let key = |seed: &u64| MasterKey::generate(&SeededRandom::new(*seed));
        let Some((current, older)) = setup.master_keys.split_first() else {
            panic!("a server has a master key");
        };
        let keys = match KeyRing::new(key(current), older.iter().map(key).collect()) {
            Ok(keys) => keys,
            Err(error) => panic!("no key ring: {error}"),
        };
        let vault = Vault::new(keys, random.clone());
        let secrets = match prepare(&store, &vault, &*clock, &*random).await {
            Ok(secrets) => secrets,
            Err(error) => panic!("the test's server does not start: {error}"),
        };
        let origins = match Origins::new(&setup.sandbox_url) {
            Ok(origins) => origins,
            Err(error) => panic!("the sandbox's address {error}"),
        };
        let declared = setup.declarations.iter().map(|(name, declaration)| Folder {
            path: name,
            declaration,
            logo: LOGO,
        });
        let folders: Vec<_> = EMBEDDED.iter().copied().chain(declared).collect();
        let catalogue = match Catalogue::parse(&folders, &origins) {
            Ok(catalogue) => catalogue,
            Err(error) => panic!("no catalogue: {error}"),
        };
        let loopback = ["127.0.0.0/8", "::1/128"].map(|range| match range.parse() {
            Ok(range) => range,
            Err(error) => panic!("{range}: {error}"),
        });
        let outbound = Outbound::new(Policy {
            allowed_ranges: loopback.into(),
            pins: setup.pins,
            ..Policy::default()
        });
        let outbound = match outbound {
            Ok(outbound) => outbound,
            Err(error) => panic!("no outgoing client: {error}"),
        };
        App::new(Parts {
            store,
            vault,
            outbound,
            catalogue,
            settings: Settings {
                link_url: setup.link_url,
                sandbox: setup.sandbox,
                limits: setup.limits,
            },
            secrets,
            replica: new_id(&*random),
            clock,
            random,
        })
    }

    /// Closes the database, opens it again with something otherwise, and starts anew over it, with the defaults.
    pub async fn restart_with(&mut self, change: impl FnOnce(&mut StoreOptions)) {
        self.database.reopen_with(change).await;
        self.restart(Setup::default()).await;
    }

    /// Starts anew over the same database, with something otherwise.
    pub async fn restart(&mut self, setup: Setup) {
        // Another seed: a server that starts anew draws other ids than it did before.
        self.starts += 1;
        let random: SharedRandom = Arc::new(SeededRandom::new(self.starts));
        let clock: SharedClock = self.clock.clone();
        self.app = Self::over(setup, &self.database, clock, random).await;
    }

    /// A new client whose key may do everything.
    pub async fn client(&self) -> TestClient {
        self.client_with(Scopes::EVERYTHING).await
    }

    /// A new client whose key may do this.
    pub async fn client_with(&self, scopes: Scopes) -> TestClient {
        match self.app.create_client("Lender Ltd", scopes).await {
            Ok(made) => TestClient {
                app: self.app.clone(),
                client: made.client,
                key: made.api_key,
            },
            Err(error) => panic!("no client: {error}"),
        }
    }
}

/// A client with its API key.
pub struct TestClient {
    app: App,
    /// The client, as it was made.
    pub client: Client,
    /// Its first key.
    pub key: Secret<String>,
}

impl TestClient {
    /// Its id.
    pub fn id(&self) -> ClientId {
        self.client.id
    }

    /// A further key, which may do this.
    pub async fn key_with(&self, scopes: Scopes) -> Secret<String> {
        let operator = Caller {
            client: self.id(),
            actor: Actor::Operator,
            address: None,
            correlation: None,
            once: None,
            name: None,
        };
        let new = NewApiKey { name: None, scopes };
        let made = self
            .app
            .create_api_key(&operator, Scopes::EVERYTHING, new)
            .await;
        match made {
            Ok(made) => made.text,
            Err(error) => panic!("no further key: {error}"),
        }
    }

    /// Requests to a router with the client's key.
    pub fn api(&self, router: Router) -> Http {
        Http::new(router).with_key(self.key.expose())
    }
}
