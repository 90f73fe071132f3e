//! The person is done, or leaves.

use handclasp_domain::redirect::Outcome;
use handclasp_domain::{ClientId, CompanyId};
use handclasp_store::journey;

use crate::journeys::Beginning;
use crate::{App, AppError, Browser, Destination, Journey, LinkView, Parameters};

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
    /// Ends the browser's journey; one that was never begun is begun for it, so that what the Link URL said is not lost.
    pub async fn finish_journey(
        &self,
        client: ClientId,
        company: CompanyId,
        browser: Browser,
        parameters: Option<Parameters>,
        ending: Ending,
    ) -> Result<(), AppError> {
        let beginning = Beginning {
            client,
            company,
            browser,
            parameters,
            id: self.id(),
            at: self.now(),
        };
        self.store()
            .write(
                "finish_journey",
                (beginning, ending),
                |tx, (beginning, ending)| {
                    Box::pin(async move {
                        let found = beginning.journey(tx).await?;
                        let outcome = outcome(&found, *ending);
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
        self.destination(
            &view.client,
            journey.company,
            acted,
            journey.outcome.unwrap_or(Outcome::NothingToTell),
            &journey.status_text,
            &journey.parameters.custom,
        )
        .map(Some)
    }
}

/// How a journey ends, by what was done in it and how the person ends it.
fn outcome(journey: &Journey, ending: Ending) -> Outcome {
    match ending {
        Ending::NotListed => Outcome::NotSupported,
        Ending::Complete if journey.linked_connection.is_some() => Outcome::Linked,
        Ending::Complete => Outcome::NothingToTell,
        Ending::Leave if journey.outcome == Some(Outcome::Failed) => Outcome::Failed,
        Ending::Leave => Outcome::Left,
    }
}
