//! A proxy in front of PostgreSQL that breaks connections at chosen moments.

use std::io::{Read, Write};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::sync::atomic::{AtomicU8, Ordering};
use std::sync::{Arc, Mutex};

use tokio_postgres::config::Host;

/// What the proxy does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
pub(crate) enum Mode {
    /// Passes everything on.
    Pass,
    /// Cuts the connection when COMMIT comes, before the server sees it; once.
    CutBeforeCommit,
    /// Cuts the connection when the server has answered COMMIT, before the client sees it; once.
    CutAfterCommit,
    /// Cuts the connection when an INSERT comes; once.
    CutAtInsert,
    /// Passes nothing on, and keeps all connections open.
    Swallow,
    /// Cuts every connection.
    Refuse,
}

/// A running proxy. It ends with the process.
pub(crate) struct Proxy {
    /// The database, through the proxy.
    pub(crate) url: String,
    shared: Arc<Shared>,
}

struct Shared {
    mode: AtomicU8,
    open: Mutex<Vec<TcpStream>>,
}

impl Shared {
    fn is(&self, mode: Mode) -> bool {
        self.mode.load(Ordering::SeqCst) == mode as u8
    }

    /// True for the first who asks, and then the mode is over.
    fn once(&self, mode: Mode) -> bool {
        let (from, to) = (mode as u8, Mode::Pass as u8);
        self.mode
            .compare_exchange(from, to, Ordering::SeqCst, Ordering::SeqCst)
            .is_ok()
    }
}

impl Proxy {
    /// A proxy for the database at `url`.
    pub(crate) fn before(url: &str) -> Self {
        let config: tokio_postgres::Config = url.parse().unwrap();
        let Host::Tcp(host) = &config.get_hosts()[0] else {
            panic!("the test server must be reached by TCP")
        };
        let server = (
            host.clone(),
            config.get_ports().first().copied().unwrap_or(5432),
        );
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        let (credentials, rest) = url.split_once('@').unwrap();
        let database = rest.split_once('/').unwrap().1;
        let url = format!("{credentials}@127.0.0.1:{port}/{database}");
        let shared = Arc::new(Shared {
            mode: AtomicU8::new(Mode::Pass as u8),
            open: Mutex::new(Vec::new()),
        });
        let proxy = Self {
            url,
            shared: Arc::clone(&shared),
        };
        std::thread::spawn(move || {
            for client in listener.incoming() {
                let client = client.unwrap();
                if shared.is(Mode::Refuse) {
                    continue;
                }
                let server = TcpStream::connect((server.0.as_str(), server.1)).unwrap();
                let mut open = shared.open.lock().unwrap();
                open.push(client.try_clone().unwrap());
                open.push(server.try_clone().unwrap());
                for (from, to, upwards) in [(&client, &server, true), (&server, &client, false)] {
                    let (from, to) = (from.try_clone().unwrap(), to.try_clone().unwrap());
                    let shared = Arc::clone(&shared);
                    std::thread::spawn(move || pump(from, to, upwards, &shared));
                }
            }
        });
        proxy
    }

    /// Changes what it does.
    pub(crate) fn set(&self, mode: Mode) {
        self.shared.mode.store(mode as u8, Ordering::SeqCst);
        if mode == Mode::Refuse {
            for stream in self.shared.open.lock().unwrap().drain(..) {
                drop(stream.shutdown(Shutdown::Both));
            }
        }
    }
}

fn pump(mut from: TcpStream, mut to: TcpStream, upwards: bool, shared: &Shared) {
    let mut buffer = [0; 65536];
    while let Ok(length @ 1..) = from.read(&mut buffer) {
        let bytes = &buffer[..length];
        let holds = |word: &[u8]| upwards && bytes.windows(word.len()).any(|window| window == word);
        if shared.is(Mode::Swallow) {
            continue;
        }
        if holds(b"INSERT INTO") && shared.once(Mode::CutAtInsert)
            || holds(b"COMMIT\0") && shared.once(Mode::CutBeforeCommit)
        {
            break;
        }
        if holds(b"COMMIT\0") && shared.is(Mode::CutAfterCommit) {
            // The client hears nothing more; the server does as it is told, and answers.
            drop(from.shutdown(Shutdown::Both));
            shared.once(Mode::CutAfterCommit);
            drop(to.write_all(bytes));
            std::thread::sleep(std::time::Duration::from_millis(300));
            break;
        }
        if to.write_all(bytes).is_err() {
            break;
        }
    }
    drop(from.shutdown(Shutdown::Both));
    drop(to.shutdown(Shutdown::Both));
}
