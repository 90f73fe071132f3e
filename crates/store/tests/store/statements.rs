//! Every statement there is: prepared on both engines, its plan looked at, its words weighed.

use std::collections::BTreeMap;

use handclasp_store::{Database, MIGRATIONS, Statement, Store, registry};
use rusqlite::Connection;
use serde_json::Value as Json;
use tokio_postgres::types::Type;
use tokio_postgres::{Client, SimpleQueryMessage};

use crate::support::*;

/// Rows in each table: enough that a planner takes the index where there is a fitting one.
const ROWS: u32 = 5_000;
/// Clients that share the rows.
const CLIENTS: u32 = 500;

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
        if sql.matches("CREATE TABLE").count() != sql.matches("{strict}").count() {
            problems.push(format!(
                "migration {}: a table is not {{strict}}",
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

/// What an engine said of a statement.
struct Prepared {
    parameters: usize,
    columns: usize,
    /// Parameters and columns of types that no value has.
    misfits: Vec<String>,
    whole_tables: Vec<String>,
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
    seed_sqlite(&connection);
    let known: Vec<Prepared> = STATEMENTS
        .iter()
        .map(|known| on_that_sqlite(&connection, known))
        .collect();
    look_at_known(&known);
    registry::statements()
        .map(|statement| (statement.name(), on_that_sqlite(&connection, statement)))
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

fn on_that_sqlite(connection: &Connection, statement: &Statement) -> Prepared {
    let prepared = connection
        .prepare(statement.sqlite())
        .unwrap_or_else(|error| panic!("{} on SQLite: {error}", statement.name()));
    let explain = format!("EXPLAIN QUERY PLAN {}", statement.sqlite());
    let mut plan = connection.prepare(&explain).unwrap();
    let mut lines: Vec<String> = Vec::new();
    // Raw: no values are bound, for nothing is run.
    let mut rows = plan.raw_query();
    while let Some(row) = rows.next().unwrap() {
        lines.push(row.get(3).unwrap());
    }
    let tables = partial_indexes_and_tables(connection);
    let whole_tables = lines
        .into_iter()
        .filter(|line| {
            let words: Vec<&str> = line.split(' ').collect();
            // A partial index holds the few rows that are meant.
            let partial = words
                .last()
                .is_some_and(|index| tables.0.contains(&(*index).to_owned()));
            words[0] == "SCAN" && !partial && !is_derived(words[1], statement, &tables.1)
        })
        .collect();
    Prepared {
        parameters: prepared.parameter_count(),
        columns: prepared.column_count(),
        misfits: Vec::new(),
        whole_tables,
    }
}

/// Whether a name in a plan stands for rows that the statement itself made: a subquery or constants.
fn is_derived(name: &str, statement: &Statement, tables: &[String]) -> bool {
    if name.starts_with('(') || name == "CONSTANT" {
        return true;
    }
    let sql = statement.sql();
    let alias_of_table = tables.iter().any(|table| {
        table == name
            || sql.contains(&format!("FROM {table} {name}"))
            || sql.contains(&format!("JOIN {table} {name}"))
            || sql.contains(&format!("{table} AS {name}"))
    });
    !alias_of_table
}

fn partial_indexes_and_tables(connection: &Connection) -> (Vec<String>, Vec<String>) {
    let names = |sql: &str| -> Vec<String> {
        let mut statement = connection.prepare(sql).unwrap();
        let names = statement.query_map((), |row| row.get(0)).unwrap();
        names.collect::<rusqlite::Result<_>>().unwrap()
    };
    (
        names("SELECT name FROM sqlite_schema WHERE type = 'index' AND sql LIKE '% WHERE %'"),
        names("SELECT name FROM sqlite_schema WHERE type = 'table'"),
    )
}

fn seed_sqlite(connection: &Connection) {
    let (_, tables) = partial_indexes_and_tables(connection);
    connection
        .pragma_update(None, "ignore_check_constraints", true)
        .unwrap();
    connection.execute_batch("BEGIN").unwrap();
    for table in tables
        .iter()
        .filter(|table| !table.starts_with("schema_") && !table.starts_with("sqlite_"))
    {
        let mut info = connection
            .prepare(&format!("PRAGMA table_info({table})"))
            .unwrap();
        let columns: Vec<(String, String, bool)> = info
            .query_map((), |row| Ok((row.get(1)?, row.get(2)?, row.get(3)?)))
            .unwrap()
            .collect::<rusqlite::Result<_>>()
            .unwrap();
        let values: Vec<String> = columns
            .iter()
            .map(|(name, kind, obligatory)| {
                let number = if name == "client_id" {
                    format!("(i % {CLIENTS})")
                } else {
                    "i".to_owned()
                };
                let value = match kind.as_str() {
                    "BLOB" => {
                        format!("CAST(printf('%016x', {number} * 2654435761 % 4294967296) AS BLOB)")
                    }
                    "TEXT" => format!("'text ' || {number}"),
                    _ => number,
                };
                if *obligatory {
                    value
                } else {
                    format!("CASE WHEN i % 2 = 0 THEN {value} END")
                }
            })
            .collect();
        let sql = format!(
            "WITH RECURSIVE numbers (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM numbers WHERE i < {ROWS})
            INSERT OR IGNORE INTO {table} SELECT {} FROM numbers",
            values.join(", ")
        );
        connection.execute(&sql, ()).unwrap();
    }
    connection.execute_batch("COMMIT; ANALYZE").unwrap();
}

async fn seed_postgres(client: &Client) {
    let constraints = client
        .query(
            "SELECT conrelid::regclass::text, conname::text FROM pg_constraint
            WHERE contype IN ('c', 'f') AND connamespace = 'public'::regnamespace",
            &[],
        )
        .await
        .unwrap();
    client.batch_execute("BEGIN").await.unwrap();
    for row in constraints {
        let (table, name): (String, String) = (row.get(0), row.get(1));
        let sql = format!("ALTER TABLE {table} DROP CONSTRAINT {name}");
        client.batch_execute(&sql).await.unwrap();
    }
    let columns = client
        .query(
            "SELECT table_name::text, column_name::text, data_type::text, is_nullable = 'NO'
            FROM information_schema.columns WHERE table_schema = 'public' ORDER BY table_name, ordinal_position",
            &[],
        )
        .await
        .unwrap();
    let mut tables: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for row in columns {
        let (table, name, kind, obligatory): (String, String, String, bool) =
            (row.get(0), row.get(1), row.get(2), row.get(3));
        let number = if name == "client_id" {
            format!("(i % {CLIENTS})")
        } else {
            "i".to_owned()
        };
        let value = match kind.as_str() {
            "uuid" => format!("CAST(md5({number}::text) AS uuid)"),
            "bytea" => format!("decode(md5({number}::text), 'hex')"),
            "text" => format!("'text ' || {number}"),
            "boolean" => "i % 2 = 0".to_owned(),
            _ => number,
        };
        let value = if obligatory {
            value
        } else {
            format!("CASE WHEN i % 2 = 0 THEN {value} END")
        };
        tables.entry(table).or_default().push(value);
    }
    for (table, values) in tables
        .iter()
        .filter(|(table, _)| !table.starts_with("schema_"))
    {
        let sql = format!(
            "INSERT INTO {table} SELECT {} FROM generate_series(1, {ROWS}) i ON CONFLICT DO NOTHING",
            values.join(", ")
        );
        client.batch_execute(&sql).await.unwrap();
    }
    client.batch_execute("COMMIT; ANALYZE").await.unwrap();
    // Plans for whatever values come, as a prepared statement gets them in the long run.
    client
        .batch_execute("SET plan_cache_mode = force_generic_plan")
        .await
        .unwrap();
}

async fn on_that_postgres(client: &Client, statement: &Statement) -> Prepared {
    let name = statement.name();
    let prepared = client
        .prepare(statement.sql())
        .await
        .unwrap_or_else(|error| panic!("{name} on PostgreSQL: {error:?}"));
    // Others than these would not take the values, or not give them.
    let ours = [Type::INT8, Type::BOOL, Type::TEXT, Type::BYTEA, Type::UUID];
    let mut misfits = Vec::new();
    for (index, kind) in prepared.params().iter().enumerate() {
        if !ours.contains(kind) {
            misfits.push(format!("${} is of type {kind}", index + 1));
        }
    }
    for (index, column) in prepared.columns().iter().enumerate() {
        // A literal is a 32-bit number there.
        if !ours.contains(column.type_()) && *column.type_() != Type::INT4 {
            misfits.push(format!("column {index} is of type {}", column.type_()));
        }
    }

    client
        .batch_execute(&format!("PREPARE looked_at AS {}", statement.sql()))
        .await
        .unwrap();
    let nulls = vec!["NULL"; prepared.params().len()].join(", ");
    let values = if nulls.is_empty() {
        nulls
    } else {
        format!("({nulls})")
    };
    let explain = format!("EXPLAIN (FORMAT JSON) EXECUTE looked_at{values}");
    let answer = client.simple_query(&explain).await.unwrap();
    client.batch_execute("DEALLOCATE looked_at").await.unwrap();
    let text = answer
        .iter()
        .find_map(|message| {
            if let SimpleQueryMessage::Row(row) = message {
                row.get(0)
            } else {
                None
            }
        })
        .unwrap();
    let plan: Json = serde_json::from_str(text).unwrap();
    let mut whole_tables = Vec::new();
    look_at(
        &plan[0]["Plan"],
        &partial_indexes(client).await,
        &mut whole_tables,
    );
    Prepared {
        parameters: prepared.params().len(),
        columns: prepared.columns().len(),
        misfits,
        whole_tables,
    }
}

async fn partial_indexes(client: &Client) -> Vec<String> {
    let sql = "SELECT indexname::text FROM pg_indexes WHERE schemaname = 'public' AND indexdef LIKE '% WHERE %'";
    let rows = client.query(sql, &[]).await.unwrap();
    rows.iter().map(|row| row.get(0)).collect()
}

/// Notes each scan of a whole table, and of a whole index that is not partial.
fn look_at(plan: &Json, partial: &[String], found: &mut Vec<String>) {
    let kind = plan["Node Type"].as_str().unwrap_or_default();
    let index = plan["Index Name"].as_str().unwrap_or_default();
    let whole_index = kind.contains("Index")
        && plan["Index Cond"].is_null()
        && !partial.iter().any(|name| name == index);
    if kind == "Seq Scan" || whole_index {
        let table = plan["Relation Name"].as_str().unwrap_or_default();
        found.push(format!("{kind} on {table} {index}"));
    }
    for child in plan["Plans"].as_array().into_iter().flatten() {
        look_at(child, partial, found);
    }
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
