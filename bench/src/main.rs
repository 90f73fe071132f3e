//! The kill test and the benchmarks: README.md says how they work.
#![expect(
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "a program for the terminal"
)]

use std::process::ExitCode;
use std::time::Duration;

use anyhow::{Context, Result};
use clap::{Args, Parser, Subcommand};
use handclasp_bench::{api, bare, credentials, draw, environment, kill, lists, run};

#[derive(Debug, Parser)]
#[command(name = "handclasp-bench", about)]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// The benchmark: each figure beside its raw limit. Exits with 1 below half of a goal
    Run(Bench),
    /// The API's operations beside routes that do one insert or one read. Exits with 1 where one is below 35 % of its bare route
    Api(Bench),
    /// The server with the bare routes, as `api` starts it
    #[command(hide = true)]
    Bare {
        folder: std::path::PathBuf,
        postgres: Option<String>,
    },
    /// Sealing, refreshing, and calls that are passed on. Exits with 1 where a goal is missed by more than twice
    Credentials(Bench),
    /// The lists of companies, of a thousand and of a million: exits with 1 where a promise is broken
    Lists(Lists),
    /// One load alone, with a profiler: `load gets -- perf record -g -p` runs the command with the server's process id added
    Load(Load),
    /// SIGKILL at random moments under eight writers: nothing acknowledged may be lost
    Kill(Kill),
}

#[derive(Debug, Args)]
struct Bench {
    /// How often everything is measured; medians are told
    #[arg(long, default_value_t = 5)]
    rounds: usize,
    /// How long each figure is measured in a round, in milliseconds
    #[arg(long, default_value_t = 2000)]
    each: u64,
    /// Creates on the PostgreSQL that HANDCLASP_TEST_POSTGRES names, instead of everything on SQLite
    #[arg(long)]
    postgres: bool,
    /// This binary instead of one that is built first
    #[arg(long)]
    binary: Option<std::path::PathBuf>,
    /// A folder on the disk that is to be measured; a temporary one if left out
    #[arg(long)]
    folder: Option<std::path::PathBuf>,
}

#[derive(Debug, Args)]
struct Lists {
    /// How many companies the long list has
    #[arg(long, default_value_t = 1_000_000)]
    companies: u32,
    /// How often each question is asked; medians are told
    #[arg(long, default_value_t = 15)]
    rounds: usize,
    /// On the PostgreSQL that HANDCLASP_TEST_POSTGRES names as well
    #[arg(long)]
    postgres: bool,
    /// This binary instead of one that is built first
    #[arg(long)]
    binary: Option<std::path::PathBuf>,
    /// A folder for SQLite's files; a temporary one if left out
    #[arg(long)]
    folder: Option<std::path::PathBuf>,
}

#[derive(Debug, Args)]
struct Load {
    #[arg(value_enum)]
    load: Which,
    /// For how long, in seconds
    #[arg(long, default_value_t = 10)]
    seconds: u64,
    /// This binary instead of one that is built first
    #[arg(long)]
    binary: Option<std::path::PathBuf>,
    /// What looks at the server meanwhile
    #[arg(last = true)]
    profiler: Vec<String>,
}

#[derive(Debug, Clone, Copy, clap::ValueEnum)]
enum Which {
    Creates,
    Gets,
    Lists,
    Journeys,
}

#[derive(Debug, Args)]
struct Kill {
    /// How many kills
    #[arg(long, default_value_t = 50)]
    rounds: usize,
    /// Makes the same choices as a run before
    #[arg(long)]
    seed: Option<u64>,
    /// On the PostgreSQL that HANDCLASP_TEST_POSTGRES names, instead of SQLite
    #[arg(long)]
    postgres: bool,
    /// How many processes run on PostgreSQL
    #[arg(long, default_value_t = 1, requires = "postgres")]
    processes: usize,
    /// This binary instead of one that is built first
    #[arg(long)]
    binary: Option<std::path::PathBuf>,
    /// How long the server runs between its start and the kill at most, in milliseconds
    #[arg(long, default_value_t = 1500)]
    longest: u64,
}

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build();
    let result = match runtime {
        Ok(runtime) => runtime.block_on(obey(arguments)),
        Err(error) => Err(error.into()),
    };
    match result {
        Ok(code) => code,
        Err(error) => {
            eprintln!("handclasp-bench: {error:#}");
            ExitCode::FAILURE
        }
    }
}

async fn obey(arguments: Arguments) -> Result<ExitCode> {
    match arguments.command {
        Command::Run(settings) => bench(settings).await,
        Command::Api(settings) => api(settings).await,
        Command::Bare { folder, postgres } => {
            bare::serve(&folder, postgres, |address| println!("{address}")).await?;
            Ok(ExitCode::SUCCESS)
        }
        Command::Credentials(settings) => held(settings).await,
        Command::Lists(settings) => lists(settings).await,
        Command::Load(settings) => load(settings).await,
        Command::Kill(settings) => kill(settings).await,
    }
}

fn postgres() -> Result<String> {
    environment::postgres()
        .context("HANDCLASP_TEST_POSTGRES is not set: cargo xtask with-postgres sets it")
}

async fn bench(settings: Bench) -> Result<ExitCode> {
    let options = run::Options {
        rounds: settings.rounds.max(1),
        each: Duration::from_millis(settings.each.max(100)),
        postgres: settings.postgres.then(postgres).transpose()?,
        binary: settings.binary,
        folder: settings.folder,
        only_writes: settings.postgres,
    };
    Ok(match run::run(&options, |line| println!("{line}")).await? {
        true => ExitCode::SUCCESS,
        false => ExitCode::FAILURE,
    })
}

async fn api(settings: Bench) -> Result<ExitCode> {
    let options = api::Options {
        rounds: settings.rounds.max(1),
        each: Duration::from_millis(settings.each.max(100)),
        postgres: settings.postgres.then(postgres).transpose()?,
        binary: settings.binary,
        folder: settings.folder,
    };
    Ok(match api::run(&options, |line| println!("{line}")).await? {
        true => ExitCode::SUCCESS,
        false => ExitCode::FAILURE,
    })
}

async fn held(settings: Bench) -> Result<ExitCode> {
    let options = credentials::Options {
        rounds: settings.rounds.max(1),
        each: Duration::from_millis(settings.each.max(100)),
        postgres: settings.postgres.then(postgres).transpose()?,
        binary: settings.binary,
        folder: settings.folder,
    };
    Ok(
        match credentials::run(&options, |line| println!("{line}")).await? {
            true => ExitCode::SUCCESS,
            false => ExitCode::FAILURE,
        },
    )
}

async fn lists(settings: Lists) -> Result<ExitCode> {
    let options = lists::Options {
        companies: settings.companies,
        rounds: settings.rounds,
        postgres: settings.postgres.then(postgres).transpose()?,
        binary: settings.binary,
        folder: settings.folder,
    };
    Ok(
        match lists::run(&options, |line| println!("{line}")).await? {
            true => ExitCode::SUCCESS,
            false => ExitCode::FAILURE,
        },
    )
}

async fn load(settings: Load) -> Result<ExitCode> {
    let options = run::Options {
        rounds: 1,
        each: Duration::ZERO,
        postgres: None,
        binary: settings.binary,
        folder: None,
        only_writes: false,
    };
    let which = match settings.load {
        Which::Creates => run::Load::Creates,
        Which::Gets => run::Load::Gets,
        Which::Lists => run::Load::Lists,
        Which::Journeys => run::Load::Journeys,
    };
    let mut profiler = None;
    let said = run::one(
        &options,
        which,
        Duration::from_secs(settings.seconds),
        |id| {
            if let [program, arguments @ ..] = settings.profiler.as_slice() {
                let mut command = std::process::Command::new(program);
                profiler = Some(command.args(arguments).arg(id.to_string()).spawn()?);
            }
            Ok(())
        },
    )
    .await?;
    println!("{said}");
    // It ends with the server.
    if let Some(mut profiler) = profiler {
        profiler.wait()?;
    }
    Ok(ExitCode::SUCCESS)
}

async fn kill(settings: Kill) -> Result<ExitCode> {
    let postgres = match settings.postgres {
        false => None,
        true => Some((postgres()?, settings.processes.max(1))),
    };
    let options = kill::Options {
        seed: settings.seed.unwrap_or_else(draw::seed),
        rounds: settings.rounds,
        writers: 8,
        longest: Duration::from_millis(settings.longest),
        breath: Duration::ZERO,
        patience: Duration::from_secs(600),
        postgres,
        binary: settings.binary,
        folder: None,
    };
    println!(
        "kill test: {} rounds, seed {}",
        options.rounds, options.seed
    );
    let report = kill::run(&options).await?;
    println!("{report}");
    Ok(ExitCode::SUCCESS)
}
