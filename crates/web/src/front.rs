//! Serving HTTP/1.1 to whoever comes, and cutting off whoever is slow.
//!
//! The timers of a connection are one sleep that looks every now and then at what the connection is doing
//! (waiting, sending its head, being answered, not reading the answer), so that a request on a kept-alive
//! connection costs no timer of its own.

mod door;
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
use http::HeaderValue;
use http::header::CONNECTION;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper_util::rt::TokioIo;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::sync::{OwnedSemaphorePermit, Semaphore, watch};
use tokio::time::{Instant, sleep, sleep_until, timeout, timeout_at};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use tower::Service;

pub use self::door::Door;
use self::door::{Complaints, Guest};
use self::io::Watched;
use self::pulse::{Haste, Pulse, Tracked, Verdict};

/// For how long after the last want of a place connections go on making room. They are woken once for it, and
/// not anew with each accept.
const PRESSURE: Duration = Duration::from_secs(2);
/// How long those in the system's queue may wait for a place when the doors close.
const LAST_PLACES: Duration = Duration::from_secs(2);
/// How long accepting rests when the system gives no more connections.
const REST: Duration = Duration::from_millis(50);

/// What connections may take.
#[derive(Debug, Clone, Copy)]
pub struct FrontLimits {
    /// The most open connections over all doors. Further ones wait in the system's queue; while they do,
    /// connections that lie idle, say nothing or send their heads slowly are closed.
    pub connections: usize,
    /// The most bytes of a request's head; more is a 431. At least 8 KiB are always taken.
    pub head: usize,
    /// From a request's first byte to its head's end. A new connection may also say nothing for as long.
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
    /// After the stop: how long connections are still accepted, so that a balancer can notice that this server
    /// goes. Each answer is then the last of its connection.
    pub drain: Duration,
    /// After that: how long running requests may take to finish.
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
            drain: Duration::ZERO,
            grace: Duration::from_secs(10),
        }
    }
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
#[derive(Debug, Clone, Copy)]
struct Orders {
    stage: Stage,
    /// Others wait for a place: until then room is made.
    room_until: Option<Instant>,
}

/// How far a front is on its way to the end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Stage {
    /// Go on.
    Serve,
    /// Answer whoever comes, and close after each answer.
    Drain,
    /// Finish what runs, and take nothing new.
    Finish,
    /// End now.
    Cut,
}

impl Orders {
    fn haste(&self) -> Haste {
        match self.stage {
            Stage::Serve | Stage::Drain => match self.room_until {
                Some(until) if Instant::now() < until => Haste::Room,
                Some(_) | None => Haste::None,
            },
            Stage::Finish | Stage::Cut => Haste::Finish,
        }
    }
}

/// Serves until `stop` is cancelled. Then, in this order: connections are still accepted for the time of
/// draining, running requests finish within the grace time, and the rest is cut. `site` is a
/// [`crate::layers::Sites`] or a plain router; `name` tells the fronts of a process apart in its metrics.
pub async fn serve<S>(
    name: &'static str,
    doors: Vec<Door>,
    site: S,
    limits: FrontLimits,
    stop: CancellationToken,
) -> Served
where
    S: Service<Request, Response = Response, Error = Infallible> + Clone + Send + Sync + 'static,
    S::Future: Send + 'static,
{
    let (orders, _) = watch::channel(Orders {
        stage: Stage::Serve,
        room_until: None,
    });
    let places = limits.connections.clamp(1, Semaphore::MAX_PERMITS);
    let front = Arc::new(Front {
        name,
        site,
        limits,
        places: Arc::new(Semaphore::new(places)),
        orders,
        connections: TaskTracker::new(),
        open: metrics::gauge!("handclasp_http_connections", "door" => name),
    });
    let (accepting, closing) = (TaskTracker::new(), CancellationToken::new());
    for door in doors {
        accepting.spawn(front.clone().accept(door, closing.clone()));
    }
    accepting.close();
    stop.cancelled().await;
    front.enter(Stage::Drain);
    if !limits.drain.is_zero() {
        sleep(limits.drain).await;
    }
    closing.cancel();
    accepting.wait().await;

    front.connections.close();
    front.enter(Stage::Finish);
    if timeout(limits.grace, front.connections.wait())
        .await
        .is_ok()
    {
        return Served { cut: 0 };
    }
    let cut = front.connections.len();
    front.enter(Stage::Cut);
    front.connections.wait().await;
    tracing::warn!(
        cut,
        "connections were busy past the grace time and were cut"
    );
    Served { cut }
}

struct Front<S> {
    name: &'static str,
    site: S,
    limits: FrontLimits,
    places: Arc<Semaphore>,
    orders: watch::Sender<Orders>,
    connections: TaskTracker,
    open: metrics::Gauge,
}

/// Counts a connection for as long as it is there, however it ends.
struct Counted(metrics::Gauge);

impl Counted {
    fn new(open: &metrics::Gauge) -> Self {
        open.increment(1);
        Self(open.clone())
    }
}

impl Drop for Counted {
    fn drop(&mut self) {
        self.0.decrement(1);
    }
}

impl<S> Front<S>
where
    S: Service<Request, Response = Response, Error = Infallible> + Clone + Send + Sync + 'static,
    S::Future: Send + 'static,
{
    async fn accept(self: Arc<Self>, door: Door, closing: CancellationToken) {
        let mut complaints = Complaints::new(self.name);
        loop {
            let next = async {
                let place = self.place().await;
                (place, door.next().await)
            };
            let Some((place, guest)) = closing.run_until_cancelled(next).await else {
                break;
            };
            match guest {
                Ok(guest) => self.start(guest, place),
                Err(error) if door::is_the_guests_own(&error) => {}
                Err(error) => {
                    // No file descriptors left, or no memory: it passes when others close.
                    complaints.note(&error);
                    self.make_room();
                    drop(place);
                    sleep(REST).await;
                }
            }
        }
        // To them it looked as if they were connected already. Those who come after this are refused.
        let Ok(queue) = door.close() else { return };
        let until = Instant::now() + LAST_PLACES;
        while let Ok(place) = timeout_at(until, self.place()).await
            && let Some(guest) = queue.next()
        {
            self.start(guest, place);
        }
    }

    async fn place(&self) -> OwnedSemaphorePermit {
        loop {
            if let Ok(place) = self.places.clone().try_acquire_owned() {
                return place;
            }
            self.make_room();
            let soon = timeout(PRESSURE / 2, self.places.clone().acquire_owned());
            if let Ok(Ok(place)) = soon.await {
                return place;
            }
        }
    }

    fn make_room(&self) {
        let now = Instant::now();
        self.orders.send_if_modified(|orders| {
            let begins = orders.room_until.is_none_or(|until| until <= now);
            orders.room_until = Some(now + PRESSURE);
            // Only then: who has been told already looks again by itself.
            begins
        });
    }

    fn enter(&self, stage: Stage) {
        self.orders.send_modify(|orders| orders.stage = stage);
    }

    fn start(self: &Arc<Self>, guest: Guest, place: OwnedSemaphorePermit) {
        let front = self.clone();
        self.connections.spawn(async move {
            let _counted = Counted::new(&front.open);
            let _place = place;
            match guest {
                Guest::Tcp(stream, address) => {
                    // Small answers are to leave at once; a socket that is gone already says so later.
                    let _gone = stream.set_nodelay(true);
                    front.attend(stream, Peer(Some(address))).await;
                }
                Guest::Unix(stream) => front.attend(stream, Peer(None)).await,
            }
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
            let (front, pulse) = (self.clone(), pulse.clone());
            hyper::service::service_fn(move |request: hyper::Request<Incoming>| {
                pulse.busy();
                let mut request = request.map(Body::new);
                request.extensions_mut().insert(peer);
                let answer = front.site.clone().call(request);
                let (front, pulse) = (front.clone(), pulse.clone());
                async move {
                    let Ok(mut response) = answer.await;
                    if front.orders.borrow().stage != Stage::Serve {
                        let close = HeaderValue::from_static("close");
                        response.headers_mut().insert(CONNECTION, close);
                    }
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
        let first = pulse::look_again(&self.limits, orders.borrow().haste());
        let mut alarm = pin!(sleep_until(first));
        let mut asked_to_close = false;
        loop {
            tokio::select! {
                biased;
                ended = connection.as_mut() => {
                    if let Err(error) = ended {
                        self.note_end(&error);
                    }
                    return;
                }
                () = alarm.as_mut() => {}
                // The sender lives in `self`.
                _ = orders.changed() => {}
            }
            let (stage, haste) = {
                let orders = orders.borrow_and_update();
                (orders.stage, orders.haste())
            };
            match stage {
                Stage::Cut => return,
                // In other phases hyper would close at once, and lose a request that is on its way.
                Stage::Finish if pulse.is_answering() => connection.as_mut().graceful_shutdown(),
                Stage::Serve | Stage::Drain | Stage::Finish => {}
            }
            match pulse.judge(&self.limits, haste) {
                Verdict::LookAgain(at) => alarm.as_mut().reset(at),
                // Nothing is under way, so hyper closes at once.
                Verdict::Close if !asked_to_close => {
                    asked_to_close = true;
                    connection.as_mut().graceful_shutdown();
                    alarm.as_mut().reset(Instant::now() + PRESSURE);
                }
                Verdict::Close => return,
                Verdict::Cut(why) => {
                    tracing::debug!(why, "connection cut");
                    return;
                }
            }
        }
    }

    /// Hyper itself refuses heads that are none, before anything of ours sees them: they are counted here.
    fn note_end(&self, error: &hyper::Error) {
        if error.is_parse() {
            let why = if error.is_parse_too_large() {
                "too large"
            } else {
                "malformed"
            };
            tracing::debug!(why, door = self.name, "request head refused");
            metrics::counter!("handclasp_http_refused_heads_total", "door" => self.name, "why" => why)
                .increment(1);
        } else {
            tracing::debug!(%error, "connection ended");
        }
    }
}
