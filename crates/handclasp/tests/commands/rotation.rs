//! The master key is replaced: while the server runs, and though it is killed in the middle.

use std::path::Path;
use std::process::Command;
use std::time::Duration;

use crate::support::{Running, configured, fails, get, post_once, succeeds};

/// A command with these keys, the current one first.
fn with_keys(dir: &Path, keys: &[&str], arguments: &[&str]) -> Command {
    let mut command = configured(dir, arguments);
    let files: Vec<_> = keys
        .iter()
        .map(|key| dir.join(key).display().to_string())
        .collect();
    command.env("HANDCLASP_MASTER_KEY_FILE", &files[0]);
    if files.len() > 1 {
        command.env("HANDCLASP_OLDER_MASTER_KEY_FILES", files[1..].join(","));
    }
    command
}

/// How many values are sealed with the current key, with an older one, and with none at hand.
fn status(dir: &Path, keys: &[&str]) -> [u64; 3] {
    let said = succeeds(&mut with_keys(dir, keys, &["keys", "status"]));
    ["current", "older", "not at hand"].map(|place| {
        let lines = said.lines().filter(|line| line.contains(place));
        let numbers = lines.map(|line| line.split_whitespace().rev().nth(1).unwrap());
        numbers.map(|n| n.parse::<u64>().unwrap()).sum()
    })
}

#[test]
fn everything_is_sealed_anew_though_the_server_is_killed_halfway() {
    let dir = tempfile::tempdir().unwrap();
    let dir = dir.path();
    for key in ["old", "new"] {
        succeeds(configured(dir, &["keys", "generate"]).arg(dir.join(key)));
    }
    let serve = |keys: &[&str]| Running::serve_by(&mut with_keys(dir, keys, &["serve"]), dir);
    let server = serve(&["old"]);
    let said = succeeds(&mut with_keys(
        dir,
        &["old"],
        &["client", "create", "Harbour"],
    ));
    let key = said.split_whitespace().last().unwrap().to_owned();
    let base = format!(
        "http://{}",
        std::fs::read_to_string(dir.join("address")).unwrap()
    );
    let answer = |n: u32| {
        let once = format!("00000000-0000-4000-8000-{n:012}");
        post_once(&base, "/api/companies", r#"{"name":"x"}"#, &key, &once)
    };
    let first: Vec<_> = (1..=1_200).map(answer).collect();
    assert!(first.iter().all(|(status, _)| *status == 200));
    let [sealed, 0, 0] = status(dir, &["old"]) else {
        panic!("one key seals everything")
    };
    assert!(sealed > 1_200, "{sealed}");
    assert!(server.stop());

    let both = ["new", "old"];
    let server = serve(&both);
    assert_eq!(status(dir, &both), [0, sealed, 0]);
    let mut rotation = with_keys(dir, &both, &["keys", "rotate"]).spawn().unwrap();
    std::thread::sleep(Duration::from_millis(120));
    server.kill();
    let _ended = rotation.wait().unwrap();
    // Without a server the command reads the database by itself.
    let [new, old, missing] = status(dir, &both);
    assert_eq!((new + old, missing), (sealed, 0));

    let server = serve(&both);
    let said = succeeds(&mut with_keys(dir, &both, &["keys", "rotate"]));
    assert!(
        said.contains("everything is sealed with the current master key"),
        "{said}"
    );
    assert_eq!(status(dir, &both), [sealed, 0, 0]);
    assert!(server.stop());

    // The old key is of no use any more, and the new one opens everything.
    fails(&mut with_keys(dir, &["old"], &["serve"]), "master key");
    let server = serve(&["new"]);
    assert_eq!(get(&base, "/api/companies", None, Some(&key)).0, 200);
    assert_eq!(answer(7), first[6], "given again");
    assert!(server.stop());
}
