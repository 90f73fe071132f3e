//! The real binary as a process: started, asked whether it is ready, killed, stopped.

use std::fs::File;
use std::net::{SocketAddr, TcpListener};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail, ensure};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::Value;

use crate::client::{self, Client};
use crate::draw::{self, Draw};
use crate::environment;

/// How long a start may take before it counts as failed.
const START_MOST: Duration = Duration::from_secs(30);

/// Builds the binary in this program's own profile, and says where it is. Nothing happens where it is up to date.
pub fn build() -> Result<PathBuf> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"))
        .parent()
        .context("bench/ does not stand in the repository")?;
    let mut cargo = Command::new(environment::cargo());
    cargo
        .args(["build", "--quiet", "--package", "handclasp"])
        .current_dir(root);
    let release = !cfg!(debug_assertions);
    if release {
        cargo.arg("--release");
    }
    let built = cargo.status().context("cargo cannot be run")?;
    ensure!(
        built.success(),
        "handclasp does not build: `cargo build --package handclasp` says why"
    );
    // …/target/release/handclasp-bench, or …/target/debug/deps/kill-0123456789abcdef.
    let here = std::env::current_exe()?;
    let folder = here
        .ancestors()
        .skip(1)
        .find(|folder| folder.file_name().is_some_and(|name| name != "deps"))
        .context("this program stands nowhere")?;
    let binary = folder.join("handclasp");
    ensure!(
        binary.exists(),
        "{} is not there after the build",
        binary.display()
    );
    Ok(binary)
}

/// How servers are started: all that is the same for several processes on one database.
#[derive(Debug, Clone)]
pub struct Setup {
    /// The binary.
    pub binary: PathBuf,
    /// A folder for the master key, the logs and the data.
    pub folder: PathBuf,
    /// PostgreSQL; none for SQLite.
    pub database_url: Option<String>,
    /// Where metrics are served, if anywhere. For one process alone.
    pub metrics: Option<SocketAddr>,
    /// What is logged.
    pub log: &'static str,
}

impl Setup {
    /// A setup with a new master key.
    pub fn new(binary: PathBuf, folder: &Path, database_url: Option<String>) -> Result<Self> {
        let setup = Self {
            binary,
            folder: folder.to_owned(),
            database_url,
            metrics: None,
            log: "warn",
        };
        setup.run(&["keys", "generate", &setup.key_file()])?;
        Ok(setup)
    }

    /// Where the master key is.
    pub fn key_file(&self) -> String {
        self.folder.join("master.key").display().to_string()
    }

    /// SQLite's file.
    pub fn sqlite(&self) -> PathBuf {
        self.folder.join("data-0/handclasp.db")
    }

    fn command(&self, number: usize) -> Command {
        let mut command = Command::new(&self.binary);
        command
            .env_clear()
            .env(
                "HANDCLASP_DATA_DIR",
                self.folder.join(format!("data-{number}")),
            )
            .env("HANDCLASP_LOG", self.log)
            .stdin(Stdio::null());
        if let Some(url) = &self.database_url {
            command.env("HANDCLASP_DATABASE_URL", url);
        }
        command
    }

    /// Runs a command of the binary to its end, beside no server; what it printed.
    fn run(&self, arguments: &[&str]) -> Result<String> {
        let mut command = self.command(0);
        if !arguments.starts_with(&["keys", "generate"]) {
            command.env("HANDCLASP_MASTER_KEY_FILE", self.key_file());
        }
        let output = command.args(arguments).output()?;
        ensure!(
            output.status.success(),
            "handclasp {}: {}",
            arguments.join(" "),
            String::from_utf8_lossy(&output.stderr)
        );
        Ok(String::from_utf8(output.stdout)?)
    }

    /// Makes the database where it is missing, and a client; its API key.
    pub fn create_client(&self, name: &str) -> Result<Key> {
        self.run(&["migrate"])?;
        Key::told(&self.run(&["client", "create", name])?)
    }

    /// The same with a key that may use what connections hold.
    pub fn create_trusted_client(&self, name: &str) -> Result<Key> {
        self.run(&["migrate"])?;
        let said = self.run(&["client", "create", name])?;
        let client = said
            .split_whitespace()
            .nth(1)
            .with_context(|| format!("no client in: {said}"))?;
        Key::told(&self.run(&["keys", "create", client, "--credentials"])?)
    }
}

/// An API key, as the `Authorization` header has it.
#[derive(Clone)]
pub struct Key(String);

impl Key {
    /// The header for a key's text.
    pub fn of(text: &str) -> Self {
        Self(format!("Basic {}", STANDARD.encode(text)))
    }

    /// The key in what a command said.
    fn told(said: &str) -> Result<Self> {
        let key = said
            .split_whitespace()
            .find(|word| word.starts_with("hck_"))
            .with_context(|| format!("no API key in: {said}"))?;
        Ok(Self::of(key))
    }

    /// The header's line.
    pub fn line(&self) -> String {
        format!("authorization: {}\r\n", self.0)
    }
}

impl std::fmt::Debug for Key {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Key(…)")
    }
}

/// A process. Killed when it is dropped.
#[derive(Debug)]
pub struct Server {
    /// Where it listens.
    pub address: SocketAddr,
    /// When it was started.
    pub started: Instant,
    child: Child,
    log: PathBuf,
}

impl Server {
    /// Starts a server; whether it is ready is to be asked. `shared` is the address that people are given where several processes
    /// serve one; its own where it is none.
    pub fn start(
        setup: &Setup,
        number: usize,
        address: SocketAddr,
        shared: Option<SocketAddr>,
    ) -> Result<Self> {
        let log = setup.folder.join(format!("server-{number}.log"));
        let public = shared.unwrap_or(address);
        let mut command = setup.command(number);
        command
            .arg("serve")
            .env("HANDCLASP_MASTER_KEY_FILE", setup.key_file())
            .env("HANDCLASP_LISTEN", address.to_string())
            // No balancer has to notice anything.
            .env("HANDCLASP_DRAIN_SECONDS", "0")
            .env("HANDCLASP_LINK_URL", format!("http://{public}"))
            .env(
                "HANDCLASP_SANDBOX_URL",
                format!("http://localhost:{}", public.port()),
            )
            .env("HANDCLASP_SANDBOX_INTEGRATIONS", "shown")
            .env("HANDCLASP_ALLOWED_RANGES", "127.0.0.0/8")
            .stdout(Stdio::null())
            .stderr(File::options().create(true).append(true).open(&log)?);
        if let Some(metrics) = setup.metrics {
            command.env("HANDCLASP_METRICS_LISTEN", metrics.to_string());
        }
        let started = Instant::now();
        let child = command
            .spawn()
            .with_context(|| format!("{} cannot be started", setup.binary.display()))?;
        Ok(Self {
            address,
            started,
            child,
            log,
        })
    }

    /// Waits until it is ready; how long that took since its start.
    pub async fn ready(&mut self) -> Result<Duration> {
        let ask = client::request("GET", "/readyz", &self.address.to_string(), "", "");
        let mut client = Client::new(self.address);
        loop {
            if let Ok(answer) = client.send(&ask).await
                && answer.status == 200
            {
                return Ok(self.started.elapsed());
            }
            if let Some(status) = self.child.try_wait()? {
                bail!("the server ended by itself ({status}):\n{}", self.log());
            }
            ensure!(
                self.started.elapsed() < START_MOST,
                "the server is not ready after {START_MOST:?}:\n{}",
                self.log()
            );
            tokio::time::sleep(Duration::from_millis(2)).await;
        }
    }

    /// The process's id.
    pub fn id(&self) -> u32 {
        self.child.id()
    }

    /// SIGKILL. Returns when the process is gone.
    pub fn kill(&mut self) -> Result<()> {
        self.child.kill()?;
        self.child.wait()?;
        Ok(())
    }

    /// SIGTERM, and waits for the good end.
    pub fn stop(mut self) -> Result<()> {
        let id = i32::try_from(self.child.id())
            .ok()
            .and_then(rustix::process::Pid::from_raw)
            .context("the process has no id")?;
        rustix::process::kill_process(id, rustix::process::Signal::TERM)?;
        let status = self.child.wait()?;
        ensure!(
            status.success(),
            "the server did not end well ({status}):\n{}",
            self.log()
        );
        Ok(())
    }

    /// The end of what it logged.
    pub fn log(&self) -> String {
        let whole = std::fs::read(&self.log).unwrap_or_default();
        let from = whole.len().saturating_sub(4000);
        String::from_utf8_lossy(&whole[from..]).into_owned()
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // It may have ended by itself.
        let _gone = self.child.kill();
        let _gone = self.child.wait();
    }
}

/// A port that is free now and that no outgoing connection is given, so that it stays free while the server is down.
pub fn free_address() -> Result<SocketAddr> {
    // Not from the run's seed: two runs at once must not meet on one port.
    let draw = Draw::new(draw::seed(), 0);
    for _ in 0..100 {
        let port = u16::try_from(12_000 + draw.below(18_000))?;
        let address = SocketAddr::from(([127, 0, 0, 1], port));
        if TcpListener::bind(address).is_ok() {
            return Ok(address);
        }
    }
    bail!("no port is free")
}

/// The text at this place of a JSON answer.
pub fn text_at<'a>(json: &'a Value, pointer: &str) -> Result<&'a str> {
    json.pointer(pointer)
        .and_then(Value::as_str)
        .with_context(|| format!("no {pointer} in {json}"))
}
