//! Commands that a running server carries out, or this process where none runs.

use std::path::Path;

use anyhow::{Context, bail};
use handclasp_store::{Opening, Store};

use crate::config::Config;
use crate::control::{self, Answer, Command};
use crate::{owner, wiring};

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

/// No server runs: this process takes the database's lock itself. It makes no database where it was called in the wrong place,
/// and migrates none: other servers may still run on it as it is, and a backup is wanted from before.
async fn alone(config: &Config, command: Command) -> anyhow::Result<Answer> {
    let store = wiring::open_store(config, Opening::AsItIs).await?;
    if let Command::Backup { file } = &command {
        let answer = control::back_up(&store, file).await;
        store.close().await;
        return answer;
    }
    let history = store.history().await;
    store.close().await;
    let pending = history?.pending;
    if pending > 0 {
        bail!(
            "the database is not up to date ({pending} to be applied): handclasp migrate does it, and so does the start of this version's server"
        );
    }
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
    let folder = std::path::absolute(&config.data_dir)?;
    // Where the data directory was moved away, the folder around it tells whose it was.
    match folder.parent() {
        Some(around) if !folder.exists() => owner::check(around)?,
        Some(_) | None => owner::check(&folder)?,
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
