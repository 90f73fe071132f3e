//! Test programs from PyPI: each has a folder under `e2e/` with a `requirements.txt`, and a virtual environment of its own under the
//! target folder.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context as _, Result, ensure};

use crate::counts::Counts;
use crate::machine::Machine;
use crate::node::{self, Engine};
use crate::{process, root};

/// The folder of the published Python SDK's conformance suite.
const SDK: &str = "python-sdk";

/// The folder of the requests that are made of the OpenAPI document.
const FUZZ: &str = "schemathesis";

/// Installs what `e2e/<name>/requirements.txt` names, unless exactly that is there already. Answers the environment's Python.
///
/// # Errors
/// Where a virtual environment can't be made or a package can't be had.
pub(crate) fn install(machine: &Machine, name: &str) -> Result<PathBuf> {
    let file = folder(name)?.join("requirements.txt");
    let wanted = fs::read(&file).with_context(|| file.display().to_string())?;
    let environment = target()?.join(format!("venv-{name}"));
    let python = environment.join("bin/python");
    let stamp = environment.join(".installed-from");
    if fs::read(&stamp).is_ok_and(|installed| installed == wanted) {
        println!("{name}: as the list has it already");
        return Ok(python);
    }
    let made = process::run(
        Command::new(&machine.python)
            .args(["-m", "venv", "--clear"])
            .arg(&environment),
    )?;
    ensure!(made, "{} can't be made", environment.display());
    let installed = process::run(
        Command::new(&python)
            .args([
                "-m",
                "pip",
                "install",
                "--quiet",
                "--disable-pip-version-check",
            ])
            .args(["--only-binary", ":all:", "--requirement"])
            .arg(&file),
    )?;
    ensure!(installed, "pip could not install {}", file.display());
    fs::write(&stamp, &wanted)?;
    Ok(python)
}

/// The published Python SDK's conformance suite.
pub(crate) fn conformance(
    machine: &Machine,
    engine: Engine<'_>,
    counts: &mut Counts,
) -> Result<bool> {
    run(machine, engine, SDK, &[], counts)
}

/// Requests made of the server's own OpenAPI document, at least so many for each seed.
pub(crate) fn fuzz_api(
    machine: &Machine,
    engine: Engine<'_>,
    cases: u32,
    seeds: &[&str],
    counts: &mut Counts,
) -> Result<bool> {
    let cases = cases.to_string();
    let arguments: Vec<&str> = std::iter::once(cases.as_str())
        .chain(seeds.iter().copied())
        .collect();
    run(machine, engine, FUZZ, &arguments, counts)
}

/// Runs the `run.py` of a folder, which ends with its counts as `cargo test` would.
fn run(
    machine: &Machine,
    engine: Engine<'_>,
    name: &str,
    arguments: &[&str],
    counts: &mut Counts,
) -> Result<bool> {
    let python = install(machine, name)?;
    let mut tests = Command::new(python);
    tests
        .args(["-B", "-u", "-W", "error::ResourceWarning", "run.py"])
        .args(arguments)
        .current_dir(folder(name)?);
    node::tell(&mut tests, machine, engine)?;
    let passed = process::run_reading(&mut tests, |line| counts.read_cargo(line))?;
    ensure!(
        counts.passed + counts.failed > 0,
        "Python reported no test at all"
    );
    ensure!(
        counts.skipped == 0,
        "{} tests were left out, and none may be",
        counts.skipped
    );
    Ok(passed)
}

fn folder(name: &str) -> Result<PathBuf> {
    Ok(root()?.join("e2e").join(name))
}

/// The target folder: where this program is.
fn target() -> Result<PathBuf> {
    let own = std::env::current_exe()?;
    own.parent()
        .and_then(Path::parent)
        .map(Path::to_path_buf)
        .context("this program is not in a target folder")
}
