//! Creating companies through the use case and the store, in this process: what HTTP adds to is measured without it.

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use anyhow::{Context, Result};
use handclasp_ambient::{SharedClock, SharedRandom, SystemClock, SystemRandom, new_id};
use handclasp_app::{
    App, Caller, LimitSettings, NewCompany, Parts, SandboxMode, Settings, prepare,
};
use handclasp_domain::{Actor, ClientId, CompanyName, Products, References, Scopes, Tags};
use handclasp_integrations::{Catalogue, Origins};
use handclasp_outbound::{Outbound, Policy};
use handclasp_store::{Database, Store, StoreOptions};
use handclasp_vault::{KeyRing, MasterKey, Vault};
use tokio::runtime::Runtime;
use url::Url;

/// The use cases over a database, with a client.
pub struct InProcess {
    app: App,
    client: ClientId,
    /// There until it is dropped.
    runtime: Option<Runtime>,
}

impl InProcess {
    /// Opens it: SQLite in `folder`, or PostgreSQL.
    pub fn open(folder: &Path, postgres: Option<&str>) -> Result<Self> {
        let database = match postgres {
            None => Database::Sqlite {
                path: folder.join("in-process.db"),
            },
            Some(url) => Database::Postgres {
                url: url.to_owned(),
                pool_size: 16,
                prepared_statements: true,
            },
        };
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(2)
            .enable_all()
            .build()?;
        let (app, client) = runtime.block_on(async {
            let store = Store::open(StoreOptions::new(database)).await?;
            let app = app(store, MasterKey::generate(&SystemRandom)).await?;
            let made = app.create_client("Bench", Scopes::EVERYTHING).await?;
            anyhow::Ok((app, made.client.id))
        })?;
        Ok(Self {
            app,
            client,
            runtime: Some(runtime),
        })
    }

    /// Has `callers` create companies, each one after the other: companies a second.
    pub fn creates(&self, callers: usize, during: Duration) -> Result<f64> {
        static NAMES: AtomicU64 = AtomicU64::new(0);
        let runtime = self.runtime.as_ref().context("it is closed")?;
        runtime.block_on(async {
            let began = Instant::now();
            let mut tasks = tokio::task::JoinSet::new();
            for _ in 0..callers {
                let (app, client) = (self.app.clone(), self.client);
                tasks.spawn(async move {
                    let mut count = 0_u32;
                    let caller = Caller {
                        client,
                        actor: Actor::ApiKey(new_id(&SystemRandom)),
                        name: None,
                        address: Some("127.0.0.1".to_owned()),
                        correlation: Some(new_id(&SystemRandom)),
                        once: None,
                    };
                    while began.elapsed() < during {
                        let name = NAMES.fetch_add(1, Ordering::Relaxed);
                        let new = NewCompany {
                            name: CompanyName::parse(&format!("Customer {name}"))?,
                            description: None,
                            tags: Tags::default(),
                            products: Products::default(),
                            references: References::default(),
                        };
                        app.create_company(&caller, new).await?;
                        count += 1;
                    }
                    anyhow::Ok(count)
                });
            }
            let mut count = 0;
            while let Some(ended) = tasks.join_next().await {
                count += ended??;
            }
            Ok(f64::from(count) / began.elapsed().as_secs_f64())
        })
    }
}

/// Closes the database, too: its threads end when nobody has it any more.
impl Drop for InProcess {
    fn drop(&mut self) {
        // Dropping a runtime waits, which is not allowed where this may be dropped.
        if let Some(runtime) = self.runtime.take() {
            runtime.shutdown_background();
        }
    }
}

/// The use cases over a database with this master key, without a third party.
pub(crate) async fn app(store: Store, key: MasterKey) -> Result<App> {
    app_beside(store, key, &Url::parse("http://127.0.0.1:1")?).await
}

/// The same with a third party on this machine in the place of the Sandbox.
pub(crate) async fn app_beside(store: Store, key: MasterKey, sandbox: &Url) -> Result<App> {
    let clock: SharedClock = Arc::new(SystemClock::default());
    let random: SharedRandom = Arc::new(SystemRandom);
    let keys = KeyRing::new(key, Vec::new())?;
    let vault = Vault::new(keys, random.clone());
    let secrets = prepare(&store, &vault, &*clock, &*random)
        .await
        .context("the secrets")?;
    Ok(App::new(Parts {
        store,
        vault,
        outbound: Outbound::new(Policy {
            allowed_ranges: vec!["127.0.0.0/8".parse()?],
            ..Policy::default()
        })?,
        catalogue: Catalogue::embedded(&Origins::new(sandbox)?)?,
        settings: Settings {
            link_url: sandbox.clone(),
            sandbox: SandboxMode::Shown,
            limits: LimitSettings::default(),
        },
        secrets,
        replica: new_id(&*random),
        clock,
        random,
    }))
}
