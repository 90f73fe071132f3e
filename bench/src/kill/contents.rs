//! What is in the database, read past the product.

use std::path::Path;

use anyhow::{Context, Result, ensure};
use rusqlite::{Connection, OpenFlags};
use serde_json::Value;
use uuid::Uuid;

use crate::database;

/// A look into the database beside the product.
pub(crate) enum Reader {
    Sqlite(Connection),
    Postgres(tokio_postgres::Client),
}

/// What it holds.
#[derive(Debug, Default)]
pub(crate) struct Contents {
    /// Companies with their names.
    pub(crate) companies: Vec<(Uuid, String)>,
    /// Connections with their companies.
    pub(crate) connections: Vec<(Uuid, Uuid)>,
    pub(crate) events: Vec<Event>,
    /// What was done to what: the connection, or else the company.
    pub(crate) audit: Vec<(String, Uuid)>,
}

/// An event.
#[derive(Debug)]
pub(crate) struct Event {
    pub(crate) id: Uuid,
    pub(crate) kind: String,
    /// The connection it is about, or else the company.
    pub(crate) subject: Uuid,
}

impl Reader {
    pub(crate) fn sqlite(path: &Path) -> Result<Self> {
        let connection = Connection::open_with_flags(path, OpenFlags::SQLITE_OPEN_READ_ONLY)?;
        connection.busy_timeout(std::time::Duration::from_secs(5))?;
        Ok(Self::Sqlite(connection))
    }

    pub(crate) async fn postgres(url: &str) -> Result<Self> {
        Ok(Self::Postgres(database::connect(url).await?))
    }

    /// Rows of columns that are all read as text; ids without their dashes.
    async fn rows(&self, from: &str, columns: &[&str]) -> Result<Vec<Vec<String>>> {
        let columns: Vec<String> = columns
            .iter()
            .map(|column| match (self, column.ends_with("id")) {
                (Self::Sqlite(_), true) => format!("lower(hex(coalesce({column}, x'')))"),
                (Self::Postgres(_), true) => format!("coalesce({column}::text, '')"),
                (_, false) => format!("CAST({column} AS text)"),
            })
            .collect();
        let sql = format!("SELECT {} FROM {from}", columns.join(", "));
        match self {
            Self::Sqlite(connection) => {
                let mut statement = connection.prepare(&sql)?;
                let mut found = statement.query(())?;
                let mut rows = Vec::new();
                while let Some(row) = found.next()? {
                    rows.push(
                        (0..columns.len())
                            .map(|n| row.get(n))
                            .collect::<Result<_, _>>()?,
                    );
                }
                Ok(rows)
            }
            Self::Postgres(client) => Ok(client
                .query(&sql, &[])
                .await?
                .iter()
                .map(|row| (0..columns.len()).map(|n| row.get(n)).collect())
                .collect()),
        }
    }

    /// How many events and deliveries are still on their way.
    pub(crate) async fn open(&self) -> Result<usize> {
        let mut open = 0;
        for table in ["event WHERE pending = 1", "delivery WHERE open = 1"] {
            let rows = self.rows(table, &["count(*)"]).await?;
            let count = rows
                .first()
                .and_then(|row| row.first())
                .context("no count")?;
            open += count.parse::<usize>()?;
        }
        Ok(open)
    }

    /// How many deliveries did not end in success.
    pub(crate) async fn unsuccessful(&self) -> Result<usize> {
        Ok(self
            .rows("delivery WHERE state <> 'success'", &["state"])
            .await?
            .len())
    }

    /// SQLite's own check of its file.
    pub(crate) fn check(&self) -> Result<()> {
        if let Self::Sqlite(connection) = self {
            let said: String =
                connection.pragma_query_value(None, "integrity_check", |row| row.get(0))?;
            ensure!(said == "ok", "the file is damaged: {said}");
        }
        Ok(())
    }

    pub(crate) async fn contents(&self) -> Result<Contents> {
        let mut contents = Contents::default();
        for row in self.rows("company", &["id", "name"]).await? {
            contents.companies.push((row[0].parse()?, row[1].clone()));
        }
        for row in self.rows("connection", &["id", "company_id"]).await? {
            contents
                .connections
                .push((row[0].parse()?, row[1].parse()?));
        }
        for row in self
            .rows("event", &["id", "kind", "company_id", "facts"])
            .await?
        {
            let facts: Value = serde_json::from_str(&row[3])?;
            let connection = facts.pointer("/connection/id").and_then(Value::as_str);
            contents.events.push(Event {
                id: row[0].parse()?,
                kind: row[1].clone(),
                subject: connection.unwrap_or(&row[2]).parse()?,
            });
        }
        for row in self
            .rows("audit", &["action", "company_id", "subject_id"])
            .await?
        {
            // What is about no company is about nothing that the writers do.
            let subject = if row[2].is_empty() { &row[1] } else { &row[2] };
            if !row[1].is_empty() {
                contents.audit.push((row[0].clone(), subject.parse()?));
            }
        }
        Ok(contents)
    }
}
