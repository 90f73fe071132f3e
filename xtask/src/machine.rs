//! What this machine must have for the tests, and getting it there.

use std::env;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context as _, Result, bail, ensure};

use crate::contract::Contract;
use crate::{cargo, process};

/// The oldest Node.js that the browser tests run on (Debian 12 has 18.20).
const OLDEST_NODE: (u64, u64) = (18, 19);

/// The oldest PostgreSQL that the product supports.
const OLDEST_POSTGRES: u64 = 15;

/// What the tests need besides Rust, each found on this machine.
pub(crate) struct Machine {
    pub(crate) node: PathBuf,
    pub(crate) npm: PathBuf,
    pub(crate) chromium: PathBuf,
    /// One that can make virtual environments.
    pub(crate) python: PathBuf,
    /// The folder of `initdb`, `postgres` and `psql`.
    pub(crate) postgres: PathBuf,
    /// Not a program, and the one thing that may be missing.
    pub(crate) contract: Contract,
}

/// One thing to have: what it is called, the Debian packages it comes in, and how to find it.
struct Need {
    name: &'static str,
    packages: &'static [&'static str],
    find: fn() -> Option<PathBuf>,
}

const NODE: Need = Need {
    name: "Node.js",
    packages: &["nodejs"],
    find: || find("node"),
};
const NPM: Need = Need {
    name: "npm",
    packages: &["npm"],
    find: || find("npm"),
};
const CHROMIUM: Need = Need {
    name: "Chromium",
    // Without a font the pages have no text to measure.
    packages: &["chromium", "fonts-liberation"],
    find: || find("chromium").or_else(|| find("chromium-browser")),
};
const GIT: Need = Need {
    // A test reads the list of committed files from it.
    name: "Git",
    packages: &["git"],
    find: || find("git"),
};
const PYTHON: Need = Need {
    name: "Python with venv",
    packages: &["python3", "python3-venv"],
    find: python_with_venv,
};
const POSTGRES: Need = Need {
    name: "PostgreSQL's server programs",
    packages: &["postgresql"],
    find: postgres_programs,
};

impl Machine {
    /// Finds everything, installing through apt what is missing.
    ///
    /// # Errors
    /// Says what is missing and how to get it where it cannot be installed. Nothing is ever left
    /// out of the tests for want of a program.
    pub(crate) fn prepare() -> Result<Self> {
        rust_components()?;
        let missing: Vec<&Need> = [&GIT, &NODE, &NPM, &CHROMIUM, &PYTHON, &POSTGRES]
            .into_iter()
            .filter(|need| (need.find)().is_none())
            .collect();
        if !missing.is_empty() {
            install(&missing)?;
        }
        have(&GIT)?;
        let machine = Self {
            node: have(&NODE)?,
            npm: have(&NPM)?,
            chromium: have(&CHROMIUM)?,
            python: have(&PYTHON)?,
            postgres: have(&POSTGRES)?,
            contract: Contract::look()?,
        };
        let version = first_line(Command::new(&machine.node).arg("--version"))?;
        ensure!(
            node_is_new_enough(&version),
            "{} is Node.js {version}; the browser tests need {}.{} or newer",
            machine.node.display(),
            OLDEST_NODE.0,
            OLDEST_NODE.1,
        );
        Ok(machine)
    }
}

fn have(need: &Need) -> Result<PathBuf> {
    (need.find)().with_context(|| format!("{} is missing after the installation", need.name))
}

/// The full path of a program on the `PATH`.
pub(crate) fn find(program: &str) -> Option<PathBuf> {
    let path = env::var_os("PATH")?;
    env::split_paths(&path)
        .map(|folder| folder.join(program))
        .find(|file| is_program(file))
}

fn is_program(file: &Path) -> bool {
    file.metadata()
        .is_ok_and(|data| data.is_file() && data.permissions().mode() & 0o111 != 0)
}

/// Debian has `venv` and what it installs with in a package of their own.
fn python_with_venv() -> Option<PathBuf> {
    let python = find("python3")?;
    let mut probe = Command::new(&python);
    let probe = probe.args(["-c", "import venv, ensurepip"]);
    let status = probe.stderr(Stdio::null()).status().ok()?;
    status.success().then_some(python)
}

/// The folder of the newest PostgreSQL: Debian keeps its server programs off the `PATH`.
fn postgres_programs() -> Option<PathBuf> {
    let debian = std::fs::read_dir("/usr/lib/postgresql")
        .into_iter()
        .flatten()
        .flatten();
    debian
        .filter_map(|entry| {
            let version: u64 = entry.file_name().to_str()?.parse().ok()?;
            Some((version, entry.path().join("bin")))
        })
        .filter(|(version, folder)| {
            *version >= OLDEST_POSTGRES && is_program(&folder.join("initdb"))
        })
        .max()
        .map(|(_, folder)| folder)
        .or_else(|| {
            // Elsewhere they stand on the `PATH`, in a folder that does not tell the version.
            let initdb = find("initdb")?;
            let version = first_line(Command::new(&initdb).arg("--version")).ok()?;
            (postgres_version(&version)? >= OLDEST_POSTGRES)
                .then_some(initdb.parent()?.to_path_buf())
        })
}

/// The major version in what `initdb --version` says: `initdb (PostgreSQL) 15.6 (Debian 15.6-0+deb12u1)`, `… 17beta1`.
fn postgres_version(text: &str) -> Option<u64> {
    let version = text.split_once("(PostgreSQL) ")?.1;
    let digits = version.find(|c: char| !c.is_ascii_digit());
    version[..digits.unwrap_or(version.len())].parse().ok()
}

/// A command as an administrator, or nothing where this user cannot become one.
fn administrator(program: &str) -> Option<Command> {
    if rustix::process::geteuid().is_root() {
        return Some(Command::new(program));
    }
    let mut command = Command::new(find("sudo")?);
    command.arg(program);
    Some(command)
}

fn install(missing: &[&Need]) -> Result<()> {
    let names = missing
        .iter()
        .map(|need| need.name)
        .collect::<Vec<_>>()
        .join(", ");
    let packages: Vec<&str> = missing
        .iter()
        .flat_map(|need| need.packages.iter().copied())
        .collect();
    let by_hand = format!(
        "apt-get install --no-install-recommends {}",
        packages.join(" ")
    );
    if find("apt-get").is_none() {
        bail!("missing: {names}. There is no apt-get here; install them by this system's means");
    }
    let (Some(mut update), Some(mut install)) = (administrator("apt-get"), administrator("env"))
    else {
        bail!("missing: {names}. Neither root nor sudo here; as an administrator: {by_hand}");
    };
    println!("missing: {names}; installing with apt-get …");
    install.args([
        "DEBIAN_FRONTEND=noninteractive",
        "apt-get",
        "install",
        "--yes",
    ]);
    install.arg("--no-install-recommends").args(&packages);
    // With this terminal and in this process group, so that sudo can ask for a password.
    for command in [update.args(["--quiet", "update"]), &mut install] {
        let status = command.status().context("cannot start apt-get")?;
        process::check_interrupted()?;
        ensure!(
            status.success(),
            "missing: {names}. It did not work by: {by_hand}"
        );
    }
    Ok(())
}

/// rustfmt and clippy, which rustup's minimal profile leaves out.
fn rust_components() -> Result<()> {
    for (component, subcommand) in [("rustfmt", "fmt"), ("clippy", "clippy")] {
        let mut probe = cargo(&[subcommand, "--version"])?;
        if probe
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .status()?
            .success()
        {
            continue;
        }
        let Some(rustup) = find("rustup") else {
            bail!("{component} is missing, and there is no rustup here to add it with");
        };
        println!("{component} is missing; adding it with rustup …");
        let mut add = Command::new(rustup);
        ensure!(
            process::run(add.args(["component", "add", component]))?,
            "{component} could not be added with rustup"
        );
    }
    Ok(())
}

fn first_line(command: &mut Command) -> Result<String> {
    let program = command.get_program().to_string_lossy().into_owned();
    let output = command
        .output()
        .with_context(|| format!("cannot start {program}"))?;
    ensure!(output.status.success(), "{program} failed");
    let text = String::from_utf8_lossy(&output.stdout);
    Ok(text.lines().next().unwrap_or_default().trim().to_owned())
}

fn node_is_new_enough(version: &str) -> bool {
    let mut numbers = version
        .trim_start_matches('v')
        .split('.')
        .map(str::parse::<u64>);
    matches!(
        (numbers.next(), numbers.next()),
        (Some(Ok(major)), Some(Ok(minor))) if (major, minor) >= OLDEST_NODE
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_version_of_postgres_is_read_from_what_it_says() {
        for (text, version) in [
            ("initdb (PostgreSQL) 15.6 (Debian 15.6-0+deb12u1)", Some(15)),
            ("initdb (PostgreSQL) 9.6.24", Some(9)),
            ("initdb (PostgreSQL) 17beta1", Some(17)),
            ("initdb (PostgreSQL) 16", Some(16)),
            ("initdb (PostgreSQL) devel", None),
            ("initdb 15.6", None),
            ("", None),
        ] {
            assert_eq!(postgres_version(text), version, "{text}");
        }
    }

    #[test]
    fn versions_of_node_are_compared_as_numbers() {
        assert!(node_is_new_enough("v18.20.4"));
        assert!(node_is_new_enough("v20.2.0"));
        assert!(node_is_new_enough("v100.0.0"));
        assert!(!node_is_new_enough("v18.9.1"));
        assert!(!node_is_new_enough("v9.99.0"));
        assert!(!node_is_new_enough("what"));
    }
}
