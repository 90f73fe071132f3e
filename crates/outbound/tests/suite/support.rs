//! Servers that behave as told, and names that resolve as told.

use std::collections::HashMap;
use std::future::Future;
use std::io;
use std::net::{IpAddr, SocketAddr};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use handclasp_outbound::{Outbound, OutboundError, Policy, Request, Resolver, Resolving, Response};
use http::Method;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use url::Url;

/// A TCP server on a loopback address that does with each connection what it was told to.
pub(crate) struct Server {
    pub(crate) address: SocketAddr,
    connections: Arc<AtomicUsize>,
    task: tokio::task::JoinHandle<()>,
}

impl Server {
    /// A server on 127.0.0.1 that hands each connection to `behave`.
    pub(crate) async fn start<F, W>(behave: F) -> Self
    where
        F: Fn(TcpStream) -> W + Send + Sync + 'static,
        W: Future<Output = ()> + Send + 'static,
    {
        Self::start_on("127.0.0.1:0", behave).await
    }

    /// A server on another address.
    pub(crate) async fn start_on<F, W>(address: &str, behave: F) -> Self
    where
        F: Fn(TcpStream) -> W + Send + Sync + 'static,
        W: Future<Output = ()> + Send + 'static,
    {
        let listener = TcpListener::bind(address).await.unwrap();
        let address = listener.local_addr().unwrap();
        let connections = Arc::new(AtomicUsize::new(0));
        let counted = Arc::clone(&connections);
        let task = tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                counted.fetch_add(1, Ordering::SeqCst);
                tokio::spawn(behave(stream));
            }
        });
        Self {
            address,
            connections,
            task,
        }
    }

    /// A server that answers each request with these bytes and keeps what it was sent.
    pub(crate) async fn answering(answer: impl Into<Vec<u8>>) -> (Self, Seen) {
        let answer = Arc::new(answer.into());
        let seen = Seen::default();
        let kept = seen.clone();
        let server = Self::start(move |mut stream| {
            let (answer, kept) = (Arc::clone(&answer), kept.clone());
            async move {
                while let Some(request) = read_request(&mut stream).await {
                    kept.0.lock().unwrap().push(request);
                    if stream.write_all(&answer).await.is_err() {
                        return;
                    }
                }
            }
        })
        .await;
        (server, seen)
    }

    pub(crate) fn url(&self, path: &str) -> Url {
        Url::parse(&format!("http://{}{path}", self.address)).unwrap()
    }

    pub(crate) fn port(&self) -> u16 {
        self.address.port()
    }

    /// How many connections came in.
    pub(crate) fn connections(&self) -> usize {
        self.connections.load(Ordering::SeqCst)
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.task.abort();
    }
}

/// The requests that a server was sent, as they came.
#[derive(Clone, Default)]
pub(crate) struct Seen(Arc<Mutex<Vec<String>>>);

impl Seen {
    pub(crate) fn all(&self) -> Vec<String> {
        self.0.lock().unwrap().clone()
    }
}

/// Reads a request with its body, as `Content-Length` announces it; `None` at the end of the connection.
pub(crate) async fn read_request(stream: &mut TcpStream) -> Option<String> {
    let mut read = Vec::new();
    loop {
        let text = String::from_utf8_lossy(&read).to_string();
        if let Some((head, body)) = text.split_once("\r\n\r\n") {
            let announced = head
                .to_ascii_lowercase()
                .lines()
                .find_map(|line| line.strip_prefix("content-length: ")?.parse().ok())
                .unwrap_or(0);
            if body.len() >= announced {
                return Some(text);
            }
        }
        if stream.read_buf(&mut read).await.ok()? == 0 {
            return None;
        }
    }
}

/// Names that resolve to what they are told, turn by turn; the last turn stays.
#[derive(Default)]
pub(crate) struct Names {
    names: Mutex<HashMap<String, Vec<Vec<IpAddr>>>>,
    lookups: AtomicUsize,
}

impl Names {
    pub(crate) fn of(names: &[(&str, &[&[&str]])]) -> Arc<Self> {
        let parse = |turn: &&[&str]| turn.iter().map(|ip| ip.parse().unwrap()).collect();
        let names = names
            .iter()
            .map(|(name, turns)| ((*name).to_owned(), turns.iter().map(parse).collect()))
            .collect();
        Arc::new(Self {
            names: Mutex::new(names),
            lookups: AtomicUsize::new(0),
        })
    }

    pub(crate) fn none() -> Arc<Self> {
        Arc::default()
    }

    pub(crate) fn lookups(&self) -> usize {
        self.lookups.load(Ordering::SeqCst)
    }
}

impl Resolver for Names {
    fn resolve(&self, host: String) -> Resolving {
        self.lookups.fetch_add(1, Ordering::SeqCst);
        let mut names = self.names.lock().unwrap();
        let found = names.get_mut(&host).map(|turns| {
            if turns.len() > 1 {
                turns.remove(0)
            } else {
                turns[0].clone()
            }
        });
        Box::pin(async move { found.ok_or_else(|| io::Error::other("no such name")) })
    }
}

/// A policy that allows these ranges.
pub(crate) fn allowing(ranges: &[&str]) -> Policy {
    Policy {
        allowed_ranges: ranges.iter().map(|range| range.parse().unwrap()).collect(),
        ..Policy::default()
    }
}

/// A client that may reach loopback addresses.
pub(crate) fn local() -> Outbound {
    Outbound::with_resolver(allowing(&["127.0.0.0/8"]), Names::none()).unwrap()
}

/// A GET that gives up after five seconds.
pub(crate) fn get(url: Url) -> Request {
    Request {
        deadline: Duration::from_secs(5),
        ..Request::new("test", Method::GET, url)
    }
}

/// Sends a GET from a client that may reach loopback addresses.
pub(crate) async fn fetch(server: &Server) -> Result<Response, OutboundError> {
    local().send(get(server.url("/"))).await
}
