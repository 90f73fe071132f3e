//! What the log says.

use std::fmt::{Debug, Write as _};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use tracing::field::{Field, Visit};
use tracing::subscriber::DefaultGuard;
use tracing::{Event, Level, Subscriber};
use tracing_subscriber::layer::{Context, Layer, SubscriberExt as _};

use crate::support::LONG;

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
