//! A PostgreSQL cluster to throw away: own folder, own port, own password, gone at the end.

use std::fs::{self, File};
use std::net::{Ipv4Addr, TcpListener};
use std::os::unix::fs::{PermissionsExt as _, chown};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, bail, ensure};
use rustix::process::Signal;
use tempfile::TempDir;

use crate::machine::find;
use crate::process::{self, Started};

/// The user inside the database, who may create databases there.
const ROLE: &str = "handclasp";

/// Who the server runs as where this program is root: PostgreSQL refuses to run as root.
const DEBIAN_USER: &str = "postgres";
const OWN_USER: &str = "handclasp-test";

const READY_WITHIN: Duration = Duration::from_secs(60);

/// A running cluster. Dropping it stops the server and removes its folder, in this order.
pub(crate) struct Cluster {
    _server: Started,
    /// `postgres://…`, by TCP on 127.0.0.1, a role that may create databases.
    pub(crate) url: String,
    /// The `psql` that belongs to this server.
    pub(crate) psql: PathBuf,
    _folder: TempDir,
}

impl Cluster {
    /// Creates the cluster and starts its server; it answers when this returns.
    pub(crate) fn start(programs: &Path) -> Result<Self> {
        // Under /tmp whatever TMPDIR says: the server's user must reach it, and the path of a
        // Unix socket has to stay under 108 bytes.
        let folder = tempfile::Builder::new()
            .prefix("handclasp-postgres-")
            .tempdir_in("/tmp")?;
        let runner = Runner::find()?;
        let password = password()?;
        let password_file = folder.path().join("password");
        fs::write(&password_file, &password)?;
        fs::set_permissions(&password_file, fs::Permissions::from_mode(0o600))?;
        for path in [folder.path(), &password_file] {
            runner.give(path)?;
        }

        let data = folder.path().join("data");
        let mut initdb = runner.command(&programs.join("initdb"), folder.path());
        initdb.arg("--pgdata").arg(&data);
        initdb.arg("--pwfile").arg(&password_file);
        initdb.args(["--username", ROLE, "--auth", "scram-sha-256"]);
        initdb.args(["--encoding", "UTF8", "--locale", "C.UTF-8", "--no-sync"]);
        ensure!(process::run_quietly(&mut initdb)?, "initdb failed");

        let mut last = None;
        for _ in 0..3 {
            match start_server(&runner, programs, folder.path(), &data) {
                Ok((server, port)) => {
                    let url = format!("postgres://{ROLE}:{password}@127.0.0.1:{port}/postgres");
                    let psql = programs.join("psql");
                    return Ok(Self {
                        _server: server,
                        url,
                        psql,
                        _folder: folder,
                    });
                }
                // Somebody else may have taken the port meanwhile: again with another one.
                Err(error) => last = Some(error),
            }
            process::check_interrupted()?;
        }
        Err(last.context("PostgreSQL was not started")?)
    }
}

fn start_server(
    runner: &Runner,
    programs: &Path,
    folder: &Path,
    data: &Path,
) -> Result<(Started, u16)> {
    let port = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?
        .local_addr()?
        .port();
    let log = folder.join("server.log");
    let mut command = runner.command(&programs.join("postgres"), folder);
    command.arg("-D").arg(data);
    command.arg("-k").arg(folder);
    command.args(["-h", "127.0.0.1", "-p", &port.to_string()]);
    for setting in [
        // The cluster lives as long as the tests: whether it survives a power cut is no matter.
        // (The tests kill the product's processes, never the database or the machine.)
        "fsync=off",
        "synchronous_commit=off",
        "full_page_writes=off",
        "max_connections=400",
        "shared_buffers=128MB",
    ] {
        command.args(["-c", setting]);
    }
    command
        .stdin(Stdio::null())
        .stdout(File::create(&log)?)
        .stderr(File::options().append(true).open(&log)?);
    // SIGINT is PostgreSQL's "fast" shutdown: it does not wait for clients to leave.
    let mut server = Started::stopped_by(&mut command, Signal::INT)?;

    let began = Instant::now();
    loop {
        process::check_interrupted()?;
        if let Some(status) = server.child.try_wait()? {
            let log = fs::read_to_string(&log).unwrap_or_default();
            bail!("PostgreSQL ended at its start ({status}):\n{log}");
        }
        let mut ready = Command::new(programs.join("pg_isready"));
        ready.args([
            "--quiet",
            "--host",
            "127.0.0.1",
            "--port",
            &port.to_string(),
        ]);
        if process::run_quietly(&mut ready)? {
            return Ok((server, port));
        }
        ensure!(
            began.elapsed() < READY_WITHIN,
            "PostgreSQL did not get ready"
        );
        thread::sleep(Duration::from_millis(100));
    }
}

/// How to run a program as the server's user.
enum Runner {
    /// The user of this program.
    Same,
    /// Another one, since this program is root.
    Other {
        name: &'static str,
        uid: u32,
        gid: u32,
    },
}

impl Runner {
    fn find() -> Result<Self> {
        if !rustix::process::geteuid().is_root() {
            return Ok(Self::Same);
        }
        let name = if id(DEBIAN_USER, "-u").is_ok() {
            DEBIAN_USER
        } else {
            if id(OWN_USER, "-u").is_err() {
                let mut add = Command::new("useradd");
                add.args([
                    "--system",
                    "--no-create-home",
                    "--shell",
                    "/usr/sbin/nologin",
                    OWN_USER,
                ]);
                ensure!(
                    process::run(&mut add)?,
                    "cannot create the system user {OWN_USER}"
                );
            }
            OWN_USER
        };
        Ok(Self::Other {
            name,
            uid: id(name, "-u")?,
            gid: id(name, "-g")?,
        })
    }

    /// The program as that user, in a folder of that user's. It gets SIGINT should this program
    /// die without stopping it.
    fn command(&self, program: &Path, folder: &Path) -> Command {
        let setpriv = find("setpriv").unwrap_or_else(|| PathBuf::from("setpriv"));
        let mut command = Command::new(setpriv);
        if let Self::Other { name, gid, .. } = self {
            command.args([
                "--reuid",
                name,
                "--regid",
                &gid.to_string(),
                "--init-groups",
            ]);
        }
        command.args(["--pdeathsig", "INT", "--"]).arg(program);
        command.current_dir(folder).env("HOME", folder);
        command
    }

    fn give(&self, path: &Path) -> Result<()> {
        if let Self::Other { uid, gid, .. } = self {
            chown(path, Some(*uid), Some(*gid))
                .with_context(|| format!("cannot give {} away", path.display()))?;
        }
        Ok(())
    }
}

fn id(user: &str, which: &str) -> Result<u32> {
    let output = Command::new("id")
        .args([which, user])
        .output()
        .context("cannot start id")?;
    ensure!(output.status.success(), "there is no user {user}");
    Ok(String::from_utf8_lossy(&output.stdout).trim().parse()?)
}

/// 32 letters and digits from the system: other users of this machine can reach the port.
fn password() -> Result<String> {
    let random = fs::read_to_string("/proc/sys/kernel/random/uuid")?;
    Ok(random.chars().filter(char::is_ascii_alphanumeric).collect())
}
