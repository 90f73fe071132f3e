//! Seeded databases, and what their planners make of a statement.

use std::collections::BTreeMap;

use handclasp_store::Statement;
use rusqlite::Connection;
use serde_json::Value as Json;
use tokio_postgres::types::Type;
use tokio_postgres::{Client, SimpleQueryMessage};

/// Rows in each table: enough that a planner takes the index where there is a fitting one.
const ROWS: u32 = 5_000;
/// Clients that share the rows.
const CLIENTS: u32 = 500;
/// What an engine said of a statement.
pub(crate) struct Prepared {
    pub(crate) parameters: usize,
    pub(crate) columns: usize,
    /// Parameters and columns of types that no value has.
    pub(crate) misfits: Vec<String>,
    pub(crate) whole_tables: Vec<String>,
}
pub(crate) fn on_that_sqlite(connection: &Connection, statement: &Statement) -> Prepared {
    let prepared = connection
        .prepare(statement.sqlite())
        .unwrap_or_else(|error| panic!("{} on SQLite: {error}", statement.name()));
    let lines = sqlite_plan(connection, statement);
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

/// SQLite's plan, a line a step.
pub(crate) fn sqlite_plan(connection: &Connection, statement: &Statement) -> Vec<String> {
    let explain = format!("EXPLAIN QUERY PLAN {}", statement.sqlite());
    let mut plan = connection.prepare(&explain).unwrap();
    let mut lines: Vec<String> = Vec::new();
    // Raw: no values are bound, for nothing is run.
    let mut rows = plan.raw_query();
    while let Some(row) = rows.next().unwrap() {
        lines.push(row.get(3).unwrap());
    }
    lines
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

pub(crate) fn seed_sqlite(connection: &Connection) {
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

pub(crate) async fn seed_postgres(client: &Client) {
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

pub(crate) async fn on_that_postgres(client: &Client, statement: &Statement) -> Prepared {
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

    let text = postgres_plan(client, statement).await;
    let plan: Json = serde_json::from_str(&text).unwrap();
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

/// PostgreSQL's plan, as JSON.
pub(crate) async fn postgres_plan(client: &Client, statement: &Statement) -> String {
    client
        .batch_execute(&format!("PREPARE looked_at AS {}", statement.sql()))
        .await
        .unwrap();
    let nulls = vec!["NULL"; statement.parameters()].join(", ");
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
    text.to_owned()
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
