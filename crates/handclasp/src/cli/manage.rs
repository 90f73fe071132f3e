//! Commands that a running server carries out, or this process where none runs.

use std::path::Path;

use anyhow::{Context, bail};
use handclasp_store::Store;

use crate::config::Config;
use crate::control::{self, Answer, Command};
use crate::wiring;

/// Carries out a command and prints what it answers.
pub(crate) async fn run(config: &Config, command: Command) -> anyhow::Result<()> {
    let answer = match control::ask(&config.control_path(), &command).await? {
        Some(answer) => answer,
        None => alone(config, command).await?,
    };
    for line in answer.lines {
        println!("{line}");
    }
    Ok(())
}

/// No server runs: this process takes the database's lock itself.
async fn alone(config: &Config, command: Command) -> anyhow::Result<Answer> {
    let addresses = wiring::Addresses::of(config, config.listen)?;
    let app = wiring::build_app(config, &addresses, None).await?;
    let answer = control::carry_out(&app, command).await;
    app.store().close().await;
    answer
}

/// Puts a backup into an empty data directory.
pub(crate) async fn restore(config: &Config, backup: &Path) -> anyhow::Result<()> {
    if !config.database_url.is_empty() {
        bail!("the database is PostgreSQL: restore it with pg_restore or psql");
    }
    std::fs::create_dir_all(&config.data_dir)
        .with_context(|| format!("data_dir: cannot make {}", config.data_dir.display()))?;
    let found = Store::restore(backup, config.sqlite_path()).await?;
    println!(
        "restored to {} (migration {})",
        config.sqlite_path().display(),
        found.version.as_deref().unwrap_or("none")
    );
    Ok(())
}
