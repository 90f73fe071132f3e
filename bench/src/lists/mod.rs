//! What is promised of the lists of companies, held against a thousand and a million of them in the same run.
//!
//! Asked is the use case in this process, without HTTP, which would hide differences: its share is the same whatever the length of
//! the list. The two lists are asked in turns, so that whatever else the machine does falls on both alike.

mod promises;
mod seed;

use std::path::PathBuf;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail, ensure};
use handclasp_app::{App, AppError, CompanyList};
use handclasp_domain::query::{CompanyOrder, Order, parse_order, parse_query};
use handclasp_domain::{ClientId, Scopes};
use handclasp_store::{Database, Store, StoreOptions};

use self::promises::{Ask, Promise, asks};
use self::seed::{Seed, Size};
use crate::database::Made;
use crate::process;
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
    let sizes = [FEW, options.companies.max(FEW)].map(Size::new);
    say(&format!(
        "load of the machine at the beginning: {:.1}",
        process::busy()?
    ));
    let mut kept = true;

    let mut lists = Vec::new();
    for (number, size) in sizes.into_iter().enumerate() {
        let path = folder.join(format!("lists-{number}.db"));
        let database = Database::Sqlite { path: path.clone() };
        lists.push(List::open(database, size, Seed::Sqlite(&path)).await?);
    }
    kept &= measure("SQLite", &lists, options.rounds, &mut say).await?;
    for list in &lists {
        list.app.store().close().await;
    }

    if let Some(server) = &options.postgres {
        let mut made = Vec::new();
        let mut lists = Vec::new();
        for (number, size) in sizes.into_iter().enumerate() {
            let one = Made::create(server, &format!("lists_{number}")).await?;
            let database = Database::Postgres {
                url: one.url.clone(),
                pool_size: 8,
                prepared_statements: true,
            };
            lists.push(List::open(database, size, Seed::Postgres(&one.url)).await?);
            made.push(one);
        }
        kept &= measure("PostgreSQL", &lists, options.rounds, &mut say).await?;
        for list in &lists {
            list.app.store().close().await;
        }
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

/// A database with one client's companies in it, and another's.
struct List {
    app: App,
    client: ClientId,
    size: Size,
}

impl List {
    async fn open(database: Database, size: Size, seed: Seed<'_>) -> Result<Self> {
        let began = Instant::now();
        let app = app(Store::open(StoreOptions::new(database)).await?).await?;
        let client = app
            .create_client("Bench", Scopes::EVERYTHING)
            .await?
            .client
            .id;
        let other = app
            .create_client("Other", Scopes::EVERYTHING)
            .await?
            .client
            .id;
        seed.fill(size, client, other).await?;
        tell(&format!(
            "{} companies were made in {:.0} s",
            size.companies,
            began.elapsed().as_secs_f64()
        ));
        Ok(Self { app, client, size })
    }

    /// Asks once: how long it took, and how many there are; none where it was stopped.
    async fn ask(&self, ask: &Ask) -> Result<(Duration, Option<i64>)> {
        let order: Order<CompanyOrder> = match ask.order {
            "" => Order {
                by: CompanyOrder::Created,
                descending: false,
            },
            text => parse_order(text)?,
        };
        let list = CompanyList {
            page: ask.page.number(self.size.companies),
            page_size: 100,
            order,
            query: parse_query(&ask.query)?,
            tags: parse_query(ask.tags)?,
        };
        let began = Instant::now();
        let answer = self.app.companies(self.client, list).await;
        let took = began.elapsed();
        match answer {
            Ok((page, total)) => {
                let expected = usize::try_from(total.min(100))?;
                ensure!(
                    page.len() == expected,
                    "{}: a page of {}",
                    ask.name,
                    page.len()
                );
                Ok((took, Some(total)))
            }
            Err(AppError::Invalid(field)) if field.field == "query" => Ok((took, None)),
            Err(error) => Err(error).context(ask.name),
        }
    }
}

#[expect(clippy::print_stderr, reason = "a program for the terminal")]
fn tell(text: &str) {
    eprintln!("{text}");
}

async fn measure(
    engine: &str,
    lists: &[List],
    rounds: usize,
    say: &mut impl FnMut(&str),
) -> Result<bool> {
    let [short, long] = lists else {
        bail!("there are two lists");
    };
    say(&format!(
        "\n{engine}: milliseconds for {} and {} companies, their ratio, and what is promised",
        short.size.companies, long.size.companies
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
            for (list, times) in [(short, &mut of_short), (long, &mut of_long)] {
                let (took, total) = list.ask(&ask).await?;
                let is_stopped = total.is_none();
                if let Some(total) = total {
                    let expected = (ask.total)(list.size);
                    ensure!(total == expected, "{}: {total}, not {expected}", ask.name);
                }
                let may_stop =
                    ask.promise == Promise::Stopped && list.size.companies == long.size.companies;
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
        kept &= is_kept;
        let verdict = if is_kept { "kept" } else { "BROKEN" };
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
