//! What is misconfigured: each thing looked at, said in a line. Nothing is changed by looking.

use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, bail};
use handclasp_ambient::{Clock, SystemClock, SystemRandom};
use handclasp_domain::Timestamp;
use handclasp_integrations::Origins;
use handclasp_outbound::{Outbound, Overflow, Policy, Request};
use handclasp_store::{Opening, Store};
use handclasp_vault::{KeyRing, Vault};
use handclasp_web::layers::Origin;
use http::{Method, StatusCode};
use tokio::time::timeout;
use url::Url;

use crate::config::{Config, Sandbox};
use crate::control::{self, Command};
use crate::wiring::Addresses;
use crate::{keys, wiring};

/// How far the clock may be from the database's. A replica counts as dead four seconds after its last sign of life, which it gives
/// each second by its own clock.
const SKEW: Duration = Duration::from_secs(1);
/// How long the running server, or an address of its, may take to answer.
const ANSWER: Duration = Duration::from_secs(10);

/// What was found, a line each.
#[derive(Default)]
struct Findings {
    wrong: u32,
}

impl Findings {
    fn say(&mut self, what: &str, found: anyhow::Result<String>) {
        match found {
            Ok(fine) => println!("ok     {what}: {fine}"),
            Err(error) => {
                self.wrong += 1;
                println!("wrong  {what}: {error:#}");
            }
        }
    }

    fn end(&self) -> anyhow::Result<()> {
        match self.wrong {
            0 => Ok(()),
            1 => bail!("1 thing is wrong"),
            many => bail!("{many} things are wrong"),
        }
    }
}

/// Looks at everything that can be looked at, and fails where something is wrong.
pub(crate) async fn run(config: anyhow::Result<Config>) -> anyhow::Result<()> {
    let mut findings = Findings::default();
    let config = match config {
        Ok(config) => config,
        Err(error) => {
            findings.say("configuration", Err(error));
            return findings.end();
        }
    };
    findings.say("configuration", Ok("can be read".to_owned()));
    let addresses = addresses(&config);
    findings.say("addresses", said(&addresses, described));
    findings.say("integrations", integrations(&config, &addresses));
    let ring = keys::ring(&config);
    findings.say("master key", said(&ring, |_| "can be read".to_owned()));
    let running = control::is_running(&config.control_path()).await;
    findings.say(
        "server",
        said(&running, |running| match running {
            true => "runs here".to_owned(),
            false => "does not run here, so its addresses are not asked".to_owned(),
        }),
    );
    let running = running.unwrap_or(false);
    if running && config.database_url.is_empty() {
        // The running server holds the lock, and has checked the key at its start.
        findings.say("database", ask(&config).await);
    } else {
        match wiring::open_store(&config, Opening::AsItIs).await {
            Ok(store) => {
                look(&mut findings, &store, ring).await;
                store.close().await;
            }
            Err(error) => findings.say("database", Err(error)),
        }
    }
    if running && let Ok(addresses) = &addresses {
        for (what, origin) in own(&config, addresses) {
            findings.say(what, reach(origin).await);
        }
    }
    findings.end()
}

/// Reads all declarations, the operator's own among them.
fn integrations(config: &Config, addresses: &anyhow::Result<Addresses>) -> anyhow::Result<String> {
    let Ok(addresses) = addresses else {
        bail!("the addresses have to be right first");
    };
    let origins = Origins::new(&Url::parse(&addresses.sandbox.to_string())?)?;
    let catalogue = crate::integrations::catalogue(&config.integrations_dir, &origins)?;
    Ok(format!("{} can be read", catalogue.iter().len()))
}

/// A line about something that is used further on.
fn said<T>(found: &anyhow::Result<T>, fine: impl Fn(&T) -> String) -> anyhow::Result<String> {
    match found {
        Ok(found) => Ok(fine(found)),
        Err(error) => Err(anyhow::anyhow!("{error:#}")),
    }
}

fn addresses(config: &Config) -> anyhow::Result<Addresses> {
    let found = Addresses::of(config, config.listen)?;
    if config.link_url.is_empty() && !config.listen.ip().is_loopback() {
        bail!(
            "link_url is not set, and {} is no address that people's browsers can open",
            config.listen
        );
    }
    Ok(found)
}

fn described(addresses: &Addresses) -> String {
    format!("Link at {}, API at {}", addresses.link, addresses.api)
}

/// Has the running server look at its database.
async fn ask(config: &Config) -> anyhow::Result<String> {
    let path = config.control_path();
    let asked = control::ask(&path, &Command::ListClients);
    timeout(ANSWER, asked)
        .await
        .context("the running server does not answer")?
        .context("the running server says")?
        .context("the server has stopped meanwhile")?;
    Ok("in use by the running server, and answers it".to_owned())
}

/// Looks at a database.
async fn look(findings: &mut Findings, store: &Store, ring: anyhow::Result<KeyRing>) {
    findings.say("database", history(store).await);
    if let Ok(ring) = ring {
        let vault = Vault::new(ring, Arc::new(SystemRandom));
        let fits = handclasp_app::check_key(store, &vault).await;
        findings.say(
            "master key and database",
            fits.map_err(Into::into).map(|tied| match tied {
                true => "opens what the database holds".to_owned(),
                false => "fits: the database is fresh and will be tied to it".to_owned(),
            }),
        );
    }
    let clock = SystemClock::default();
    let before = clock.now();
    match store.clock().await {
        // It is this machine's.
        Ok(None) => {}
        Ok(Some(theirs)) => findings.say("clock", compare(before, theirs, clock.now())),
        Err(error) => findings.say("clock", Err(error.into())),
    }
}

async fn history(store: &Store) -> anyhow::Result<String> {
    Ok(match store.history().await?.pending {
        0 => "answers, and is up to date".to_owned(),
        1 => "answers; 1 migration is pending, which the start of this version applies".to_owned(),
        many => format!(
            "answers; {many} migrations are pending, which the start of this version applies"
        ),
    })
}

/// Compares the database's clock with ours, which was read before and after.
fn compare(before: Timestamp, theirs: Timestamp, after: Timestamp) -> anyhow::Result<String> {
    let (ahead, behind) = (before.since(theirs), theirs.since(after));
    let off = ahead.max(behind);
    if off <= SKEW {
        return Ok("agrees with the database's".to_owned());
    }
    let side = if ahead > behind { "ahead" } else { "behind" };
    bail!(
        "this machine's is {:.1} s {side} of the database's: keep both by NTP",
        off.as_secs_f64()
    );
}

/// The addresses under which the server is to be reached, each once.
fn own<'a>(config: &Config, addresses: &'a Addresses) -> Vec<(&'static str, &'a Origin)> {
    let mut own = vec![("Link", &addresses.link)];
    if addresses.api != addresses.link {
        own.push(("API", &addresses.api));
    }
    let wanted = config.sandbox_integrations != Sandbox::Never;
    if wanted && ![&addresses.link, &addresses.api].contains(&&addresses.sandbox) {
        own.push(("Sandbox", &addresses.sandbox));
    }
    own
}

/// Asks the server by the way that people take, through whatever stands in front of it.
async fn reach(origin: &Origin) -> anyhow::Result<String> {
    // It is the operator who asks, for an address of his own, which may well be a private one.
    let outbound = Outbound::new(Policy {
        allowed_ranges: vec!["0.0.0.0/0".parse()?, "::/0".parse()?],
        ..Policy::default()
    })?;
    let address = format!("{origin}/healthz");
    let mut request = Request::new("check", Method::GET, Url::parse(&address)?);
    request.deadline = ANSWER;
    request.max_body = 1024;
    request.on_overflow = Overflow::Truncate;
    let answer = outbound.send(request).await;
    let answer = answer.with_context(|| format!("{address} cannot be reached from here"))?;
    // What stands in front may have a page of its own for everything.
    if answer.status != StatusCode::OK || answer.body != "ok\n" {
        bail!(
            "{address} does not lead to this server: the answer is {}",
            answer.status
        );
    }
    Ok(format!("{origin} leads to this server"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_clock_that_is_off_is_told_apart_from_a_slow_answer() {
        let at = |seconds: f64| Timestamp::from_micros((seconds * 1e6) as i64);
        for (before, theirs, after, said) in [
            (10.0, 10.0, 10.0, "agrees"),
            (10.0, 10.9, 10.0, "agrees"),
            // Whenever in these five seconds they looked.
            (10.0, 14.0, 15.0, "agrees"),
            (10.0, 12.5, 10.5, "2.0 s behind"),
            (10.0, 6.5, 10.5, "3.5 s ahead"),
        ] {
            let found = match compare(at(before), at(theirs), at(after)) {
                Ok(fine) => fine,
                Err(error) => error.to_string(),
            };
            assert!(found.contains(said), "{found}");
        }
    }
}
