//! Databases on PostgreSQL, made for one run and dropped after it.

use anyhow::{Context, Result};
use tokio_postgres::{Client, NoTls};

/// A database of one run's own.
#[derive(Debug)]
pub struct Made {
    server: String,
    name: String,
    /// Its address.
    pub url: String,
}

impl Made {
    /// Makes one on the server at `server`, which is the address of any of its databases.
    pub async fn create(server: &str, name: &str) -> Result<Self> {
        let name = format!("handclasp_{name}_{}", std::process::id());
        let (address, query) = match server.split_once('?') {
            Some((address, query)) => (address, format!("?{query}")),
            None => (server, String::new()),
        };
        let (base, _) = address
            .rsplit_once('/')
            .context("HANDCLASP_TEST_POSTGRES is no URL with a database at its end")?;
        let made = Self {
            server: server.to_owned(),
            url: format!("{base}/{name}{query}"),
            name,
        };
        made.run(&format!(
            "DROP DATABASE IF EXISTS {} WITH (FORCE)",
            made.name
        ))
        .await?;
        made.run(&format!("CREATE DATABASE {}", made.name)).await?;
        Ok(made)
    }

    /// Drops it.
    pub async fn drop(self) -> Result<()> {
        self.run(&format!(
            "DROP DATABASE IF EXISTS {} WITH (FORCE)",
            self.name
        ))
        .await
    }

    async fn run(&self, statement: &str) -> Result<()> {
        connect(&self.server)
            .await?
            .batch_execute(statement)
            .await?;
        Ok(())
    }
}

/// A connection, which ends when its client is dropped.
pub async fn connect(url: &str) -> Result<Client> {
    let (client, connection) = tokio_postgres::connect(url, NoTls)
        .await
        .context("PostgreSQL cannot be reached")?;
    tokio::spawn(connection);
    Ok(client)
}
