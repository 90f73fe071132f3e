//! Requests that may come twice. The first answer to an idempotency key is kept, sealed, in the transaction of the change that it
//! tells of, and is given again to whoever asks the same under that key.
//!
//! ```text
//! begin_once: no other in this process ─► no answer kept ─► the use case ─► carry_out_once: change and answer, or neither
//! ```
//! Two processes may both begin. Only one of them gets its row in; the other's change is rolled back, and it gives the first's answer.

mod in_flight;

use std::any::Any;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::time::Duration;

use futures::future::BoxFuture;
use handclasp_domain::{AuditId, ClientId, CompanyId, Timestamp};
use handclasp_store::audit::AuditEntry;
use handclasp_store::kept_answer::{self, KeptAnswer};
use handclasp_store::{StoreError, Tx};
use handclasp_vault::{Cell, Vault};
use uuid::Uuid;
use zeroize::Zeroizing;

use crate::{App, AppError, Caller};
use in_flight::{Claim, Claimed};

pub(crate) use in_flight::InFlight;

/// How long an answer is given again.
pub const ANSWER_KEPT: Duration = Duration::from_secs(90 * 60);

/// When to come back where too many requests with keys run at once.
const COME_BACK: Duration = Duration::from_secs(2);

/// An idempotency key: any UUID.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct RequestKey(Uuid);

impl RequestKey {
    /// Takes a UUID with its hyphens or without, in either case; as a text in quotation marks too, as the header's draft has it.
    pub fn parse(text: &str) -> Option<Self> {
        let quoted = text
            .strip_prefix('"')
            .and_then(|rest| rest.strip_suffix('"'));
        let text = quoted.unwrap_or(text);
        if ![32, 36].contains(&text.len()) {
            return None;
        }
        Uuid::try_parse(text).ok().map(Self)
    }
}

/// An answer whole: its status, and its JSON or nothing. It may hold a secret, and so shows nothing of itself.
#[derive(Clone, PartialEq, Eq)]
pub struct WholeAnswer {
    /// The status.
    pub status: u16,
    /// The body.
    pub body: Vec<u8>,
}

impl std::fmt::Debug for WholeAnswer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "WholeAnswer({})", self.status)
    }
}

impl WholeAnswer {
    fn to_bytes(&self) -> Zeroizing<Vec<u8>> {
        let mut bytes = Zeroizing::new(Vec::with_capacity(2 + self.body.len()));
        bytes.extend_from_slice(&self.status.to_be_bytes());
        bytes.extend_from_slice(&self.body);
        bytes
    }

    fn from_bytes(bytes: &[u8]) -> Option<Self> {
        let (status, body) = bytes.split_first_chunk()?;
        Some(Self {
            status: u16::from_be_bytes(*status),
            body: body.to_vec(),
        })
    }
}

/// What becomes of a request with an idempotency key.
#[derive(Debug)]
pub enum Begun {
    /// It is the first. Hand this to the use case, in [`Caller::once`].
    First(Arc<Once>),
    /// It was answered before.
    Again(WholeAnswer),
    /// The key is another request's.
    Another,
    /// The first is not answered yet.
    Running,
}

type Render = Box<dyn Fn(&dyn Any) -> Result<WholeAnswer, AppError> + Send + Sync>;

/// The first request under an idempotency key. While it lives, others under that key are told to wait.
pub struct Once {
    client: ClientId,
    key: RequestKey,
    fingerprint: [u8; 32],
    company: Option<CompanyId>,
    vault: Vault,
    claim: Claim,
    render: OnceLock<Render>,
    answer: Mutex<Option<WholeAnswer>>,
    repeated: AtomicBool,
}

impl std::fmt::Debug for Once {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Once({:?}, {:?})", self.client, self.key)
    }
}

impl Once {
    /// Says how the answer looks that is to be kept, given what the use case comes to. That is called within a transaction, so it
    /// only computes.
    pub fn answer_with<T: Any>(
        &self,
        render: impl Fn(&T) -> Result<WholeAnswer, AppError> + Send + Sync + 'static,
    ) {
        let set = self.render.set(Box::new(move |result| {
            let result = result.downcast_ref();
            render(result.ok_or(AppError::Internal("an answer made for another result"))?)
        }));
        debug_assert!(set.is_ok(), "a request has one answer");
    }

    /// The answer that was kept with the change; none where none was.
    pub fn answer(&self) -> Option<WholeAnswer> {
        let answer = self.answer.lock().unwrap_or_else(PoisonError::into_inner);
        answer.clone()
    }

    /// Whether another request under the key was faster, so that nothing of this one was kept.
    pub fn was_repeated(&self) -> bool {
        self.repeated.load(Ordering::Relaxed)
    }

    /// Lets the next request under the key in. Without this it has to wait until the last clone is gone.
    pub fn release(&self) {
        self.claim.release();
    }

    /// Renders the answer and writes it. [`AppError::Repeated`] where there is one already: then nothing of the transaction may be
    /// kept.
    async fn keep_in<T: Any + Sync>(
        &self,
        tx: &mut Tx,
        (company, now): (Option<CompanyId>, Timestamp),
        result: &T,
    ) -> Result<Option<WholeAnswer>, AppError> {
        let Some(render) = self.render.get() else {
            return Ok(None);
        };
        let answer = render(result)?;
        let row = self.row(&answer, company, now)?;
        if kept_answer::keep(tx, &row, now).await? {
            Ok(Some(answer))
        } else {
            Err(AppError::Repeated)
        }
    }

    fn row(
        &self,
        answer: &WholeAnswer,
        company: Option<CompanyId>,
        now: Timestamp,
    ) -> Result<KeptAnswer, AppError> {
        let sealed = self
            .vault
            .seal(&cell(self.client, self.key), &answer.to_bytes())
            .map_err(|_| AppError::Internal("an answer can't be sealed"))?;
        Ok(KeptAnswer {
            client: self.client,
            key: self.key.0,
            company: company.or(self.company),
            fingerprint: self.fingerprint,
            sealed,
            expires: now.plus(ANSWER_KEPT),
        })
    }
}

fn cell(client: ClientId, key: RequestKey) -> Cell {
    Cell {
        client: Some(client),
        table: "kept_answer",
        row: key.0,
        column: "sealed",
    }
}

/// What tells a change from all others, and the answer that is to be kept with it.
pub(crate) struct Mark {
    client: ClientId,
    entry: AuditId,
    company: Option<CompanyId>,
    once: Option<Arc<Once>>,
}

impl Caller {
    /// The mark of a change that writes this audit entry, for [`App::carry_out_once`].
    pub(crate) fn mark(&self, entry: &AuditEntry) -> Mark {
        Mark {
            client: entry.client,
            entry: entry.id,
            company: entry.company,
            once: self.once.clone(),
        }
    }
}

/// What a run of a body came to, with the answer that it kept. The last to be written is the one that was committed: a body comes
/// to its end only where none before it was kept.
type Outcome<T> = Mutex<Option<(T, Option<WholeAnswer>)>>;

impl App {
    /// Carries out a change that may be asked for under an idempotency key, as every POST and PATCH may be. As
    /// [`App::carry_out`], but the body says what it came to, from which the answer is made that is kept with the change. A
    /// request has one such change.
    pub(crate) async fn carry_out_once<I, T, F>(
        &self,
        name: &'static str,
        mark: Mark,
        input: I,
        body: F,
    ) -> Result<T, AppError>
    where
        I: Send + Sync + 'static,
        T: Any + Send + Sync,
        F: for<'a> Fn(&'a mut Tx, &'a I) -> BoxFuture<'a, Result<T, AppError>>
            + Copy
            + Send
            + Sync
            + 'static,
    {
        let outcome = Arc::new(Outcome::<T>::default());
        let once = mark.once.clone();
        let key = (mark.client, mark.entry);
        let input = (input, mark, self.now(), Arc::clone(&outcome));
        let done = self
            .carry_out(name, key, input, move |tx, (input, mark, now, outcome)| {
                Box::pin(async move {
                    let result = body(tx, input).await?;
                    let answer = match &mark.once {
                        Some(once) => once.keep_in(tx, (mark.company, *now), &result).await?,
                        None => None,
                    };
                    let mut outcome = outcome.lock().unwrap_or_else(PoisonError::into_inner);
                    *outcome = Some((result, answer));
                    Ok(())
                })
            })
            .await;
        if let (Err(AppError::Repeated), Some(once)) = (&done, &once) {
            once.repeated.store(true, Ordering::Relaxed);
        }
        done?;
        let mut outcome = outcome.lock().unwrap_or_else(PoisonError::into_inner);
        let Some((result, answer)) = outcome.take() else {
            return Err(AppError::Internal("a change that came to nothing"));
        };
        if let Some(once) = once {
            *once.answer.lock().unwrap_or_else(PoisonError::into_inner) = answer;
        }
        Ok(result)
    }

    /// What a request is, so that another under its key is told from it. Keyed, as bodies may be guessed.
    pub fn fingerprint(&self, parts: &[&[u8]]) -> [u8; 32] {
        self.secrets().idempotency.mac(parts)
    }

    /// Begins a request with an idempotency key. `company` is the one that its address names.
    pub async fn begin_once(
        &self,
        client: ClientId,
        key: RequestKey,
        fingerprint: [u8; 32],
        company: Option<CompanyId>,
    ) -> Result<Begun, AppError> {
        let claim = match InFlight::claim(self.in_flight(), (client, key), fingerprint) {
            Claimed::Mine(claim) => claim,
            Claimed::Running => return Ok(Begun::Running),
            Claimed::Another => return Ok(Begun::Another),
            Claimed::Full => {
                let retry_after = COME_BACK;
                return Err(StoreError::Overloaded { retry_after }.into());
            }
        };
        // After the claim: whoever had it before has left his answer.
        if let Some(known) = self.kept_answer(client, key, &fingerprint).await? {
            return Ok(known);
        }
        Ok(Begun::First(Arc::new(Once {
            client,
            key,
            fingerprint,
            company,
            vault: self.vault().clone(),
            claim,
            render: OnceLock::new(),
            answer: Mutex::new(None),
            repeated: AtomicBool::new(false),
        })))
    }

    /// The answer of whoever was faster than this request.
    pub async fn answer_of_the_faster(&self, once: &Once) -> Result<Begun, AppError> {
        let known = self.kept_answer(once.client, once.key, &once.fingerprint);
        Ok(known.await?.unwrap_or(Begun::Running))
    }

    /// Keeps an answer that stands for no change, as a refusal, in a transaction of its own; false where another was faster.
    pub async fn keep_answer(&self, once: &Once, answer: &WholeAnswer) -> Result<bool, AppError> {
        let now = self.now();
        let row = once.row(answer, None, now)?;
        self.store()
            .write("keep_answer", (row, now), |tx, (row, now)| {
                Box::pin(async move { Ok(kept_answer::keep(tx, row, *now).await?) })
            })
            .await
    }

    async fn kept_answer(
        &self,
        client: ClientId,
        key: RequestKey,
        fingerprint: &[u8; 32],
    ) -> Result<Option<Begun>, AppError> {
        let kept = kept_answer::find(&mut self.store(), client, key.0, self.now()).await?;
        let Some(kept) = kept else { return Ok(None) };
        if kept.fingerprint != fingerprint {
            return Ok(Some(Begun::Another));
        }
        let opened = self.vault().open(&cell(client, key), &kept.sealed);
        let opened = opened.map_err(|_| AppError::Internal("a kept answer can't be opened"))?;
        let answer = WholeAnswer::from_bytes(opened.expose());
        answer
            .map(|answer| Some(Begun::Again(answer)))
            .ok_or(AppError::Internal("a kept answer is none"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_is_any_uuid_and_one_uuid_is_one_key() {
        let plain = RequestKey::parse("8e03978e-40d5-43e8-bc93-6894a57f9324").unwrap();
        for same in [
            "8E03978E-40D5-43E8-BC93-6894A57F9324",
            "8e03978e40d543e8bc936894a57f9324",
            "\"8e03978e-40d5-43e8-bc93-6894a57f9324\"",
        ] {
            assert_eq!(RequestKey::parse(same), Some(plain), "{same}");
        }
        assert!(RequestKey::parse("00000000-0000-0000-0000-000000000000").is_some());
        for bad in [
            "",
            "\"",
            "\"\"",
            "1",
            "nonsense",
            "8e03978e-40d5-43e8-bc93-6894a57f932",
            "8e03978e-40d5-43e8-bc93-6894a57f9324 ",
            "{8e03978e-40d5-43e8-bc93-6894a57f9324}",
            "urn:uuid:8e03978e-40d5-43e8-bc93-6894a57f9324",
            "8e03978e-40d5-43e8-bc93-6894a57f9324, 8e03978e-40d5-43e8-bc93-6894a57f9324",
            "ge03978e-40d5-43e8-bc93-6894a57f9324",
        ] {
            assert_eq!(RequestKey::parse(bad), None, "{bad}");
        }
    }

    #[test]
    fn an_answer_is_what_it_was() {
        for body in [&b""[..], b"{}"] {
            let answer = WholeAnswer {
                status: 201,
                body: body.to_vec(),
            };
            assert_eq!(WholeAnswer::from_bytes(&answer.to_bytes()), Some(answer));
        }
        assert_eq!(WholeAnswer::from_bytes(b"x"), None);
    }
}
