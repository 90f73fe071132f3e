//! How a server behaves in a crowd and on its way to the end.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use rustix::process::{Resource, Rlimit, getrlimit, prlimit};

use crate::support::{Running, ask, configured, free, get, handclasp, post, succeeds};

fn demo(dir: &Path, address: &str) -> Command {
    let mut command = handclasp(dir);
    command.args(["demo", "--json", "--listen", address]);
    command
}

fn assert_has(answer: &str, parts: &[&str]) {
    for part in parts {
        assert!(answer.contains(part), "{part:?} is not in {answer}");
    }
}

#[test]
fn a_stop_is_told_before_connections_are_refused() {
    let dir = tempfile::tempdir().unwrap();
    let dir = dir.path();
    succeeds(configured(dir, &["keys", "generate"]).arg(dir.join("master.key")));
    let (public, operator) = (free(), free());
    let mut command = configured(dir, &["serve"]);
    command
        .env("HANDCLASP_LISTEN", &public)
        .env("HANDCLASP_METRICS_LISTEN", &operator)
        .env("HANDCLASP_DRAIN_SECONDS", "3");
    let server = Running::serve_by(&mut command, dir);
    let headers = [
        "x-content-type-options: nosniff",
        "cache-control: no-store",
        "x-correlation-id: ",
    ];
    // Where no crowd can keep them waiting, the probes are answered too.
    for address in [&public, &operator] {
        for path in ["/healthz", "/readyz"] {
            let answer = ask(address, path);
            assert_has(&answer, &["HTTP/1.1 200 "]);
            assert_has(&answer, &headers);
        }
    }
    // Metrics are for the operator alone, and no head is refused unseen.
    assert_has(&ask(&public, "/metrics"), &["HTTP/1.1 404 "]);
    let mut stream = TcpStream::connect(&public).unwrap();
    stream.write_all(b"\x16\x03\x01 none\r\n\r\n").unwrap();
    let mut refused = String::new();
    stream.read_to_string(&mut refused).unwrap();
    assert_has(&refused, &["HTTP/1.1 400 "]);
    let figures = [
        "handclasp_http_connections{door=\"public\"} 0",
        "handclasp_http_connections{door=\"metrics\"} 1",
        "handclasp_http_connections{door=\"control\"} ",
        "handclasp_http_refused_heads_total{door=\"public\",why=\"malformed\"} 1",
        "handclasp_http_answers_total{surface=\"operator\",status=\"2xx\"} ",
    ];
    // A connection is counted a moment longer than the other side sees it.
    let began = Instant::now();
    let mut metrics = ask(&operator, "/metrics");
    while !figures.iter().all(|figure| metrics.contains(figure)) {
        assert!(began.elapsed() < Duration::from_secs(5), "{metrics}");
        std::thread::sleep(Duration::from_millis(20));
        metrics = ask(&operator, "/metrics");
    }
    assert_has(&metrics, &headers);

    server.tell_to_stop();
    let began = Instant::now();
    while ask(&public, "/readyz").contains(" 200 ") {
        assert!(began.elapsed() < Duration::from_secs(2), "it stays ready");
    }
    for address in [&public, &operator] {
        let answer = ask(address, "/readyz");
        assert_has(&answer, &["HTTP/1.1 503 ", "retry-after: ", "stopping"]);
    }
    // Work goes on, and every connection ends with its answer.
    let mut stream = TcpStream::connect(&public).unwrap();
    write!(
        stream,
        "GET /api/companies HTTP/1.1\r\nHost: {public}\r\n\r\n"
    )
    .unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    assert_has(&answer, &["HTTP/1.1 401 ", "connection: close"]);
    assert!(server.ends_well());
    assert!(TcpStream::connect(&public).is_err());
    assert!(!dir.join("data/control.sock").exists());
}

#[test]
fn told_twice_it_ends_at_once() {
    let dir = tempfile::tempdir().unwrap();
    let mut command = demo(dir.path(), "127.0.0.1:0");
    command.env("HANDCLASP_DRAIN_SECONDS", "60");
    let server = Running::start(&mut command);
    let began = Instant::now();
    server.tell_to_stop();
    // Signals of one kind are one while nobody has looked.
    let address = server.json()["baseUrl"]
        .as_str()
        .unwrap()
        .replace("http://", "");
    while ask(&address, "/readyz").contains(" 200 ") {
        std::thread::sleep(Duration::from_millis(10));
    }
    server.tell_to_stop();
    assert!(!server.ends_well());
    assert!(began.elapsed() < Duration::from_secs(30));
}

/// Connections that say nothing. The time for a head, which they would have otherwise, is 10 s.
fn crowd(address: &str, size: usize) -> Vec<TcpStream> {
    (0..size)
        .map(|_| TcpStream::connect(address).unwrap())
        .collect()
}

fn is_soon_well(address: &str) {
    let began = Instant::now();
    assert_has(&ask(address, "/healthz"), &["HTTP/1.1 200 "]);
    let took = began.elapsed();
    assert!(took < Duration::from_secs(8), "{took:?}");
}

#[test]
fn silent_connections_do_not_silence_a_server_with_few_files() {
    let dir = tempfile::tempdir().unwrap();
    let log = dir.path().join("log");
    let demo = demo(dir.path(), "127.0.0.1:0");
    let mut command = Command::new("/bin/sh");
    command
        .env_clear()
        .current_dir(dir.path())
        .args(["-c", "ulimit -n 128; exec \"$0\" \"$@\" 2>log"])
        .arg(demo.get_program())
        .args(demo.get_args());
    let server = Running::start(&mut command);
    let address = server.json()["baseUrl"]
        .as_str()
        .unwrap()
        .replace("http://", "");
    let _crowd = crowd(&address, 100);
    is_soon_well(&address);
    let said = std::fs::read_to_string(&log).unwrap();
    assert_has(&said, &["too few open files", "connections=64"]);
}

#[test]
fn where_files_run_out_idle_connections_make_room() {
    let dir = tempfile::tempdir().unwrap();
    let server = Running::start(&mut demo(dir.path(), "127.0.0.1:0"));
    let address = server.json()["baseUrl"]
        .as_str()
        .unwrap()
        .replace("http://", "");
    // From its first answer on it has raised its own limit.
    is_soon_well(&address);
    let files = format!("/proc/{}/fd", server.id().as_raw_nonzero());
    let open = std::fs::read_dir(files).unwrap().count();
    let limit = Rlimit {
        current: Some(open as u64 + 10),
        maximum: getrlimit(Resource::Nofile).maximum,
    };
    prlimit(Some(server.id()), Resource::Nofile, limit).unwrap();
    let _crowd = crowd(&address, 20);
    is_soon_well(&address);
}

#[test]
fn the_demo_logs_what_it_is_told_to() {
    let dir = tempfile::tempdir().unwrap();
    for (setting, logs) in [(None, false), (Some("info"), true)] {
        let log = dir.path().join("log");
        let mut command = demo(dir.path(), "127.0.0.1:0");
        if let Some(setting) = setting {
            command.env("HANDCLASP_LOG", setting);
        }
        let mut child = command
            .stdout(Stdio::piped())
            .stderr(std::fs::File::create(&log).unwrap())
            .spawn()
            .unwrap();
        // Its line comes once it answers, and after its first records.
        let mut first = [0];
        child.stdout.take().unwrap().read_exact(&mut first).unwrap();
        rustix::process::kill_process(
            rustix::process::Pid::from_child(&child),
            rustix::process::Signal::TERM,
        )
        .unwrap();
        assert!(child.wait().unwrap().success());
        let said = std::fs::read_to_string(&log).unwrap();
        assert_eq!(said.contains("INFO"), logs, "{said}");
    }
}

#[test]
fn the_demo_goes_on_at_another_port_and_serves_what_it_is_told_to() {
    let dir = tempfile::tempdir().unwrap();
    let data = dir.path().join("data");
    let mut consumers = Vec::new();
    for round in ["first", "second"] {
        let operator = free();
        let server = Running::start(
            demo(dir.path(), "127.0.0.1:0")
                .arg("--data-dir")
                .arg(&data)
                .env("HANDCLASP_METRICS_LISTEN", &operator),
        );
        let said = server.json();
        let text = |name: &str| said[name].as_str().unwrap().to_owned();
        let (base, key) = (text("baseUrl"), text("apiKey"));
        assert_has(&ask(&operator, "/metrics"), &["HTTP/1.1 200 "]);

        let (status, made) = post(
            &base,
            "/api/companies",
            &format!("{{\"name\":\"{round} company\"}}"),
            Some(&key),
        );
        assert_eq!(status, 200, "{made}");
        let inbox = text("inboxUrl").replace("http://", "");
        let (host, path) = inbox.split_once('/').unwrap();
        let began = Instant::now();
        loop {
            let (status, page) = get(&base, &format!("/{path}"), Some(host), None);
            assert_eq!(status, 200);
            if page.contains(&format!("{round} company")) {
                assert_has(&page, &["company.created"]);
                break;
            }
            assert!(began.elapsed() < Duration::from_secs(20), "{page}");
            std::thread::sleep(Duration::from_millis(50));
        }
        let memory = std::fs::read_to_string(data.join("demo.json")).unwrap();
        let memory: serde_json::Value = serde_json::from_str(&memory).unwrap();
        consumers.push(memory["consumer"].clone());
        let (_, listed) = get(&base, "/api/webhooks", None, Some(&key));
        assert_eq!(listed.matches("/demo/inbox").count(), 1, "{listed}");
        assert!(server.stop());
    }
    assert_ne!(consumers[0], consumers[1]);
}

#[test]
fn the_sandbox_is_there_where_it_is_wanted_and_nowhere_else() {
    let dir = tempfile::tempdir().unwrap();
    let dir = dir.path();
    succeeds(configured(dir, &["keys", "generate"]).arg(dir.join("master.key")));
    const PAGES: [&str; 7] = [
        "/sandbox/authorize",
        "/sandbox/grants",
        "/sandbox/jwks",
        "/sandbox/scenarios",
        "/sandbox/.well-known/openid-configuration",
        "/.well-known/oauth-authorization-server/sandbox",
        "/sandbox/accounting.svg",
    ];
    for (setting, there) in [
        (None, false),
        (Some("never"), false),
        (Some("by-parameter"), true),
        (Some("shown"), true),
    ] {
        let address = free();
        let mut command = configured(dir, &["serve"]);
        command.env("HANDCLASP_LISTEN", &address);
        if let Some(setting) = setting {
            command.env("HANDCLASP_SANDBOX_INTEGRATIONS", setting);
        }
        let server = Running::serve_by(&mut command, dir);
        for page in PAGES {
            let found = !ask(&address, page).contains("HTTP/1.1 404 ");
            assert_eq!(found, there, "{setting:?} {page}");
        }
        // Only the demo's clock can be moved.
        assert_has(&ask(&address, "/sandbox/clock"), &["HTTP/1.1 404 "]);
        assert!(server.stop());
    }
}
