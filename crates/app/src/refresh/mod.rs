//! Fresh access tokens: on use when a token is near its end, and ahead of that in the background.
//!
//! ```text
//! keyed mutex (this process) ─► claim of the row (PostgreSQL) ─► the third party ─► saved ─► whoever waited reads the row
//! ```
//! From the call on it runs in a tracked task: what the third party gave is saved whatever becomes of the request. A rotated refresh
//! token is on disk before the access token that came with it is handed out. Nothing but `invalid_grant` (and the end of a token that
//! can't be refreshed) ends a connection, and that only while the refresh token that was refused is still the one that is stored.

mod ask;
mod save;
mod schedule;
mod turns;

use std::time::Duration;

use handclasp_domain::{ClientId, CompanyId, Connection, ConnectionId, ConnectionState, Timestamp};
use handclasp_integrations::Held;
use handclasp_store::connection;
use handclasp_store::credential::{self, SealedCredential};
use handclasp_store::refresh::Seen;
use tokio::time::timeout;
use tracing::Instrument;

pub(crate) use self::schedule::Life;
use self::schedule::{is_near_its_end, is_usable};
pub(crate) use self::turns::{AT_ONCE, Turns};
use crate::{App, AppError, Refusal, ThirdPartyError};

/// How long somebody who uses a token waits for it to be refreshed.
const WAIT: Duration = Duration::from_secs(32);

/// How long he waits whose token is good for a while yet.
const SHORT_WAIT: Duration = Duration::from_secs(5);

/// A token that was refused although it should be good is refreshed only where it is older than this: where the third party refuses
/// a call for reasons of its own, refreshing at every call would help nobody.
const YOUNG: Duration = Duration::from_secs(30);

/// A connection that is linked, with what it holds.
pub(crate) struct Linked {
    pub(crate) connection: Connection,
    pub(crate) held: SealedCredential,
}

/// What a linked connection holds, good to be used.
pub(crate) struct Fresh {
    pub(crate) connection: Connection,
    pub(crate) tokens: Held,
    /// When the access token ends, where that is known.
    pub(crate) expires_at: Option<Timestamp>,
    /// What it was read from, for telling that its token was refused.
    pub(crate) held: SealedCredential,
}

/// How a refresh ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Refreshed {
    /// There is something else by now: look again.
    Anew,
    /// There is nothing better for now.
    NotNow {
        /// After which time it may be tried again.
        wait: Duration,
        /// Whether the third party could not be asked at all: then the next connection would not fare better.
        unreachable: bool,
    },
    /// There will be nothing better until somebody looks at the client's registration.
    Refused,
}

impl App {
    /// What a linked connection holds, after a refresh where its access token is near its end.
    pub(crate) async fn fresh(&self, mut linked: Linked) -> Result<Fresh, AppError> {
        // The second round finds what the first one's refresh brought; further ones are for those who change it meanwhile.
        for _ in 0..4 {
            if !is_near_its_end(&linked.held, self.now()) {
                return self.opened(linked);
            }
            let wait = match is_usable(&linked.held, self.now()) {
                true => SHORT_WAIT,
                false => WAIT,
            };
            let seen = Seen::from(&linked.held);
            match self.refreshed_within(wait, seen).await? {
                Refreshed::Anew => {}
                // Not for long, but good.
                Refreshed::NotNow { .. } | Refreshed::Refused
                    if is_usable(&linked.held, self.now()) =>
                {
                    return self.opened(linked);
                }
                Refreshed::NotNow { wait, .. } => {
                    return Err(ThirdPartyError::NoFreshToken { wait }.into());
                }
                Refreshed::Refused => return Err(ThirdPartyError::RegistrationRefused.into()),
            }
            let of = &linked.connection;
            linked = self.linked(of.client, of.company, of.id).await?;
        }
        Err(AppError::Raced)
    }

    /// What a connection holds after the third party refused `used`; none where that is still the best there is.
    pub(crate) async fn fresher(&self, used: &SealedCredential) -> Result<Option<Fresh>, AppError> {
        if self.now().since(used.updated) < YOUNG {
            return Ok(None);
        }
        match self.refreshed(Seen::from(used)).await? {
            Refreshed::Anew => {}
            Refreshed::NotNow { .. } | Refreshed::Refused => return Ok(None),
        }
        let linked = self
            .linked(used.client, used.company, used.connection)
            .await?;
        if linked.held.version == used.version {
            return Ok(None);
        }
        self.opened(linked).map(Some)
    }

    /// A connection that is linked, with what it holds.
    pub(crate) async fn linked(
        &self,
        client: ClientId,
        company: CompanyId,
        id: ConnectionId,
    ) -> Result<Linked, AppError> {
        let found = connection::find(&mut self.store(), client, company, id).await?;
        let connection = found.ok_or(AppError::NotFound("connection"))?;
        match connection.state {
            ConnectionState::Linked { .. } => {}
            ConnectionState::PendingAuth
            | ConnectionState::AwaitingConfirmation { .. }
            | ConnectionState::Unlinked { .. }
            | ConnectionState::Deauthorized { .. } => {
                return Err(Refusal::NoAccess(connection.status()).into());
            }
        }
        let held = credential::find(&mut self.store(), client, id).await?;
        // Such an integration needs none; or it ended between the two.
        let held = held.ok_or(Refusal::HoldsNothing)?;
        Ok(Linked { connection, held })
    }

    fn opened(&self, linked: Linked) -> Result<Fresh, AppError> {
        Ok(Fresh {
            tokens: self.open_tokens(&linked.held)?,
            expires_at: linked.held.expires_at,
            connection: linked.connection,
            held: linked.held,
        })
    }

    /// Refreshes what was seen, or waits for whoever does.
    pub(crate) async fn refreshed(&self, seen: Seen) -> Result<Refreshed, AppError> {
        self.refreshed_within(WAIT, seen).await
    }

    /// The same for somebody who waits so long. The refresh goes on all the same.
    async fn refreshed_within(&self, wait: Duration, seen: Seen) -> Result<Refreshed, AppError> {
        let app = self.clone();
        let work = async move { app.refresh(seen).await };
        // In the request's span: what it logs carries the request's correlation.
        let task = self.tasks().spawn(work.in_current_span());
        match timeout(wait, task).await {
            Ok(Ok(result)) => result,
            Ok(Err(_)) => Err(AppError::Internal("a refresh ended before its end")),
            Err(_) => Ok(Refreshed::NotNow {
                wait: Duration::from_secs(2),
                unreachable: true,
            }),
        }
    }
}
