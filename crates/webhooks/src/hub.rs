//! What the steps share, and their start and end.

use std::collections::HashMap;
use std::fmt::Display;
use std::ops::{Deref, DerefMut};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};

use handclasp_app::App;
use handclasp_domain::{EventId, Timestamp};
use handclasp_store::consumer::Consumer;
use handclasp_store::delivery::Attempt;
use handclasp_store::fan_out::{Told, Unreadable};
use handclasp_store::lane::Claim;
use handclasp_store::{Engine, StoreError};
use tokio::sync::{Notify, mpsc};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use url::Url;

use crate::board::{Board, Message, Outlet};
use crate::say::{self, Failures, Seldom};
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
    /// Told when a lane is to be looked at.
    pub(crate) low: Notify,
    pub(crate) made: mpsc::Sender<Made>,
    pub(crate) senders: TaskTracker,
    pub(crate) failures: Failures,
    looking: Mutex<Seldom>,
    unreadable: Mutex<HashMap<&'static str, Seldom>>,
    board: Mutex<Board>,
    standing: Mutex<Standing>,
    messages: Mutex<HashMap<EventId, Weak<Message>>>,
}

/// An attempt that was made.
pub(crate) struct Made {
    pub(crate) attempt: Attempt,
    /// Whether the consumer wants nothing more.
    pub(crate) gone: bool,
    /// As in [`crate::board::Work`].
    pub(crate) generation: u64,
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

/// The board, locked. Whatever was done with it, a lane that is to be looked at from then on is told of.
pub(crate) struct Locked<'a> {
    board: MutexGuard<'a, Board>,
    low: &'a Notify,
}

impl Deref for Locked<'_> {
    type Target = Board;

    fn deref(&self) -> &Board {
        &self.board
    }
}

impl DerefMut for Locked<'_> {
    fn deref_mut(&mut self) -> &mut Board {
        &mut self.board
    }
}

impl Drop for Locked<'_> {
    fn drop(&mut self) {
        if self.board.has_low() {
            self.low.notify_one();
        }
    }
}

impl Hub {
    /// The board. Nothing under this lock waits.
    pub(crate) fn board(&self) -> Locked<'_> {
        Locked {
            board: self.board.lock().unwrap_or_else(PoisonError::into_inner),
            low: &self.low,
        }
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

    /// Says that the database could not be asked what is due.
    pub(crate) fn could_not_look(&self, error: &StoreError) {
        let mut seldom = self.looking.lock().unwrap_or_else(PoisonError::into_inner);
        say::database(&mut seldom, error, "what is due could not be looked for");
    }

    /// Says that it can be asked again, where the contrary was said.
    pub(crate) fn can_look(&self) {
        let mut seldom = self.looking.lock().unwrap_or_else(PoisonError::into_inner);
        if seldom.is_over() {
            tracing::info!("what is due is looked for again");
        }
    }

    /// Counts what can't be read and says so: what it is, of which this is the first, and why.
    pub(crate) fn unreadable<I: Display>(&self, what: &'static str, found: &[Unreadable<I>]) {
        let Some(first) = found.first() else {
            return;
        };
        metrics::counter!("handclasp_webhook_unreadable_total", "what" => what)
            .increment(found.len() as u64);
        let mut unreadable = self
            .unreadable
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        if let Some(unsaid) = unreadable.entry(what).or_default().now() {
            let (count, id, cause) = (found.len(), &first.id, &first.cause);
            tracing::error!(what, count, %id, cause, unsaid, "what is stored for webhooks can't be read");
        }
    }

    /// The message of an event, rendered once however many consumers get it.
    pub(crate) fn message(&self, event: &Told) -> Result<Arc<Message>, Unreadable<EventId>> {
        let mut messages = self.messages.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(message) = messages.get(&event.id).and_then(Weak::upgrade) {
            return Ok(message);
        }
        let body = payload::render(&self.app, event).map_err(|error| Unreadable {
            id: event.id,
            cause: error.to_string(),
        })?;
        let message = Arc::new(Message {
            id: event.id,
            at: event.at,
            body,
        });
        if messages.len() >= REMEMBERED {
            messages.retain(|_, message| message.strong_count() > 0);
        }
        messages.insert(event.id, Arc::downgrade(&message));
        Ok(message)
    }

    /// How messages to a consumer are made; the present way, where nothing changed. None where nothing can be sent to it.
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
            self.unreadable(
                "address",
                &[Unreadable {
                    id: consumer.id,
                    cause: "its address or secret is damaged".to_owned(),
                }],
            );
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
        board: Mutex::new(Board::new(&options)),
        app,
        stop,
        give_up: CancellationToken::new(),
        low: Notify::new(),
        made,
        senders: TaskTracker::new(),
        options,
        standing: Mutex::new(standing),
        messages: Mutex::default(),
        failures: Failures::default(),
        looking: Mutex::default(),
        unreadable: Mutex::default(),
    });
    // Goes on until everything else has ended: what is on its way must still be this replica's.
    let life = CancellationToken::new();
    // However this function ends: a process that delivers nothing must not go on showing life.
    let _end = life.clone().drop_guard();
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
