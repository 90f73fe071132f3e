//! What the log says.

use std::fmt::{Debug, Write as _};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use tracing::field::{Field, Visit};
use tracing::subscriber::DefaultGuard;
use tracing::{Event, Level, Subscriber};
use tracing_subscriber::layer::{Context, Layer, SubscriberExt as _};

use crate::support::{Bed, LONG, Receiver, answer};

/// What was said on this thread, and by workers that were started on it, since it was made.
pub(crate) struct Said {
    lines: Arc<Mutex<Vec<String>>>,
    _guard: DefaultGuard,
}

impl Said {
    /// Listens from now on.
    pub(crate) fn listen() -> Self {
        let lines = Arc::<Mutex<Vec<String>>>::default();
        let subscriber = tracing_subscriber::registry().with(Ear(Arc::clone(&lines)));
        let _guard = tracing::subscriber::set_default(subscriber);
        Self { lines, _guard }
    }

    /// The lines in which this is.
    pub(crate) fn of(&self, what: &dyn ToString) -> Vec<String> {
        let what = what.to_string();
        let lines = self.lines.lock().unwrap();
        lines
            .iter()
            .filter(|l| l.contains(&what))
            .cloned()
            .collect()
    }

    /// Waits for a line in which both are.
    pub(crate) async fn wait_for(&self, what: &dyn ToString, also: &str) -> String {
        let waiting = async {
            loop {
                let lines = self.of(what);
                if let Some(line) = lines.into_iter().find(|line| line.contains(also)) {
                    return line;
                }
                tokio::time::sleep(Duration::from_millis(5)).await;
            }
        };
        let line = tokio::time::timeout(LONG, waiting).await;
        line.unwrap_or_else(|_| panic!("nothing was said of {also}"))
    }
}

struct Ear(Arc<Mutex<Vec<String>>>);

impl<S: Subscriber> Layer<S> for Ear {
    fn on_event(&self, event: &Event<'_>, _: Context<'_, S>) {
        let level = *event.metadata().level();
        if level <= Level::INFO && event.metadata().target().starts_with("handclasp_webhooks") {
            let mut line = Line(level.to_string());
            event.record(&mut line);
            self.0.lock().unwrap().push(line.0);
        }
    }
}

struct Line(String);

impl Visit for Line {
    fn record_debug(&mut self, field: &Field, value: &dyn Debug) {
        write!(self.0, " {}={value:?}", field.name()).unwrap();
    }
}

#[tokio::test]
async fn the_log_names_the_consumer_that_fails_and_why_but_not_for_each_message() {
    let said = Said::listen();
    let bed = Bed::make().await;
    let receiver = Receiver::answering(|_| answer(503, "for nobody's eyes")).await;
    let url = format!("{}?key=of-the-platform", receiver.url);
    let consumer = bed.consumer(&url).await;
    let worker = bed.work();
    bed.company("Ash & Birch").await;
    let line = said.wait_for(&consumer.id, "did not arrive").await;
    let event = receiver.wait_for(1).await[0].id();
    assert!(line.starts_with("INFO"), "{line}");
    assert!(line.contains(&event.to_string()), "{line}");
    assert!(line.contains("outcome=\"status\" status=503"), "{line}");
    assert!(line.contains("next=2026-03-01T12:00:0"), "{line}");
    for n in 0..20 {
        bed.company(&format!("Company {n}")).await;
    }
    receiver.wait_for(21).await;
    worker.stop().await;
    let lines = said.of(&consumer.id);
    assert_eq!(lines.len(), 1, "{lines:#?}");
    for secret in ["127.0.0.1", "of-the-platform", "nobody's eyes", "whsec"] {
        assert!(!line.contains(secret), "{line}");
    }
}

#[tokio::test]
async fn the_log_warns_of_what_is_given_up() {
    let said = Said::listen();
    let bed = Bed::make().await;
    let receiver = Receiver::answering(|_| answer(500, "")).await;
    let consumer = bed.consumer(&receiver.url).await;
    let worker = bed.work();
    bed.company("Ash & Birch").await;
    for number in 1..8 {
        let id = receiver.wait_for(number).await[0].id();
        bed.attempts(&consumer, id, number).await;
        bed.test.clock.advance(Duration::from_secs(10 * 60 * 60));
    }
    let line = said.wait_for(&consumer.id, "given up").await;
    assert!(line.starts_with("WARN"), "{line}");
    assert!(line.contains("attempt=8"), "{line}");
    worker.stop().await;
}

#[tokio::test]
async fn the_log_warns_of_a_consumer_that_is_disabled() {
    let said = Said::listen();
    let bed = Bed::make().await;
    let receiver = Receiver::answering(|_| answer(410, "")).await;
    let consumer = bed.consumer(&receiver.url).await;
    for n in 0..50 {
        bed.company(&format!("Company {n}")).await;
    }
    let worker = bed.work();
    let line = said.wait_for(&consumer.id, "410").await;
    assert!(line.starts_with("WARN"), "{line}");
    worker.stop().await;
    let lines = said.of(&consumer.id);
    assert_eq!(lines.len(), 1, "{lines:#?}");
    let calls = receiver.count();
    assert!(calls <= 8, "{calls} calls to a consumer that is gone");
}
