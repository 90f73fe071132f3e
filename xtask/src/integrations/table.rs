//! The reference table: tab-separated, the columns named in the first line, no quotes.

use std::collections::BTreeMap;

use anyhow::{Result, ensure};

/// The columns that are compared. A table without one of them is another table.
const COLUMNS: [&str; 15] = [
    "key",
    "slug",
    "name",
    "source_type",
    "auth_kind",
    "authorization_url",
    "token_url",
    "revocation_url",
    "pkce",
    "client_auth",
    "scope_separator",
    "access_token_ttl_s",
    "refresh_rotates",
    "notes",
    "proposed_slug",
];

/// One integration's line.
#[derive(Debug)]
pub(super) struct Row(BTreeMap<String, String>);

impl Row {
    /// A cell; empty where there is none.
    pub(super) fn get(&self, column: &str) -> &str {
        self.0.get(column).map_or("", String::as_str)
    }

    /// Whether it is about the integration of this folder.
    pub(super) fn is(&self, slug: &str) -> bool {
        self.get("slug") == slug
    }
}

/// Reads the table.
pub(super) fn read(text: &str) -> Result<Vec<Row>> {
    let mut lines = text.lines();
    let names: Vec<&str> = lines.next().unwrap_or_default().split('\t').collect();
    for column in COLUMNS {
        ensure!(
            names.contains(&column),
            "the table has no column `{column}`"
        );
    }
    let mut rows = Vec::new();
    for (number, line) in lines.enumerate().filter(|(_, line)| !line.is_empty()) {
        let cells: Vec<&str> = line.split('\t').collect();
        ensure!(
            cells.len() == names.len(),
            "line {} of the table has {} cells, and not {}",
            number + 2,
            cells.len(),
            names.len()
        );
        let cells = names.iter().zip(cells);
        let cells = cells.map(|(name, cell)| ((*name).to_owned(), cell.trim().to_owned()));
        rows.push(Row(cells.collect()));
    }
    Ok(rows)
}

/// Host and path of an address, whatever its values are called; none where a cell has no address.
pub(super) fn address(cell: &str) -> Option<String> {
    let is_address = |word: &&str| word.starts_with("https://") || word.starts_with('{');
    let word = cell.split_whitespace().find(is_address)?;
    let word = word.split('?').next().unwrap_or_default();
    let mut bare = String::new();
    let mut in_value = false;
    for c in word.trim_start_matches("https://").chars() {
        match c {
            '{' => {
                in_value = true;
                bare.push_str("{}");
            }
            '}' => in_value = false,
            _ if in_value => {}
            c => bare.push(c),
        }
    }
    Some(bare)
}

/// The declarations' words for a kind of authorization.
pub(super) fn kinds(cell: &str) -> &'static [&'static str] {
    match cell {
        "oauth2_code" => &["oauth2_code"],
        "oauth2_client_credentials" => &["oauth2_client_credentials"],
        "oauth1" => &["oauth1"],
        "api_key" | "basic" => &["credentials"],
        "link_token" => &["token_link"],
        "token_based_custom" => &["credentials", "token_link", "delivery"],
        "file_upload" => &["file_upload"],
        _ => &[],
    }
}

/// The declarations' words for what a cell says; none where it says nothing.
pub(super) fn meant<'a>(column: &str, cell: &'a str) -> Option<Vec<&'a str>> {
    let word = cell.split(' ').next().unwrap_or_default();
    Some(match (column, word) {
        (_, "" | "unknown") => return None,
        ("pkce", "supported" | "required") => vec!["S256"],
        ("pkce", "unsupported") => vec!["unsupported"],
        // The second does the same without encoding the two parts.
        ("client_auth", "basic") => vec!["basic", "basic_unencoded"],
        ("scope_separator", "space" | "comma") => vec![word],
        // As none of the usual two it says nothing that could be compared.
        ("scope_separator", _) => return None,
        ("refresh_rotates", "yes") => vec!["rotate"],
        ("refresh_rotates", "no") => vec!["stay", "none"],
        (_, word) => vec![word],
    })
}
