//! The schema and its history: one text for both engines, forward only, check-summed.

mod history;

pub(crate) use history::{Applied, pending};

use crate::OpenError;

/// One step of the schema's history.
#[derive(Debug, Clone, Copy)]
pub struct Migration {
    /// When it was written, `YYYYMMDDHHMM`: its place in the history.
    pub version: &'static str,
    /// What it does, in a word or three.
    pub name: &'static str,
    /// The SQL, with type words in braces.
    pub sql: &'static str,
}

macro_rules! migrations {
    ($($version:literal $name:literal,)+) => {
        &[$(Migration {
            version: $version,
            name: $name,
            sql: include_str!(concat!("../../../../migrations/", $version, "_", $name, ".sql")),
        }),+]
    };
}

/// The product's migrations, oldest first. A test compares the list with the folder.
pub const MIGRATIONS: &[Migration] = migrations![
    "202611220000" "start",
];

/// The table in which the history is kept, and the row that migrating processes lock.
pub(crate) const BOOKKEEPING: &str = "
    CREATE TABLE IF NOT EXISTS schema_migration (
        version {text} NOT NULL PRIMARY KEY,
        name {text} NOT NULL,
        checksum {bytes} NOT NULL
    ) {strict};
    CREATE TABLE IF NOT EXISTS schema_lock (id {int} NOT NULL PRIMARY KEY) {strict};
";

crate::statements! {
    /// What was applied.
    pub(crate) APPLIED = "SELECT version, checksum FROM schema_migration ORDER BY version",
        whole_table = "run once at the start; a row for each migration";
    /// Notes that a migration was applied.
    pub(crate) APPLY = "INSERT INTO schema_migration (version, name, checksum) VALUES ($1, $2, $3)";
    /// The row to lock.
    pub(crate) SEED_LOCK = "INSERT INTO schema_lock (id) VALUES (0) ON CONFLICT (id) DO NOTHING";
}

/// Which engine a text is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Engine {
    /// The embedded database.
    Sqlite,
    /// PostgreSQL, or what speaks its protocol.
    Postgres,
}

impl Engine {
    fn word(self, word: &str) -> Option<&'static str> {
        Some(match (word, self) {
            ("uuid", Self::Sqlite) | ("bytes", Self::Sqlite) => "BLOB",
            ("uuid", Self::Postgres) => "UUID",
            ("bytes", Self::Postgres) => "BYTEA",
            ("instant" | "int" | "bool", Self::Sqlite) => "INTEGER",
            ("instant" | "int", Self::Postgres) => "BIGINT",
            ("bool", Self::Postgres) => "BOOLEAN",
            ("text", Self::Sqlite) => "TEXT",
            ("text", Self::Postgres) => "TEXT COLLATE \"C\"",
            ("strict", Self::Sqlite) => "STRICT",
            ("keyed", Self::Sqlite) => "STRICT, WITHOUT ROWID",
            ("strict" | "keyed", Self::Postgres) => "",
            _ => return None,
        })
    }
}

/// The text for one engine: each word in braces replaced by the engine's own.
pub(crate) fn for_engine(version: &str, sql: &str, engine: Engine) -> Result<String, OpenError> {
    let mut text = String::with_capacity(sql.len() + 64);
    let mut rest = sql;
    while let Some((before, after)) = rest.split_once('{') {
        let (word, after) = after.split_once('}').unwrap_or((after, ""));
        let Some(own) = engine.word(word) else {
            return Err(OpenError::UnknownWord {
                version: version.to_owned(),
                word: word.to_owned(),
            });
        };
        text.push_str(before);
        text.push_str(own);
        rest = after;
    }
    text.push_str(rest);
    Ok(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_list_is_the_folder() {
        let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/../../migrations");
        let mut files: Vec<String> = std::fs::read_dir(folder)
            .unwrap()
            .map(|file| file.unwrap().file_name().into_string().unwrap())
            .collect();
        files.sort();
        let listed: Vec<String> = MIGRATIONS
            .iter()
            .map(|m| format!("{}_{}.sql", m.version, m.name))
            .collect();
        assert_eq!(listed, files);
        assert!(
            MIGRATIONS
                .iter()
                .all(|m| m.version.len() == 12 && m.version.bytes().all(|b| b.is_ascii_digit()))
        );
    }

    #[test]
    fn type_words_become_the_engines_own() {
        let sql = "CREATE TABLE t (a {uuid}, b {text}, c {instant}, d {bool}, e {bytes}) {strict};";
        assert_eq!(
            for_engine("1", sql, Engine::Sqlite).unwrap(),
            "CREATE TABLE t (a BLOB, b TEXT, c INTEGER, d INTEGER, e BLOB) STRICT;"
        );
        assert_eq!(
            for_engine("1", sql, Engine::Postgres).unwrap(),
            "CREATE TABLE t (a UUID, b TEXT COLLATE \"C\", c BIGINT, d BOOLEAN, e BYTEA) ;"
        );
        let wrong = for_engine("1", "CREATE TABLE t (a {json})", Engine::Sqlite);
        assert!(matches!(wrong, Err(OpenError::UnknownWord { word, .. }) if word == "json"));
        assert!(for_engine("1", "a {", Engine::Sqlite).is_err());
    }
}
