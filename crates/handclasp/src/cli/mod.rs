//! The commands.

mod check;
mod integration;
mod integrations;
mod manage;

use std::net::SocketAddr;
use std::path::PathBuf;

use clap::{Args, Parser, Subcommand};
use handclasp_domain::{ApiKeyId, ClientId};
use handclasp_store::Opening;
use handclasp_web::layers::Proxies;
use tokio_util::sync::CancellationToken;

use self::integration::IntegrationCommand;
use self::integrations::IntegrationsCommand;
use crate::config::{self, Config};
use crate::control::{Command as Task, QuotaSetting};
use crate::{demo, keys, logs, metrics, server, wiring};

/// Self-hosted Hosted Link: how a platform's customers connect their accounting, banking and commerce software.
#[derive(Debug, Parser)]
#[command(name = "handclasp", version, about)]
pub(crate) struct Arguments {
    /// The configuration file. See: handclasp config --example
    #[arg(long, global = true, env = "HANDCLASP_CONFIG")]
    config: Option<PathBuf>,
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Runs everything to try it out, on this machine alone: server, client, key, sandbox, sample platform, webhook inbox
    Demo(Demo),
    /// Runs the server
    Serve,
    /// Brings the database up to date, and ends
    Migrate,
    /// Clients: the platforms that use this server
    #[command(subcommand)]
    Client(ClientCommand),
    /// What this server can connect, and declarations of your own
    #[command(subcommand)]
    Integrations(IntegrationsCommand),
    /// Master keys and API keys
    #[command(subcommand)]
    Keys(KeysCommand),
    /// Writes a backup of the embedded database, also while the server runs
    Backup {
        /// The file to write; it must not exist
        file: PathBuf,
    },
    /// Puts a backup into an empty data directory
    Restore {
        /// The backup
        file: PathBuf,
    },
    /// Says what is misconfigured
    Check,
    /// Shows the configuration
    Config {
        /// Prints an example with every setting
        #[arg(long)]
        example: bool,
    },
}

/// The demo's settings.
#[derive(Debug, Args)]
pub(crate) struct Demo {
    /// Where it listens: an address of this machine
    #[arg(long, default_value = "127.0.0.1:8080")]
    pub(crate) listen: SocketAddr,
    /// Where it keeps its data; without it, in a folder that is deleted at the end
    #[arg(long)]
    pub(crate) data_dir: Option<PathBuf>,
    /// Prints one line of JSON, once it answers
    #[arg(long)]
    pub(crate) json: bool,
}

#[derive(Debug, Subcommand)]
enum ClientCommand {
    /// Makes a client and its first API key
    Create {
        /// Its name, as its customers know it
        name: String,
    },
    /// Lists the clients
    List,
    /// Tells how many requests to the API a client may make in a day, or sets it
    Quota {
        /// The client's id
        client: ClientId,
        /// How many, or none for any number, or default for what the configuration says
        requests: Option<QuotaSetting>,
    },
    /// What a client set for the integrations: which are offered, and its registrations with their third parties
    #[command(subcommand)]
    Integration(IntegrationCommand),
}

#[derive(Debug, Subcommand)]
enum KeysCommand {
    /// Makes a master key in a new file
    Generate {
        /// The file to write; it must not exist
        file: PathBuf,
    },
    /// Seals everything anew with the current master key, also while the server runs. Can be stopped and begun again
    Rotate,
    /// Tells how much is sealed with which master key
    Status,
    /// Makes an API key for a client
    Create {
        /// The client's id
        client: ClientId,
        /// A name for it
        #[arg(long)]
        name: Option<String>,
        /// Lets it use the credentials of connections, too
        #[arg(long)]
        credentials: bool,
    },
    /// Lists a client's API keys: id, when it was made, scopes, last use, name
    List {
        /// The client's id
        client: ClientId,
    },
    /// Revokes an API key of a client, but not the last
    Revoke {
        /// The client's id
        client: ClientId,
        /// The key's id, as handclasp keys list tells it
        key: ApiKeyId,
    },
}

/// Runs a command.
pub(crate) async fn run(arguments: Arguments) -> anyhow::Result<()> {
    #[expect(
        clippy::disallowed_methods,
        reason = "this is where the environment is read"
    )]
    let config = || Config::read(arguments.config.as_deref(), std::env::vars());
    match arguments.command {
        Command::Demo(settings) => demo::run(config()?, &settings).await,
        Command::Serve => serve(&config()?).await,
        Command::Migrate => {
            let store = wiring::open_store(&config()?, Opening::UpToDate).await?;
            store.close().await;
            println!("the database is up to date");
            Ok(())
        }
        Command::Client(ClientCommand::Create { name }) => {
            manage::run(&config()?, Task::CreateClient { name }).await
        }
        Command::Client(ClientCommand::List) => manage::run(&config()?, Task::ListClients).await,
        Command::Keys(KeysCommand::Generate { file }) => {
            let key = keys::generate(&file)?;
            println!("master key {} written to {}", key.id(), file.display());
            println!(
                "Keep a copy where the backups are not: without it nothing that is sealed can ever be opened again."
            );
            Ok(())
        }
        Command::Keys(KeysCommand::Rotate) => manage::run(&config()?, Task::RotateKeys).await,
        Command::Keys(KeysCommand::Status) => manage::run(&config()?, Task::KeyStatus).await,
        Command::Keys(KeysCommand::Create {
            client,
            name,
            credentials,
        }) => {
            manage::run(
                &config()?,
                Task::CreateKey {
                    client,
                    name,
                    credentials,
                },
            )
            .await
        }
        Command::Keys(KeysCommand::List { client }) => {
            manage::run(&config()?, Task::ListKeys { client }).await
        }
        Command::Keys(KeysCommand::Revoke { client, key }) => {
            manage::run(&config()?, Task::RevokeKey { client, key }).await
        }
        Command::Client(ClientCommand::Quota { client, requests }) => {
            let set = requests;
            manage::run(&config()?, Task::Quota { client, set }).await
        }
        Command::Client(ClientCommand::Integration(command)) => {
            manage::run(&config()?, command.task()?).await
        }
        Command::Integrations(command) => integrations::run(&config()?, &command),
        Command::Backup { file } => {
            let file = std::path::absolute(file)?;
            manage::run(&config()?, Task::Backup { file }).await
        }
        Command::Restore { file } => manage::restore(&config()?, &file).await,
        Command::Check => check::run(config()).await,
        Command::Config { example: true } => {
            print!("{}", config::example());
            Ok(())
        }
        Command::Config { example: false } => {
            config()?;
            println!("the configuration can be read; handclasp check looks further");
            Ok(())
        }
    }
}

async fn serve(config: &Config) -> anyhow::Result<()> {
    logs::start(config)?;
    let handle = metrics::install()?;
    let metrics_listener = metrics::listen(config.metrics_listen).await?;
    let listener = server::listen(config.listen).await?;
    let listening = listener.local_addr()?;
    let addresses = wiring::Addresses::of(config, listening)?;
    let app = wiring::build_app(config, &addresses, Some(listening)).await?;
    let stop = CancellationToken::new();
    let probes = wiring::probes(&app, &stop);
    if let Some(listener) = metrics_listener {
        metrics::serve(listener, handle, &wiring::operator(&app), probes.clone());
    }
    let proxies = Proxies::trusting(config.trusted_proxies.iter().copied());
    let sites =
        wiring::sites(&app, &addresses, probes, wiring::SandboxClock::Fixed)?.behind(proxies);
    tracing::info!(%listening, link = %addresses.link, api = %addresses.api, "serving");
    let signals = server::Signals::listen()?;
    server::run(config, app, sites, listener, stop, signals).await
}
