//! What the system says of a process.

use anyhow::{Context, Result};

/// How many bytes of memory a process has, now and at most so far.
pub fn memory(process: u32) -> Result<(u64, u64)> {
    let status = std::fs::read_to_string(format!("/proc/{process}/status"))?;
    let kilobytes = |name: &str| -> Result<u64> {
        let line = status
            .lines()
            .find_map(|line| line.strip_prefix(name))
            .with_context(|| format!("no {name}"))?;
        Ok(line.trim_end_matches("kB").trim().parse::<u64>()? * 1024)
    };
    Ok((kilobytes("VmRSS:")?, kilobytes("VmHWM:")?))
}

/// How many seconds a process has spent on the processors.
pub fn cpu_seconds(process: u32) -> Result<f64> {
    // After the name in brackets: state is the first, user time the twelfth and system time the thirteenth.
    let stat = std::fs::read_to_string(format!("/proc/{process}/stat"))?;
    let (_, after) = stat.rsplit_once(')').context("/proc/…/stat")?;
    let ticks: Vec<u64> = after
        .split_whitespace()
        .skip(11)
        .take(2)
        .filter_map(|n| n.parse().ok())
        .collect();
    // Linux counts in hundredths whatever its own clock does.
    Ok(ticks.iter().sum::<u64>() as f64 / 100.0)
}

/// How many bytes a process has had written to disk.
pub fn bytes_written(process: u32) -> Result<u64> {
    let io = std::fs::read_to_string(format!("/proc/{process}/io"))?;
    let line = io
        .lines()
        .find_map(|line| line.strip_prefix("write_bytes:"))
        .context("no write_bytes")?;
    Ok(line.trim().parse()?)
}

/// How busy the machine was in the last minute: processes that wanted to run.
pub fn busy() -> Result<f64> {
    let load = std::fs::read_to_string("/proc/loadavg")?;
    load.split_whitespace()
        .next()
        .context("no load")?
        .parse()
        .context("no load")
}
