//! A receiver that notes what comes, and a bed of client, consumer and worker to test in.

use std::collections::HashMap;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use axum::Router;
use axum::body::{Body, Bytes};
use axum::extract::{Request, State};
use axum::response::{IntoResponse, Response};
use futures::future::BoxFuture;
use handclasp_ambient::{SeededRandom, SystemClock};
use handclasp_app::{App, Caller, Consumer, NewCompany, NewWebhook};
use handclasp_domain::{
    Actor, ClientId, Company, CompanyName, EventId, Products, References, Tags,
};
use handclasp_store::lane::LaneKey;
use handclasp_store::{Engine, delivery, statements, values};
use handclasp_testkit::{Setup, TestApp, TestClient};
use handclasp_webhooks::Options;
use http::{HeaderMap, StatusCode};
use serde_json::Value;
use tokio::net::TcpListener;
use tokio::sync::Notify;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;
use tracing::instrument::WithSubscriber;

/// How long a test waits for what must come.
pub(crate) const LONG: Duration = Duration::from_secs(60);

/// A message as it came.
#[derive(Debug, Clone)]
pub(crate) struct Call {
    pub(crate) headers: HeaderMap,
    pub(crate) body: Bytes,
}

impl Call {
    pub(crate) fn id(&self) -> EventId {
        self.header("webhook-id").parse().unwrap()
    }

    pub(crate) fn header(&self, name: &str) -> &str {
        self.headers[name].to_str().unwrap()
    }

    pub(crate) fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap()
    }

    pub(crate) fn event_type(&self) -> String {
        self.json()["eventType"].as_str().unwrap().to_owned()
    }
}

type Answer = dyn Fn(usize) -> BoxFuture<'static, Response> + Send + Sync;

/// A platform's receiver on a port of its own.
#[derive(Clone)]
pub(crate) struct Receiver {
    pub(crate) url: String,
    seen: Arc<Seen>,
}

struct Seen {
    calls: Mutex<Vec<Call>>,
    came: Notify,
    answer: Box<Answer>,
}

impl Receiver {
    /// Answers 200 to everything.
    pub(crate) async fn ok() -> Self {
        Self::answering(|_| StatusCode::OK.into_response()).await
    }

    /// Answers the call with this number, from 0, as `answer` says.
    pub(crate) async fn answering(
        answer: impl Fn(usize) -> Response + Send + Sync + 'static,
    ) -> Self {
        let answer = Arc::new(answer);
        Self::later(move |number| {
            let answer = Arc::clone(&answer);
            Box::pin(async move { answer(number) })
        })
        .await
    }

    /// Answers in its own time.
    pub(crate) async fn later(
        answer: impl Fn(usize) -> BoxFuture<'static, Response> + Send + Sync + 'static,
    ) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}/hook", listener.local_addr().unwrap());
        let seen = Arc::new(Seen {
            calls: Mutex::default(),
            came: Notify::new(),
            answer: Box::new(answer),
        });
        let router = Router::new().fallback(note).with_state(Arc::clone(&seen));
        tokio::spawn(async move { axum::serve(listener, router).await.unwrap() });
        Self { url, seen }
    }

    /// Where it listens.
    pub(crate) fn address(&self) -> SocketAddr {
        let url = self.url.trim_start_matches("http://");
        url.trim_end_matches("/hook").parse().unwrap()
    }

    pub(crate) fn calls(&self) -> Vec<Call> {
        self.seen.calls.lock().unwrap().clone()
    }

    pub(crate) fn count(&self) -> usize {
        self.seen.calls.lock().unwrap().len()
    }

    /// Waits until so many messages have come.
    pub(crate) async fn wait_for(&self, count: usize) -> Vec<Call> {
        let waiting = async {
            loop {
                let came = self.seen.came.notified();
                if self.count() >= count {
                    return self.calls();
                }
                came.await;
            }
        };
        match tokio::time::timeout(LONG, waiting).await {
            Ok(calls) => calls,
            Err(_) => panic!("{} messages came, not {count}", self.count()),
        }
    }

    /// How often each message came.
    pub(crate) fn by_id(&self) -> HashMap<EventId, usize> {
        let mut by_id = HashMap::new();
        for call in self.calls() {
            *by_id.entry(call.id()).or_default() += 1;
        }
        by_id
    }
}

async fn note(State(seen): State<Arc<Seen>>, request: Request) -> Response {
    let (head, body) = request.into_parts();
    let body = axum::body::to_bytes(body, 1 << 20).await.unwrap();
    let number = {
        let mut calls = seen.calls.lock().unwrap();
        calls.push(Call {
            headers: head.headers,
            body,
        });
        calls.len() - 1
    };
    seen.came.notify_waiters();
    (seen.answer)(number).await
}

/// An answer with a body.
pub(crate) fn answer(status: u16, body: impl Into<Body>) -> Response {
    let status = StatusCode::from_u16(status).unwrap();
    (status, body.into()).into_response()
}

/// An address at which nobody listens.
pub(crate) async fn nobody() -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address: SocketAddr = listener.local_addr().unwrap();
    format!("http://{address}/")
}

/// Use cases, a client, and what may be done with them.
pub(crate) struct Bed {
    pub(crate) test: TestApp,
    pub(crate) client: TestClient,
}

impl Bed {
    pub(crate) async fn make() -> Self {
        Self::with(Setup::default()).await
    }

    pub(crate) async fn with(setup: Setup) -> Self {
        let test = TestApp::with(setup).await;
        let client = test.client().await;
        Self { test, client }
    }

    pub(crate) fn app(&self) -> &App {
        &self.test.app
    }

    pub(crate) fn caller(&self) -> Caller {
        caller(self.client.id())
    }

    pub(crate) async fn consumer(&self, url: &str) -> Consumer {
        self.consumer_for(url, &[], &[]).await
    }

    pub(crate) async fn consumer_for(
        &self,
        url: &str,
        event_types: &[&str],
        company_tags: &[&str],
    ) -> Consumer {
        let new = NewWebhook {
            url: url.to_owned(),
            event_types: event_types.iter().map(|&w| w.to_owned()).collect(),
            company_tags: company_tags.iter().map(|&w| w.to_owned()).collect(),
            disabled: false,
        };
        let caller = self.caller();
        self.app().create_webhook(&caller, new).await.unwrap()
    }

    pub(crate) async fn company(&self, name: &str) -> Company {
        company(self.app(), self.client.id(), name, &[]).await
    }

    pub(crate) fn work(&self) -> Worker {
        Worker::start(self.app().clone())
    }

    /// The log of the attempts to deliver a message, once it has so many entries.
    pub(crate) async fn attempts(
        &self,
        consumer: &Consumer,
        event: EventId,
        count: usize,
    ) -> Vec<delivery::LoggedAttempt> {
        let lane = LaneKey::of(consumer);
        let waiting = async {
            loop {
                let found = delivery::attempts(&mut self.app().store(), lane, event)
                    .await
                    .unwrap();
                if found.len() >= count {
                    return found;
                }
                tokio::time::sleep(Duration::from_millis(5)).await;
            }
        };
        tokio::time::timeout(LONG, waiting)
            .await
            .unwrap_or_else(|_| panic!("not {count} attempts in time"))
    }

    /// Where a delivery stands.
    pub(crate) async fn state(
        &self,
        consumer: &Consumer,
        event: EventId,
    ) -> (String, u32, handclasp_domain::Timestamp) {
        delivery::state(&mut self.app().store(), LaneKey::of(consumer), event)
            .await
            .unwrap()
            .unwrap()
    }

    /// How many deliveries are open.
    pub(crate) async fn open(&self) -> i64 {
        let row = self.app().store().query(&OPEN, values![]).await.unwrap();
        row[0].get(0).unwrap()
    }

    /// Waits until nothing is left to be done.
    pub(crate) async fn settled(&self) {
        let waiting = async {
            loop {
                let row = self.app().store().query(&PENDING, values![]).await.unwrap();
                if row[0].get::<i64>(0).unwrap() == 0 && self.open().await == 0 {
                    return;
                }
                tokio::time::sleep(Duration::from_millis(5)).await;
            }
        };
        tokio::time::timeout(LONG, waiting).await.unwrap();
    }

    pub(crate) fn is_postgres(&self) -> bool {
        self.app().store().engine() == Engine::Postgres
    }
}

statements! {
    /// Open deliveries.
    OPEN = "SELECT count(*) FROM delivery WHERE open = 1";
    /// Events before their fan-out.
    PENDING = "SELECT count(*) FROM event WHERE pending = 1";
}

pub(crate) fn caller(client: ClientId) -> Caller {
    Caller {
        client,
        actor: Actor::Operator,
        name: None,
        address: None,
        correlation: None,
        once: None,
    }
}

pub(crate) async fn company(
    app: &App,
    client: ClientId,
    name: &str,
    tags: &[(&str, &str)],
) -> Company {
    let tags = tags.iter().map(|&(k, v)| (k.to_owned(), v.to_owned()));
    let new = NewCompany {
        name: CompanyName::parse(name).unwrap(),
        description: None,
        tags: Tags::parse(tags).unwrap(),
        products: Products::default(),
        references: References::default(),
    };
    app.create_company(&caller(client), new)
        .await
        .unwrap()
        .company
}

/// Another process on the same database, with a clock as real ones have it.
pub(crate) async fn replica(bed: &Bed, number: u64) -> App {
    let random = Arc::new(SeededRandom::new(1_000 + number));
    let clock = Arc::new(SystemClock::default());
    TestApp::over(Setup::default(), &bed.test.database, clock, random).await
}

/// A worker that delivers until it is stopped.
pub(crate) struct Worker {
    stop: CancellationToken,
    running: JoinHandle<()>,
}

/// Options of a worker in a hurry.
pub(crate) fn hurried() -> Options {
    Options {
        poll: Duration::from_millis(20),
        idle: Duration::from_millis(200),
        grace: Duration::from_millis(500),
        beat: Duration::from_millis(100),
        ..Options::default()
    }
}

impl Worker {
    pub(crate) fn start(app: App) -> Self {
        Self::with(app, hurried())
    }

    pub(crate) fn with(app: App, options: Options) -> Self {
        let stop = CancellationToken::new();
        let run = handclasp_webhooks::run_with(app, options, stop.clone());
        let running = tokio::spawn(run.with_current_subscriber());
        Self { stop, running }
    }

    pub(crate) async fn stop(self) {
        self.stop.cancel();
        tokio::time::timeout(LONG, self.running)
            .await
            .unwrap()
            .unwrap();
    }
}

/// A process of its own, as far as a thread can be one: it may be killed at any moment, and nothing of it goes on.
pub(crate) struct Process(Option<tokio::runtime::Runtime>);

impl Process {
    pub(crate) fn start(app: App) -> Self {
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(1)
            .enable_all()
            .build()
            .unwrap();
        runtime.spawn(handclasp_webhooks::run_with(
            app,
            hurried(),
            CancellationToken::new(),
        ));
        Self(Some(runtime))
    }

    pub(crate) fn kill(mut self) {
        self.end();
    }

    fn end(&mut self) {
        if let Some(runtime) = self.0.take() {
            runtime.shutdown_background();
        }
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        self.end();
    }
}
