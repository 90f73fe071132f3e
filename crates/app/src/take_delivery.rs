//! A third party's server delivers keys, while the person is at its pages.

use handclasp_domain::{AttemptState, ClientId, PlatformKey};
use handclasp_integrations::Auth;
use handclasp_store::attempt;

use crate::start_authorization::{parse_state, secrets_cell, state_text};
use crate::{App, AppError, Refusal};

impl App {
    /// Keeps what a third party's server delivers for an attempt until its person is back. Whoever knows the state may deliver, once;
    /// it links nothing by itself. Answers the status that tells the third party that it is kept; none where it is not, for whatever
    /// reason: who delivers is not told whether there is such an attempt.
    pub async fn take_delivery(
        &self,
        client: ClientId,
        platform_key: PlatformKey,
        body: &[u8],
    ) -> Result<Option<u16>, AppError> {
        let Some(integration) = self.catalogue().get(platform_key) else {
            return Ok(None);
        };
        let Auth::Delivery(declared) = &integration.auth else {
            return Ok(None);
        };
        let refused = |why: &dyn std::fmt::Display| {
            tracing::info!(integration = %platform_key, %why, "what was delivered is not taken");
            Ok(None)
        };
        let third_party = match self.third_party(client, integration).await {
            Ok(third_party) => third_party,
            Err(AppError::Refused(Refusal::NeedsCredentials(needs))) => return refused(&needs),
            Err(error) => return Err(error),
        };
        let delivered = match third_party.read_delivery(body) {
            Ok(delivered) => delivered,
            Err(malformed) => return refused(&malformed),
        };
        let Some((id, _)) = parse_state(delivered.state()) else {
            return refused(&"it names no attempt");
        };
        let found = attempt::find(&mut self.store(), client, id).await?;
        let found = found.filter(|found| {
            found.platform_key == platform_key && found.state == AttemptState::Started
        });
        let Some(found) = found else {
            return refused(&"there is no such attempt, or it is over");
        };
        let mut secrets = self.attempt_secrets(&found)?;
        let turn = found.state.on_callback(found.created, self.now());
        let state = state_text(found.id, &secrets);
        let values = match delivered.accept(&state, &turn, &secrets.kept) {
            Ok(values) => values,
            Err(why) => return refused(&why),
        };
        secrets.kept.extend(&values);
        let sealed = self
            .vault()
            .seal_json(&secrets_cell(client, found.id), &secrets)
            .map_err(|_| AppError::Internal("what was delivered can't be sealed"))?;
        let input = (client, found.id, found.sealed, sealed);
        let is_kept = self
            .store()
            .write("keep_delivery", input, |tx, (client, id, was, sealed)| {
                Box::pin(async move {
                    if attempt::deliver(tx, *client, *id, was, sealed).await? {
                        return Ok(true);
                    }
                    // Kept already, by a commit whose answer was lost.
                    let now = attempt::find(tx, *client, *id).await?;
                    Ok::<_, AppError>(now.is_some_and(|now| now.sealed == *sealed))
                })
            })
            .await?;
        match is_kept {
            true => Ok(Some(declared.answer)),
            false => refused(&"something else was kept meanwhile"),
        }
    }
}
