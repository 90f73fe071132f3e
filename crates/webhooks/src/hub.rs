//! What the steps share, and their start and end.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};

use handclasp_app::App;
use handclasp_domain::{EventId, Timestamp};
use handclasp_store::Engine;
use handclasp_store::consumer::Consumer;
use handclasp_store::delivery::{Attempt, Told};
use handclasp_store::lane::Claim;
use tokio::sync::{Notify, mpsc};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use url::Url;

use crate::board::{Board, Message, Outlet};
use crate::sign::SigningKey;
use crate::{Options, alive, fan_out, look, payload, record, send};

/// How many attempts may wait to be written down. Beyond them sending waits.
const UNSAVED: usize = 2048;
/// Above how many remembered messages those that are gone are forgotten.
const REMEMBERED: usize = 16 * 1024;

/// What the steps share. Cheap to clone.
pub(crate) struct Hub {
    pub(crate) app: App,
    pub(crate) options: Options,
    /// Turns true when nothing new is to be begun.
    pub(crate) stop: CancellationToken,
    /// Turns true when what is on its way has had its time.
    pub(crate) give_up: CancellationToken,
    /// Told when a lane ran low.
    pub(crate) low: Notify,
    pub(crate) made: mpsc::Sender<Made>,
    pub(crate) senders: TaskTracker,
    board: Mutex<Board>,
    standing: Mutex<Standing>,
    messages: Mutex<HashMap<EventId, Weak<Message>>>,
}

/// An attempt that was made.
pub(crate) struct Made {
    pub(crate) attempt: Attempt,
    /// Whether the consumer wants nothing more.
    pub(crate) gone: bool,
}

/// Whether this process may deliver, and as whom.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Standing {
    /// There is no other: SQLite.
    Alone,
    /// Not entered yet, or dead.
    Out,
    /// A replica under its epoch, until then.
    Alive { claim: Claim, until: Timestamp },
}

impl Hub {
    /// The board. Nothing under this lock waits.
    pub(crate) fn board(&self) -> MutexGuard<'_, Board> {
        self.board.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn set_standing(&self, standing: Standing) {
        *self.standing.lock().unwrap_or_else(PoisonError::into_inner) = standing;
    }

    /// Under which claim work may be done now; `None` where none may be done.
    pub(crate) fn claim(&self) -> Option<Claim> {
        let standing = *self.standing.lock().unwrap_or_else(PoisonError::into_inner);
        match standing {
            Standing::Alone => Some(None),
            Standing::Out => None,
            Standing::Alive { claim, until } => (self.app.now() < until).then_some(claim),
        }
    }

    /// The message of an event, rendered once however many consumers get it.
    pub(crate) fn message(&self, event: &Told) -> Option<Arc<Message>> {
        let mut messages = self.messages.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(message) = messages.get(&event.id).and_then(Weak::upgrade) {
            return Some(message);
        }
        let body = match payload::render(&self.app, event) {
            Ok(body) => body,
            Err(error) => {
                tracing::error!(event = %event.id, %error, "an event can't be rendered");
                return None;
            }
        };
        let message = Arc::new(Message {
            id: event.id,
            at: event.at,
            body,
        });
        if messages.len() >= REMEMBERED {
            messages.retain(|_, message| message.strong_count() > 0);
        }
        messages.insert(event.id, Arc::downgrade(&message));
        Some(message)
    }

    /// How messages to a consumer are made; the present way, where nothing changed.
    pub(crate) fn outlet(
        &self,
        consumer: &Consumer,
        present: Option<Arc<Outlet>>,
    ) -> Option<Arc<Outlet>> {
        let source = (consumer.url.clone(), consumer.secret.clone());
        if let Some(present) = present.filter(|present| present.source == source) {
            return Some(present);
        }
        let url = Url::parse(&consumer.url).ok();
        let secret = self.app.open_webhook_secret(consumer).ok();
        let key = secret.and_then(|secret| SigningKey::new(&secret).ok());
        let (Some(url), Some(key)) = (url, key) else {
            tracing::error!(consumer = %consumer.id, "a webhook's address or secret is damaged: nothing can be sent");
            return None;
        };
        Some(Arc::new(Outlet { url, key, source }))
    }
}

/// Runs all steps until told to stop.
pub(crate) async fn run(app: App, options: Options, stop: CancellationToken) {
    let (made, to_record) = mpsc::channel(UNSAVED);
    let standing = match app.store().engine() {
        Engine::Sqlite => Standing::Alone,
        Engine::Postgres => Standing::Out,
    };
    let hub = Arc::new(Hub {
        board: Mutex::new(Board::new(options.most)),
        app,
        stop,
        give_up: CancellationToken::new(),
        low: Notify::new(),
        made,
        senders: TaskTracker::new(),
        options,
        standing: Mutex::new(standing),
        messages: Mutex::default(),
    });
    // Goes on until everything else has ended: what is on its way must still be this replica's.
    let life = CancellationToken::new();
    let living = tokio::spawn(alive::run(Arc::clone(&hub), life.clone()));
    let recorded = CancellationToken::new();
    let recording = tokio::spawn(record::run(Arc::clone(&hub), to_record, recorded.clone()));
    tokio::join!(
        fan_out::run(&hub),
        look::poll(&hub),
        look::refill(&hub),
        send::wait_for_senders(&hub),
    );
    recorded.cancel();
    // They end by themselves, and only a panic in one, which nothing could mend here, says otherwise.
    drop(recording.await);
    life.cancel();
    drop(living.await);
}
