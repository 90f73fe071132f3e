//! The kill test: SIGKILL at random moments while eight writers work over HTTP, round after round on the same data.
//!
//! Promised, and looked at: what was acknowledged is there after every restart; each change has exactly one event and one audit entry, and
//! each of these its change; every event arrives at least once at a server that checks signatures; what arrives twice has the same
//! `webhook-id` and the same body.

mod contents;
mod inbox;
mod ledger;
mod report;
mod verdict;
mod writer;

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail, ensure};
use serde_json::Value;

use self::contents::Reader;
use self::inbox::Inbox;
use self::ledger::{Fate, Ledger, Thing};
pub use self::report::Report;
use self::writer::Writer;
use crate::client::{self, Client};
use crate::database::Made;
use crate::draw::Draw;
use crate::server::{Key, Server, Setup, build, free_address, text_at};

/// How many ask at once whether what was acknowledged is there.
const CHECKERS: usize = 4;
/// In so many of a hundred rounds the server is killed once more while it starts.
const KILLED_AT_START: usize = 25;
/// In so many of a hundred rounds all processes are killed, where there are several.
const ALL_KILLED: usize = 20;

/// How the test is run.
#[derive(Debug, Clone)]
pub struct Options {
    /// What the moments and the writers' choices follow from.
    pub seed: u64,
    /// How many kills, at least.
    pub rounds: usize,
    /// How many write at once.
    pub writers: usize,
    /// How long the server runs between its start and the kill, at most.
    pub longest: Duration,
    /// A pause of each writer after each request.
    pub breath: Duration,
    /// How long the last events may take to arrive.
    pub patience: Duration,
    /// PostgreSQL's address and how many processes run on it; none for SQLite, which has one.
    pub postgres: Option<(String, usize)>,
    /// The binary; built where it is none.
    pub binary: Option<std::path::PathBuf>,
    /// Where the data is; a temporary folder where it is none. It is kept when something was found.
    pub folder: Option<std::path::PathBuf>,
}

/// Runs the test. What was promised and not kept is the error.
pub async fn run(options: &Options) -> Result<Report> {
    let temporary = tempfile::Builder::new()
        .prefix("handclasp-kill-")
        .tempdir()?;
    let folder = match &options.folder {
        Some(folder) => {
            std::fs::create_dir_all(folder)?;
            folder.clone()
        }
        None => temporary.path().to_owned(),
    };
    let made = match &options.postgres {
        Some((server, _)) => Some(Made::create(server, "kill").await?),
        None => None,
    };
    let binary = options.binary.clone().map_or_else(build, Ok)?;
    let setup = Setup::new(binary, &folder, made.as_ref().map(|made| made.url.clone()))?;
    let result = Run::begin(options, setup).await?.all().await;
    if result.is_err() && options.folder.is_none() {
        let kept = temporary.keep();
        return result.with_context(|| {
            format!(
                "seed {}; what is left is in {}",
                options.seed,
                kept.display()
            )
        });
    }
    if let Some(made) = made {
        made.drop().await?;
    }
    result.with_context(|| format!("seed {}", options.seed))
}

struct Run<'a> {
    options: &'a Options,
    setup: Setup,
    draw: Draw,
    key: Key,
    servers: Vec<Server>,
    inbox: Inbox,
    ledger: Arc<Ledger>,
    ready: Vec<Duration>,
    kills: usize,
}

impl<'a> Run<'a> {
    async fn begin(options: &'a Options, setup: Setup) -> Result<Self> {
        let draw = Draw::new(options.seed, 0);
        let key = setup.create_client("Kill test")?;
        let processes = options
            .postgres
            .as_ref()
            .map_or(1, |(_, processes)| *processes);
        let mut addresses = Vec::new();
        while addresses.len() < processes {
            let address = free_address()?;
            if !addresses.contains(&address) {
                addresses.push(address);
            }
        }
        let mut run = Self {
            options,
            setup,
            draw,
            key,
            servers: Vec::new(),
            inbox: Inbox::start().await?,
            ledger: Arc::default(),
            ready: Vec::new(),
            kills: 0,
        };
        for (number, address) in addresses.iter().enumerate() {
            let mut server = Server::start(&run.setup, number, *address, Some(addresses[0]))?;
            server.ready().await?;
            run.servers.push(server);
        }
        run.subscribe().await?;
        Ok(run)
    }

    fn public(&self) -> Result<SocketAddr> {
        self.servers
            .first()
            .map(|server| server.address)
            .context("no server")
    }

    /// Makes the webhook consumer and learns its secret.
    async fn subscribe(&self) -> Result<()> {
        let public = self.public()?;
        let host = public.to_string();
        let headers = format!("{}content-type: application/json\r\n", self.key.line());
        let mut client = Client::new(public);
        let mut ask = async |method, path: &str, body: &str| -> Result<Value> {
            let answer = client
                .send(&client::request(method, path, &host, &headers, body))
                .await?;
            ensure!(
                matches!(answer.status, 200 | 201),
                "{method} {path} was answered {}: {}",
                answer.status,
                answer.text()
            );
            Ok(serde_json::from_slice(answer.body)?)
        };
        let body = serde_json::json!({ "url": self.inbox.url() }).to_string();
        let consumer = ask("POST", "/api/webhooks", &body).await?;
        let secret = ask(
            "GET",
            &format!("/api/webhooks/{}/secret", text_at(&consumer, "/id")?),
            "",
        )
        .await?;
        self.inbox
            .expect_secret(text_at(&secret, "/secret")?.to_owned());
        Ok(())
    }

    async fn all(mut self) -> Result<Report> {
        let stop = Arc::new(AtomicBool::new(false));
        let mut writers = tokio::task::JoinSet::new();
        for number in 0..self.options.writers {
            let writer = Writer {
                number,
                draw: Draw::new(self.options.seed, 1 + number as u64),
                key: self.key.clone(),
                processes: self.servers.iter().map(|server| server.address).collect(),
                public: self.public()?,
                ledger: Arc::clone(&self.ledger),
                stop: Arc::clone(&stop),
                breath: self.options.breath,
            };
            writers.spawn(writer.run());
        }
        for _ in 0..self.options.rounds {
            tokio::time::sleep(self.draw.up_to(self.options.longest)).await;
            self.kill_and_restart().await?;
            self.check_fresh().await?;
            if let Some(ended) = writers.try_join_next() {
                ended??;
                bail!("a writer ended before its time");
            }
        }
        stop.store(true, Ordering::Relaxed);
        while let Some(ended) = writers.join_next().await {
            ended??;
        }
        self.check_fresh().await?;
        self.judge().await
    }

    async fn kill_and_restart(&mut self) -> Result<()> {
        let count = self.servers.len();
        let victims: Vec<_> = match count == 1 || self.draw.percent(ALL_KILLED) {
            true => (0..count).collect(),
            false => vec![self.draw.below(count)],
        };
        let shared = self.public()?;
        for number in &victims {
            self.servers[*number].kill()?;
            self.kills += 1;
        }
        for number in victims {
            let address = self.servers[number].address;
            if self.draw.percent(KILLED_AT_START) {
                let mut server = Server::start(&self.setup, number, address, Some(shared))?;
                let usual = self
                    .ready
                    .last()
                    .copied()
                    .unwrap_or(Duration::from_millis(100));
                tokio::time::sleep(self.draw.up_to(usual)).await;
                server.kill()?;
                self.kills += 1;
            }
            let mut server = Server::start(&self.setup, number, address, Some(shared))?;
            self.ready.push(server.ready().await?);
            self.servers[number] = server;
        }
        Ok(())
    }

    /// Asks for everything that was acknowledged since the last time.
    async fn check_fresh(&self) -> Result<()> {
        let fresh = self.ledger.take_fresh();
        let public = self.public()?;
        let mut checkers = tokio::task::JoinSet::new();
        for part in fresh.chunks(fresh.len().div_ceil(CHECKERS).max(1)) {
            checkers.spawn(check(
                part.to_vec(),
                public,
                self.key.clone(),
                Arc::clone(&self.ledger),
            ));
        }
        while let Some(checked) = checkers.join_next().await {
            checked??;
        }
        Ok(())
    }

    async fn judge(self) -> Result<Report> {
        let began = Instant::now();
        let reader = match &self.setup.database_url {
            None => Reader::sqlite(&self.setup.sqlite())?,
            Some(url) => Reader::postgres(url).await?,
        };
        let mut last_events;
        loop {
            last_events = began.elapsed();
            let open = reader.open().await?;
            if open == 0 {
                break;
            }
            ensure!(
                last_events < self.options.patience,
                "after {last_events:?} there are still {open} events and deliveries on their way"
            );
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
        for server in self.servers {
            server.stop()?;
        }
        reader.check()?;
        let contents = reader.contents().await?;
        let unsuccessful = reader.unsuccessful().await?;
        let ledger = self.ledger.all();
        let taken = self.inbox.taken();
        let mut faults = verdict::judge(&ledger, &contents, &taken).found();
        if unsuccessful > 0 {
            faults.push(format!("{unsuccessful} deliveries ended without success"));
        }
        ensure!(
            faults.is_empty(),
            "promised and not kept:\n- {}",
            faults.join("\n- ")
        );
        let (busy, unanswered) = self.ledger.troubles();
        let created = |company: bool| {
            let of_kind = |thing: &Thing| matches!(thing, Thing::Company(_)) == company;
            ledger.iter().filter(|(thing, _)| of_kind(thing)).count()
        };
        let messages = || taken.messages.values();
        Ok(Report {
            kills: self.kills,
            companies: created(true),
            connections: created(false),
            deleted: ledger
                .iter()
                .filter(|(_, fate)| *fate == Fate::Gone)
                .count(),
            unanswered,
            busy,
            events: contents.events.len(),
            again: messages()
                .map(|taking| taking.accepted.saturating_sub(1))
                .sum(),
            refused: messages().map(|taking| taking.refused).sum(),
            ready: self.ready,
            last_events,
        })
    }
}

/// Asks for each of these; what is there according to the ledger has to be found.
async fn check(
    things: Vec<Thing>,
    public: SocketAddr,
    key: Key,
    ledger: Arc<Ledger>,
) -> Result<()> {
    let mut client = Client::new(public);
    let host = public.to_string();
    for thing in things {
        let request = client::request("GET", &thing.path(), &host, &key.line(), "");
        let mut tries = 0;
        let status = loop {
            match client.send(&request).await {
                Ok(answer) if answer.status != 503 => break answer.status,
                Ok(_) | Err(_) if tries < 100 => {
                    tries += 1;
                    tokio::time::sleep(Duration::from_millis(20)).await;
                }
                Ok(_) => bail!("{thing:?} is answered 503 again and again"),
                Err(error) => {
                    return Err(error).with_context(|| format!("{thing:?} can't be asked for"));
                }
            }
        };
        // It may have been deleted after it was created: judged after the answer, since a deletion is noted before it is sent.
        ensure!(
            status == 200 || ledger.fate(thing) != Some(Fate::There),
            "{thing:?} was acknowledged and is answered {status} after the restart"
        );
    }
    Ok(())
}
