//! How a refresh ended, written down.

use handclasp_domain::Timestamp;
use handclasp_integrations::oauth2::GrantedScopes;
use handclasp_integrations::{Granted, Held};
use handclasp_store::credential::{self, SealedCredential};
use handclasp_store::refresh::{self, Seen};

use super::schedule::Life;
use crate::{App, AppError};

impl App {
    /// Saves what the third party gave, before anybody gets it. Where the connection ended or was authorized anew meanwhile, what was
    /// given is of no use, and revoked.
    pub(super) async fn save_renewed(
        &self,
        held: &SealedCredential,
        old: &Held,
        answer: &Granted,
    ) -> Result<(), AppError> {
        let now = self.now();
        let tokens = &answer.held;
        let rotated = tokens.refresh_token != old.refresh_token;
        match &answer.scopes {
            GrantedScopes::Enough(_) => {}
            // What the token does is for whoever uses it to see. The person has changed something, and is the one to undo it.
            GrantedScopes::TooFew { missing, .. } => {
                tracing::warn!(connection = %held.connection, ?missing, "a refreshed token may do less than is needed");
            }
        }
        let integration = self.integration(held.platform_key)?.clone();
        let life = Life::after(held, answer, rotated, now);
        let fresh = SealedCredential {
            sealed: self.seal_held(held.client, held.connection, tokens)?,
            scopes: answer.scopes.granted().join(" "),
            expires_at: life.expires_at,
            lapses_at: life.lapses_at,
            due_at: life.due_at(now, integration.is_renewable(tokens), &**self.random()),
            failures: 0,
            claim: None,
            updated: now,
            version: held.version.saturating_add(1),
            ..held.clone()
        };
        // With the old refresh token still in use, it is whoever has that who is to revoke it.
        let unwanted = match rotated {
            true => Some(self.revocation(held.client, held.platform_key, tokens, now)?),
            false => None,
        };
        let ends_grant = integration.revocation_ends_grant();
        let input = (Seen::from(held), fresh, unwanted, ends_grant);
        self.while_unsaved(|| async {
            self.store()
                .write(
                    "renew_credential",
                    input.clone(),
                    |tx, (seen, fresh, unwanted, ends_grant)| {
                        Box::pin(async move {
                            if refresh::renew(tx, *seen, fresh).await? {
                                return Ok(());
                            }
                            let now = credential::find(tx, seen.client, seen.connection).await?;
                            let stays = now.is_some_and(|now| {
                                // Saved already, by a commit whose answer was lost; or others took their place, which would end with
                                // these.
                                let saved = (fresh.version, fresh.updated);
                                *ends_grant || (now.version, now.updated) == saved
                            });
                            if let (false, Some(unwanted)) = (stays, unwanted) {
                                credential::queue_revocation(tx, unwanted).await?;
                            }
                            Ok(())
                        })
                    },
                )
                .await
        })
        .await
    }

    /// Notes that there is nothing fresh for now.
    pub(super) async fn note_failure(
        &self,
        held: &SealedCredential,
        next: Option<Timestamp>,
    ) -> Result<(), AppError> {
        self.store()
            .queue(
                "note_refresh_failure",
                (Seen::from(held), next),
                |tx, (seen, next)| {
                    Box::pin(async move { Ok(refresh::fail(tx, *seen, *next).await?) })
                },
            )
            .await
    }

    /// Notes that a refusal is not believed, and that nobody asks before `next`.
    pub(super) async fn note_doubt(
        &self,
        held: &SealedCredential,
        next: Timestamp,
    ) -> Result<(), AppError> {
        self.store()
            .queue(
                "note_refresh_doubt",
                (Seen::from(held), next),
                |tx, (seen, next)| {
                    Box::pin(async move { Ok(refresh::hold(tx, *seen, *next).await?) })
                },
            )
            .await
    }
}
