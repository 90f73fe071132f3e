//! The kill test, short: a few rounds in every run of the tests. The long one is `handclasp-bench kill`.
#![expect(clippy::print_stdout, reason = "a test that chose a seed says which")]

use std::time::Duration;

use anyhow::{Result, ensure};
use handclasp_bench::{draw, environment, kill};

async fn short(postgres: Option<(String, usize)>) -> Result<()> {
    let options = kill::Options {
        seed: draw::seed(),
        rounds: 6,
        writers: 8,
        longest: Duration::from_millis(800),
        breath: Duration::from_millis(8),
        patience: Duration::from_secs(60),
        postgres,
        binary: None,
        folder: None,
    };
    println!("seed {}", options.seed);
    println!("{}", kill::run(&options).await?);
    Ok(())
}

#[tokio::test]
async fn nothing_is_lost_on_sqlite() -> Result<()> {
    short(None).await
}

#[tokio::test]
async fn nothing_is_lost_on_postgresql_with_two_processes() -> Result<()> {
    let Some(server) = environment::postgres() else {
        ensure!(
            !environment::require_all(),
            "HANDCLASP_TEST_POSTGRES is not set"
        );
        println!("skipped: HANDCLASP_TEST_POSTGRES is not set");
        return Ok(());
    };
    short(Some((server, 2))).await
}
