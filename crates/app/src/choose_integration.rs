//! The person picks their software.

use handclasp_domain::{CompanyId, Connection, ConnectionId, JourneyId, PlatformKey};
use handclasp_store::{connection, journey};

use crate::create_connection::Creation;
use crate::journeys::PageOf;
use crate::{App, AppError, Browser, Caller, Refusal};

/// What the person picks.
#[derive(Debug, Clone, Copy)]
pub struct Choice {
    /// The integration.
    pub platform_key: PlatformKey,
    /// Whether it is for another company there than one that was connected before.
    pub another_company: bool,
}

/// A choice that was made.
#[derive(Debug, Clone, Copy)]
pub struct Chosen {
    /// The journey.
    pub journey: JourneyId,
    /// The connection to go on with.
    pub connection: ConnectionId,
}

impl App {
    /// Notes which integration the person picked: in the browser's journey, which begins here if it has not, and as a connection
    /// that waits for its authorization. One of the same integration that is not linked is taken up again, unless it holds
    /// a company at the third party and the person wants to connect another one.
    pub async fn choose_integration(
        &self,
        caller: &Caller,
        company: CompanyId,
        browser: Browser,
        page: PageOf,
        choice: Choice,
    ) -> Result<Chosen, AppError> {
        let integration = self.integration(choice.platform_key)?.clone();
        self.check_enabled(caller.client, &integration).await?;
        let beginning = self.beginning(caller.client, company, browser, page);
        let creation = self.creation(caller, company, &integration);
        let input = (self.clone(), integration, beginning, creation, choice);
        let chosen = self
            .store()
            .write(
                "choose_integration",
                input,
                |tx, (app, integration, beginning, creation, choice)| {
                    Box::pin(async move {
                        let journey = beginning.journey(tx).await?;
                        if !app.is_shown(integration, &journey.parameters) {
                            return Err(Refusal::NotEnabled.into());
                        }
                        let client = beginning.client;
                        let there = connection::of_company(tx, client, beginning.company).await?;
                        let connection = take_up(&there, creation, choice.another_company)?;
                        if connection == creation.connection.id {
                            creation.insert(tx).await?;
                        }
                        journey::acted(tx, client, journey.id, connection, None, "").await?;
                        Ok::<_, AppError>(Chosen {
                            journey: journey.id,
                            connection,
                        })
                    })
                },
            )
            .await?;
        self.events_written().notify_one();
        Ok(chosen)
    }
}

/// Which connection to go on with: one of the same integration that is not linked, else the new one.
fn take_up(
    there: &[Connection],
    creation: &Creation,
    another_company: bool,
) -> Result<ConnectionId, Refusal> {
    let new = &creation.connection;
    if let Some(active) = another_active(there, new) {
        return Err(Refusal::AnotherActive(active));
    }
    let again = there
        .iter()
        .rev()
        .filter(|held| held.platform_key == new.platform_key && !held.state.is_active())
        .find(|held| !another_company || held.third_party.is_none());
    Ok(again.map_or(new.id, |held| held.id))
}

/// The other active connection of a kind that a company may have once only.
pub(crate) fn another_active(there: &[Connection], wanted: &Connection) -> Option<ConnectionId> {
    if !wanted.source_type.is_exclusive() {
        return None;
    }
    there
        .iter()
        .find(|held| {
            held.id != wanted.id && held.source_type == wanted.source_type && held.state.is_active()
        })
        .map(|held| held.id)
}
