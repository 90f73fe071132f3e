//! A wire to PostgreSQL that breaks around a COMMIT, so that nobody on this side knows what became of it.

use std::io::{Read, Write};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicU8, Ordering};
use std::time::Duration;

use handclasp_store::Database;
use url::Url;

use crate::TestApp;

/// When the wire breaks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
pub enum Break {
    /// Before the server hears COMMIT: nothing is kept.
    Before = 1,
    /// After the server heard it: all is kept.
    After = 2,
}

const WHOLE: u8 = 0;

/// The wire. It lasts as long as the process.
pub struct Lossy(Arc<AtomicU8>);

impl Lossy {
    /// Breaks the connection at the next COMMIT; once.
    pub fn break_next(&self, when: Break) {
        self.0.store(when as u8, Ordering::SeqCst);
    }

    /// Whether it broke since it was told to.
    pub fn broke(&self) -> bool {
        self.0.load(Ordering::SeqCst) == WHOLE
    }
}

impl TestApp {
    /// Starts anew over such a wire. None on SQLite, which has none.
    pub async fn restart_over_lossy(&mut self) -> Option<Lossy> {
        let mut server = match &self.database.options().database {
            Database::Sqlite { .. } => return None,
            Database::Postgres { url, .. } => match Url::parse(url) {
                Ok(url) => url,
                Err(error) => panic!("the database's URL: {error}"),
            },
        };
        let there = (
            server.host_str().unwrap_or("127.0.0.1").to_owned(),
            server.port().unwrap_or(5432),
        );
        let state = Arc::new(AtomicU8::new(WHOLE));
        let port = match listen(there, Arc::clone(&state)) {
            Ok(port) => port,
            Err(error) => panic!("no wire to the database: {error}"),
        };
        assert!(
            server.set_host(Some("127.0.0.1")).is_ok() && server.set_port(Some(port)).is_ok(),
            "the database is not reached by TCP"
        );
        self.restart_with(|options| {
            if let Database::Postgres { url, .. } = &mut options.database {
                *url = server.into();
            }
        })
        .await;
        Some(Lossy(state))
    }
}

fn listen(there: (String, u16), state: Arc<AtomicU8>) -> std::io::Result<u16> {
    let listener = TcpListener::bind("127.0.0.1:0")?;
    let port = listener.local_addr()?.port();
    std::thread::spawn(move || {
        for client in listener.incoming().flatten() {
            // A connection that can't be made is one that broke.
            drop(connect(&client, &there, &state));
        }
    });
    Ok(port)
}

fn connect(
    client: &TcpStream,
    there: &(String, u16),
    state: &Arc<AtomicU8>,
) -> std::io::Result<()> {
    let server = TcpStream::connect((there.0.as_str(), there.1))?;
    for (from, to, upwards) in [(client, &server, true), (&server, client, false)] {
        let (from, to, state) = (from.try_clone()?, to.try_clone()?, Arc::clone(state));
        std::thread::spawn(move || pump(from, to, upwards, &state));
    }
    Ok(())
}

fn pump(mut from: TcpStream, mut to: TcpStream, upwards: bool, state: &AtomicU8) {
    let mut buffer = [0; 65_536];
    while let Ok(length @ 1..) = from.read(&mut buffer) {
        let bytes = buffer.get(..length).unwrap_or_default();
        let when = if upwards && bytes.windows(7).any(|window| window == b"COMMIT\0") {
            state.swap(WHOLE, Ordering::SeqCst)
        } else {
            WHOLE
        };
        if when == Break::Before as u8 {
            break;
        }
        if when == Break::After as u8 {
            // Whoever waits for the answer hears nothing more; the server does as it is told.
            drop(from.shutdown(Shutdown::Both));
            drop(to.write_all(bytes));
            std::thread::sleep(Duration::from_millis(300));
            break;
        }
        if to.write_all(bytes).is_err() {
            break;
        }
    }
    drop(from.shutdown(Shutdown::Both));
    drop(to.shutdown(Shutdown::Both));
}
