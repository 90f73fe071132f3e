//! From names to addresses.

use std::io;
use std::net::{IpAddr, ToSocketAddrs};

use futures::future::BoxFuture;
use tokio::sync::oneshot;

/// The addresses of a name, to come.
pub type Resolving = BoxFuture<'static, io::Result<Vec<IpAddr>>>;

/// Finds the addresses of a name. They are checked by who asks.
pub trait Resolver: Send + Sync + 'static {
    /// Looks up all addresses of `host`, a name and never a literal address. No address is a failure too. It may take its time:
    /// the client does not wait longer than it wants to, and asks for a name again only when this has ended.
    fn resolve(&self, host: String) -> Resolving;
}

/// The operating system's resolver.
#[derive(Debug, Clone, Copy)]
pub struct SystemResolver;

impl Resolver for SystemResolver {
    fn resolve(&self, host: String) -> Resolving {
        Box::pin(async move {
            let (told, answer) = oneshot::channel();
            // A thread of its own, and none of the runtime's: those are wanted for other things too, and a server that stops
            // waits for them, while the system's resolver may hold one for half a minute.
            std::thread::Builder::new()
                .name("lookup".to_owned())
                .spawn(move || {
                    let found = (host.as_str(), 0).to_socket_addrs();
                    // Who asked may have gone.
                    drop(told.send(found.map(|found| found.map(|address| address.ip()).collect())));
                })?;
            answer.await.map_err(io::Error::other)?
        })
    }
}
