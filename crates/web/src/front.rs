//! Serving HTTP/1.1 to whoever comes, and cutting off whoever is slow.
//!
//! The timers of a connection are one sleep that looks every now and then at what the connection is doing
//! (waiting, sending its head, being answered, not reading the answer), so that a request on a kept-alive
//! connection costs no timer of its own.

mod io;
mod pulse;
#[cfg(test)]
mod tests;

use std::convert::Infallible;
use std::net::SocketAddr;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use axum::body::Body;
use axum::extract::Request;
use axum::response::Response;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper_util::rt::TokioIo;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpListener, UnixListener};
use tokio::sync::{OwnedSemaphorePermit, Semaphore, watch};
use tokio::time::{Instant, sleep_until, timeout};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use tower::Service;

use self::io::Watched;
use self::pulse::{Pulse, Tracked, Verdict};

/// What connections may take.
#[derive(Debug, Clone, Copy)]
pub struct FrontLimits {
    /// The most open connections over all doors. Further ones wait in the system's queue; while they do,
    /// connections that lie idle are closed.
    pub connections: usize,
    /// The most bytes of a request's head; more is a 431. At least 8 KiB are always taken.
    pub head: usize,
    /// From a request's first byte (or the connection's beginning) to its head's end.
    pub head_time: Duration,
    /// How long a connection may wait between requests. Longer than the balancer's own in front of it.
    pub idle_time: Duration,
    /// How long a request may take to its answer's head before its connection is cut. A last resort:
    /// [`crate::layers::OuterLimits::request_time`] answers earlier.
    pub request_time: Duration,
    /// How long an answer may take to go out, as a large download does.
    pub answer_time: Duration,
    /// How long the other side may refuse to take any byte of an answer.
    pub write_time: Duration,
    /// After the stop: how long running requests may take to finish.
    pub grace: Duration,
}

impl Default for FrontLimits {
    fn default() -> Self {
        Self {
            connections: 8_192,
            head: 16 * 1024,
            head_time: Duration::from_secs(10),
            idle_time: Duration::from_secs(75),
            request_time: Duration::from_secs(60),
            answer_time: Duration::from_secs(30 * 60),
            write_time: Duration::from_secs(20),
            grace: Duration::from_secs(10),
        }
    }
}

impl FrontLimits {
    /// Connections change what they do without telling their watch, so it looks at least as often as the
    /// shortest limit is long.
    fn look_again(&self, now: Instant) -> Instant {
        now + self
            .head_time
            .min(self.idle_time)
            .min(self.write_time)
            .min(self.request_time)
            .min(self.answer_time)
    }
}

/// A listening socket.
#[derive(Debug)]
pub enum Door {
    /// TCP, without delay.
    Tcp(TcpListener),
    /// A Unix socket.
    Unix(UnixListener),
}

/// The other end of the connection, in the extensions of each request; none on a Unix socket. Behind a trusted
/// proxy ([`crate::layers::Proxies`]) it is the address that the proxy names, with port 0.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Peer(pub Option<SocketAddr>);

/// How serving ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Served {
    /// Connections that were still busy when the grace time was over, and were cut.
    pub cut: usize,
}

/// What all connections are told.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Order {
    /// Go on.
    Serve,
    /// Others wait for a place: make room where nothing happens.
    MakeRoom,
    /// Finish what runs, and take nothing new.
    Finish,
    /// End now.
    Cut,
}

/// Serves until `stop` is cancelled, then lets running requests finish within the grace time and cuts the rest.
/// `site` is a [`crate::layers::Sites`] or a plain router.
pub async fn serve<S>(
    doors: Vec<Door>,
    site: S,
    limits: FrontLimits,
    stop: CancellationToken,
) -> Served
where
    S: Service<Request, Response = Response, Error = Infallible> + Clone + Send + Sync + 'static,
    S::Future: Send + 'static,
{
    let (orders, _) = watch::channel(Order::Serve);
    let front = Arc::new(Front {
        site,
        limits,
        places: Arc::new(Semaphore::new(limits.connections.max(1))),
        orders,
        connections: TaskTracker::new(),
        open: metrics::gauge!("handclasp_http_connections"),
    });
    let accepting = TaskTracker::new();
    for door in doors {
        let (front, stop) = (front.clone(), stop.clone());
        accepting.spawn(async move {
            stop.run_until_cancelled(front.accept(door)).await;
        });
    }
    accepting.close();
    accepting.wait().await;

    front.connections.close();
    front.orders.send_replace(Order::Finish);
    if timeout(limits.grace, front.connections.wait())
        .await
        .is_ok()
    {
        return Served { cut: 0 };
    }
    let cut = front.connections.len();
    front.orders.send_replace(Order::Cut);
    front.connections.wait().await;
    tracing::warn!(
        cut,
        "connections were busy past the grace time and were cut"
    );
    Served { cut }
}

struct Front<S> {
    site: S,
    limits: FrontLimits,
    places: Arc<Semaphore>,
    orders: watch::Sender<Order>,
    connections: TaskTracker,
    open: metrics::Gauge,
}

impl<S> Front<S>
where
    S: Service<Request, Response = Response, Error = Infallible> + Clone + Send + Sync + 'static,
    S::Future: Send + 'static,
{
    async fn accept(self: Arc<Self>, door: Door) {
        loop {
            let Some(place) = self.place().await else {
                return;
            };
            let accepted = match &door {
                Door::Tcp(listener) => listener.accept().await.map(|(stream, address)| {
                    // Small answers are to leave at once; a socket that is gone already says so later.
                    let _gone = stream.set_nodelay(true);
                    self.start(stream, Peer(Some(address)), place);
                }),
                Door::Unix(listener) => listener
                    .accept()
                    .await
                    .map(|(stream, _)| self.start(stream, Peer(None), place)),
            };
            if let Err(error) = accepted {
                // Aborted before we took it, or no file descriptors left: the latter passes when others close.
                tracing::warn!(%error, "could not accept a connection");
                tokio::time::sleep(Duration::from_millis(50)).await;
            }
        }
    }

    async fn place(&self) -> Option<OwnedSemaphorePermit> {
        if let Ok(place) = self.places.clone().try_acquire_owned() {
            return Some(place);
        }
        self.orders.send_replace(Order::MakeRoom);
        let place = self.places.clone().acquire_owned().await.ok();
        self.orders.send_replace(Order::Serve);
        place
    }

    fn start<T>(self: &Arc<Self>, stream: T, peer: Peer, place: OwnedSemaphorePermit)
    where
        T: AsyncRead + AsyncWrite + Unpin + Send + 'static,
    {
        let front = self.clone();
        self.connections.spawn(async move {
            front.open.increment(1);
            front.clone().attend(stream, peer).await;
            front.open.decrement(1);
            drop(place);
        });
    }

    /// One connection from its beginning to its end.
    async fn attend<T>(self: Arc<Self>, stream: T, peer: Peer)
    where
        T: AsyncRead + AsyncWrite + Unpin + Send + 'static,
    {
        let pulse = Arc::new(Pulse::new());
        let mut orders = self.orders.subscribe();
        let answer = {
            let (site, pulse) = (self.site.clone(), pulse.clone());
            hyper::service::service_fn(move |request: hyper::Request<Incoming>| {
                pulse.busy();
                let mut request = request.map(Body::new);
                request.extensions_mut().insert(peer);
                let answer = site.clone().call(request);
                let pulse = pulse.clone();
                async move {
                    let Ok(response) = answer.await;
                    Ok::<_, Infallible>(response.map(|body| Tracked::new(body, pulse)))
                }
            })
        };
        let mut connection = pin!(
            http1::Builder::new()
                // Ours do all that its own would, and more.
                .header_read_timeout(None)
                .max_header_size(self.limits.head.max(8 * 1024))
                .half_close(false)
                .serve_connection(TokioIo::new(Watched::new(stream, pulse.clone())), answer)
        );
        let mut alarm = pin!(sleep_until(self.limits.look_again(Instant::now())));
        loop {
            tokio::select! {
                biased;
                ended = connection.as_mut() => {
                    if let Err(error) = ended {
                        tracing::debug!(%error, "connection ended");
                    }
                    return;
                }
                () = alarm.as_mut() => {}
                // The sender lives in `self`.
                _ = orders.changed() => {}
            }
            let order = *orders.borrow_and_update();
            match order {
                Order::Cut => return,
                Order::Finish => connection.as_mut().graceful_shutdown(),
                Order::Serve | Order::MakeRoom => {}
            }
            match pulse.judge(&self.limits, order == Order::MakeRoom) {
                Verdict::LookAgain(at) => alarm.as_mut().reset(at),
                // Nothing is under way, so hyper closes at once.
                Verdict::Close => connection.as_mut().graceful_shutdown(),
                Verdict::Cut(why) => {
                    tracing::debug!(why, "connection cut");
                    return;
                }
            }
        }
    }
}
