//! The end of a connection's access, by the third party.

use handclasp_domain::{ClientId, Command, CompanyId, ConnectionError, ConnectionId, Timestamp};
use handclasp_integrations::Held;
use handclasp_integrations::provider::ProviderFailure;
use handclasp_store::credential::{self, SealedCredential};
use handclasp_store::refresh::{self, Seen};

use crate::credentials::Outgoing;
use crate::transition::Applied;
use crate::{App, AppError, Caller};

/// How a third party ended access: what the connection's error says.
#[derive(Debug, Clone)]
pub struct Ended(ConnectionError);

impl Ended {
    fn because(status_code: u16, status_text: &str, message: &str, at: Timestamp) -> Self {
        Self(ConnectionError {
            status_code: status_code.to_string(),
            status_text: status_text.to_owned(),
            error_message: message.to_owned(),
            errored_at: at,
            resolved_at: None,
        })
    }

    /// It does not take the refresh token any more.
    pub(crate) fn refused(failure: &ProviderFailure, tokens: &Held, at: Timestamp) -> Self {
        Self::because(
            failure.status_code(),
            tokens.without_tokens(failure.status_text()),
            "The third party has ended the access: it does not take the refresh token any more.",
            at,
        )
    }

    /// The access token ended, and there is no refresh token.
    pub(crate) fn expired(at: Timestamp) -> Self {
        Self::because(
            401,
            "",
            "The access has ended: it was given for a time that is over, and cannot be renewed.",
            at,
        )
    }

    /// It told us so itself, by a message that was checked to be its own.
    pub fn told(status_text: &str, at: Timestamp) -> Self {
        Self::because(
            403,
            status_text,
            "The third party told that the access was ended there.",
            at,
        )
    }
}

impl App {
    /// Makes a connection `Deauthorized`, after the third party said by itself that access has ended there: its credentials are
    /// destroyed, the client is told, and the error is recorded, all at once. Whoever calls this has made sure that it was the third
    /// party who said so. False where the connection is not linked (any more).
    pub async fn deauthorize(
        &self,
        client: ClientId,
        company: CompanyId,
        id: ConnectionId,
        ended: Ended,
    ) -> Result<bool, AppError> {
        for _ in 0..8 {
            let held = credential::find(&mut self.store(), client, id).await?;
            let Some(held) = held.filter(|held| held.company == company) else {
                return Ok(false);
            };
            if self.end_access(&held, ended.clone()).await? {
                return Ok(true);
            }
        }
        Err(AppError::Raced)
    }

    /// The same for the credentials that were read, and no others: where they were replaced or refreshed since, what the third party
    /// said is not about what is there now, and nothing changes. False then.
    pub(crate) async fn end_access(
        &self,
        held: &SealedCredential,
        ended: Ended,
    ) -> Result<bool, AppError> {
        let (client, id) = (held.client, held.connection);
        let integration = self.integration(held.platform_key)?.clone();
        let tokens = self.open_tokens(held)?;
        let outgoing = Outgoing {
            version: held.version,
            revocation: self.revocation(client, held.platform_key, &tokens, self.now())?,
        };
        for _ in 0..8 {
            let there = credential::find(&mut self.store(), client, id).await?;
            if there.is_none_or(|there| there.version != held.version) {
                return Ok(false);
            }
            let caller = Caller::system(client);
            let command = Command::Deauthorize;
            let mut change = self.change(&caller, held.company, id, &integration, command);
            change.outgoing = Some(outgoing.clone());
            change.failure = Some(ended.0.clone());
            let done = self
                .carry_out("deauthorize", change.mark(), change, |tx, change| {
                    Box::pin(async move {
                        match change.apply(tx).await? {
                            Applied::Done => Ok(()),
                            Applied::Gone => Err(AppError::Raced),
                            // Not confirmed yet: there is no access to be ended. It is not refreshed any more.
                            Applied::Refused(_) => {
                                let version = change.outgoing.as_ref().map_or(0, |out| out.version);
                                let (client, connection) = (change.client, change.connection);
                                let seen = Seen {
                                    client,
                                    connection,
                                    version,
                                };
                                Ok(refresh::fail(tx, seen, None).await?)
                            }
                        }
                    })
                })
                .await;
            match done {
                // Somebody changed the connection or what it holds: look which.
                Err(AppError::Raced) => {}
                Err(error) => return Err(error),
                Ok(()) => {
                    tracing::info!(connection = %id, integration = %held.platform_key, "a connection was ended by its third party");
                    self.events_written().notify_one();
                    return Ok(true);
                }
            }
        }
        Err(AppError::Raced)
    }
}
