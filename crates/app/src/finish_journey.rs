//! The person is done, or leaves.

use handclasp_domain::redirect::Outcome;
use handclasp_domain::{ClientId, CompanyId, Connection, ConnectionStatus};
use handclasp_store::{connection, journey};

use crate::journeys::PageOf;
use crate::{App, AppError, Browser, Destination, Journey, LinkView, Refusal};

/// How the person ends a journey.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ending {
    /// "Complete": all that was asked for is there.
    Complete,
    /// "Leave".
    Leave,
    /// "Mine is not listed".
    NotListed,
}

impl App {
    /// Ends the browser's journey; one that was never begun is begun for it, so that what the Link URL said is not lost. One
    /// that has ended already stays as it ended. To be done with nothing connected is refused.
    pub async fn finish_journey(
        &self,
        client: ClientId,
        company: CompanyId,
        browser: Browser,
        page: PageOf,
        ending: Ending,
    ) -> Result<(), AppError> {
        let beginning = self.beginning(client, company, browser, page);
        self.store()
            .write(
                "finish_journey",
                (beginning, ending),
                |tx, (beginning, ending)| {
                    Box::pin(async move {
                        if beginning.ended(tx).await?.is_some() {
                            return Ok(());
                        }
                        let found = beginning.journey(tx).await?;
                        let there = connection::of_company(tx, found.client, found.company).await?;
                        let outcome = outcome(&found, *ending, &there)?;
                        journey::end(tx, found.client, found.id, beginning.at, outcome).await?;
                        Ok(())
                    })
                },
            )
            .await
    }

    /// Where an ended journey leads; none while it goes on.
    pub fn journey_destination(&self, view: &LinkView) -> Result<Option<Destination>, AppError> {
        let Some(journey) = view
            .journey
            .as_ref()
            .filter(|journey| journey.ended.is_some())
        else {
            return Ok(None);
        };
        // "Linked" is said of one that was, whatever was tried after it.
        let told = match journey.outcome {
            Some(Outcome::Linked) => journey.linked_connection,
            None
            | Some(
                Outcome::NothingToTell | Outcome::Left | Outcome::Failed | Outcome::NotSupported,
            ) => journey.acted_connection,
        };
        let acted = view
            .company
            .connections
            .iter()
            .map(|held| &held.connection)
            .find(|held| Some(held.id) == told);
        let outcome = journey.outcome.unwrap_or(Outcome::NothingToTell);
        // What the third party said of an attempt after the one that linked is not about the one that is told of.
        let status_text = match outcome {
            Outcome::Left | Outcome::Failed => journey.status_text.as_str(),
            Outcome::Linked | Outcome::NothingToTell | Outcome::NotSupported => "",
        };
        self.destination(
            &view.client,
            journey.company,
            acted,
            outcome,
            status_text,
            &journey.parameters.custom,
        )
        .map(Some)
    }
}

/// How a journey ends, by what was done in it, what of that is still so, and how the person ends it.
fn outcome(journey: &Journey, ending: Ending, there: &[Connection]) -> Result<Outcome, Refusal> {
    let is_linked = |held: &&Connection| held.status() == ConnectionStatus::Linked;
    match ending {
        Ending::NotListed => Ok(Outcome::NotSupported),
        Ending::Leave if journey.outcome == Some(Outcome::Failed) => Ok(Outcome::Failed),
        Ending::Leave => Ok(Outcome::Left),
        Ending::Complete => {
            let mut linked = there.iter().filter(is_linked).peekable();
            if linked.peek().is_none() {
                return Err(Refusal::NothingLinked);
            }
            let in_this_one = linked.any(|held| Some(held.id) == journey.linked_connection);
            Ok(if in_this_one {
                Outcome::Linked
            } else {
                Outcome::NothingToTell
            })
        }
    }
}
