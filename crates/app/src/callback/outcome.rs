//! What an exchange came to, and how that is written down.

use handclasp_domain::redirect::Outcome;
use handclasp_domain::{
    AttemptFailure, AttemptState, ConnectionError, FailureKind, InvalidTransition, ThirdParty,
};
use handclasp_integrations::Held;
use handclasp_store::attempt::{self, AuthorizationRequest};
use handclasp_store::credential::SealedCredential;
use handclasp_store::{Tx, connection, journey};

use crate::AppError;
use crate::choose_integration::another_active;
use crate::credentials::Unwanted;
use crate::transition::{Applied, Change};

/// What the third party gave.
pub(crate) struct Granted {
    pub(crate) third_party: Option<ThirdParty>,
    pub(crate) credential: SealedCredential,
    /// What is sealed in it.
    pub(crate) held: Held,
    /// The same tokens for the revocation queue, should they not be wanted.
    pub(crate) unwanted: Unwanted,
}

/// How it went wrong.
#[derive(Clone)]
pub(crate) struct Failed {
    kind: FailureKind,
    /// The HTTP status that the third party answered with, or that stands for what we found.
    status_code: u16,
    /// What the third party said.
    status_text: String,
    /// The company that was authorized, where it is the wrong one.
    other_party: Option<String>,
    /// Tokens that nothing will use. Queued with the failure, so that neither is without the other.
    unwanted: Option<Unwanted>,
}

impl Failed {
    pub(crate) fn because(kind: FailureKind, status_code: u16) -> Self {
        Self {
            kind,
            status_code,
            status_text: String::new(),
            other_party: None,
            unwanted: None,
        }
    }

    pub(crate) fn saying(mut self, status_text: &str) -> Self {
        status_text.clone_into(&mut self.status_text);
        self
    }

    pub(crate) fn revoking(mut self, unwanted: Unwanted) -> Self {
        self.unwanted = Some(unwanted);
        self
    }
}

/// Links the connection; what stands in the way, otherwise.
pub(super) async fn try_to_link(
    tx: &mut Tx,
    attempt: &AuthorizationRequest,
    link: &Change,
) -> Result<Result<(), Failed>, AppError> {
    let gone = || Ok(Err(Failed::because(FailureKind::ConnectionGone, 404)));
    let there = connection::of_company(tx, attempt.client, attempt.company).await?;
    let Some(wanted) = there.iter().find(|held| held.id == attempt.connection) else {
        return gone();
    };
    if another_active(&there, wanted).is_some() {
        return Ok(Err(Failed::because(FailureKind::AnotherActive, 409)));
    }
    match link.apply_to(tx, wanted).await? {
        Applied::Done => Ok(Ok(())),
        Applied::Gone => gone(),
        Applied::Refused(InvalidTransition::WrongCompany { authorized, .. }) => {
            let mut failed = Failed::because(FailureKind::WrongCompany, 409);
            failed.other_party = Some(authorized.name);
            Ok(Err(failed))
        }
        Applied::Refused(InvalidTransition::NotFrom(_)) => {
            Err(AppError::Internal("an authorization was refused"))
        }
    }
}

/// Records a failure: on the attempt, on the connection where it still is, and in the journey.
pub(super) async fn fail_in(
    tx: &mut Tx,
    attempt: &AuthorizationRequest,
    by: Option<handclasp_domain::ReplicaId>,
    fail: &Change,
    failed: &Failed,
) -> Result<(), AppError> {
    tracing::info!(attempt = %attempt.id, connection = %attempt.connection, kind = failed.kind.as_str(), "an authorization has failed");
    if let Some(unwanted) = &failed.unwanted {
        unwanted.queue(tx).await?;
    }
    let over = AttemptState::Failed(AttemptFailure {
        kind: failed.kind,
        status_text: failed.status_text.clone(),
        other_party: failed.other_party.clone(),
    });
    if !attempt::finish(tx, attempt.client, attempt.id, by, &over).await? {
        // Somebody else has ended it, and said so.
        return Ok(());
    }
    let mut fail = fail.clone();
    fail.failure = Some(ConnectionError {
        status_code: failed.status_code.to_string(),
        status_text: failed.status_text.clone(),
        error_message: message(failed.kind).to_owned(),
        errored_at: fail.at,
        resolved_at: None,
    });
    match fail.apply(tx).await? {
        Applied::Done | Applied::Gone => {}
        Applied::Refused(_) => return Err(AppError::Internal("a failure was refused")),
    }
    note(
        tx,
        attempt,
        Some(outcome_of(failed.kind)),
        &failed.status_text,
    )
    .await
}

/// Notes in the journey how it went.
pub(super) async fn note(
    tx: &mut Tx,
    attempt: &AuthorizationRequest,
    outcome: Option<Outcome>,
    status_text: &str,
) -> Result<(), AppError> {
    if let Some(journey) = attempt.journey {
        let (client, connection) = (attempt.client, attempt.connection);
        journey::acted(tx, client, journey, connection, outcome, status_text).await?;
    }
    Ok(())
}

/// How a journey ends that is left after such a failure.
pub const fn outcome_of(kind: FailureKind) -> Outcome {
    match kind {
        FailureKind::Declined => Outcome::Left,
        FailureKind::ThirdParty
        | FailureKind::Unreachable
        | FailureKind::TooFewScopes
        | FailureKind::WrongCompany
        | FailureKind::Untrusted
        | FailureKind::Interrupted
        | FailureKind::NotSetUp
        | FailureKind::NoCompany
        | FailureKind::AnotherActive
        | FailureKind::ConnectionGone => Outcome::Failed,
    }
}

/// What a failure means, for the client's staff.
const fn message(kind: FailureKind) -> &'static str {
    match kind {
        FailureKind::Declined => "The person declined access at the third party.",
        FailureKind::ThirdParty => "The third party answered with an error.",
        FailureKind::Unreachable => {
            "The third party could not be reached, or did not answer in time."
        }
        FailureKind::TooFewScopes => "The person allowed too little for the connection to work.",
        FailureKind::WrongCompany => {
            "Another company was authorized than the one that this connection holds."
        }
        FailureKind::Untrusted => "The answer did not come from the third party that was asked.",
        FailureKind::NoCompany => "What was authorized reaches no company that can be connected.",
        FailureKind::Interrupted => "The server was stopped while it exchanged the authorization.",
        FailureKind::NotSetUp => {
            "What was entered in the integration's settings was taken away, or is not good for its endpoints any more."
        }
        FailureKind::AnotherActive => "The company has another active connection of this kind.",
        FailureKind::ConnectionGone => "The connection was deleted meanwhile.",
    }
}
