//! Load over HTTP: so many callers, each with a connection of its own that is kept, one request after the other.

use std::future::Future;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use anyhow::{Result, bail, ensure};
use tokio::task::JoinSet;

use crate::client::{self, Client};
use crate::draw::Draw;
use crate::server::Key;

/// Where the load goes.
#[derive(Debug, Clone)]
pub struct Target {
    /// The server.
    pub address: SocketAddr,
    /// The client's key.
    pub key: Key,
}

/// What a load came to.
#[derive(Debug, Default)]
pub struct Tally {
    /// How long each took.
    took: Vec<Duration>,
    during: Duration,
    /// What was made, where something was.
    pub made: Vec<String>,
}

impl Tally {
    /// How many there were.
    pub fn count(&self) -> usize {
        self.took.len()
    }

    /// How many a second.
    pub fn rate(&self) -> f64 {
        self.took.len() as f64 / self.during.as_secs_f64()
    }

    /// How long the given part of them took at most, in milliseconds.
    pub fn percentile(&mut self, percent: usize) -> f64 {
        self.took.sort_unstable();
        let at = self.took.len() * percent / 100;
        self.took
            .get(at)
            .map_or(0.0, |took| took.as_secs_f64() * 1e3)
    }

    /// Counts one, and how long it took.
    pub fn note(&mut self, took: Duration) {
        self.took.push(took);
    }

    fn add(&mut self, other: Self) {
        self.took.extend(other.took);
        self.made.extend(other.made);
    }
}

/// Has each of `callers` work until the time is over.
pub async fn all<C: Future<Output = Result<Tally>> + Send + 'static>(
    callers: usize,
    during: Duration,
    mut caller: impl FnMut(usize, Instant) -> C,
) -> Result<Tally> {
    let began = Instant::now();
    let mut tasks = JoinSet::new();
    for number in 0..callers {
        tasks.spawn(caller(number, began + during));
    }
    let mut all = Tally::default();
    while let Some(ended) = tasks.join_next().await {
        all.add(ended??);
    }
    all.during = began.elapsed();
    Ok(all)
}

impl Target {
    fn host(&self) -> String {
        self.address.to_string()
    }

    /// One request to the API, which has to succeed; the answer's body.
    pub async fn ask(&self, method: &str, path: &str, body: &str) -> Result<String> {
        let headers = format!("{}content-type: application/json\r\n", self.key.line());
        let request = client::request(method, path, &self.host(), &headers, body);
        let mut client = Client::new(self.address);
        let answer = client.send(&request).await?;
        ensure!(
            (200..300).contains(&answer.status),
            "{method} {path} was answered {}: {}",
            answer.status,
            answer.text()
        );
        Ok(answer.text())
    }

    /// Creates companies.
    pub async fn creates(&self, callers: usize, during: Duration) -> Result<Tally> {
        all(callers, during, |_, end| create(self.clone(), end)).await
    }

    /// Gets companies, any of these.
    pub async fn gets(
        &self,
        callers: usize,
        during: Duration,
        companies: &Arc<Vec<String>>,
    ) -> Result<Tally> {
        ensure!(!companies.is_empty(), "there is no company to get");
        all(callers, during, |number, end| {
            get(self.clone(), number, end, Arc::clone(companies))
        })
        .await
    }

    /// Gets the first page of the companies.
    pub async fn lists(&self, callers: usize, during: Duration) -> Result<Tally> {
        let page = Arc::new(vec![String::new()]);
        all(callers, during, |number, end| {
            get(self.clone(), number, end, Arc::clone(&page))
        })
        .await
    }
}

/// A name that no company had before in this run.
pub(crate) fn new_company() -> String {
    static NAMES: AtomicU64 = AtomicU64::new(0);
    format!(
        r#"{{"name":"Customer {}"}}"#,
        NAMES.fetch_add(1, Ordering::Relaxed)
    )
}

/// The id of a company in the answer to its creation.
pub(crate) fn made_id(body: &[u8]) -> Result<String> {
    // The id is the first member: read without parsing the rest, since the load generator is to be lean.
    let text = std::str::from_utf8(body)?;
    match text.split('"').nth(3) {
        Some(id) if id.len() == 36 => Ok(id.to_owned()),
        _ => bail!("no id at the beginning of {text}"),
    }
}

async fn create(target: Target, end: Instant) -> Result<Tally> {
    let mut client = Client::new(target.address);
    let mut tally = Tally::default();
    let (host, headers) = (
        target.host(),
        format!("{}content-type: application/json\r\n", target.key.line()),
    );
    loop {
        let began = Instant::now();
        if began >= end {
            return Ok(tally);
        }
        let request = client::request("POST", "/api/companies", &host, &headers, &new_company());
        let answer = client.send(&request).await?;
        ensure!(
            answer.status == 200,
            "a creation was answered {}: {}",
            answer.status,
            answer.text()
        );
        tally.made.push(made_id(answer.body)?);
        tally.note(began.elapsed());
    }
}

async fn get(
    target: Target,
    number: usize,
    end: Instant,
    companies: Arc<Vec<String>>,
) -> Result<Tally> {
    let mut client = Client::new(target.address);
    let mut tally = Tally::default();
    let draw = Draw::new(7, number as u64);
    let (host, line) = (target.host(), target.key.line());
    loop {
        let began = Instant::now();
        if began >= end {
            return Ok(tally);
        }
        let path = match companies[draw.below(companies.len())].as_str() {
            "" => "/api/companies".to_owned(),
            id => format!("/api/companies/{id}"),
        };
        let answer = client
            .send(&client::request("GET", &path, &host, &line, ""))
            .await?;
        ensure!(
            answer.status == 200,
            "{path} was answered {}: {}",
            answer.status,
            answer.text()
        );
        tally.note(began.elapsed());
    }
}

/// Whole journeys: see [`crate::journey`].
pub async fn journeys(target: &Target, callers: usize, during: Duration) -> Result<Tally> {
    all(callers, during, |_, end| {
        let target = target.clone();
        async move {
            let mut walker = crate::journey::Walker::new(&target);
            let mut tally = Tally::default();
            loop {
                let began = Instant::now();
                if began >= end {
                    return Ok(tally);
                }
                walker.walk().await?;
                tally.note(began.elapsed());
            }
        }
    })
    .await
}
