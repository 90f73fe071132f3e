//! What is promised of the lists of companies, held against a thousand and a million of them in the same run.
//!
//! It is asked twice: over HTTP of the real server, which is what a caller sees and what the promise of flat lists is about; and the use
//! case in this process, which shows more of what the database does, since the rest is the same whatever the length of the list. The
//! two lists are asked in turns, so that whatever else the machine does falls on both alike.

mod promises;
mod seed;

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail, ensure};
use handclasp_app::{App, AppError, CompanyList};
use handclasp_domain::query::{CompanyOrder, Order, parse_order, parse_query};
use handclasp_domain::{ClientId, Scopes};
use handclasp_store::{Database, Store, StoreOptions};
use handclasp_vault::MasterKey;
use serde_json::Value;
use url::{Position, Url};

use self::promises::{Ask, Promise, asks};
use self::seed::{Seed, Size};
use crate::client::{self, Client};
use crate::database::Made;
use crate::process;
use crate::server::{Key, Server, Setup, build, free_address};
use crate::store::app;

/// How the benchmark is run.
#[derive(Debug)]
pub struct Options {
    /// How many companies the long list has.
    pub companies: u32,
    /// How often each list is asked; medians are told.
    pub rounds: usize,
    /// PostgreSQL, where it is measured as well.
    pub postgres: Option<String>,
    /// The binary; built where it is none.
    pub binary: Option<PathBuf>,
    /// Where the data is. A temporary folder where it is none.
    pub folder: Option<PathBuf>,
}

/// How many companies the short list has.
const FEW: u32 = 1_000;
/// How much longer the long list's page may take than the short one's.
const FLAT: f64 = 1.2;

/// Runs it; whether every promise is kept.
pub async fn run(options: &Options, mut say: impl FnMut(&str)) -> Result<bool> {
    let temporary = tempfile::Builder::new()
        .prefix("handclasp-lists-")
        .tempdir()?;
    let folder = match &options.folder {
        Some(folder) => folder.clone(),
        None => temporary.path().to_owned(),
    };
    std::fs::create_dir_all(&folder)?;
    say(&format!(
        "load of the machine at the beginning: {:.1}",
        process::busy()?
    ));
    let mut kept = true;

    let binary = options.binary.clone().map_or_else(build, Ok)?;
    let here = folder.join("sqlite");
    kept &= engine("SQLite", options, &here, &binary, None, &mut say).await?;
    if let Some(server) = &options.postgres {
        let made = [
            Made::create(server, "lists_0").await?,
            Made::create(server, "lists_1").await?,
        ];
        let urls = Some([made[0].url.clone(), made[1].url.clone()]);
        let folder = folder.join("postgres");
        kept &= engine("PostgreSQL", options, &folder, &binary, urls, &mut say).await?;
        for one in made {
            one.drop().await?;
        }
    }
    say(&format!(
        "load of the machine at the end: {:.1}",
        process::busy()?
    ));
    Ok(kept)
}

/// Measures one engine; whether every promise is kept.
async fn engine(
    name: &str,
    options: &Options,
    folder: &Path,
    binary: &Path,
    urls: Option<[String; 2]>,
    say: &mut impl FnMut(&str),
) -> Result<bool> {
    let sizes = [FEW, options.companies.max(FEW)].map(Size::new);
    let mut lists = Vec::new();
    for (number, size) in sizes.into_iter().enumerate() {
        let folder = folder.join(number.to_string());
        std::fs::create_dir_all(&folder)?;
        let url = urls.as_ref().map(|urls| urls[number].clone());
        let setup = Setup::new(binary.to_owned(), &folder, url)?;
        lists.push(List::open(setup, size).await?);
    }
    say(&format!("\n{name}, in one process with the database"));
    let mut kept = measure(&mut lists, options.rounds, Judged::AllButFlat, say).await?;
    for list in &mut lists {
        list.serve().await?;
    }
    say(&format!("\n{name}, over HTTP"));
    kept &= measure(&mut lists, options.rounds, Judged::All, say).await?;
    for list in lists {
        if let Asked::Server { server, .. } = list.asked {
            server.stop()?;
        }
    }
    Ok(kept)
}

/// Which promises count.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Judged {
    /// All of them.
    All,
    /// All but those that a page takes as long among many companies as among few.
    AllButFlat,
}

/// A database with one client's companies in it, and another's.
struct List {
    setup: Setup,
    client: ClientId,
    key: Key,
    size: Size,
    asked: Asked,
}

/// Who is asked.
enum Asked {
    /// The use case in this process.
    App(App),
    /// A process of its own.
    Server { server: Server, client: Client },
}

impl List {
    async fn open(setup: Setup, size: Size) -> Result<Self> {
        let began = Instant::now();
        let (database, seed) = match &setup.database_url {
            None => {
                let path = setup.sqlite();
                std::fs::create_dir_all(path.parent().context("no folder")?)?;
                (Database::Sqlite { path: path.clone() }, Seed::Sqlite(path))
            }
            Some(url) => (
                Database::Postgres {
                    url: url.clone(),
                    pool_size: 8,
                    prepared_statements: true,
                },
                Seed::Postgres(url.clone()),
            ),
        };
        let master = MasterKey::parse(std::fs::read_to_string(setup.key_file())?.trim())?;
        let app = app(Store::open(StoreOptions::new(database)).await?, master).await?;
        let made = app.create_client("Bench", Scopes::EVERYTHING).await?;
        let other = app.create_client("Other", Scopes::EVERYTHING).await?;
        seed.fill(size, made.client.id, other.client.id).await?;
        tell(&format!(
            "{} companies were made in {:.0} s",
            size.companies,
            began.elapsed().as_secs_f64()
        ));
        Ok(Self {
            setup,
            client: made.client.id,
            key: Key::of(made.api_key.expose()),
            size,
            asked: Asked::App(app),
        })
    }

    /// Gives the database to a server, which is asked from now on.
    async fn serve(&mut self) -> Result<()> {
        if let Asked::App(app) = &self.asked {
            app.store().close().await;
        }
        let address = free_address()?;
        let mut server = Server::start(&self.setup, 0, address, None)?;
        server.ready().await?;
        let client = Client::new(address);
        self.asked = Asked::Server { server, client };
        Ok(())
    }

    /// Asks once: how long it took, and how many there are; none where it was stopped.
    async fn ask(&mut self, ask: &Ask) -> Result<(Duration, Option<i64>)> {
        let page = ask.page.number(self.size.companies);
        let (took, found) = match &mut self.asked {
            Asked::App(app) => {
                let order: Order<CompanyOrder> = match ask.order {
                    "" => Order {
                        by: CompanyOrder::Created,
                        descending: false,
                    },
                    text => parse_order(text)?,
                };
                let list = CompanyList {
                    page,
                    page_size: 100,
                    order,
                    query: parse_query(&ask.query)?,
                    tags: parse_query(ask.tags)?,
                };
                let began = Instant::now();
                let answer = app.companies(self.client, list).await;
                let took = began.elapsed();
                match answer {
                    Ok((page, total)) => (took, Some((page.len(), total))),
                    Err(AppError::Invalid(field)) if field.field == "query" => (took, None),
                    Err(error) => return Err(error).context(ask.name),
                }
            }
            Asked::Server { server, client } => {
                let mut path = Url::parse("http://server/api/companies")?;
                path.query_pairs_mut()
                    .append_pair("page", &page.to_string())
                    .append_pair("orderBy", ask.order)
                    .append_pair("query", &ask.query)
                    .append_pair("tags", ask.tags);
                let path = &path[Position::BeforePath..];
                let host = server.address.to_string();
                let request = client::request("GET", path, &host, &self.key.line(), "");
                let began = Instant::now();
                let answer = client.send(&request).await?;
                let took = began.elapsed();
                match answer.status {
                    200 => {
                        let body: Value = serde_json::from_slice(answer.body)?;
                        let page = body["results"].as_array().context("no results")?.len();
                        let total = body["totalResults"].as_i64().context("no total")?;
                        (took, Some((page, total)))
                    }
                    400 => (took, None),
                    status => bail!("{}: {status}: {}", ask.name, answer.text()),
                }
            }
        };
        let Some((page, total)) = found else {
            return Ok((took, None));
        };
        let expected = usize::try_from(total.min(100))?;
        ensure!(page == expected, "{}: a page of {page}", ask.name);
        Ok((took, Some(total)))
    }
}

#[expect(clippy::print_stderr, reason = "a program for the terminal")]
fn tell(text: &str) {
    eprintln!("{text}");
}

async fn measure(
    lists: &mut [List],
    rounds: usize,
    judged: Judged,
    say: &mut impl FnMut(&str),
) -> Result<bool> {
    let [short, long] = lists else {
        bail!("there are two lists");
    };
    let most = long.size.companies;
    say(&format!(
        "milliseconds for {} and {most} companies, their ratio, and what is promised",
        short.size.companies
    ));
    let mut kept = true;
    for ask in asks() {
        let rounds = match ask.promise {
            Promise::Stopped => 1,
            // They take a millisecond or two, and are compared.
            Promise::Flat => rounds.max(1) * 10,
            Promise::Within(_) => rounds.max(1),
        };
        let (mut of_short, mut of_long) = (Vec::new(), Vec::new());
        // The first times warm up, on each of the database's readers.
        let warm = if rounds > 1 { rounds / 8 + 3 } else { 0 };
        for round in 0..rounds + warm {
            for (list, times) in [(&mut *short, &mut of_short), (&mut *long, &mut of_long)] {
                let (took, total) = list.ask(&ask).await?;
                let is_stopped = total.is_none();
                if let Some(total) = total {
                    let expected = (ask.total)(list.size);
                    ensure!(total == expected, "{}: {total}, not {expected}", ask.name);
                }
                let may_stop = ask.promise == Promise::Stopped && list.size.companies == most;
                ensure!(!is_stopped || may_stop, "{}: it was stopped", ask.name);
                if round >= warm {
                    times.push((took, is_stopped));
                }
            }
        }
        let (few, many) = (median(&of_short), median(&of_long));
        let ratio = many / few;
        let (promise, is_kept) = match ask.promise {
            Promise::Flat => (format!("ratio ≤ {FLAT}"), ratio <= FLAT),
            Promise::Within(millis) => (format!("≤ {millis} ms"), many <= f64::from(millis)),
            Promise::Stopped => ("done or stopped within 2.3 s".to_owned(), many <= 2_300.0),
        };
        let verdict = match is_kept {
            true => "kept",
            false if judged == Judged::AllButFlat && ask.promise == Promise::Flat => "above",
            false => {
                kept = false;
                "BROKEN"
            }
        };
        say(&format!(
            "{:<58} {few:>8.2} {many:>9.2} {ratio:>8.2}  {promise:<16} {verdict}",
            ask.name
        ));
    }
    Ok(kept)
}

fn median(times: &[(Duration, bool)]) -> f64 {
    let mut millis: Vec<f64> = times
        .iter()
        .map(|(took, _)| took.as_secs_f64() * 1_000.0)
        .collect();
    millis.sort_by(f64::total_cmp);
    millis.get(millis.len() / 2).copied().unwrap_or(f64::NAN)
}
