//! What may stand in one place only, read from the sources themselves.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context as _, Result, ensure};

/// No source file is longer than this; most stay under 400 lines.
const LINES: usize = 700;

#[test]
fn sql_stands_only_in_the_store() -> Result<()> {
    let needles = [
        "\"SELECT ",
        "SELECT $",
        "INSERT INTO ",
        "DELETE FROM ",
        "CREATE TABLE ",
        "ORDER BY ",
    ];
    none_but(&["store", "testkit"], &needles)
}

#[test]
fn the_environment_is_read_only_in_the_binary() -> Result<()> {
    // clippy bans `std::env::var` and `vars`; this also sees their relatives.
    none_but(
        &["handclasp", "testkit"],
        &["env::var", "env::set_", "env::args"],
    )
}

#[test]
fn key_material_is_seen_only_in_the_vault() -> Result<()> {
    none_but(
        &["vault"],
        &["aws_lc_rs::aead", "aead::", "aws_lc_rs::cipher", "key_wrap"],
    )
}

#[test]
fn outgoing_connections_are_opened_only_by_outbound() -> Result<()> {
    none_but(
        &["outbound", "testkit"],
        &[
            "reqwest::",
            "TcpStream::connect",
            "TcpSocket",
            "client::legacy",
        ],
    )
}

#[test]
fn no_source_file_is_too_long() -> Result<()> {
    let mut long = Vec::new();
    for file in sources()? {
        let lines = fs::read_to_string(&file)?.lines().count();
        if lines > LINES {
            long.push(format!("{} has {lines} lines", file.display()));
        }
    }
    ensure!(
        long.is_empty(),
        "more than {LINES} lines: {}",
        long.join(", ")
    );
    Ok(())
}

#[test]
fn templates_have_no_style_attributes_and_no_scripts_of_their_own() -> Result<()> {
    let mut templates = Vec::new();
    for folder in crates()? {
        let folder = folder.join("templates");
        if folder.is_dir() {
            walk(&folder, &mut templates)?;
        }
    }
    ensure!(
        !templates.is_empty(),
        "there are no templates where this test looks for them"
    );
    for file in templates {
        let text = fs::read_to_string(&file)?;
        for (number, line) in text.lines().enumerate() {
            for needle in [
                " style=",
                "\tstyle=",
                "javascript:",
                " onclick=",
                " onload=",
                " onsubmit=",
            ] {
                ensure!(
                    !line.contains(needle),
                    "{}:{}: {needle} would need a weaker Content-Security-Policy",
                    file.display(),
                    number + 1,
                );
            }
        }
    }
    Ok(())
}

#[test]
fn nothing_committed_names_a_folder_of_the_machine_it_was_written_on() -> Result<()> {
    let root = root()?;
    let output = Command::new("git")
        // A checkout may belong to another user than the one who tests it, as in a container.
        .args(["-c", "safe.directory=*", "ls-files", "-z"])
        .current_dir(&root)
        .output()?;
    ensure!(
        output.status.success(),
        "git ls-files: {}",
        String::from_utf8_lossy(&output.stderr)
    );
    // Put together, so that this file does not name them.
    let needles = [
        ["/wo", "rk/"].concat(),
        ["/ro", "ot/"].concat(),
        ["/ho", "me/"].concat(),
    ];
    let mut seen = 0;
    for name in output
        .stdout
        .split(|byte| *byte == 0)
        .filter(|name| !name.is_empty())
    {
        let name = String::from_utf8_lossy(name).into_owned();
        // A file may be deleted but not yet committed as such; pictures are not text.
        let Ok(text) = fs::read_to_string(root.join(&name)) else {
            continue;
        };
        seen += 1;
        for (number, line) in text.lines().enumerate() {
            for needle in &needles {
                let Some(at) = line.find(needle.as_str()) else {
                    continue;
                };
                // A path of a URL (`example.com/…`) or within the repository is something else.
                let inside = line[..at].ends_with(|c: char| c.is_ascii_alphanumeric() || c == '.');
                ensure!(
                    inside,
                    "{name}:{}: {needle} names a folder of one machine",
                    number + 1
                );
            }
        }
    }
    ensure!(seen > 10, "git lists only {seen} files");
    Ok(())
}

/// Fails where a crate's sources, except the named ones, contain one of the needles outside
/// comments and tests.
fn none_but(allowed: &[&str], needles: &[&str]) -> Result<()> {
    let root = root()?;
    let mut found = Vec::new();
    for file in sources()? {
        let inside = file.strip_prefix(root.join("crates"))?;
        let name = inside.iter().next().context("a source outside its crate")?;
        if allowed.iter().any(|allowed| name == *allowed) {
            continue;
        }
        if inside
            .iter()
            .any(|part| part == "tests" || part == "tests.rs")
        {
            continue;
        }
        let text = fs::read_to_string(&file)?;
        let product = text
            .split("#[cfg(test)]\nmod tests {")
            .next()
            .unwrap_or_default();
        for (number, line) in product.lines().enumerate() {
            let code = line.trim_start();
            if code.starts_with("//") {
                continue;
            }
            if let Some(needle) = needles.iter().find(|needle| code.contains(*needle)) {
                found.push(format!("{}:{}: {needle}", file.display(), number + 1));
            }
        }
    }
    ensure!(
        found.is_empty(),
        "this belongs in {}:\n{}",
        allowed.join(" or "),
        found.join("\n")
    );
    Ok(())
}

/// Every Rust file under `crates/*/src`.
fn sources() -> Result<Vec<PathBuf>> {
    let mut files = Vec::new();
    for folder in crates()? {
        walk(&folder.join("src"), &mut files)?;
    }
    files.retain(|file| file.extension().is_some_and(|extension| extension == "rs"));
    ensure!(
        files.len() > 10,
        "the sources are not where this test looks for them"
    );
    Ok(files)
}

fn crates() -> Result<Vec<PathBuf>> {
    fs::read_dir(root()?.join("crates"))?
        .map(|entry| Ok(entry?.path()))
        .collect()
}

fn walk(folder: &Path, files: &mut Vec<PathBuf>) -> Result<()> {
    for entry in fs::read_dir(folder).with_context(|| folder.display().to_string())? {
        let path = entry?.path();
        if path.is_dir() {
            walk(&path, files)?;
        } else {
            files.push(path);
        }
    }
    Ok(())
}

fn root() -> Result<PathBuf> {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    Ok(here.parent().context("no root folder")?.to_path_buf())
}
