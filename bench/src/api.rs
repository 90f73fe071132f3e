//! The API's operations beside routes that do one insert or one read: what the front, the keys, the checks, events and audit cost.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use anyhow::{Result, ensure};

use crate::bare::Process;
use crate::client::{self, Client};
use crate::database::{Made, connect};
use crate::draw::Draw;
use crate::figures::{Figures, Goal};
use crate::load::{self, Tally, Target};
use crate::process;
use crate::server::{Server, Setup, build, free_address};

/// How many ask at once.
const CALLERS: usize = 64;
/// How many companies there are before anything is measured, and how many of them have the tag.
const SEEDED: usize = 5_000;
const TAGGED: usize = 150;
/// The share of the bare route that is aimed at, and the one below which the program fails.
const SHARE: Goal = Goal::Share {
    goal: 0.5,
    floor: 0.35,
};

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
    pub binary: Option<PathBuf>,
    /// Where the data is. A temporary folder where it is none.
    pub folder: Option<PathBuf>,
}

/// One operation: what it is called, and its figures' names.
struct Operation {
    ours: &'static str,
    bare: &'static str,
    share: &'static str,
    kind: Kind,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    Create,
    Get,
    List,
    ByTag,
}

const OPERATIONS: [Operation; 4] = [
    Operation {
        ours: "create",
        bare: "  a bare insert",
        share: "  share of the bare one, create",
        kind: Kind::Create,
    },
    Operation {
        ours: "get",
        bare: "  a bare read",
        share: "  share of the bare one, get",
        kind: Kind::Get,
    },
    Operation {
        ours: "list 100",
        bare: "  a bare read of 100",
        share: "  share of the bare one, list",
        kind: Kind::List,
    },
    Operation {
        ours: "list 100 by tag",
        bare: "  a bare read of 100 by an index",
        share: "  share of the bare one, by tag",
        kind: Kind::ByTag,
    },
];

/// One of the two servers, and what is asked of it.
struct Side {
    target: Target,
    create: &'static str,
    get: &'static str,
    list: &'static str,
    by_tag: &'static str,
    ids: Vec<String>,
}

/// Runs it; whether every share is above its floor.
pub async fn run(options: &Options, mut say: impl FnMut(&str)) -> Result<bool> {
    let temporary = tempfile::Builder::new()
        .prefix("handclasp-bench-")
        .tempdir()?;
    let folder = options.folder.as_deref().unwrap_or(temporary.path());
    std::fs::create_dir_all(folder)?;
    let made = match &options.postgres {
        None => None,
        Some(server) => Some((
            Made::create(server, "bench_api").await?,
            Made::create(server, "bench_bare").await?,
        )),
    };
    say(&format!(
        "load of the machine at the beginning: {:.1}",
        process::busy()?
    ));
    let binary = options.binary.clone().map_or_else(build, Ok)?;
    let urls = made.as_ref().map(|(ours, bare)| (&*ours.url, &*bare.url));
    let figures = measure(options, folder, binary, urls, &mut say).await?;
    say(&format!(
        "load of the machine at the end: {:.1}\n",
        process::busy()?
    ));
    say(&figures.table());
    if let Some((ours, bare)) = made {
        ours.drop().await?;
        bare.drop().await?;
    }
    Ok(figures.above_floors())
}

async fn measure(
    options: &Options,
    folder: &Path,
    binary: PathBuf,
    urls: Option<(&str, &str)>,
    say: &mut impl FnMut(&str),
) -> Result<Figures> {
    let setup = Setup::new(binary, folder, urls.map(|(ours, _)| ours.to_owned()))?;
    let key = setup.create_client("Bench")?;
    let address = free_address()?;
    let mut server = Server::start(&setup, 0, address, None)?;
    server.ready().await?;
    let bare = Process::start(folder, urls.map(|(_, bare)| bare))?;
    let mut sides = [
        Side {
            target: Target {
                address,
                key: key.clone(),
            },
            create: "/api/companies",
            get: "/api/companies/",
            list: "/api/companies",
            by_tag: "/api/companies?tags=group%3Da",
            ids: Vec::new(),
        },
        Side {
            target: Target {
                address: bare.address,
                key,
            },
            create: "/create",
            get: "/get/",
            list: "/list",
            by_tag: "/tag/a",
            ids: Vec::new(),
        },
    ];
    for side in &mut sides {
        side.seed().await?;
    }
    if let Some((ours, bare)) = urls {
        // What autovacuum does in time. Without it the planner takes a client for a few rows.
        for url in [ours, bare] {
            connect(url).await?.batch_execute("VACUUM ANALYZE").await?;
        }
    }
    let mut figures = Figures::default();
    for round in 1..=options.rounds {
        for operation in &OPERATIONS {
            let mut rates = [0.0; 2];
            for (side, rate) in sides.iter().zip(&mut rates) {
                *rate = side.load(operation.kind, options.each).await?.rate();
            }
            figures.note(operation.ours, "/s", rates[0]);
            figures.note(operation.bare, "/s", rates[1]);
            figures.note(operation.share, "", rates[0] / rates[1]);
            figures.aim(operation.share, SHARE);
        }
        say(&format!("round {round} of {}", options.rounds));
    }
    server.stop()?;
    Ok(figures)
}

impl Side {
    async fn seed(&mut self) -> Result<()> {
        let mut client = Client::new(self.target.address);
        for number in 0..SEEDED {
            let body = match number * TAGGED / SEEDED == (number + 1) * TAGGED / SEEDED {
                true => format!(r#"{{"name":"Seeded {number}"}}"#),
                false => format!(r#"{{"name":"Seeded {number}","tags":{{"group":"a"}}}}"#),
            };
            let request = self.request("POST", self.create, &body);
            let answer = client.send(&request).await?;
            ensure!(
                answer.status == 200,
                "a creation was answered {}",
                answer.status
            );
            self.ids.push(load::made_id(answer.body)?);
        }
        Ok(())
    }

    fn request(&self, method: &str, path: &str, body: &str) -> Vec<u8> {
        request(&self.target, method, path, body)
    }

    async fn load(&self, kind: Kind, during: Duration) -> Result<Tally> {
        let paths: Vec<String> = match kind {
            Kind::Create => vec![self.create.to_owned()],
            Kind::Get => self
                .ids
                .iter()
                .map(|id| format!("{}{id}", self.get))
                .collect(),
            Kind::List => vec![self.list.to_owned()],
            Kind::ByTag => vec![self.by_tag.to_owned()],
        };
        let paths = std::sync::Arc::new(paths);
        load::all(CALLERS, during, |number, end| {
            let (target, paths) = (self.target.clone(), paths.clone());
            async move {
                let mut client = Client::new(target.address);
                let draw = Draw::new(11, number as u64);
                let mut tally = Tally::default();
                loop {
                    let began = Instant::now();
                    if began >= end {
                        return Ok(tally);
                    }
                    let path = &paths[draw.below(paths.len())];
                    let request = match kind {
                        Kind::Create => request(&target, "POST", path, &load::new_company()),
                        Kind::Get | Kind::List | Kind::ByTag => request(&target, "GET", path, ""),
                    };
                    let answer = client.send(&request).await?;
                    ensure!(
                        answer.status == 200,
                        "{path} was answered {}: {}",
                        answer.status,
                        answer.text()
                    );
                    tally.note(began.elapsed());
                }
            }
        })
        .await
    }
}

fn request(target: &Target, method: &str, path: &str, body: &str) -> Vec<u8> {
    let host: SocketAddr = target.address;
    let headers = format!("{}content-type: application/json\r\n", target.key.line());
    client::request(method, path, &host.to_string(), &headers, body)
}
