//! What is misconfigured: each thing looked at, said in a line.

use anyhow::bail;
use handclasp_app::StartError;
use handclasp_vault::Vault;

use crate::config::Config;
use crate::control::{self, Command};
use crate::{keys, wiring};

/// Looks at everything that can be looked at, and fails where something is wrong.
pub(crate) async fn run(config: anyhow::Result<Config>) -> anyhow::Result<()> {
    let mut wrong = 0;
    let mut say = |what: &str, result: anyhow::Result<String>| match result {
        Ok(fine) => println!("ok     {what}: {fine}"),
        Err(error) => {
            wrong += 1;
            println!("wrong  {what}: {error:#}");
        }
    };
    let config = match config {
        Ok(config) => config,
        Err(error) => {
            say("configuration", Err(error));
            bail!("1 thing is wrong");
        }
    };
    say("configuration", Ok("can be read".to_owned()));
    say("addresses", addresses(&config));
    let ring = keys::ring(&config);
    say(
        "master key",
        ring.as_ref()
            .map(|_| "can be read".to_owned())
            .map_err(|error| anyhow::anyhow!("{error:#}")),
    );
    let running = control::ask(&config.control_path(), &Command::ListClients)
        .await?
        .is_some();
    if running && config.database_url.is_empty() {
        // The running server holds the lock, and has checked both at its start.
        say("database", Ok("in use by the running server".to_owned()));
    } else {
        match (wiring::open_store(&config).await, ring) {
            (Ok(store), Ok(ring)) => {
                say(
                    "database",
                    store
                        .ping()
                        .await
                        .map(|()| "answers, and is up to date".to_owned())
                        .map_err(Into::into),
                );
                let random = std::sync::Arc::new(handclasp_ambient::SystemRandom);
                let vault = Vault::new(ring, random.clone());
                let fits = match handclasp_app::is_sealed(&store).await {
                    Ok(false) => {
                        Ok("fits: the database is fresh and will be tied to it".to_owned())
                    }
                    Ok(true) => handclasp_app::prepare(
                        &store,
                        &vault,
                        &handclasp_ambient::SystemClock::default(),
                        &*random,
                    )
                    .await
                    .map(|_| "opens what the database holds".to_owned())
                    .map_err(|error: StartError| error.into()),
                    Err(error) => Err(error.into()),
                };
                say("master key and database", fits);
                store.close().await;
            }
            (Ok(store), Err(_)) => {
                say(
                    "database",
                    store
                        .ping()
                        .await
                        .map(|()| "answers, and is up to date".to_owned())
                        .map_err(Into::into),
                );
                store.close().await;
            }
            (Err(error), _) => say("database", Err(error)),
        }
    }
    match wrong {
        0 => Ok(()),
        1 => bail!("1 thing is wrong"),
        many => bail!("{many} things are wrong"),
    }
}

fn addresses(config: &Config) -> anyhow::Result<String> {
    let found = wiring::Addresses::of(config, config.listen)?;
    if config.link_url.is_empty() && !config.listen.ip().is_loopback() {
        bail!(
            "link_url is not set, and {} is no address that people's browsers can open",
            config.listen
        );
    }
    Ok(format!("Link at {}, API at {}", found.link, found.api))
}
