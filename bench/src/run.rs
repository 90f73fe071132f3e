//! The whole benchmark: rounds in which every figure is measured once, one after the other, so that whatever else the machine
//! does falls on all of them alike.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};

use crate::database::Made;
use crate::figures::{Figures, Goal};
use crate::load::{self, Target};
use crate::process;
use crate::raw::{self, Bare};
use crate::receiver::Receiver;
use crate::server::{Server, Setup, build, free_address};
use crate::store::InProcess;

/// How many create and get at once, and how many journeys are walked at once.
const CALLERS: usize = 64;
const WALKERS: usize = 16;
/// How many consumers the client has.
const CONSUMERS: usize = 3;
/// How long the webhooks of a round may take to arrive.
const DRAIN_MOST: Duration = Duration::from_secs(120);
/// From how many syncs a second on the goal for journeys is a number; below it is a part of what the disk allows.
const DISK_IS_FAST: f64 = 2_000.0;

/// How the benchmark is run.
#[derive(Debug)]
pub struct Options {
    /// How many rounds.
    pub rounds: usize,
    /// How long each figure is measured in a round.
    pub each: Duration,
    /// PostgreSQL, where creates are measured on it instead of everything on SQLite.
    pub postgres: Option<String>,
    /// The binary; built where it is none.
    pub binary: Option<PathBuf>,
    /// Where the data is: a folder on the disk that is to be measured. A temporary one where it is none.
    pub folder: Option<PathBuf>,
    /// Leaves journeys, memory and starts out.
    pub only_writes: bool,
}

const SYNC: &str = "raw: 4 KiB and a sync";
const RAW_GROUP: &str = "raw: the bytes of 64 creates and a sync, × 64";
const ONE_BY_ONE: &str = "SQLite alone: one insert per transaction";
const BARE_GROUP: &str = "SQLite alone: 64 inserts per transaction";
const STORE: &str = "creates through the store, 64 callers";
const CREATES: &str = "creates over HTTP, 64 callers, 3 consumers";
const CREATES_CPU: &str = "  the server's processor time for one, deliveries included";
const DELIVERED: &str = "webhooks delivered meanwhile and after";
const GETS: &str = "gets over HTTP, 64 callers";
const GETS_CPU: &str = "  the server's processor time for one";
const JOURNEYS: &str = "journeys, 16 callers";
const JOURNEYS_CPU: &str = "  the server's processor time for one journey";
const SYNC_LIMIT: &str = "journeys that the disk allows: 16 ÷ (syncs × sync time)";
const SYNCS: &str = "syncs that a journey waits for, one after the other";
const IDLE: &str = "memory, idle";
const LOADED: &str = "memory, at most under load";
const READY: &str = "start to ready";
const READY_LOADED: &str = "SIGKILL to ready, with what the load left";

/// Runs it; whether every figure is above its floor.
pub async fn run(options: &Options, mut say: impl FnMut(&str)) -> Result<bool> {
    let temporary = tempfile::Builder::new()
        .prefix("handclasp-bench-")
        .tempdir()?;
    let folder = match &options.folder {
        Some(folder) => folder.clone(),
        None => temporary.path().to_owned(),
    };
    std::fs::create_dir_all(&folder)?;
    let made = match &options.postgres {
        Some(server) => Some((
            Made::create(server, "bench").await?,
            Made::create(server, "bench_inner").await?,
        )),
        None => None,
    };
    let (outer, inner) = match &made {
        Some((outer, inner)) => (Some(outer.url.clone()), Some(inner.url.clone())),
        None => (None, None),
    };
    say(&format!(
        "load of the machine at the beginning: {:.1}",
        process::busy()?
    ));
    let binary = options.binary.clone().map_or_else(build, Ok)?;
    let mut bench = Bench::begin(options, &folder, binary, outer, inner).await?;
    for round in 1..=options.rounds {
        let began = Instant::now();
        bench.round().await?;
        say(&format!(
            "round {round} of {} took {:.0} s",
            options.rounds,
            began.elapsed().as_secs_f64()
        ));
    }
    let figures = bench.end().await?;
    say(&format!(
        "load of the machine at the end: {:.1}\n",
        process::busy()?
    ));
    say(&figures.table());
    if let Some((outer, inner)) = made {
        outer.drop().await?;
        inner.drop().await?;
    }
    Ok(figures.above_floors())
}

struct Bench<'a> {
    options: &'a Options,
    folder: PathBuf,
    figures: Figures,
    bare: Bare,
    in_process: Arc<InProcess>,
    setup: Setup,
    server: Server,
    target: Target,
    delivered: Arc<AtomicU64>,
    _receiver: Receiver,
    companies: Arc<Vec<String>>,
    bytes_per_create: usize,
    metrics: std::net::SocketAddr,
}

impl<'a> Bench<'a> {
    async fn begin(
        options: &'a Options,
        folder: &Path,
        binary: PathBuf,
        outer: Option<String>,
        inner: Option<String>,
    ) -> Result<Self> {
        let bare = Bare::open(&folder.join("bare.db"))?;
        let within = folder.to_owned();
        let in_process = blocking(move || InProcess::open(&within, inner.as_deref())).await?;
        let mut setup = Setup::new(binary, folder, outer)?;
        setup.log = "info";
        let metrics = free_address()?;
        setup.metrics = Some(metrics);
        let key = setup.create_client("Bench")?;
        let address = free_address()?;
        let mut server = Server::start(&setup, 0, address, None)?;
        server.ready().await?;
        let target = Target { address, key };
        let delivered = Arc::new(AtomicU64::new(0));
        let count = Arc::clone(&delivered);
        let receiver = Receiver::start(move |_| {
            count.fetch_add(1, Ordering::Relaxed);
            200
        })
        .await?;
        for number in 0..CONSUMERS {
            let body = format!(r#"{{"url":"{}/{number}"}}"#, receiver.url());
            target.ask("POST", "/api/webhooks", &body).await?;
        }
        Ok(Self {
            options,
            folder: folder.to_owned(),
            figures: Figures::default(),
            bare,
            in_process: Arc::new(in_process),
            setup,
            server,
            target,
            delivered,
            _receiver: receiver,
            companies: Arc::default(),
            bytes_per_create: 0,
            metrics,
        })
    }

    async fn round(&mut self) -> Result<()> {
        let each = self.options.each;
        if !self.options.only_writes {
            self.start_to_ready().await?;
        }
        self.figures
            .note(SYNC, "/s", raw::sync_loop(&self.folder, 4096, each)?);
        if self.options.postgres.is_none() {
            self.figures
                .note(ONE_BY_ONE, "/s", self.bare.one_by_one(each)?);
            self.figures
                .note(BARE_GROUP, "/s", self.bare.grouped(CALLERS as u32, each)?);
        }
        self.store(each).await?;
        self.creates(each).await?;
        if !self.options.only_writes {
            self.gets(each).await?;
            self.journeys(each).await?;
        }
        Ok(())
    }

    async fn store(&mut self, each: Duration) -> Result<()> {
        let own = std::process::id();
        let before = process::bytes_written(own)?;
        let in_process = Arc::clone(&self.in_process);
        let rate = blocking(move || in_process.creates(CALLERS, each)).await?;
        self.figures.note(STORE, "/s", rate);
        self.figures.aim(
            STORE,
            Goal::AtLeast(if self.options.postgres.is_some() {
                4_000.0
            } else {
                8_000.0
            }),
        );
        if self.options.postgres.is_some() {
            return Ok(());
        }
        if self.bytes_per_create == 0 {
            let written = process::bytes_written(own)? - before;
            self.bytes_per_create = (written as f64 / (rate * each.as_secs_f64())) as usize;
        }
        let group = (self.bytes_per_create * CALLERS).clamp(4096, 8 << 20);
        let syncs = raw::sync_loop(&self.folder, group, each)?;
        self.figures.note(RAW_GROUP, "/s", syncs * CALLERS as f64);
        for name in [ONE_BY_ONE, BARE_GROUP, STORE] {
            self.figures.compare(name, RAW_GROUP);
        }
        Ok(())
    }

    async fn creates(&mut self, each: Duration) -> Result<()> {
        let (cpu, delivered) = (
            process::cpu_seconds(self.server.id())?,
            self.delivered.load(Ordering::Relaxed),
        );
        let began = Instant::now();
        let mut tally = self.target.creates(CALLERS, each).await?;
        self.figures.note(CREATES, "/s", tally.rate());
        self.figures
            .note("  slowest of a hundred", "ms", tally.percentile(99));
        self.figures.aim(
            CREATES,
            Goal::AtLeast(if self.options.postgres.is_some() {
                4_000.0
            } else {
                8_000.0
            }),
        );
        if self.options.postgres.is_none() {
            self.figures.compare(CREATES, RAW_GROUP);
        }
        let expected = delivered + (tally.count() * CONSUMERS) as u64;
        while self.delivered.load(Ordering::Relaxed) < expected {
            ensure!(
                began.elapsed() < DRAIN_MOST,
                "{} of {expected} webhooks did not arrive",
                expected - self.delivered.load(Ordering::Relaxed)
            );
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        self.figures.note(
            DELIVERED,
            "/s",
            (expected - delivered) as f64 / began.elapsed().as_secs_f64(),
        );
        // What is delivered has to be written down, too, and that would fall on the next figure.
        tokio::time::sleep(Duration::from_millis(300)).await;
        self.note_cpu(CREATES_CPU, cpu, tally.count())?;
        Arc::make_mut(&mut self.companies).append(&mut tally.made);
        Ok(())
    }

    fn note_cpu(&mut self, name: &'static str, before: f64, count: usize) -> Result<()> {
        let used = process::cpu_seconds(self.server.id())? - before;
        self.figures
            .note(name, "µs", used * 1e6 / count.max(1) as f64);
        Ok(())
    }

    async fn gets(&mut self, each: Duration) -> Result<()> {
        let cpu = process::cpu_seconds(self.server.id())?;
        let mut tally = self.target.gets(CALLERS, each, &self.companies).await?;
        self.figures.note(GETS, "/s", tally.rate());
        self.figures
            .note("  slowest of a hundred gets", "ms", tally.percentile(99));
        self.figures.aim(GETS, Goal::AtLeast(20_000.0));
        self.note_cpu(GETS_CPU, cpu, tally.count())
    }

    async fn journeys(&mut self, each: Duration) -> Result<()> {
        let cpu = process::cpu_seconds(self.server.id())?;
        let writes = self.writes().await?;
        let delivered = self.delivered.load(Ordering::Relaxed);
        let mut tally = load::journeys(&self.target, WALKERS, each).await?;
        let walked = tally.count() as f64;
        self.figures.note(JOURNEYS, "/s", tally.rate());
        self.figures.note(
            "  slowest of a hundred journeys",
            "ms",
            tally.percentile(99),
        );
        let syncs = (self.writes().await? - writes) / walked;
        self.figures.note(SYNCS, "", syncs);
        let rate = self.figures.median(SYNC).unwrap_or(0.0);
        self.figures
            .note(SYNC_LIMIT, "/s", WALKERS as f64 * rate / syncs);
        self.figures.compare(JOURNEYS, SYNC_LIMIT);
        let goal = match rate >= DISK_IS_FAST {
            true => 800.0,
            false => 0.6 * self.figures.median(SYNC_LIMIT).unwrap_or(0.0),
        };
        self.figures.aim(JOURNEYS, Goal::AtLeast(goal));
        // A company's creation, a connection's, and its being connected.
        let expected = delivered + 3 * (CONSUMERS * tally.count()) as u64;
        let began = Instant::now();
        while self.delivered.load(Ordering::Relaxed) < expected {
            ensure!(
                began.elapsed() < DRAIN_MOST,
                "webhooks of journeys did not arrive"
            );
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        tokio::time::sleep(Duration::from_millis(300)).await;
        self.note_cpu(JOURNEYS_CPU, cpu, tally.count())
    }

    /// How many transactions somebody waited for, so far: all but those of the steps that deliver webhooks and tidy up.
    async fn writes(&self) -> Result<f64> {
        let mut client = crate::client::Client::new(self.metrics);
        let request = crate::client::request("GET", "/metrics", &self.metrics.to_string(), "", "");
        let answer = client.send(&request).await?;
        let text = answer.text();
        let mut sum = 0.0;
        for line in text.lines() {
            let Some(labels) = line.strip_prefix("handclasp_store_seconds_count{") else {
                continue;
            };
            let (labels, count) = labels
                .rsplit_once("} ")
                .context("a metric without its value")?;
            let name = labels.split('"').nth(1).unwrap_or_default();
            if WAITED_FOR.contains(&name) {
                sum += count.parse::<f64>()?;
            }
        }
        Ok(sum)
    }

    /// A server that is started on a database that is there already.
    async fn start_to_ready(&mut self) -> Result<()> {
        let folder = self.folder.join("starts");
        if !folder.exists() {
            std::fs::create_dir_all(&folder)?;
            let setup = Setup::new(self.setup.binary.clone(), &folder, None)?;
            setup.create_client("Starts")?;
        }
        let setup = Setup {
            folder,
            database_url: None,
            metrics: None,
            ..self.setup.clone()
        };
        let mut server = Server::start(&setup, 0, free_address()?, None)?;
        let ready = server.ready().await?;
        self.figures.note(READY, "ms", ready.as_secs_f64() * 1e3);
        self.figures.aim(READY, Goal::AtMost(100.0));
        tokio::time::sleep(Duration::from_millis(500)).await;
        let (idle, _) = process::memory(server.id())?;
        self.figures.note(IDLE, "MB", idle as f64 / 1e6);
        self.figures.aim(IDLE, Goal::AtMost(30.0));
        server.stop()
    }

    async fn end(mut self) -> Result<Figures> {
        if !self.options.only_writes {
            let (_, most) = process::memory(self.server.id())?;
            self.figures.note(LOADED, "MB", most as f64 / 1e6);
            self.figures.aim(LOADED, Goal::AtMost(100.0));
            self.server.kill()?;
            self.server = Server::start(&self.setup, 0, self.target.address, None)?;
            let ready = self.server.ready().await?;
            self.figures
                .note(READY_LOADED, "ms", ready.as_secs_f64() * 1e3);
        }
        self.server.stop()?;
        Ok(self.figures)
    }
}

/// What is done to look at it more closely.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Load {
    /// Companies are created.
    Creates,
    /// Companies are got.
    Gets,
    /// The first page of all companies is got.
    Lists,
    /// Journeys are walked.
    Journeys,
}

/// One load on a server of its own for `during`, for a profiler: `ready` is told the server's process id before it begins.
/// What it came to, in words.
pub async fn one(
    options: &Options,
    load: Load,
    during: Duration,
    ready: impl FnOnce(u32) -> Result<()>,
) -> Result<String> {
    let temporary = tempfile::Builder::new()
        .prefix("handclasp-load-")
        .tempdir()?;
    let folder = options
        .folder
        .clone()
        .unwrap_or_else(|| temporary.path().to_owned());
    std::fs::create_dir_all(&folder)?;
    let binary = options.binary.clone().map_or_else(build, Ok)?;
    let mut bench = Bench::begin(options, &folder, binary, None, None).await?;
    if matches!(load, Load::Gets | Load::Lists) {
        let mut tally = bench
            .target
            .creates(CALLERS, Duration::from_secs(1))
            .await?;
        Arc::make_mut(&mut bench.companies).append(&mut tally.made);
        tokio::time::sleep(Duration::from_secs(3)).await;
    }
    ready(bench.server.id())?;
    match load {
        Load::Creates => bench.creates(during).await?,
        Load::Gets => bench.gets(during).await?,
        Load::Lists => {
            let tally = bench.target.lists(CALLERS, during).await?;
            bench.figures.note("lists over HTTP", "/s", tally.rate());
        }
        Load::Journeys => {
            bench.figures.note(SYNC, "/s", DISK_IS_FAST);
            bench.journeys(during).await?;
        }
    }
    bench.server.stop()?;
    Ok(bench.figures.table())
}

async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> Result<T> + Send + 'static,
) -> Result<T> {
    tokio::task::spawn_blocking(work).await?
}

/// The transactions that a journey's steps wait for.
const WAITED_FOR: &[&str] = &[
    "create_company",
    "choose_integration",
    "start_authorization",
    "take_attempt",
    // The third party's, which the callback waits for: it lives in the same process and on the same disk.
    "sandbox_exchange",
    "complete_authorization",
];
