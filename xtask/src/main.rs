//! The project's own commands, run as `cargo xtask <command>`. `cargo xtask` alone lists them.

#![expect(
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "a program for the terminal"
)]

mod contract;
mod counts;
mod integrations;
mod machine;
mod node;
mod postgres;
mod process;
mod python;
mod report;
mod suite;

use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode};

use anyhow::{Context as _, Result, bail};

const HELP: &str = "\
cargo xtask <command>

  test               everything: formatting, lints, all tests on SQLite and on PostgreSQL,
                     the SDKs' conformance suites and the browser journeys on both engines.
                     Installs through apt, npm and pip what is missing
  journeys [--all]   the browser journeys alone: quick (SQLite, a desktop's window, with
                     JavaScript), or every combination of both engines, a desktop's and a
                     phone's window, with and without JavaScript. `test` runs so many of these
                     that any two meet
  with-postgres COMMAND …
                     runs a command with HANDCLASP_TEST_POSTGRES naming a PostgreSQL that lives
                     as long as the command, as in `cargo xtask with-postgres cargo test`
  conformance        both published SDKs against both engines
  fuzz-api           30,000 requests made of the API's own OpenAPI document, by schemathesis, from
                     three seeds. `test` sends some hundreds
  kill-test [--rounds N] [--postgres] …
                     kills the server at random moments and looks for what was lost
  bench [--postgres] …
                     measures it, each figure beside its raw limit; fails below half of a goal
  screens [DIR]      takes a picture of every screen, into DIR (outside the repository; a
                     temporary folder if left out)
  verify-integrations FILE
                     every declaration against a reference table; prints each difference that
                     integrations/differences.toml does not explain
  deny               licences, advisories, sources and duplicates of all dependencies
";

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let done = process::listen_for_interrupts().and_then(|()| match arguments.as_slice() {
        ["test"] => suite::test(),
        ["journeys"] => suite::journeys(node::Scope::Quick),
        ["journeys", "--all"] => suite::journeys(node::Scope::All),
        ["with-postgres", program, arguments @ ..] => suite::with_postgres(program, arguments),
        ["conformance"] => suite::conformance(),
        ["fuzz-api"] => suite::fuzz_api(),
        ["kill-test", arguments @ ..] => suite::measure("kill", arguments),
        ["bench", arguments @ ..] => suite::measure("run", arguments),
        ["screens"] => suite::screens(None),
        ["screens", directory] => suite::screens(Some(Path::new(directory))),
        ["verify-integrations", file] => integrations::verify(Path::new(file)),
        ["deny"] => deny(),
        [] | ["help" | "--help" | "-h"] => {
            print!("{HELP}");
            Ok(true)
        }
        unknown => bail!("no such command: {}\n\n{HELP}", unknown.join(" ")),
    });
    match done {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            eprintln!("xtask: {error:#}");
            ExitCode::FAILURE
        }
    }
}

/// The repository's root folder.
fn root() -> Result<PathBuf> {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    Ok(here
        .parent()
        .context("xtask does not stand in a folder of the repository")?
        .to_path_buf())
}

/// A `cargo` command in the root folder: the same cargo that runs this program.
fn cargo(arguments: &[&str]) -> Result<Command> {
    let mut command = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    command.args(arguments).current_dir(root()?);
    Ok(command)
}

fn deny() -> Result<bool> {
    if machine::find("cargo-deny").is_none() {
        println!("cargo-deny is missing; building it from source takes several minutes …");
        let mut install = cargo(&["install", "--locked", "cargo-deny"])?;
        if !process::run(&mut install)? {
            bail!("cargo-deny could not be installed");
        }
    }
    process::run(&mut cargo(&["deny", "--workspace", "check"])?)
}
