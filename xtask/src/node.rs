//! The tests under `e2e/`: the browser journeys and the SDK's conformance suite, run by Node.js.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context as _, Result, ensure};

use crate::counts::Counts;
use crate::machine::Machine;
use crate::postgres::Cluster;
use crate::{process, root};

/// How many combinations of JavaScript and window size the journeys walk.
#[derive(Clone, Copy)]
pub(crate) enum Scope {
    /// With JavaScript, in a desktop's window.
    Quick,
    /// Two of them on each engine, so chosen that any two of engine, JavaScript and window meet.
    Pairs,
    /// With and without JavaScript, each on a phone and on a desktop.
    All,
}

/// Which database the server under test has.
#[derive(Clone, Copy)]
pub(crate) enum Engine<'a> {
    Sqlite,
    Postgres(&'a Cluster),
}

impl Engine<'_> {
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Sqlite => "SQLite",
            Self::Postgres(_) => "PostgreSQL",
        }
    }
}

/// Installs what the lock file names, unless exactly that is there already.
pub(crate) fn install(machine: &Machine) -> Result<bool> {
    let folder = folder()?;
    let lock = fs::read(folder.join("package-lock.json")).context("e2e/package-lock.json")?;
    let stamp = folder.join("node_modules/.installed-from");
    if fs::read(&stamp).is_ok_and(|installed| installed == lock) {
        println!("as the lock file has it already");
        return Ok(true);
    }
    let mut npm = Command::new(&machine.npm);
    npm.args(["ci", "--ignore-scripts", "--no-audit", "--no-fund"])
        .current_dir(&folder);
    let installed = process::run(&mut npm)?;
    if installed {
        fs::write(&stamp, &lock)?;
    }
    Ok(installed)
}

/// The SDK's conformance suite.
pub(crate) fn conformance(
    machine: &Machine,
    engine: Engine<'_>,
    counts: &mut Counts,
) -> Result<bool> {
    test(machine, engine, Scope::All, "sdk", counts)
}

/// The browser journeys.
pub(crate) fn journeys(
    machine: &Machine,
    engine: Engine<'_>,
    scope: Scope,
    counts: &mut Counts,
) -> Result<bool> {
    test(machine, engine, scope, "journeys", counts)
}

/// Takes pictures of all screens into a folder.
pub(crate) fn screens(machine: &Machine, into: &Path) -> Result<bool> {
    let mut node = command(machine, Engine::Sqlite)?;
    process::run(node.arg("screens/take.mjs").arg(into))
}

fn test(
    machine: &Machine,
    engine: Engine<'_>,
    scope: Scope,
    suite: &str,
    counts: &mut Counts,
) -> Result<bool> {
    // Named one by one: Node.js 18 takes neither patterns nor "a folder of tests" alike.
    let mut files: Vec<PathBuf> = fs::read_dir(folder()?.join(suite))?
        .map(|entry| Ok(entry?.path()))
        .collect::<Result<Vec<_>>>()?
        .into_iter()
        .filter(|path| path.to_string_lossy().ends_with(".test.mjs"))
        .collect();
    files.sort();
    ensure!(!files.is_empty(), "there is no test in e2e/{suite}");

    let mut node = command(machine, engine)?;
    node.env(
        "HANDCLASP_E2E_SCOPE",
        match scope {
            Scope::Quick => "quick",
            Scope::Pairs => "pairs",
            Scope::All => "all",
        },
    );
    // A journey mostly waits, so two files at a time do even on two cores.
    node.args(["--test", "--test-concurrency=2", "--test-reporter=spec"])
        .args(files);
    let passed = process::run_reading(&mut node, |line| counts.read_node(line))?;
    ensure!(
        counts.passed + counts.failed > 0,
        "Node.js reported no test at all"
    );
    ensure!(
        counts.skipped == 0,
        "{} tests were left out, and none may be",
        counts.skipped
    );
    Ok(passed)
}

fn command(machine: &Machine, engine: Engine<'_>) -> Result<Command> {
    let mut node = Command::new(&machine.node);
    node.current_dir(folder()?)
        .env("HANDCLASP_CHROMIUM", &machine.chromium);
    tell(&mut node, machine, engine)?;
    Ok(node)
}

/// Tells a test runner what it is to test: the binary, the database that it is to have, and the contract.
pub(crate) fn tell(runner: &mut Command, machine: &Machine, engine: Engine<'_>) -> Result<()> {
    // Cargo puts the binary beside this program, wherever its target folder is.
    let own = std::env::current_exe()?;
    runner.env("HANDCLASP_BINARY", own.with_file_name("handclasp"));
    machine.contract.tell(runner);
    match engine {
        Engine::Sqlite => runner.env("HANDCLASP_E2E_ENGINE", "sqlite"),
        Engine::Postgres(cluster) => runner
            .env("HANDCLASP_E2E_ENGINE", "postgres")
            .env("HANDCLASP_TEST_POSTGRES", &cluster.url)
            .env("HANDCLASP_PSQL", &cluster.psql),
    };
    Ok(())
}

fn folder() -> Result<PathBuf> {
    Ok(root()?.join("e2e"))
}
