//! What the server can connect, and an operator's own declarations.

use std::path::Path;

use crate::support::{configured, fails, succeeds};

const LOGO: &str = r#"<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 1 1"></svg>"#;

/// Writes an integration's folder.
fn declare(folder: &Path, declaration: &str) {
    std::fs::create_dir_all(folder).unwrap();
    std::fs::write(folder.join("integration.toml"), declaration).unwrap();
    std::fs::write(folder.join("logo.svg"), LOGO).unwrap();
}

#[test]
fn an_operators_own_are_checked_listed_and_offered() {
    let dir = tempfile::tempdir().unwrap();
    let dir = dir.path();
    let (own, acme) = (dir.join("own"), dir.join("own/acme"));
    let good = include_str!("../../../integrations/src/tests/acme.toml");
    declare(&acme, good);
    declare(&own.join(".git"), "not one");

    let run = |arguments: &[&str]| configured(dir, arguments);
    let folder = acme.display().to_string();
    let file = acme.join("integration.toml").display().to_string();
    let check = ["integrations", "check"];
    for path in [&folder, &file] {
        let said = succeeds(run(&check).arg(path));
        assert!(said.contains("can be read"), "{said}");
    }
    // Without the setting it is not there.
    assert!(!succeeds(&mut run(&["integrations", "list"])).contains("acme  "));

    let with_own = |arguments: &[&str]| {
        let mut command = run(arguments);
        command.env("HANDCLASP_INTEGRATIONS_DIR", &own);
        command
    };
    let listed = succeeds(&mut with_own(&["integrations", "list"]));
    assert!(
        listed.contains("acme  ") && listed.contains("gbol  Accounting  OAuth 2 code"),
        "{listed}"
    );
    let shown = succeeds(&mut with_own(&["integrations", "show", "acme"]));
    assert!(shown.contains("leads to        https://"), "{shown}");
    succeeds(run(&["keys", "generate"]).arg(dir.join("master.key")));
    succeeds(&mut run(&["migrate"]));
    let made = succeeds(&mut with_own(&["client", "create", "Harbour"]));
    let client = made.split_whitespace().nth(1).unwrap();
    let offered = succeeds(&mut with_own(&["client", "integration", "list", client]));
    assert!(offered.contains("acme  "), "{offered}");

    // A mistake has its place, and a server with it does not start.
    declare(&acme, &good.replacen("key = ", "kez = ", 1));
    let place = "acme/integration.toml:2: kez";
    fails(run(&check).arg(&folder), place);
    for arguments in [["integrations", "list"], ["client", "list"]] {
        fails(&mut with_own(&arguments), place);
    }
    std::fs::remove_file(acme.join("logo.svg")).unwrap();
    fails(run(&check).arg(&folder), "logo.svg");
    fails(
        &mut run(&["integrations", "show", "zzzz"]),
        "integrations list",
    );
}
