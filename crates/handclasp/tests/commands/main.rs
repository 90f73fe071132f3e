//! The commands, as an operator gives them: the real binary, its exit codes and what it says.
#![expect(clippy::unwrap_used, reason = "what does not work fails the test")]

mod integrations;
mod looking;
mod rotation;
mod serving;
mod support;

use std::path::Path;
use std::process::Command;

use support::{Running, configured, fails, get, handclasp, succeeds};

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
    let (status, refused) = get(&base, "/api/companies", Some("rebound.example"), Some(&key));
    assert_eq!(status, 421);
    assert!(refused.contains("\"statusCode\":421"), "{refused}");
    let (status, refused) = get(&base, "//api/companies", None, Some(&key));
    assert_eq!(status, 404);
    assert!(refused.contains("\"statusCode\":404"), "{refused}");
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
    fails(&mut configured(dir, &["serve"]), "the master key in");
    succeeds(configured(dir, &["keys", "generate"]).arg(dir.join("master.key")));
    fails(
        configured(dir, &["keys", "generate"]).arg(dir.join("master.key")),
        "cannot make",
    );
    // Without a running server the command has the database to itself.
    succeeds(&mut configured(dir, &["migrate"]));
    let made = succeeds(&mut configured(
        dir,
        &["client", "create", "Harbour Lending"],
    ));
    assert!(made.contains("API key, shown this once: hck_"), "{made}");
    let id = made.split_whitespace().nth(1).unwrap().to_owned();
    let key = made.split_whitespace().last().unwrap().to_owned();
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
    keys_and_quota_of(dir, &id);
    integrations_of(dir, &id);
    let checked = succeeds(&mut configured(dir, &["check"]));
    assert!(
        checked.contains("in use by the running server")
            && checked.contains("leads to this server"),
        "{checked}"
    );
    fails(
        configured(dir, &["serve"]).env("HANDCLASP_LISTEN", "127.0.0.1:0"),
        "in use by another process",
    );
    let backup = dir.join("backup.db");
    succeeds(configured(dir, &["backup"]).arg(&backup));
    fails(configured(dir, &["backup"]).arg(&backup), "exists already");
    succeeds(&mut configured(
        dir,
        &["client", "create", "After the backup"],
    ));
    // What it counted last it writes down when it stops.
    let base = format!(
        "http://{}",
        std::fs::read_to_string(dir.join("address")).unwrap()
    );
    assert_eq!(get(&base, "/api/companies", None, Some(&key)).0, 200);
    assert!(server.stop());
    let listed = succeeds(&mut configured(dir, &["keys", "list", &id]));
    assert!(listed.contains("last used 2"), "{listed}");

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

/// A client with a first key and one called `ci`: its keys are listed and revoked, its quota is set.
fn keys_and_quota_of(dir: &Path, id: &str) {
    let run = |arguments: &[&str]| succeeds(&mut configured(dir, arguments));
    let listed = run(&["keys", "list", id]);
    let lines: Vec<&str> = listed.lines().collect();
    assert!(lines.len() == 2 && !listed.contains("hck_"), "{listed}");
    assert!(
        lines[0].contains("read,write") && lines[0].ends_with("never used  First key"),
        "{listed}"
    );
    let (first, second) = (&lines[0][..36], &lines[1][..36]);
    assert!(run(&["keys", "revoke", id, second]).contains("is revoked"));
    assert_eq!(run(&["keys", "list", id]).lines().count(), 1);
    for (key, because) in [
        (second, "there is no such API key"),
        (first, "make another one first"),
    ] {
        fails(&mut configured(dir, &["keys", "revoke", id, key]), because);
    }
    for (set, told) in [
        (None, "any number of requests a day"),
        (
            Some("12000"),
            "12000 requests a day, of which 0 were made today",
        ),
        (Some("none"), "any number"),
        (Some("7"), "7 requests"),
        (None, "7 requests"),
        (Some("default"), "any number"),
    ] {
        let mut arguments = vec!["client", "quota", id];
        arguments.extend(set);
        let said = run(&arguments);
        assert!(said.contains(told), "{said}");
    }
    for wrong in ["0", "-1", "many"] {
        let output = configured(dir, &["client", "quota", id, wrong]).output();
        assert!(!output.unwrap().status.success(), "{wrong}");
    }
}

/// What the client has set for the Sandbox, which needs no registration.
fn integrations_of(dir: &Path, id: &str) {
    let command = |arguments: &[&str]| {
        let all = [&["client", "integration"], arguments].concat();
        configured(dir, &all)
    };
    let run = |arguments: &[&str]| succeeds(&mut command(arguments));
    let listed = run(&["list", id]);
    let xero = "gbol  Accounting  Xero  (not offered: what it needs is not entered)";
    assert!(listed.contains(xero), "{listed}");
    assert!(listed.contains("mqjo  Accounting"), "{listed}");
    assert!(listed.contains("no sandbox integrations"), "{listed}");
    let set = ["set", id, "MQJO", "--disable", "--order", "7"];
    let shown = run(&set);
    assert!(shown.contains("enabled         no") && shown.contains("order           7"));
    assert_eq!(run(&["show", id, "mqjo"]), shown);
    let scopes = ["--scope", "accounting", "--scope", "openid"];
    let shown = run(&[
        &["set", id, "mqjo", "--enable", "--order", "default"][..],
        &scopes,
    ]
    .concat());
    for line in [
        "enabled         yes".to_owned(),
        "order           900 (declared)".to_owned(),
        "scopes          accounting openid".to_owned(),
        format!("/callback/{id}/mqjo"),
    ] {
        assert!(shown.contains(&line), "{shown}");
    }
    std::fs::write(dir.join("empty"), "\n").unwrap();
    let nobody = "67e55044-10b1-426f-9247-bb680e5fe0c8";
    for (wrong, because) in [
        (&["show", id, "zzzz"][..], "there is no such integration"),
        (&["show", nobody, "mqjo"], "there is no such client"),
        (
            &["set", nobody, "mqjo", "--enable"],
            "there is no such client",
        ),
        (&["list", nobody], "there is no such client"),
        (
            &["set", id, "mqjo", "--scope", "openid"],
            "must have `accounting`",
        ),
        (
            &["set", id, "mqjo", "--value", "client_id=x"],
            "values.client_id",
        ),
        (
            &["set", id, "mqjo", "--value-file", "client_secret=none"],
            "cannot read none",
        ),
        (
            &["set", id, "mqjo", "--value-file", "client_secret=empty"],
            "empty is empty",
        ),
        (
            &["set", id, "mqjo", "--value", "a=1", "--remove", "a"],
            "a is given twice",
        ),
    ] {
        fails(&mut command(wrong), because);
    }
}

#[test]
fn the_wrong_master_key_stops_the_start() {
    let dir = tempfile::tempdir().unwrap();
    let dir = dir.path();
    succeeds(configured(dir, &["keys", "generate"]).arg(dir.join("master.key")));
    succeeds(&mut configured(dir, &["migrate"]));
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
        ("metrics_listen = \"nonsense\"", "metrics_listen"),
        ("log = \"a=b=c\"", "log: "),
    ] {
        std::fs::write(&file, line).unwrap();
        // What stops the server is found by those who look, too.
        for command in ["serve", "check", "config"] {
            fails(
                handclasp(dir).arg("--config").arg(&file).arg(command),
                named,
            );
        }
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
