//! The program: its commands, its configuration, and how the parts are put together.
#![expect(
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "a command speaks on its terminal"
)]

mod cli;
mod config;
mod control;
mod demo;
mod files;
mod integrations;
mod keys;
mod logs;
mod metrics;
mod owner;
mod server;
mod wiring;

use std::process::ExitCode;
use std::time::Duration;

use clap::Parser;

fn main() -> ExitCode {
    let arguments = cli::Arguments::parse();
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build();
    let result = match runtime {
        Ok(runtime) => {
            let result = runtime.block_on(cli::run(arguments));
            // Threads that wait for something, such as the address of a name, keep nobody at the end.
            runtime.shutdown_timeout(Duration::from_secs(1));
            result
        }
        Err(error) => Err(error.into()),
    };
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            // Once there is a log, everything is a record of it.
            if tracing::enabled!(tracing::Level::ERROR) {
                tracing::error!("{error:#}");
            } else {
                eprintln!("handclasp: {error:#}");
            }
            ExitCode::FAILURE
        }
    }
}
