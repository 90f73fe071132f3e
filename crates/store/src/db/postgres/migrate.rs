//! Bringing a PostgreSQL schema up to date.

use std::time::Duration;

use tokio::task::JoinHandle;
use tokio_postgres::error::SqlState;
use tokio_postgres::{Client, Config};

use super::failure::explain;
use super::tls::Tls;
use crate::OpenError;
use crate::migrate::{self, Applied, Engine, Migration};

/// How often the bookkeeping tables are tried: replicas that start together make them at the same moment, and
/// `IF NOT EXISTS` does not keep PostgreSQL from failing on that.
const TRIES: u32 = 20;

/// Applies what is missing, all or nothing. A locked row keeps other replicas waiting meanwhile.
pub(super) async fn run(
    config: &Config,
    tls: &Tls,
    known: &'static [Migration],
) -> Result<(), OpenError> {
    let (client, connection) = connect(config, tls).await?;
    let result = bring_up(&client, known).await;
    drop(client);
    // Ends by itself now that the client is gone; what it has to say was said to the client.
    drop(connection.await);
    result
}

/// Makes sure that there is a database of ours, and changes nothing.
pub(super) async fn look(config: &Config, tls: &Tls) -> Result<(), OpenError> {
    let (client, connection) = connect(config, tls).await?;
    let result = has_history(&client, config).await;
    drop(client);
    drop(connection.await);
    result
}

async fn connect(
    config: &Config,
    tls: &Tls,
) -> Result<(Client, JoinHandle<Result<(), tokio_postgres::Error>>), OpenError> {
    let (client, connection) = config
        .connect(tls.clone())
        .await
        .map_err(|error| super::unreachable(&error))?;
    Ok((client, tokio::spawn(connection)))
}

async fn has_history(client: &Client, config: &Config) -> Result<(), OpenError> {
    check_version(client).await?;
    match client.query_typed(migrate::APPLIED.sql(), &[]).await {
        Ok(_) => Ok(()),
        Err(error) if error.code() == Some(&SqlState::UNDEFINED_TABLE) => {
            let name = config.get_dbname().or(config.get_user());
            let name = name.unwrap_or_default();
            Err(OpenError::Missing {
                problem: format!("the PostgreSQL database {name} has no tables of Handclasp"),
            })
        }
        Err(error) => Err(OpenError::Store(explain(&error))),
    }
}

async fn check_version(client: &Client) -> Result<(), OpenError> {
    let version = client
        .query_typed("SHOW server_version_num", &[])
        .await
        .ok()
        .and_then(|rows| {
            rows.first()?
                .try_get::<_, String>(0)
                .ok()?
                .parse::<u32>()
                .ok()
        });
    if let Some(version) = version.filter(|version| *version < 150_000) {
        return Err(OpenError::Url(format!(
            "PostgreSQL 15 or later is needed, this is {}",
            version / 10_000
        )));
    }
    Ok(())
}

async fn bring_up(client: &Client, known: &'static [Migration]) -> Result<(), OpenError> {
    check_version(client).await?;
    bookkeeping(client).await?;
    let failed = |error: tokio_postgres::Error| OpenError::Store(explain(&error));
    // The row is locked until the end of the transaction, which a dropped connection rolls back.
    client
        .batch_execute("BEGIN; SET LOCAL statement_timeout = 0; SELECT id FROM schema_lock WHERE id = 0 FOR UPDATE")
        .await
        .map_err(failed)?;
    let rows = client
        .query_typed(migrate::APPLIED.sql(), &[])
        .await
        .map_err(failed)?;
    let applied = rows
        .iter()
        .map(|row| {
            Ok(Applied {
                version: row.try_get(0)?,
                checksum: row.try_get(1)?,
            })
        })
        .collect::<Result<Vec<_>, tokio_postgres::Error>>()
        .map_err(failed)?;
    for (migration, checksum) in migrate::pending(known, &applied)? {
        let sql = migrate::for_engine(migration.version, migration.sql, Engine::Postgres)?;
        let broken = |error: tokio_postgres::Error| OpenError::Migration {
            version: migration.version.to_owned(),
            source: explain(&error),
        };
        client.batch_execute(&sql).await.map_err(broken)?;
        client
            .execute_typed(
                migrate::APPLY.sql(),
                &[
                    (&migration.version, tokio_postgres::types::Type::TEXT),
                    (&migration.name, tokio_postgres::types::Type::TEXT),
                    (&checksum, tokio_postgres::types::Type::BYTEA),
                ],
            )
            .await
            .map_err(broken)?;
        tracing::info!(
            version = migration.version,
            name = migration.name,
            "migrated the database"
        );
    }
    client.batch_execute("COMMIT").await.map_err(failed)
}

/// Makes the tables of the history and the row to lock.
async fn bookkeeping(client: &Client) -> Result<(), OpenError> {
    let tables = migrate::for_engine("0", migrate::BOOKKEEPING, Engine::Postgres)?;
    let sql = format!("{tables} {};", migrate::SEED_LOCK.sql());
    let mut tries = 1;
    loop {
        let Err(error) = client.batch_execute(&sql).await else {
            return Ok(());
        };
        let raced = [
            &SqlState::UNIQUE_VIOLATION,
            &SqlState::DUPLICATE_TABLE,
            &SqlState::DUPLICATE_OBJECT,
            &SqlState::T_R_SERIALIZATION_FAILURE,
        ];
        if tries == TRIES || !error.code().is_some_and(|code| raced.contains(&code)) {
            return Err(OpenError::Store(explain(&error)));
        }
        tries += 1;
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}
