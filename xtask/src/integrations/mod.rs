//! `cargo xtask verify-integrations FILE`: every declaration against a reference table.
//!
//! The table was collected apart from the declarations, so that a slip in one shows in the other. Its columns are named in its first
//! line; cells that are empty or say `unknown` say nothing. A difference in which the declaration is known to be right stands in
//! `integrations/differences.toml` with both values, a reason and a source. Any other fails, and so does an entry of that file that is
//! no difference any more.

mod declared;
mod known;
mod table;

use std::collections::BTreeSet;
use std::fmt;
use std::fs;
use std::path::Path;

use anyhow::{Context as _, Result};

use self::declared::Declared;
use self::table::Row;
use crate::root;

/// What a declaration and the table say otherwise.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
struct Difference {
    /// The folder.
    slug: String,
    /// The table's column.
    field: &'static str,
    /// What the table says.
    table: String,
    /// What the declaration says.
    declared: String,
}

impl fmt::Display for Difference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            slug,
            field,
            table,
            declared,
        } = self;
        write!(
            f,
            "{slug}: {field}\n    table:    {table}\n    declared: {declared}"
        )
    }
}

/// What came of it.
#[derive(Debug, Default, PartialEq, Eq)]
struct Verified {
    /// How many declarations stand in the table.
    compared: usize,
    /// Folders that the table does not have.
    unlisted: Vec<String>,
    /// Differences that are known.
    known: usize,
    /// Those that are not.
    differences: BTreeSet<Difference>,
    /// What is listed as known and is no difference.
    stale: Vec<String>,
}

/// Compares, and prints what it finds. True where there is nothing that is not known.
///
/// # Errors
/// A file that cannot be read.
pub(crate) fn verify(table: &Path) -> Result<bool> {
    let folder = root()?.join("integrations");
    let table =
        fs::read_to_string(table).with_context(|| format!("{} cannot be read", table.display()))?;
    let known = fs::read_to_string(folder.join("differences.toml"))
        .context("integrations/differences.toml cannot be read")?;
    let found = compare(&table, &folder, &known)?;
    for difference in &found.differences {
        println!("{difference}");
    }
    for stale in &found.stale {
        println!("{stale}: is listed in differences.toml and is none");
    }
    for slug in &found.unlisted {
        println!("{slug}: is not in the table");
    }
    println!(
        "{} declarations compared, {} known differences, {} others",
        found.compared,
        found.known,
        found.differences.len()
    );
    Ok(found.differences.is_empty() && found.stale.is_empty())
}

fn compare(table: &str, folder: &Path, known: &str) -> Result<Verified> {
    let rows = table::read(table)?;
    let known = known::read(known)?;
    let mut found = Verified::default();
    let mut used = BTreeSet::new();
    let mut folders: Vec<_> = fs::read_dir(folder)?.collect::<Result<_, _>>()?;
    folders.sort_by_key(fs::DirEntry::file_name);
    for entry in folders {
        if !entry.path().is_dir() {
            continue;
        }
        let slug = entry.file_name().to_string_lossy().into_owned();
        let file = entry.path().join("integration.toml");
        let text = fs::read_to_string(&file)
            .with_context(|| format!("{} cannot be read", file.display()))?;
        let declared = Declared::read(&text)
            .with_context(|| format!("{} is no declaration", file.display()))?;
        let Some(row) = rows.iter().find(|row| row.is(&slug)) else {
            found.unlisted.push(slug);
            continue;
        };
        found.compared += 1;
        for difference in differences(&slug, row, &rows, &declared) {
            match known.iter().position(|known| known.is(&difference)) {
                Some(at) => {
                    used.insert(at);
                    found.known += 1;
                }
                None => {
                    found.differences.insert(difference);
                }
            }
        }
    }
    let unused = known
        .iter()
        .enumerate()
        .filter(|(at, _)| !used.contains(at));
    found.stale = unused.map(|(_, known)| known.name()).collect();
    Ok(found)
}

/// Where a row and a declaration say different things.
fn differences(slug: &str, row: &Row, rows: &[Row], declared: &Declared) -> Vec<Difference> {
    let mut all = Vec::new();
    let mut differs = |field: &'static str, table: &str, declared: &str| {
        let show = |text: &str| {
            if text.is_empty() {
                "(nothing)".to_owned()
            } else {
                text.to_owned()
            }
        };
        all.push(Difference {
            slug: slug.to_owned(),
            field,
            table: show(table),
            declared: show(declared),
        });
    };
    let key = row.get("key");
    let is_anothers = rows
        .iter()
        .any(|other| !other.is(slug) && other.get("key") == declared.key);
    if (!key.is_empty() && key != declared.key) || is_anothers {
        differs("key", key, &declared.key);
    }
    for (field, declared) in [
        ("name", &declared.name),
        ("source_type", &declared.source_type),
    ] {
        if row.get(field) != declared {
            differs(field, row.get(field), declared);
        }
    }
    let kind = row.get("auth_kind");
    if !table::kinds(kind).contains(&declared.kind.as_str()) {
        differs("auth_kind", kind, &declared.kind);
    }
    for (field, ours) in [
        ("authorization_url", &declared.authorization),
        ("token_url", &declared.token),
        ("revocation_url", &declared.revocation),
    ] {
        let Some(address) = table::address(row.get(field)) else {
            continue;
        };
        let chosen = ours.as_deref().map(|text| declared.with_choices(text));
        let chosen = chosen.as_deref().and_then(table::address);
        let ours = ours.as_deref().and_then(table::address);
        // The table has either the first choice's address, or a placeholder too.
        if ours.as_ref() != Some(&address) && chosen.as_ref() != Some(&address) {
            differs(field, &address, chosen.as_deref().unwrap_or_default());
        }
    }
    for (field, declared) in [
        ("pkce", &declared.pkce),
        ("client_auth", &declared.client_authentication),
        ("scope_separator", &declared.scope_separator),
        ("refresh_rotates", &declared.refresh_tokens),
        ("access_token_ttl_s", &declared.access_token_lifetime),
    ] {
        // What a kind of authorization has no word for cannot differ.
        let Some(declared) = declared else { continue };
        let told = row.get(field);
        if let Some(meant) = table::meant(field, told)
            && !meant.contains(&declared.as_str())
        {
            differs(field, told, declared);
        }
    }
    all
}

#[cfg(test)]
mod tests;
