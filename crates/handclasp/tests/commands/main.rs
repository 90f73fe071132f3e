//! The commands, as an operator gives them: the real binary, its exit codes and what it says.
#![expect(clippy::unwrap_used, reason = "what does not work fails the test")]

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::path::Path;
use std::process::{Child, Command, Output, Stdio};
use std::time::{Duration, Instant};

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::Value;

fn handclasp(dir: &Path) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_handclasp"));
    // Nothing of the test run's own environment is a setting of the server.
    command.env_clear().current_dir(dir);
    command
}

/// A command with a data directory and a master key in `dir`.
fn configured(dir: &Path, arguments: &[&str]) -> Command {
    let mut command = handclasp(dir);
    command
        .env("HANDCLASP_DATA_DIR", dir.join("data"))
        .env("HANDCLASP_MASTER_KEY_FILE", dir.join("master.key"))
        .env("HANDCLASP_LISTEN", "127.0.0.1:0")
        .args(arguments);
    command
}

fn said(output: &Output) -> String {
    format!(
        "{}{}",
        String::from_utf8_lossy(&output.stdout),
        String::from_utf8_lossy(&output.stderr)
    )
}

fn succeeds(command: &mut Command) -> String {
    let output = command.output().unwrap();
    assert!(output.status.success(), "{command:?}: {}", said(&output));
    said(&output)
}

fn fails(command: &mut Command, because: &str) {
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
struct Running {
    child: Child,
    line: String,
}

impl Running {
    /// Starts a command that prints a line once it answers.
    fn start(command: &mut Command) -> Self {
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
    fn serve(dir: &Path) -> Self {
        let child = configured(dir, &["serve"])
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

    fn json(&self) -> Value {
        serde_json::from_str(&self.line).unwrap()
    }

    /// SIGTERM; whether it ended well.
    fn stop(mut self) -> bool {
        let id = self.child.id().to_string();
        assert!(
            Command::new("kill")
                .args(["-TERM", &id])
                .status()
                .unwrap()
                .success()
        );
        self.child.wait().unwrap().success()
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        let _gone = self.child.kill();
        let _gone = self.child.wait();
    }
}

/// One request by hand; the answer's status and body.
fn get(base: &str, path: &str, host: Option<&str>, key: Option<&str>) -> (u16, String) {
    let address = base.trim_start_matches("http://");
    let mut stream = TcpStream::connect(address).unwrap();
    let key = key.map_or_else(String::new, |key| {
        format!("Authorization: Basic {}\r\n", STANDARD.encode(key))
    });
    let host = host.unwrap_or(address);
    write!(
        stream,
        "GET {path} HTTP/1.1\r\nHost: {host}\r\n{key}Connection: close\r\n\r\n"
    )
    .unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    let status = answer.split(' ').nth(1).unwrap().parse().unwrap();
    let body = answer.split_once("\r\n\r\n").unwrap().1.to_owned();
    (status, body)
}

#[test]
fn the_demo_answers_once_it_says_so_and_goes_on_where_it_was() {
    let dir = tempfile::tempdir().unwrap();
    let data = dir.path().join("data");
    let demo = || {
        let mut command = handclasp(dir.path());
        command
            .args(["demo", "--json", "--listen", "127.0.0.1:0", "--data-dir"])
            .arg(&data);
        command
    };
    let first = Running::start(&mut demo());
    let said = first.json();
    let text = |name: &str| said[name].as_str().unwrap().to_owned();
    let (base, key) = (text("baseUrl"), text("apiKey"));
    assert_eq!(get(&base, "/api/companies", None, Some(&key)).0, 200);
    assert_eq!(get(&base, "/api/companies", None, None).0, 401);
    assert_eq!(get(&base, "/healthz", Some("anything"), None).0, 200);
    assert_eq!(get(&base, "/readyz", None, None).0, 200);
    // A name that is not ours reaches nothing, on loopback too.
    assert_eq!(
        get(&base, "/api/companies", Some("rebound.example"), Some(&key)).0,
        421
    );
    let (status, page) = get(&base, &text("linkUrl").replace(&base, ""), None, None);
    assert_eq!(status, 200);
    assert!(page.contains("Harbour Lending"));
    // Nobody else can have the same data.
    fails(&mut demo(), "in use by another process");
    assert!(first.stop(), "SIGTERM ends in good order");

    let again = Running::start(&mut demo());
    let now = again.json();
    for name in ["clientId", "apiKey", "companyId"] {
        assert_eq!(now[name], said[name], "{name}");
    }
    assert_eq!(
        get(
            now["baseUrl"].as_str().unwrap(),
            "/api/companies",
            None,
            Some(&key)
        )
        .0,
        200
    );
    drop(again);

    // Without its key the data can't be opened, and no new key is made.
    std::fs::remove_file(data.join("master.key")).unwrap();
    fails(&mut demo(), "cannot be opened without it");
    assert!(!data.join("master.key").exists());
    fails(
        handclasp(dir.path()).args(["demo", "--listen", "0.0.0.0:0"]),
        "this machine alone",
    );
}

#[test]
fn a_server_is_managed_backed_up_and_restored() {
    let dir = tempfile::tempdir().unwrap();
    let dir = dir.path();
    fails(
        &mut configured(dir, &["client", "list"]),
        "the master key in",
    );
    succeeds(configured(dir, &["keys", "generate"]).arg(dir.join("master.key")));
    fails(
        configured(dir, &["keys", "generate"]).arg(dir.join("master.key")),
        "cannot make",
    );
    // Without a running server the command has the database to itself.
    let made = succeeds(&mut configured(
        dir,
        &["client", "create", "Harbour Lending"],
    ));
    assert!(made.contains("API key, shown this once: hck_"), "{made}");
    let id = made.split_whitespace().nth(1).unwrap().to_owned();
    assert!(succeeds(&mut configured(dir, &["check"])).contains("opens what the database holds"));

    // With one it asks the server.
    let server = Running::serve(dir);
    assert!(succeeds(&mut configured(dir, &["client", "list"])).contains("Harbour Lending"));
    let made = succeeds(&mut configured(
        dir,
        &["keys", "create", &id, "--name", "ci"],
    ));
    assert!(made.contains("hck_"), "{made}");
    fails(
        &mut configured(
            dir,
            &["keys", "create", "67e55044-10b1-426f-9247-bb680e5fe0c8"],
        ),
        "there is no such client",
    );
    assert!(succeeds(&mut configured(dir, &["check"])).contains("in use by the running server"));
    fails(
        &mut configured(dir, &["serve"]),
        "in use by another process",
    );
    let backup = dir.join("backup.db");
    succeeds(configured(dir, &["backup"]).arg(&backup));
    fails(configured(dir, &["backup"]).arg(&backup), "exists already");
    succeeds(&mut configured(
        dir,
        &["client", "create", "After the backup"],
    ));
    assert!(server.stop());

    // Restored into an empty folder, never over another database.
    fails(configured(dir, &["restore"]).arg(&backup), "exists already");
    std::fs::rename(dir.join("data"), dir.join("data.before")).unwrap();
    succeeds(configured(dir, &["restore"]).arg(&backup));
    let listed = succeeds(&mut configured(dir, &["client", "list"]));
    assert!(
        listed.contains("Harbour Lending") && !listed.contains("After the backup"),
        "{listed}"
    );
    // A damaged backup is refused.
    let mut bytes = std::fs::read(&backup).unwrap();
    let middle = bytes.len() / 2;
    bytes.truncate(middle);
    std::fs::write(dir.join("half.db"), bytes).unwrap();
    std::fs::rename(dir.join("data"), dir.join("data.restored")).unwrap();
    fails(
        configured(dir, &["restore"]).arg(dir.join("half.db")),
        "not a sound backup",
    );
}

#[test]
fn the_wrong_master_key_stops_the_start() {
    let dir = tempfile::tempdir().unwrap();
    let dir = dir.path();
    succeeds(configured(dir, &["keys", "generate"]).arg(dir.join("master.key")));
    succeeds(&mut configured(
        dir,
        &["client", "create", "Harbour Lending"],
    ));
    std::fs::rename(dir.join("master.key"), dir.join("right.key")).unwrap();
    succeeds(configured(dir, &["keys", "generate"]).arg(dir.join("master.key")));
    fails(&mut configured(dir, &["serve"]), "master key");
    fails(&mut configured(dir, &["client", "list"]), "master key");
    fails(
        &mut configured(dir, &["check"]),
        "wrong  master key and database",
    );
    // The right one among the older ones opens it.
    let right = dir.join("right.key");
    let older = right.to_str().unwrap();
    assert!(
        succeeds(
            configured(dir, &["client", "list"]).env("HANDCLASP_OLDER_MASTER_KEY_FILES", older)
        )
        .contains("Harbour Lending")
    );
    // A key that others can read is no secret.
    std::fs::rename(dir.join("right.key"), dir.join("master.key")).unwrap();
    assert!(
        Command::new("chmod")
            .arg("644")
            .arg(dir.join("master.key"))
            .status()
            .unwrap()
            .success()
    );
    fails(
        &mut configured(dir, &["client", "list"]),
        "set its mode to 0600",
    );
}

#[test]
fn a_wrong_configuration_is_named() {
    let dir = tempfile::tempdir().unwrap();
    let dir = dir.path();
    let file = dir.join("handclasp.toml");
    let example = succeeds(handclasp(dir).args(["config", "--example"]));
    std::fs::write(&file, &example).unwrap();
    succeeds(handclasp(dir).arg("--config").arg(&file).arg("config"));
    for (line, named) in [
        ("lisen = \"127.0.0.1:1\"", "lisen"),
        ("connections = \"many\"", "connections"),
        ("log_format = \"xml\"", "log_format"),
        ("listen = [", "is not TOML"),
    ] {
        std::fs::write(&file, line).unwrap();
        fails(
            handclasp(dir).arg("--config").arg(&file).arg("serve"),
            named,
        );
    }
    fails(
        configured(dir, &["serve"]).env("HANDCLASP_LINK_URL", "http://link.example.com"),
        "link_url",
    );
    fails(
        handclasp(dir)
            .arg("--config")
            .arg(dir.join("none.toml"))
            .arg("check"),
        "cannot read",
    );
}
