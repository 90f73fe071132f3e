//! The person says which of several companies is to be connected.

use handclasp_domain::{AttemptState, FailureKind};
use handclasp_integrations::Integration;
use handclasp_store::attempt::{self, AuthorizationRequest};
use handclasp_store::credential::Revocation;

use crate::callback::{Choice, Failed};
use crate::credentials::Unwanted;
use crate::start_authorization::secrets_cell;
use crate::{App, AppError, Caller, while_raced};

/// A company that an authorization reaches.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OfferedAccount {
    /// Its id at the third party.
    pub id: String,
    /// Its name there; empty where the third party told none.
    pub name: String,
}

impl App {
    /// Which companies the person can choose of; none where there is nothing to be chosen any more.
    pub fn offered_accounts(
        &self,
        attempt: &AuthorizationRequest,
    ) -> Result<Option<Vec<OfferedAccount>>, AppError> {
        if attempt.state != AttemptState::Choosing {
            return Ok(None);
        }
        let choice = self.choice_of(attempt)?;
        let offered = choice.accounts.iter().map(|account| OfferedAccount {
            id: account.id.clone(),
            name: account.name.clone(),
        });
        Ok(Some(offered.collect()))
    }

    /// Connects the company that the person chose. [`AppError::NotFound`] where it is none of those that were offered.
    pub async fn choose_account(
        &self,
        caller: &Caller,
        attempt: &AuthorizationRequest,
        id: &str,
    ) -> Result<(), AppError> {
        if attempt.state != AttemptState::Choosing {
            // Pressed twice, or in another tab: the result is shown.
            return Ok(());
        }
        let choice = self.choice_of(attempt)?;
        let account = choice.accounts.iter().find(|account| account.id == id);
        let account = account.ok_or(AppError::NotFound("company"))?;
        let integration = self.integration(attempt.platform_key)?.clone();
        let granted = self.granted(attempt, &integration, &choice, Some(account))?;
        while_raced(|| self.save_success(caller, attempt, &integration, &granted, None)).await?;
        self.events_written().notify_one();
        Ok(())
    }

    /// Ends a choice that the person did not make in time, or does not want to make. What was fetched is revoked.
    pub(crate) async fn end_choice(
        &self,
        caller: &Caller,
        attempt: &AuthorizationRequest,
    ) -> Result<(), AppError> {
        if attempt.state != AttemptState::Choosing {
            return Ok(());
        }
        let integration = self.integration(attempt.platform_key)?.clone();
        let failed = Failed::because(FailureKind::Declined, 403)
            .revoking(self.unchosen(attempt, &integration)?);
        while_raced(|| self.save_failure(caller, attempt, None, &integration, &failed)).await
    }

    /// The tokens of an attempt whose person is choosing, for the revocation queue.
    fn unchosen(
        &self,
        attempt: &AuthorizationRequest,
        integration: &Integration,
    ) -> Result<Unwanted, AppError> {
        self.unwanted(attempt, integration, &self.choice_of(attempt)?.held)
    }

    /// The same where all that the person allowed is to end, whatever else works.
    pub(crate) fn unchosen_revocation(
        &self,
        attempt: &AuthorizationRequest,
    ) -> Result<Revocation, AppError> {
        let held = &self.choice_of(attempt)?.held;
        self.revocation(attempt.client, attempt.platform_key, held, self.now())
    }

    fn choice_of(&self, attempt: &AuthorizationRequest) -> Result<Choice, AppError> {
        self.vault()
            .open_json(&secrets_cell(attempt.client, attempt.id), &attempt.sealed)
            .map_err(|_| AppError::Internal("a choice can't be opened"))
    }

    /// Notes that there is something to choose. Tokens of an attempt that is not ours any more are revoked.
    pub(crate) async fn save_choice(
        &self,
        found: &AuthorizationRequest,
        by: handclasp_domain::ReplicaId,
        sealed: &[u8],
        unwanted: &Unwanted,
    ) -> Result<(), AppError> {
        let input = (
            found.client,
            found.id,
            by,
            sealed.to_vec(),
            unwanted.clone(),
        );
        self.store()
            .write(
                "offer_accounts",
                input,
                |tx, (client, id, by, sealed, unwanted)| {
                    Box::pin(async move {
                        if attempt::offer(tx, *client, *id, *by, sealed).await? {
                            return Ok(());
                        }
                        // Saved already, by a commit whose answer was lost.
                        let now = attempt::find(tx, *client, *id).await?;
                        if now.is_some_and(|now| now.state == AttemptState::Choosing) {
                            return Ok(());
                        }
                        unwanted.queue(tx).await
                    })
                },
            )
            .await
    }
}
