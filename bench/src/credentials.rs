//! What connections hold: sealed and opened, refreshed in time, and used for calls that are passed on.

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use axum::routing::post;
use axum::{Json, Router};
use handclasp_ambient::{SystemRandom, new_id};
use handclasp_app::App;
use handclasp_domain::{ClientId, ConnectionId, Id, Scopes};
use handclasp_store::credential::{self, SealedCredential};
use handclasp_store::{Database, Store, StoreError, StoreOptions};
use handclasp_vault::{Cell, KeyRing, MasterKey, Vault};
use serde_json::{Value, json};
use tokio::runtime::Runtime;
use url::Url;

use crate::client::{self, Client};
use crate::database::Made;
use crate::figures::{Figures, Goal};
use crate::journey::Walker;
use crate::load::{self, Tally, Target};
use crate::process;
use crate::server::{Server, Setup, build, free_address, text_at};

/// How many tokens end within the minute.
const TOKENS: u64 = 10_000;
/// How many calls at once, where they are counted.
const CALLERS: usize = 16;

/// How it is run.
#[derive(Debug)]
pub struct Options {
    /// How many rounds.
    pub rounds: usize,
    /// How long each figure is measured in a round.
    pub each: Duration,
    /// PostgreSQL instead of SQLite.
    pub postgres: Option<String>,
    /// The binary; built where it is none.
    pub binary: Option<std::path::PathBuf>,
    /// Where the data is. A temporary folder where it is none.
    pub folder: Option<std::path::PathBuf>,
}

/// Runs it; whether every figure is above its floor.
pub async fn run(options: &Options, mut say: impl FnMut(&str)) -> Result<bool> {
    let temporary = tempfile::Builder::new()
        .prefix("handclasp-bench-")
        .tempdir()?;
    let folder = options.folder.as_deref().unwrap_or(temporary.path());
    std::fs::create_dir_all(folder)?;
    let load = process::busy()?;
    say(&format!("load of the machine at the beginning: {load:.1}"));
    let mut figures = Figures::default();
    let aims = [
        ("10,000 tokens are fresh after", Goal::AtMost(60.0)),
        ("  p50 that passing on adds", Goal::AtMost(1.0)),
    ];
    for (name, goal) in aims {
        figures.aim(name, goal);
    }
    for round in 1..=options.rounds {
        seals(options.each, &mut figures)?;
        let folder = folder.join(format!("refresh-{round}"));
        std::fs::create_dir_all(&folder)?;
        refreshes(&folder, options.postgres.as_deref(), &mut figures).await?;
        say(&format!("refreshes: round {round} of {}", options.rounds));
    }
    let passing = Passing::start(options, folder).await?;
    for round in 1..=options.rounds {
        passing.measure(options.each, &mut figures).await?;
        say(&format!("calls: round {round} of {}", options.rounds));
    }
    passing.stop().await?;
    let load = process::busy()?;
    say(&format!("load of the machine at the end: {load:.1}\n"));
    say(&figures.table());
    Ok(figures.above_floors())
}

/// Tokens as long as those of third parties that put a JWT in them.
fn tokens(n: u64) -> Value {
    json!({
        "accessToken": format!("{n}.{}", "a".repeat(1_400)),
        "refreshToken": format!("{n}.{}", "r".repeat(60)),
        "tokenType": "Bearer",
        "values": {},
    })
}

fn seals(during: Duration, figures: &mut Figures) -> Result<()> {
    let keys = KeyRing::from(MasterKey::generate(&SystemRandom));
    let vault = Vault::new(keys, Arc::new(SystemRandom));
    let cell = Cell {
        client: Some(new_id(&SystemRandom)),
        table: "credential",
        row: new_id::<ConnectionId>(&SystemRandom).uuid(),
        column: "sealed",
    };
    let value = tokens(1);
    let sealed = vault.seal_json(&cell, &value)?;
    let mut rate = |name, work: &dyn Fn() -> Result<()>| -> Result<()> {
        let (began, mut count) = (Instant::now(), 0_u32);
        while began.elapsed() < during {
            for _ in 0..100 {
                work()?;
            }
            count += 100;
        }
        figures.note(name, "/s", f64::from(count) / began.elapsed().as_secs_f64());
        Ok(())
    };
    rate("seals, on one thread", &|| {
        vault.seal_json(&cell, &value)?;
        Ok(())
    })?;
    rate("  opened", &|| {
        let _opened: Value = vault.open_json(&cell, &sealed)?;
        Ok(())
    })
}

/// A third party's token endpoint, and how often it was asked.
struct TokenEndpoint {
    url: Url,
    asked: Arc<AtomicU64>,
    runtime: Runtime,
}

impl TokenEndpoint {
    fn start() -> Result<Self> {
        let asked = Arc::new(AtomicU64::new(0));
        let counted = Arc::clone(&asked);
        let answer = move || {
            let n = counted.fetch_add(1, Ordering::Relaxed);
            async move {
                Json(json!({
                    "access_token": format!("{n}.{}", "A".repeat(1_400)),
                    "refresh_token": format!("{n}.{}", "R".repeat(60)),
                    "token_type": "Bearer", "expires_in": 3600,
                }))
            }
        };
        let router = Router::new().route("/sandbox/token", post(answer));
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(1)
            .enable_all()
            .build()?;
        let listener = std::net::TcpListener::bind("127.0.0.1:0")?;
        listener.set_nonblocking(true)?;
        let url = Url::parse(&format!("http://{}", listener.local_addr()?))?;
        runtime.spawn(async move {
            let listener = tokio::net::TcpListener::from_std(listener)?;
            axum::serve(listener, router).await
        });
        Ok(Self {
            url,
            asked,
            runtime,
        })
    }
}

/// Connections whose tokens end within a minute, and the jobs of a server that has just started.
async fn refreshes(folder: &Path, postgres: Option<&str>, figures: &mut Figures) -> Result<()> {
    let made = match postgres {
        None => None,
        Some(server) => Some(Made::create(server, "bench_refresh").await?),
    };
    let database = match &made {
        None => Database::Sqlite {
            path: folder.join("refresh.db"),
        },
        Some(made) => Database::Postgres {
            url: made.url.clone(),
            pool_size: 16,
            prepared_statements: true,
        },
    };
    let endpoint = TokenEndpoint::start()?;
    let url = endpoint.url.clone();
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()?;
    let asked = Arc::clone(&endpoint.asked);
    let work = runtime.spawn(async move {
        let store = Store::open(StoreOptions::new(database)).await?;
        let app = crate::store::app_beside(store, MasterKey::generate(&SystemRandom), &url).await?;
        let client = app.create_client("Bench", Scopes::EVERYTHING).await?;
        let held = seed(&app, client.client.id).await?;
        let took = until_fresh(&app, &held, &asked).await?;
        app.store().close().await;
        anyhow::Ok(took)
    });
    let took = work.await??;
    runtime.shutdown_background();
    endpoint.runtime.shutdown_background();
    if let Some(made) = made {
        made.drop().await?;
    }
    figures.note("10,000 tokens are fresh after", "s", took.as_secs_f64());
    let rate = TOKENS as f64 / took.as_secs_f64();
    figures.note("  refreshes", "/s", rate);
    Ok(())
}

async fn seed(app: &App, client: ClientId) -> Result<Vec<SealedCredential>> {
    let now = app.now();
    let held = (0..TOKENS)
        .map(|n| {
            let connection: ConnectionId = new_id(&SystemRandom);
            let cell = Cell {
                client: Some(client),
                table: "credential",
                row: connection.uuid(),
                column: "sealed",
            };
            Ok(SealedCredential {
                client,
                connection,
                company: new_id(&SystemRandom),
                platform_key: "mqjo".parse()?,
                sealed: app.vault().seal_json(&cell, &tokens(n))?,
                scopes: "accounting offline_access".to_owned(),
                // Given an hour ago; the last of them ends in a minute.
                expires_at: Some(now.plus(Duration::from_secs(60))),
                lapses_at: None,
                due_at: Some(now),
                failures: 0,
                claim: None,
                updated: now.minus(Duration::from_secs(3540)),
                version: now.as_micros(),
            })
        })
        .collect::<Result<Vec<_>>>()?;
    for some in held.chunks(250) {
        app.store()
            .write("seed_credentials", some.to_vec(), |tx, some| {
                Box::pin(async move {
                    for one in some {
                        credential::put(tx, one).await?;
                    }
                    Ok::<_, StoreError>(())
                })
            })
            .await?;
    }
    Ok(held)
}

/// Runs the jobs until every token is fresh; how long that took. Each was asked for once, and none ended before.
async fn until_fresh(app: &App, held: &[SealedCredential], asked: &AtomicU64) -> Result<Duration> {
    let stop = tokio_util::sync::CancellationToken::new();
    let jobs = tokio::spawn(handclasp_app::jobs::run(app.clone(), stop.clone()));
    let began = Instant::now();
    while asked.load(Ordering::Relaxed) < TOKENS {
        ensure!(
            began.elapsed() < Duration::from_secs(300),
            "only {} tokens were asked for in five minutes",
            asked.load(Ordering::Relaxed)
        );
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    let took = began.elapsed();
    // Whatever is asked for too often would be now.
    tokio::time::sleep(Duration::from_secs(3)).await;
    stop.cancel();
    jobs.await?;
    for old in held {
        let now = credential::find(&mut app.store(), old.client, old.connection)
            .await?
            .context("a credential is gone")?;
        ensure!(now.version > old.version, "a token was not refreshed");
        ensure!(
            Some(now.updated) < old.expires_at,
            "a token was refreshed after its end"
        );
    }
    let asked = asked.load(Ordering::Relaxed);
    ensure!(asked == TOKENS, "{asked} requests for {TOKENS} tokens");
    Ok(took)
}

/// A server with a connection to its own Sandbox, whose API is called directly and through the server.
struct Passing {
    server: Server,
    made: Option<Made>,
    direct: Arc<Vec<u8>>,
    passed: Arc<Vec<u8>>,
}

impl Passing {
    async fn start(options: &Options, folder: &Path) -> Result<Self> {
        let made = match &options.postgres {
            None => None,
            Some(server) => Some(Made::create(server, "bench_proxy").await?),
        };
        let binary = options.binary.clone().map_or_else(build, Ok)?;
        let url = made.as_ref().map(|made| made.url.clone());
        let setup = Setup::new(binary, folder, url)?;
        let key = setup.create_trusted_client("Bench")?;
        let address = free_address()?;
        let mut server = Server::start(&setup, 0, address, None)?;
        server.ready().await?;
        let target = Target {
            address,
            key: key.clone(),
        };
        let company = Walker::new(&target).walk().await?;
        let path = format!("/api/companies/{company}/connections");
        let found: Value = serde_json::from_str(&target.ask("GET", &path, "").await?)?;
        let connection = format!("{path}/{}", text_at(&found, "/results/0/id")?);
        let credentials = target
            .ask("GET", &format!("{connection}/credentials"), "")
            .await?;
        let credentials: Value = serde_json::from_str(&credentials)?;
        let token = text_at(&credentials, "/accessToken")?;
        let direct = client::request(
            "GET",
            "/sandbox/api/company",
            &format!("localhost:{}", address.port()),
            &format!("authorization: Bearer {token}\r\n"),
            "",
        );
        let passed = client::request(
            "GET",
            &format!("{connection}/proxy/company"),
            &address.to_string(),
            &key.line(),
            "",
        );
        Ok(Self {
            server,
            made,
            direct: Arc::new(direct),
            passed: Arc::new(passed),
        })
    }

    async fn measure(&self, each: Duration, figures: &mut Figures) -> Result<()> {
        let mut direct = self.calls(&self.direct, 1, each).await?;
        let mut passed = self.calls(&self.passed, 1, each).await?;
        let (alone, through) = (direct.percentile(50), passed.percentile(50));
        figures.note("a call to the Sandbox's API, p50", "ms", alone);
        figures.note("  passed on, p50", "ms", through);
        figures.note("  p50 that passing on adds", "ms", through - alone);
        let added = passed.percentile(99) - direct.percentile(99);
        figures.note("  p99 that passing on adds", "ms", added);
        let many = self.calls(&self.direct, CALLERS, each).await?;
        figures.note("calls, 16 callers", "/s", many.rate());
        let many = self.calls(&self.passed, CALLERS, each).await?;
        figures.note("  passed on, 16 callers", "/s", many.rate());
        Ok(())
    }

    async fn calls(
        &self,
        request: &Arc<Vec<u8>>,
        callers: usize,
        during: Duration,
    ) -> Result<Tally> {
        let address = self.server.address;
        load::all(callers, during, |_, end| {
            let request = Arc::clone(request);
            async move {
                let mut client = Client::new(address);
                let mut tally = Tally::default();
                loop {
                    let began = Instant::now();
                    if began >= end {
                        return Ok(tally);
                    }
                    let answer = client.send(&request).await?;
                    ensure!(
                        answer.status == 200,
                        "a call was answered {}: {}",
                        answer.status,
                        answer.text()
                    );
                    tally.note(began.elapsed());
                }
            }
        })
        .await
    }

    async fn stop(self) -> Result<()> {
        self.server.stop()?;
        if let Some(made) = self.made {
            made.drop().await?;
        }
        Ok(())
    }
}
