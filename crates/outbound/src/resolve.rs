//! From names to addresses.

use std::io;
use std::net::{IpAddr, ToSocketAddrs};
use std::sync::Arc;

use futures::future::BoxFuture;
use tokio::sync::Semaphore;

/// How many names are looked up at once. Each lookup holds a thread until the system's resolver gives up,
/// and those threads are wanted for other things too.
const LOOKUPS: usize = 64;

/// The addresses of a name, to come.
pub type Resolving = BoxFuture<'static, io::Result<Vec<IpAddr>>>;

/// Finds the addresses of a name. They are checked by who asks.
pub trait Resolver: Send + Sync + 'static {
    /// Looks up all addresses of `host`, a name and never a literal address. No address is a failure too.
    fn resolve(&self, host: String) -> Resolving;
}

/// The operating system's resolver.
#[derive(Debug, Clone)]
pub struct SystemResolver {
    lookups: Arc<Semaphore>,
}

impl Default for SystemResolver {
    fn default() -> Self {
        Self {
            lookups: Arc::new(Semaphore::new(LOOKUPS)),
        }
    }
}

impl Resolver for SystemResolver {
    fn resolve(&self, host: String) -> Resolving {
        let lookups = Arc::clone(&self.lookups);
        Box::pin(async move {
            let permit = lookups.acquire_owned().await.map_err(io::Error::other)?;
            tokio::task::spawn_blocking(move || {
                // Held to the lookup's end: who asked may have gone, the thread is still taken.
                let _permit = permit;
                let found = (host.as_str(), 0).to_socket_addrs()?;
                Ok(found.map(|address| address.ip()).collect())
            })
            .await
            .map_err(io::Error::other)?
        })
    }
}
