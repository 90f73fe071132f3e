//! The arrows between the crates, as ARCHITECTURE.md draws them, against `cargo metadata`.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::process::Command;

use anyhow::{Context as _, Result, ensure};
use serde_json::Value;

/// Which crates each crate may use, from the bottom up. What is not here is not allowed.
///
/// `ambient` (clock, randomness) stands below everything but `domain`. `api`, `link` and `sandbox`
/// do not know each other: what two of them share is a use case in `app` or a part in `web`.
/// `handclasp` wires all of them; nothing stands above it. `testkit` is for tests alone.
const ARROWS: &[(&str, &[&str])] = &[
    ("domain", &[]),
    ("ambient", &["domain"]),
    ("outbound", &["ambient", "domain"]),
    ("store", &["ambient", "domain"]),
    ("vault", &["ambient", "domain"]),
    ("integrations", &["ambient", "domain", "outbound"]),
    // `app` hands the outgoing client to the protocols; it sends nothing itself.
    (
        "app",
        &[
            "ambient",
            "domain",
            "outbound",
            "integrations",
            "store",
            "vault",
        ],
    ),
    ("web", &["ambient", "domain", "app"]),
    (
        "webhooks",
        &["ambient", "domain", "outbound", "store", "vault", "app"],
    ),
    ("api", &["ambient", "domain", "integrations", "app", "web"]),
    ("link", &["ambient", "domain", "integrations", "app", "web"]),
    (
        "sandbox",
        &["ambient", "domain", "store", "vault", "app", "web"],
    ),
    (
        "handclasp",
        &[
            "ambient",
            "domain",
            "outbound",
            "store",
            "vault",
            "integrations",
            "app",
            "web",
            "webhooks",
            "api",
            "link",
            "sandbox",
        ],
    ),
    (
        "testkit",
        &[
            "ambient",
            "domain",
            "outbound",
            "store",
            "vault",
            "integrations",
            "app",
            "web",
        ],
    ),
];

/// Programs that only developers run: what they use is their own affair, and nobody uses them.
const TOOLS: &[&str] = &["bench", "xtask"];

/// The libraries that only one crate may use, each with the reason.
const SOLE_USERS: &[(&str, &str, &str)] = &[
    (
        "hyper-rustls",
        "outbound",
        "outgoing connections are opened only there",
    ),
    ("rusqlite", "store", "SQL stands only there"),
    ("tokio-postgres", "store", "SQL stands only there"),
    ("deadpool-postgres", "store", "SQL stands only there"),
];

/// Libraries that open connections of their own, past `outbound` and its guard: nobody may use
/// them.
const UNUSED: &[&str] = &[
    "reqwest",
    "ureq",
    "isahc",
    "curl",
    "oauth2",
    "openidconnect",
];

struct Package {
    normal: BTreeSet<String>,
    development: BTreeSet<String>,
}

#[test]
fn every_arrow_is_in_the_table() -> Result<()> {
    let table: BTreeMap<&str, &[&str]> = ARROWS.iter().copied().collect();
    let packages = packages()?;
    let mut wrong = Vec::new();
    for (name, package) in &packages {
        if TOOLS.contains(&name.as_str()) {
            continue;
        }
        let allowed = table.get(name.as_str()).with_context(|| {
            format!("the crate {name} is new: give it its place in the table of arrows")
        })?;
        let used = package
            .normal
            .iter()
            .filter(|used| packages.contains_key(*used));
        wrong.extend(
            used.filter(|used| !allowed.contains(&used.as_str()))
                .map(|used| format!("{name} → {used}")),
        );
    }
    ensure!(
        wrong.is_empty(),
        "arrows that the architecture does not have: {}",
        wrong.join(", ")
    );
    Ok(())
}

#[test]
fn the_table_speaks_of_crates_that_exist_and_only_points_down() -> Result<()> {
    let packages = packages()?;
    let mut below = BTreeSet::new();
    for (name, allowed) in ARROWS {
        ensure!(
            packages.contains_key(*name),
            "the table speaks of {name}, which does not exist"
        );
        for used in *allowed {
            ensure!(
                below.contains(used),
                "{name} → {used} does not point down the table"
            );
        }
        below.insert(*name);
    }
    Ok(())
}

#[test]
fn nothing_stands_on_the_binary_and_only_tests_use_the_testkit() -> Result<()> {
    for (name, package) in packages()? {
        if TOOLS.contains(&name.as_str()) {
            continue;
        }
        for tool in TOOLS.iter().chain(&["handclasp"]) {
            ensure!(
                !package.normal.contains(*tool) && !package.development.contains(*tool),
                "{name} uses {tool}, above which nothing stands"
            );
        }
        ensure!(
            !package.normal.contains("testkit"),
            "{name} uses the testkit outside its tests"
        );
    }
    Ok(())
}

#[test]
fn some_libraries_have_one_user() -> Result<()> {
    let packages = packages()?;
    for (library, owner, reason) in SOLE_USERS {
        let owner_package = packages
            .get(*owner)
            .with_context(|| format!("no crate {owner}"))?;
        ensure!(
            owner_package.normal.contains(*library),
            "{owner} no longer uses {library}: mend this table"
        );
        for (name, package) in &packages {
            let allowed = name == owner || name == "testkit" || TOOLS.contains(&name.as_str());
            ensure!(
                allowed
                    || !(package.normal.contains(*library)
                        || package.development.contains(*library)),
                "{name} uses {library}, but {reason}: in {owner}"
            );
        }
    }
    Ok(())
}

#[test]
fn nothing_opens_connections_past_outbound() -> Result<()> {
    for (name, package) in packages()? {
        if name == "testkit" || TOOLS.contains(&name.as_str()) {
            continue;
        }
        for library in UNUSED {
            ensure!(
                !package.normal.contains(*library),
                "{name} uses {library}, past outbound"
            );
        }
    }
    Ok(())
}

/// The workspace's packages by their short names (`app` for `handclasp-app`).
fn packages() -> Result<BTreeMap<String, Package>> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"))
        .parent()
        .context("no root folder")?;
    let output = Command::new(env!("CARGO"))
        .args([
            "metadata",
            "--no-deps",
            "--format-version",
            "1",
            "--offline",
        ])
        .current_dir(root)
        .output()?;
    ensure!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
    let metadata: Value = serde_json::from_slice(&output.stdout)?;
    let packages = metadata["packages"]
        .as_array()
        .context("cargo metadata has no packages")?;
    ensure!(
        packages.len() >= ARROWS.len(),
        "cargo metadata leaves packages out"
    );
    packages
        .iter()
        .map(|package| {
            let mut found = Package {
                normal: BTreeSet::new(),
                development: BTreeSet::new(),
            };
            for dependency in package["dependencies"].as_array().into_iter().flatten() {
                let used = short(
                    dependency["name"]
                        .as_str()
                        .context("a nameless dependency")?,
                );
                match dependency["kind"].as_str() {
                    Some("dev") => found.development.insert(used),
                    _ => found.normal.insert(used),
                };
            }
            Ok((
                short(package["name"].as_str().context("a nameless package")?),
                found,
            ))
        })
        .collect()
}

fn short(name: &str) -> String {
    name.strip_prefix("handclasp-").unwrap_or(name).to_owned()
}
