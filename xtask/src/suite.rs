//! `cargo xtask test` and the commands that run a part of it.

use std::path::Path;
use std::process::Command;

use anyhow::{Result, ensure};

use crate::machine::Machine;
use crate::node::{self, Engine, Scope};
use crate::postgres::Cluster;
use crate::report::Report;
use crate::{cargo, process, python, root};

/// The crates whose tests run a second time on PostgreSQL. (The store's own tests run on both
/// engines by themselves.)
const ALSO_ON_POSTGRES: [&str; 4] = [
    "handclasp-api",
    "handclasp-app",
    "handclasp-link",
    "handclasp-webhooks",
];

/// Everything. Whether all of it passed.
pub(crate) fn test() -> Result<bool> {
    let mut report = Report::default();
    let outcome = test_into(&mut report);
    close(&report, &outcome)
}

fn test_into(report: &mut Report) -> Result<()> {
    let mut machine = None;
    report.step("programs on this machine", |_| {
        machine = Some(Machine::prepare()?);
        Ok(true)
    })?;
    let Some(machine) = machine else {
        return Ok(());
    };

    machine.contract.report(report)?;
    report.step("formatting", |_| {
        process::run(&mut cargo(&["fmt", "--all", "--check"])?)
    })?;
    report.step("lints", |_| {
        process::run(&mut cargo(&[
            "clippy",
            "--workspace",
            "--all-targets",
            "--locked",
            "--",
            "-D",
            "warnings",
        ])?)
    })?;
    let built = report.step("build", |_| build())?;

    let mut cluster = None;
    report.step("a PostgreSQL to throw away", |_| {
        cluster = Some(Cluster::start(&machine.postgres)?);
        Ok(true)
    })?;
    let Some(cluster) = cluster else {
        return Ok(());
    };

    report.step("tests on SQLite", |counts| {
        let mut tests = cargo(&["test", "--workspace", "--locked", "--no-fail-fast"])?;
        tests
            .env("HANDCLASP_TEST_REQUIRE_ALL", "1")
            .env("HANDCLASP_TEST_POSTGRES", &cluster.url);
        machine.contract.tell(&mut tests);
        process::run_reading(&mut tests, |line| counts.read_cargo(line))
    })?;
    report.step("tests on PostgreSQL", |counts| {
        let mut tests = cargo(&["test", "--locked", "--no-fail-fast"])?;
        for package in ALSO_ON_POSTGRES {
            tests.args(["--package", package]);
        }
        tests
            .env("HANDCLASP_TEST_REQUIRE_ALL", "1")
            .env("HANDCLASP_TEST_POSTGRES", &cluster.url);
        tests.env("HANDCLASP_TEST_ENGINE", "postgres");
        machine.contract.tell(&mut tests);
        process::run_reading(&mut tests, |line| counts.read_cargo(line))
    })?;

    let installed = report.step("npm packages", |_| node::install(&machine))?;
    if !(built && installed) {
        // Already counted as failed; there is nothing to point a browser at.
        return Ok(());
    }
    for engine in [Engine::Sqlite, Engine::Postgres(&cluster)] {
        conform(report, &machine, engine)?;
    }
    for engine in [Engine::Sqlite, Engine::Postgres(&cluster)] {
        report.step(
            &format!("requests made of the document on {}", engine.name()),
            |counts| python::fuzz_api(&machine, engine, 500, &["1"], counts),
        )?;
    }
    for engine in [Engine::Sqlite, Engine::Postgres(&cluster)] {
        report.step(&format!("journeys on {}", engine.name()), |counts| {
            node::journeys(&machine, engine, Scope::Pairs, counts)
        })?;
    }
    Ok(())
}

/// The browser journeys alone.
pub(crate) fn journeys(scope: Scope) -> Result<bool> {
    let machine = ready()?;
    let mut report = Report::default();
    let outcome = machine.contract.report(&mut report).and_then(|()| {
        on_engines(scope, &machine, |engine| {
            report.step(&format!("journeys on {}", engine.name()), |counts| {
                node::journeys(&machine, engine, scope, counts)
            })
        })
    });
    close(&report, &outcome)
}

/// The SDKs' conformance suites alone.
pub(crate) fn conformance() -> Result<bool> {
    let machine = ready()?;
    let mut report = Report::default();
    let outcome = machine.contract.report(&mut report).and_then(|()| {
        on_engines(Scope::All, &machine, |engine| {
            conform(&mut report, &machine, engine)
        })
    });
    close(&report, &outcome)
}

/// A long run of requests made of the OpenAPI document.
pub(crate) fn fuzz_api() -> Result<bool> {
    let machine = Machine::prepare()?;
    ensure!(build()?, "the build failed");
    let mut report = Report::default();
    let ran = report.step("requests made of the document", |counts| {
        python::fuzz_api(&machine, Engine::Sqlite, 10_000, &["1", "2", "3"], counts)
    });
    close(&report, &ran.map(|_| ()))
}

/// Both published SDKs against one engine.
fn conform(report: &mut Report, machine: &Machine, engine: Engine<'_>) -> Result<bool> {
    let name = engine.name();
    let node = report.step(&format!("the TypeScript SDK on {name}"), |counts| {
        node::conformance(machine, engine, counts)
    })?;
    let python = report.step(&format!("the Python SDK on {name}"), |counts| {
        python::conformance(machine, engine, counts)
    })?;
    Ok(node && python)
}

/// Any command beside a PostgreSQL to throw away.
pub(crate) fn with_postgres(program: &str, arguments: &[&str]) -> Result<bool> {
    let machine = Machine::prepare()?;
    let cluster = Cluster::start(&machine.postgres)?;
    let mut command = Command::new(program);
    command
        .args(arguments)
        .env("HANDCLASP_TEST_POSTGRES", &cluster.url);
    command.env("HANDCLASP_PSQL", &cluster.psql);
    process::run(&mut command)
}

/// One of the commands of `bench/` in an optimised build, with its own arguments. Where these ask for
/// PostgreSQL, one to throw away runs beside it.
pub(crate) fn measure(command: &str, arguments: &[&str]) -> Result<bool> {
    let mut bench = cargo(&[
        "run",
        "--release",
        "--locked",
        "--package",
        "handclasp-bench",
    ])?;
    bench.args(["--", command]).args(arguments);
    if !arguments.contains(&"--postgres") {
        return process::run(&mut bench);
    }
    let machine = Machine::prepare()?;
    let cluster = Cluster::start(&machine.postgres)?;
    process::run(bench.env("HANDCLASP_TEST_POSTGRES", &cluster.url))
}

/// A picture of every screen.
pub(crate) fn screens(into: Option<&Path>) -> Result<bool> {
    let folder = match into {
        Some(folder) => {
            std::fs::create_dir_all(folder)?;
            folder.canonicalize()?
        }
        None => tempfile::Builder::new()
            .prefix("handclasp-screens-")
            .tempdir()?
            .keep(),
    };
    ensure!(
        !folder.starts_with(root()?.canonicalize()?),
        "{} stands in the repository; pictures go outside it",
        folder.display()
    );
    let machine = ready()?;
    let taken = node::screens(&machine, &folder)?;
    println!("\nthe pictures are in {}", folder.display());
    Ok(taken)
}

/// The machine, the binary and the npm packages, for the commands that run a part.
fn ready() -> Result<Machine> {
    let machine = Machine::prepare()?;
    ensure!(build()?, "the build failed");
    ensure!(node::install(&machine)?, "npm ci failed");
    Ok(machine)
}

fn build() -> Result<bool> {
    process::run(&mut cargo(&[
        "build",
        "--locked",
        "--package",
        "handclasp",
    ])?)
}

fn on_engines(
    scope: Scope,
    machine: &Machine,
    mut work: impl FnMut(Engine<'_>) -> Result<bool>,
) -> Result<()> {
    work(Engine::Sqlite)?;
    if !matches!(scope, Scope::Quick) {
        let cluster = Cluster::start(&machine.postgres)?;
        work(Engine::Postgres(&cluster))?;
    }
    Ok(())
}

/// Prints the summary, whatever ended the run.
fn close(report: &Report, outcome: &Result<()>) -> Result<bool> {
    if let Err(error) = outcome {
        eprintln!("xtask: {error:#}");
    }
    println!("{}", report.summary());
    Ok(outcome.is_ok() && report.passed())
}
