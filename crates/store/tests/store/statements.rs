//! Every statement there is: prepared on both engines, its plan looked at, its words weighed.

use std::collections::{BTreeMap, BTreeSet};

use handclasp_store::{Database, MIGRATIONS, Store, registry};
use rusqlite::Connection;

use crate::plans::{
    Prepared, on_that_postgres, on_that_sqlite, postgres_plan, seed_postgres, seed_sqlite,
    sqlite_plan,
};
use crate::support::*;

/// What Postgres-wire distributed engines do not take, what a transaction pooler loses, and what depends on the
/// engine. Upper case; each is looked for as whole words.
const REFUSED: &[&str] = &[
    "ADVISORY",
    "ANY",
    "ARRAY",
    "AUTOINCREMENT",
    "BEGIN",
    "COMMIT",
    "CURRENT_DATE",
    "CURRENT_TIME",
    "CURRENT_TIMESTAMP",
    "CURSOR",
    "DECLARE",
    "DISCARD",
    "EXTENSION",
    "FUNCTION",
    "GENERATED",
    "GLOB",
    "HOLD",
    "ILIKE",
    "LISTEN",
    "LOCK",
    "LOCALTIMESTAMP",
    "MERGE",
    "NEXTVAL",
    "NOTIFY",
    "NOW",
    "PG_ADVISORY_LOCK",
    "PG_ADVISORY_XACT_LOCK",
    "PG_NOTIFY",
    "PG_TRY_ADVISORY_LOCK",
    "PREPARE",
    "RANDOM",
    "REGEXP",
    "ROLLBACK",
    "ROWID",
    "SAVEPOINT",
    "SEQUENCE",
    "SERIAL",
    "BIGSERIAL",
    "TEMP",
    "TEMPORARY",
    "TRIGGER",
    "TRUNCATE",
    "UNLOGGED",
    "UNNEST",
    "VACUUM",
];

fn words(sql: &str) -> Vec<String> {
    sql.split(|c: char| !c.is_ascii_alphanumeric() && c != '_')
        .filter(|word| !word.is_empty())
        .map(str::to_ascii_uppercase)
        .collect()
}

/// What is wrong with a text, if anything.
fn objection(sql: &str) -> Option<String> {
    // Whatever stands in quotes is data.
    let sql: String = sql.split('\'').step_by(2).collect::<Vec<_>>().join(" ");
    let words = words(&sql);
    if let Some(word) = words.iter().find(|word| REFUSED.contains(&word.as_str())) {
        return Some(format!("{word} is not portable"));
    }
    if sql.contains("::") || sql.contains("[]") || sql.contains("->") {
        return Some("write CAST; no arrays, nothing inside of JSON".to_owned());
    }
    let changes = |word: &&String| ["INSERT", "UPDATE", "DELETE"].contains(&word.as_str());
    let locks = words.windows(2).any(|pair| pair == ["FOR", "UPDATE"]);
    let changing = words.iter().filter(changes).count() - usize::from(locks);
    let upserting = words.windows(2).any(|pair| pair == ["DO", "UPDATE"]);
    if words.first().is_some_and(|word| word == "WITH") && changing > usize::from(upserting) {
        return Some("a common table expression must not change data".to_owned());
    }
    None
}

#[test]
fn statements_keep_to_what_every_engine_takes() {
    let mut problems = Vec::new();
    for statement in registry::statements() {
        if let Some(problem) = objection(statement.sql()) {
            problems.push(format!("{}: {problem}", statement.name()));
        }
    }
    for migration in MIGRATIONS {
        let without_comments: Vec<&str> = migration
            .sql
            .lines()
            .map(|line| line.split("--").next().unwrap_or_default())
            .collect();
        let sql = without_comments.join("\n");
        // Types are written as words in braces, so that both engines have their own.
        let raw = [
            "BIGINT",
            "INTEGER",
            "INT",
            "TEXT",
            "VARCHAR",
            "BLOB",
            "BYTEA",
            "BOOLEAN",
            "TIMESTAMPTZ",
            "JSONB",
            "JSON",
            "REAL",
        ];
        for line in sql.lines() {
            // The first word is a column's name.
            if let Some(word) = words(line)
                .iter()
                .skip(1)
                .find(|word| raw.contains(&word.as_str()))
                && !line.contains(&format!("{{{}}}", word.to_ascii_lowercase()))
            {
                problems.push(format!(
                    "migration {}: {word} stands outside of braces",
                    migration.version
                ));
            }
        }
        if let Some(problem) = objection(&sql) {
            problems.push(format!("migration {}: {problem}", migration.version));
        }
        let strict = sql.matches("{strict}").count() + sql.matches("{keyed}").count();
        if sql.matches("CREATE TABLE").count() != strict {
            problems.push(format!(
                "migration {}: a table is neither {{strict}} nor {{keyed}}",
                migration.version
            ));
        }
    }
    assert!(problems.is_empty(), "{problems:#?}");
}

#[test]
fn the_objections_object() {
    for bad in [
        "SELECT nextval('s')",
        "SELECT pg_advisory_lock(1)",
        "SELECT id FROM t WHERE id = ANY($1)",
        "SELECT $1::uuid",
        "WITH gone AS (DELETE FROM t RETURNING id) SELECT id FROM gone",
        "UPDATE t SET at = now()",
        "LOCK TABLE t",
    ] {
        assert!(objection(bad).is_some(), "{bad}");
    }
    for good in [
        "SELECT id FROM t WHERE locked = $1 FOR UPDATE SKIP LOCKED",
        "WITH due AS (SELECT id FROM t LIMIT $1) UPDATE t SET n = 1 WHERE id IN (SELECT id FROM due)",
    ] {
        // The second changes data outside of its common table expression, which is where the rule is coarse.
        assert_eq!(
            objection(good).is_some(),
            good.starts_with("WITH"),
            "{good}"
        );
    }
}

handclasp_store::statements! {
    /// Reads a table.
    BY_NAME = "SELECT id FROM company WHERE name = $1";
    /// Reads an index from end to end.
    IN_ORDER = "SELECT description FROM company ORDER BY id";
    /// Changes after reading a table.
    RENAMED = "UPDATE company AS c SET name = $1 WHERE c.name = $2";
    /// Reads a table inside.
    INSIDE = "SELECT id FROM event WHERE client_id = $1 AND id IN (SELECT a.id FROM audit a WHERE a.actor = $2)";
    /// Reads what it made itself.
    DERIVED = "SELECT p.id FROM (SELECT id FROM company WHERE client_id = $1 ORDER BY created, id LIMIT $2) p";
}

/// The looking itself, looked at: the first four are found out, the last is not.
fn look_at_known(prepared: &[Prepared]) {
    let found: Vec<bool> = prepared
        .iter()
        .map(|known| !known.whole_tables.is_empty())
        .collect();
    assert_eq!(found, [true, true, true, true, false]);
}
#[test]
fn every_statement_fits_sqlite_and_reads_no_whole_table() {
    on_sqlite(async |db| {
        let prepared = on_a_seeded_sqlite(db).await;
        judge(&prepared);
        for statement in registry::statements() {
            let parameters = prepared[statement.name()].parameters;
            assert_eq!(parameters, statement.parameters(), "{}", statement.name());
        }
    });
}

#[test]
fn every_statement_fits_postgres_as_it_fits_sqlite_and_reads_no_whole_table() {
    on_postgres(async |db| {
        let sqlite = on_a_seeded_sqlite(db).await;
        let client = connect(db.url()).await;
        let drop = "DROP TABLE part, thing, schema_migration, schema_lock";
        client.batch_execute(drop).await.unwrap();
        open_product(db, db.options.database.clone()).await;
        seed_postgres(&client).await;
        let mut known = Vec::new();
        for statement in STATEMENTS {
            known.push(on_that_postgres(&client, statement).await);
        }
        look_at_known(&known);
        let mut prepared = BTreeMap::new();
        for statement in registry::statements() {
            let (here, there) = (
                on_that_postgres(&client, statement).await,
                &sqlite[statement.name()],
            );
            assert_eq!(here.parameters, there.parameters, "{}", statement.name());
            assert_eq!(here.columns, there.columns, "{}", statement.name());
            prepared.insert(statement.name(), here);
        }
        judge(&prepared);
    });
}

/// Neither engine has statistics of a new database. By their primary keys companies and connections lie in the order of creation: to
/// look for an id there is to go through all of a client's, and what writes would read where all new ones go.
#[test]
fn in_a_new_database_only_pages_look_companies_and_connections_up_by_creation() {
    on_postgres(async |db| {
        let path = db.path("product.db");
        open_product(db, Database::Sqlite { path: path.clone() }).await;
        let sqlite = Connection::open(path).unwrap();
        let client = connect(db.url()).await;
        let drop = "DROP TABLE part, thing, schema_migration, schema_lock";
        client.batch_execute(drop).await.unwrap();
        open_product(db, db.options.database.clone()).await;
        let as_the_store_does = "SET plan_cache_mode = force_generic_plan; SET enable_hashjoin = off; SET enable_mergejoin = off;
            SET enable_material = off";
        client.batch_execute(as_the_store_does).await.unwrap();
        let mut by_creation = BTreeSet::new();
        for statement in registry::statements() {
            let plan = postgres_plan(&client, statement).await;
            let here = ["\"company_pkey\"", "\"connection_pkey\""];
            if here.iter().any(|index| plan.contains(index)) {
                by_creation.insert(format!("{} on PostgreSQL: {plan}", statement.name()));
            }
            for line in sqlite_plan(&sqlite, statement) {
                // How its key begins tells these tables from others, but for where the client is all that is known.
                let table = line.split_whitespace().nth(1).unwrap_or_default();
                let sql = statement.sql();
                let is_named = ["company", "connection"].iter().any(|name| {
                    let named =
                        ["FROM", "JOIN", "UPDATE"].map(|word| format!("{word} {name} {table} "));
                    table == *name || named.iter().any(|named| sql.contains(named))
                });
                let is_of_these = is_named && line.contains(" USING PRIMARY KEY ");
                if is_of_these {
                    by_creation.insert(format!("{} on SQLite: {line}", statement.name()));
                }
            }
        }
        by_creation.retain(|found| {
            let pages = ["COMPANIES on", "CONNECTIONS on"];
            !pages
                .iter()
                .any(|page| found.contains(&format!("company_batch::{page}")))
        });
        assert!(by_creation.is_empty(), "{by_creation:#?}");
    });
}

async fn open_product(db: &Fresh, database: Database) {
    let mut options = db.options.clone();
    options.database = database;
    options.migrations = MIGRATIONS;
    Store::open(options).await.unwrap().close().await;
}

async fn on_a_seeded_sqlite(db: &Fresh) -> BTreeMap<&'static str, Prepared> {
    let path = db.path("product.db");
    open_product(db, Database::Sqlite { path: path.clone() }).await;
    let connection = Connection::open(path).unwrap();
    // A new database has no statistics yet, and it must do well without.
    let mut prepared = on_all_of_it(&connection);
    seed_sqlite(&connection);
    for (name, seeded) in on_all_of_it(&connection) {
        if let Some(empty) = prepared.get_mut(name) {
            empty.whole_tables.extend(seeded.whole_tables);
        }
    }
    prepared
}

fn on_all_of_it(connection: &Connection) -> BTreeMap<&'static str, Prepared> {
    let known: Vec<Prepared> = STATEMENTS
        .iter()
        .map(|known| on_that_sqlite(connection, known))
        .collect();
    look_at_known(&known);
    registry::statements()
        .map(|statement| (statement.name(), on_that_sqlite(connection, statement)))
        .collect()
}

/// Types must fit, and what reads a whole table must say why.
fn judge(prepared: &BTreeMap<&'static str, Prepared>) {
    let mut problems = Vec::new();
    for statement in registry::statements() {
        let found = &prepared[statement.name()];
        if !found.misfits.is_empty() {
            problems.push(format!("{}: {:?}", statement.name(), found.misfits));
        }
        if statement.whole_table().is_none() && !found.whole_tables.is_empty() {
            problems.push(format!(
                "{}, without a reason: {:?}",
                statement.name(),
                found.whole_tables
            ));
        }
    }
    assert!(problems.is_empty(), "{problems:#?}");
}
/// A module whose statements nobody listed would escape all of the above.
#[test]
fn every_module_with_statements_is_listed() {
    let source = concat!(env!("CARGO_MANIFEST_DIR"), "/src");
    let registry = std::fs::read_to_string(format!("{source}/registry.rs")).unwrap();
    for entry in std::fs::read_dir(source).unwrap() {
        let path = entry.unwrap().path();
        let Ok(text) = std::fs::read_to_string(&path) else {
            continue;
        };
        let module = path.file_stem().unwrap().to_str().unwrap();
        let declares = text.lines().any(|line| {
            let line = line.trim_start();
            line.starts_with("statements! {") || line.starts_with("crate::statements! {")
        });
        // The macro's own file has them in its tests only.
        if declares && module != "statement" {
            assert!(
                registry.contains(&format!("crate::{module}::STATEMENTS")),
                "{module}"
            );
        }
    }
}
