//! The binary, started and asked.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::path::Path;
use std::process::{Child, Command, Output, Stdio};
use std::time::{Duration, Instant};

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use rustix::process::{Pid, Signal};
use serde_json::Value;

pub(crate) fn handclasp(dir: &Path) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_handclasp"));
    // Nothing of the test run's own environment is a setting of the server.
    command.env_clear().current_dir(dir);
    command
}

/// An address of this machine that was free a moment ago.
pub(crate) fn free() -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    listener.local_addr().unwrap().to_string()
}

/// A command with a data directory, a master key and an address, the same for all in `dir`.
pub(crate) fn configured(dir: &Path, arguments: &[&str]) -> Command {
    let mut command = handclasp(dir);
    let address = dir.join("address");
    if !address.exists() {
        std::fs::write(&address, free()).unwrap();
    }
    let listen = std::fs::read_to_string(address).unwrap();
    command
        .env("HANDCLASP_DATA_DIR", dir.join("data"))
        .env("HANDCLASP_MASTER_KEY_FILE", dir.join("master.key"))
        .env("HANDCLASP_LISTEN", listen)
        .env("HANDCLASP_DRAIN_SECONDS", "0")
        .args(arguments);
    command
}

pub(crate) fn said(output: &Output) -> String {
    format!(
        "{}{}",
        String::from_utf8_lossy(&output.stdout),
        String::from_utf8_lossy(&output.stderr)
    )
}

pub(crate) fn succeeds(command: &mut Command) -> String {
    let output = command.output().unwrap();
    assert!(output.status.success(), "{command:?}: {}", said(&output));
    said(&output)
}

pub(crate) fn fails(command: &mut Command, because: &str) {
    let output = command.output().unwrap();
    assert_eq!(
        output.status.code(),
        Some(1),
        "{command:?}: {}",
        said(&output)
    );
    assert!(
        said(&output).contains(because),
        "{because:?} is not in {:?}",
        said(&output)
    );
}

/// A running server, killed when it goes.
pub(crate) struct Running {
    child: Child,
    line: String,
}

impl Running {
    /// Starts a command that prints a line once it answers.
    pub(crate) fn start(command: &mut Command) -> Self {
        let mut child = command
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let mut line = String::new();
        BufReader::new(child.stdout.take().unwrap())
            .read_line(&mut line)
            .unwrap();
        Self { child, line }
    }

    /// Starts `serve`, and waits until a command can reach it.
    pub(crate) fn serve(dir: &Path) -> Self {
        Self::serve_by(&mut configured(dir, &["serve"]), dir)
    }

    /// The same with more settings.
    pub(crate) fn serve_by(command: &mut Command, dir: &Path) -> Self {
        let child = command
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let began = Instant::now();
        while std::os::unix::net::UnixStream::connect(dir.join("data/control.sock")).is_err() {
            assert!(
                began.elapsed() < Duration::from_secs(20),
                "the server does not start"
            );
            std::thread::sleep(Duration::from_millis(10));
        }
        Self {
            child,
            line: String::new(),
        }
    }

    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.line).unwrap()
    }

    pub(crate) fn id(&self) -> Pid {
        Pid::from_child(&self.child)
    }

    /// SIGTERM.
    pub(crate) fn tell_to_stop(&self) {
        rustix::process::kill_process(self.id(), Signal::TERM).unwrap();
    }

    /// Waits for its end; whether it ended well.
    pub(crate) fn ends_well(mut self) -> bool {
        self.child.wait().unwrap().success()
    }

    /// SIGKILL.
    pub(crate) fn kill(mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }

    /// SIGTERM; whether it ended well.
    pub(crate) fn stop(self) -> bool {
        self.tell_to_stop();
        self.ends_well()
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        let _gone = self.child.kill();
        let _gone = self.child.wait();
    }
}

/// One request by hand; the answer as it came.
pub(crate) fn ask(address: &str, path: &str) -> String {
    let mut stream = TcpStream::connect(address).unwrap();
    write!(
        stream,
        "GET {path} HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\n\r\n"
    )
    .unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    answer
}

/// One request by hand; the answer's status and body.
pub(crate) fn get(base: &str, path: &str, host: Option<&str>, key: Option<&str>) -> (u16, String) {
    send(("GET", ""), base, path, host, key, "")
}

/// The same for a request that brings JSON.
pub(crate) fn post(base: &str, path: &str, json: &str, key: Option<&str>) -> (u16, String) {
    send(("POST", json), base, path, None, key, "")
}

/// The same under an idempotency key.
pub(crate) fn post_once(
    base: &str,
    path: &str,
    json: &str,
    key: &str,
    once: &str,
) -> (u16, String) {
    let header = format!("Idempotency-Key: {once}\r\n");
    send(("POST", json), base, path, None, Some(key), &header)
}

fn send(
    (method, json): (&str, &str),
    base: &str,
    path: &str,
    host: Option<&str>,
    key: Option<&str>,
    header: &str,
) -> (u16, String) {
    let address = base.trim_start_matches("http://");
    let mut stream = TcpStream::connect(address).unwrap();
    let key = key.map_or_else(String::new, |key| {
        format!("Authorization: Basic {}\r\n", STANDARD.encode(key))
    });
    let host = host.unwrap_or(address);
    let length = json.len();
    write!(
        stream,
        "{method} {path} HTTP/1.1\r\nHost: {host}\r\n{key}{header}Connection: close\r\n\
         Content-Type: application/json\r\nContent-Length: {length}\r\n\r\n{json}"
    )
    .unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    let status = answer.split(' ').nth(1).unwrap().parse().unwrap();
    let body = answer.split_once("\r\n\r\n").unwrap().1.to_owned();
    (status, body)
}
