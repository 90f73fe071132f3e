//! Running other programs so that none of them outlives this one.
//!
//! Each program gets a process group of its own. SIGINT, SIGTERM and SIGHUP end the groups that
//! run at that moment, the waiting code returns, and the ordinary clean-up (`Drop`) does the rest.

use std::collections::BTreeSet;
use std::io::{BufRead as _, BufReader, Read};
use std::os::unix::process::CommandExt as _;
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, bail};
use rustix::process::{Pid, Signal, kill_process_group};
use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM};
use signal_hook::iterator::Signals;

/// How long a program may take to end after it was asked to.
const PATIENCE: Duration = Duration::from_secs(10);

static INTERRUPTED: AtomicBool = AtomicBool::new(false);
static RUNNING: Mutex<BTreeSet<u32>> = Mutex::new(BTreeSet::new());

/// Starts the thread that passes interrupts on. Call it once, before anything is started.
pub(crate) fn listen_for_interrupts() -> Result<()> {
    let mut signals =
        Signals::new([SIGINT, SIGTERM, SIGHUP]).context("cannot listen for signals")?;
    thread::spawn(move || {
        for _ in signals.forever() {
            if INTERRUPTED.swap(true, Ordering::SeqCst) {
                // The second one: whoever sent it does not want to wait.
                let groups = running().clone();
                groups
                    .into_iter()
                    .for_each(|group| signal(group, Signal::KILL));
                std::process::exit(130);
            }
            eprintln!("\nxtask: interrupted, stopping what was started …");
            let groups = running().clone();
            groups
                .into_iter()
                .for_each(|group| signal(group, Signal::TERM));
        }
    });
    Ok(())
}

/// An error once an interrupt has come. Ask before each next piece of work.
pub(crate) fn check_interrupted() -> Result<()> {
    if INTERRUPTED.load(Ordering::SeqCst) {
        bail!("interrupted");
    }
    Ok(())
}

/// Runs a program to its end with this terminal; whether it succeeded.
pub(crate) fn run(command: &mut Command) -> Result<bool> {
    run_with(command, Stdio::inherit(), |_| ())
}

/// Runs a program to its end without showing its standard output.
pub(crate) fn run_quietly(command: &mut Command) -> Result<bool> {
    run_with(command, Stdio::null(), |_| ())
}

/// Runs a program to its end; shows its standard output and hands each line of it to `line` too.
pub(crate) fn run_reading(command: &mut Command, mut line: impl FnMut(&str)) -> Result<bool> {
    run_with(command, Stdio::piped(), |child| {
        let Some(output) = child.stdout.take() else {
            return;
        };
        read_lines(output, |text| {
            println!("{text}");
            line(text);
        });
    })
}

fn run_with(command: &mut Command, stdout: Stdio, read: impl FnOnce(&mut Child)) -> Result<bool> {
    check_interrupted()?;
    let mut started = Started::new(command.stdin(Stdio::null()).stdout(stdout))?;
    read(&mut started.child);
    let status = started.child.wait().context("waiting for a program")?;
    check_interrupted()?;
    Ok(status.success())
}

fn read_lines(mut output: impl Read, mut line: impl FnMut(&str)) {
    let mut reader = BufReader::new(&mut output);
    let mut bytes = Vec::new();
    // Bytes, since a program's output need not be UTF-8 to the last.
    while matches!(reader.read_until(b'\n', &mut bytes), Ok(n) if n > 0) {
        line(String::from_utf8_lossy(&bytes).trim_end_matches(['\n', '\r']));
        bytes.clear();
    }
}

/// A program that runs in its own process group and is stopped, with all that it started, on drop.
pub(crate) struct Started {
    /// The program itself.
    pub(crate) child: Child,
    stop: Signal,
}

impl Started {
    /// Starts it. It is ended with SIGTERM, and with SIGKILL if that takes too long.
    pub(crate) fn new(command: &mut Command) -> Result<Self> {
        Self::stopped_by(command, Signal::TERM)
    }

    /// Starts it, to be ended with the given signal.
    pub(crate) fn stopped_by(command: &mut Command, stop: Signal) -> Result<Self> {
        let child = command
            .process_group(0)
            .spawn()
            .with_context(|| format!("cannot start {}", command.get_program().to_string_lossy()))?;
        running().insert(child.id());
        if INTERRUPTED.load(Ordering::SeqCst) {
            // The interrupt came between the check and the spawn, so its thread missed this one.
            signal(child.id(), Signal::TERM);
        }
        Ok(Self { child, stop })
    }
}

impl Drop for Started {
    fn drop(&mut self) {
        let id = self.child.id();
        if matches!(self.child.try_wait(), Ok(None)) {
            signal(id, self.stop);
            let asked = Instant::now();
            while matches!(self.child.try_wait(), Ok(None)) && asked.elapsed() < PATIENCE {
                thread::sleep(Duration::from_millis(20));
            }
        }
        // What it left behind in its group goes too.
        signal(id, Signal::KILL);
        // Reaps it; there is nobody left to tell of a failure.
        drop(self.child.wait());
        running().remove(&id);
    }
}

fn signal(group: u32, signal: Signal) {
    if let Some(pid) = i32::try_from(group).ok().and_then(Pid::from_raw) {
        // It fails only where the group has ended already.
        let _ = kill_process_group(pid, signal);
    }
}

fn running() -> MutexGuard<'static, BTreeSet<u32>> {
    RUNNING.lock().unwrap_or_else(PoisonError::into_inner)
}
