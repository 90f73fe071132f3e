//! Listening sockets, and who comes through them.

use std::io;
use std::net::SocketAddr;
use std::time::Duration;

use tokio::net::{TcpListener, TcpStream, UnixListener, UnixStream};
use tokio::time::Instant;

/// How often it is said that connections cannot be accepted: where that goes on, it would be said many times a
/// second.
const COMPLAINTS: Duration = Duration::from_secs(10);

/// A listening socket.
#[derive(Debug)]
pub enum Door {
    /// TCP, without delay.
    Tcp(TcpListener),
    /// A Unix socket.
    Unix(UnixListener),
}

/// Who came.
pub(super) enum Guest {
    Tcp(TcpStream, SocketAddr),
    Unix(UnixStream),
}

impl Door {
    /// Waits for the next one.
    pub(super) async fn next(&self) -> io::Result<Guest> {
        match self {
            Self::Tcp(listener) => {
                let (stream, address) = listener.accept().await?;
                Ok(Guest::Tcp(stream, address))
            }
            Self::Unix(listener) => Ok(Guest::Unix(listener.accept().await?.0)),
        }
    }

    /// No more waiting: what is left is the system's queue.
    pub(super) fn close(self) -> io::Result<Queue> {
        // Without the runtime, which learns of a connection only some time after it is there.
        Ok(match self {
            Self::Tcp(listener) => Queue::Tcp(listener.into_std()?),
            Self::Unix(listener) => Queue::Unix(listener.into_std()?),
        })
    }
}

/// Those whom the system has connected, and nobody has accepted. The rest is refused when it is dropped.
pub(super) enum Queue {
    Tcp(std::net::TcpListener),
    Unix(std::os::unix::net::UnixListener),
}

impl Queue {
    /// The next one; none where nobody waits, or none can be taken.
    pub(super) fn next(&self) -> Option<Guest> {
        match self {
            Self::Tcp(listener) => {
                let (stream, address) = listener.accept().ok()?;
                stream.set_nonblocking(true).ok()?;
                Some(Guest::Tcp(TcpStream::from_std(stream).ok()?, address))
            }
            Self::Unix(listener) => {
                let (stream, _) = listener.accept().ok()?;
                stream.set_nonblocking(true).ok()?;
                Some(Guest::Unix(UnixStream::from_std(stream).ok()?))
            }
        }
    }
}

/// Whether an error of accepting is of that one connection, which was gone before we took it. Any other is a
/// want of ours.
pub(super) fn is_the_guests_own(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        io::ErrorKind::ConnectionAborted
            | io::ErrorKind::ConnectionReset
            | io::ErrorKind::ConnectionRefused
    )
}

/// Says that connections cannot be accepted, and not too often.
pub(super) struct Complaints {
    door: &'static str,
    next: Option<Instant>,
    kept_back: u64,
}

impl Complaints {
    pub(super) fn new(door: &'static str) -> Self {
        Self {
            door,
            next: None,
            kept_back: 0,
        }
    }

    pub(super) fn note(&mut self, error: &io::Error) {
        let now = Instant::now();
        if self.next.is_some_and(|next| now < next) {
            self.kept_back += 1;
            return;
        }
        let (door, kept_back) = (self.door, std::mem::take(&mut self.kept_back));
        self.next = Some(now + COMPLAINTS);
        tracing::warn!(door, %error, kept_back, "could not accept a connection");
    }
}
