//! The raw limits: what the disk and SQLite alone can do, measured beside what they are the limit of.

use std::fs::File;
use std::io::{Seek, SeekFrom, Write};
use std::path::Path;
use std::time::{Duration, Instant};

use anyhow::Result;
use rusqlite::Connection;
use uuid::Uuid;

use crate::draw::Draw;

/// The file that is written over and over, as SQLite does with its log.
const FILE: u64 = 16 << 20;
/// How often the clock is looked at.
const A_FEW: usize = 8;

/// Writes `bytes` and has them synced to disk, again and again: how often in a second.
pub fn sync_loop(folder: &Path, bytes: usize, during: Duration) -> Result<f64> {
    let path = folder.join("raw.bin");
    let block = vec![0x5a; bytes];
    let mut file = File::options()
        .create(true)
        .write(true)
        .truncate(false)
        .open(&path)?;
    if file.metadata()?.len() < FILE {
        // Real blocks, so that what is measured is not the file's growing.
        let mut filled = 0;
        let piece = vec![1; 1 << 20];
        while filled < FILE {
            file.write_all(&piece)?;
            filled += piece.len() as u64;
        }
        file.sync_all()?;
    }
    let mut at = 0;
    repeat(during, || {
        if at + block.len() as u64 > FILE {
            at = 0;
        }
        file.seek(SeekFrom::Start(at))?;
        file.write_all(&block)?;
        file.sync_data()?;
        at += block.len() as u64;
        Ok(1)
    })
}

fn repeat(during: Duration, mut act: impl FnMut() -> Result<u32>) -> Result<f64> {
    let began = Instant::now();
    let mut count = 0;
    while began.elapsed() < during {
        for _ in 0..A_FEW {
            count += act()?;
        }
    }
    Ok(f64::from(count) / began.elapsed().as_secs_f64())
}

/// SQLite by itself: a table like the product's companies with its indexes, and nothing else.
#[derive(Debug)]
pub struct Bare {
    connection: Connection,
    draw: Draw,
}

const INSERT: &str = "INSERT INTO company (client_id, id, name, created) VALUES (?1, ?2, ?3, ?4)";

impl Bare {
    /// Makes the file, with the settings that the product has.
    pub fn open(path: &Path) -> Result<Self> {
        let connection = Connection::open(path)?;
        connection.pragma_update_and_check(None, "journal_mode", "WAL", |_| Ok(()))?;
        connection.pragma_update(None, "synchronous", "FULL")?;
        connection.pragma_update(None, "cache_size", -8192)?;
        connection.execute_batch(
            "CREATE TABLE IF NOT EXISTS company (client_id BLOB NOT NULL, id BLOB NOT NULL, name TEXT NOT NULL, created INTEGER NOT NULL,
                 PRIMARY KEY (client_id, id)) STRICT;
             CREATE UNIQUE INDEX IF NOT EXISTS company_id ON company (id);
             CREATE INDEX IF NOT EXISTS company_created ON company (client_id, created, id);",
        )?;
        Ok(Self {
            connection,
            draw: Draw::new(crate::draw::seed(), 0),
        })
    }

    /// Inserts one row in each transaction: rows a second.
    pub fn one_by_one(&self, during: Duration) -> Result<f64> {
        repeat(during, || self.group(1))
    }

    /// Inserts `size` rows in each transaction, one statement each: rows a second.
    pub fn grouped(&self, size: u32, during: Duration) -> Result<f64> {
        repeat(during, || self.group(size))
    }

    fn group(&self, size: u32) -> Result<u32> {
        self.connection.execute_batch("BEGIN IMMEDIATE")?;
        for _ in 0..size {
            let mut insert = self.connection.prepare_cached(INSERT)?;
            let half = || self.draw.below(usize::MAX) as u64;
            let id = Uuid::from_u64_pair(half(), half());
            insert.execute((
                Uuid::nil().as_bytes(),
                id.as_bytes(),
                "A company like others",
                1,
            ))?;
        }
        self.connection.execute_batch("COMMIT")?;
        Ok(size)
    }
}
