//! Journeys: what Link's pages show, and where a browser's walk through them stands.

use std::time::Duration;

use aws_lc_rs::digest::{SHA256, digest};
use handclasp_domain::{Actor, ClientId, CompanyId, CorrelationId, JourneyId, Timestamp};
use handclasp_store::journey::{self, Journey, Parameters};
use handclasp_store::{Tx, client, company};

use crate::{App, AppError, Caller, Client, CompanyWithConnections};

/// How long a journey can be taken up again.
pub(crate) const JOURNEY_LIFETIME: Duration = Duration::from_secs(30 * 24 * 60 * 60);

/// A browser, known by the hash of its cookie. The cookie itself is never stored.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Browser(pub(crate) [u8; 32]);

impl Browser {
    /// The browser that holds this cookie.
    pub fn of_cookie(value: &str) -> Self {
        let mut hash = [0; 32];
        hash.copy_from_slice(digest(&SHA256, value.as_bytes()).as_ref());
        Self(hash)
    }
}

/// What Link's pages are drawn from.
#[derive(Debug, Clone)]
pub struct LinkView {
    /// Who asks.
    pub client: Client,
    /// Whose books, and what is connected.
    pub company: CompanyWithConnections,
    /// This browser's journey, ended or not; none where it has not begun one.
    pub journey: Option<Journey>,
}

impl LinkView {
    /// The journey, if it is going on.
    pub fn running(&self, now: Timestamp) -> Option<&Journey> {
        self.journey
            .as_ref()
            .filter(|journey| is_running(journey, now))
    }
}

pub(crate) fn is_running(journey: &Journey, now: Timestamp) -> bool {
    journey.ended.is_none() && now.since(journey.started) < JOURNEY_LIFETIME
}

impl App {
    /// What a page of Link shows. Changes nothing.
    pub async fn link_view(
        &self,
        id: CompanyId,
        browser: Option<Browser>,
    ) -> Result<LinkView, AppError> {
        self.store()
            .read("link_view", (id, browser), |tx, (id, browser)| {
                Box::pin(async move {
                    let unknown = || AppError::NotFound("company");
                    let owner = company::locate(tx, *id).await?.ok_or_else(unknown)?;
                    Ok(LinkView {
                        client: client::find(tx, owner).await?.ok_or_else(unknown)?,
                        company: company::find_whole(tx, owner, *id)
                            .await?
                            .ok_or_else(unknown)?,
                        journey: match browser {
                            Some(browser) => journey::latest(tx, owner, *id, &browser.0).await?,
                            None => None,
                        },
                    })
                })
            })
            .await
    }

    /// A journey to be begun on a page, unless there is one to go on with.
    pub(crate) fn beginning(
        &self,
        client: ClientId,
        company: CompanyId,
        browser: Browser,
        page: PageOf,
    ) -> Beginning {
        Beginning {
            client,
            company,
            browser,
            parameters: page.said,
            of_page: page.journey,
            id: self.id(),
            at: self.now(),
        }
    }

    /// The company's person as a caller.
    pub fn person(
        client: ClientId,
        address: Option<String>,
        correlation: Option<CorrelationId>,
    ) -> Caller {
        Caller {
            client,
            actor: Actor::Person,
            name: None,
            address,
            correlation,
            once: None,
        }
    }
}

/// The page on which the person did something.
#[derive(Debug, Clone, Default)]
pub struct PageOf {
    /// What its address says, where that is more than the running journey knows.
    pub said: Option<Parameters>,
    /// The journey that ran when it was drawn.
    pub journey: Option<JourneyId>,
}

/// A journey to be begun, unless there is one to go on with.
#[derive(Clone)]
pub(crate) struct Beginning {
    pub(crate) client: ClientId,
    pub(crate) company: CompanyId,
    pub(crate) browser: Browser,
    /// What the Link URL said; none where the person is past its first page.
    pub(crate) parameters: Option<Parameters>,
    /// The journey that the page belonged to on which the person did something; none where there was none yet.
    pub(crate) of_page: Option<JourneyId>,
    pub(crate) id: JourneyId,
    pub(crate) at: Timestamp,
}

impl Beginning {
    /// The journey of the page, where it has ended: pressed twice, or on a page that the back button brought up again.
    pub(crate) async fn ended(&self, tx: &mut Tx) -> Result<Option<Journey>, AppError> {
        let Some(id) = self.of_page else {
            return Ok(None);
        };
        let found = journey::find(tx, self.client, id).await?;
        Ok(found.filter(|found| {
            found.company == self.company
                && found.browser == self.browser.0
                && !is_running(found, self.at)
        }))
    }

    /// The browser's running journey, or a new one. A Link URL with other parameters than those that the running one began with
    /// begins a new one: parameters are frozen at the start. One that goes on from a page of a journey that has ended says what
    /// that one said.
    pub(crate) async fn journey(&self, tx: &mut Tx) -> Result<Journey, AppError> {
        let latest = journey::latest(tx, self.client, self.company, &self.browser.0).await?;
        let running = latest.filter(|journey| is_running(journey, self.at));
        match (running, &self.parameters) {
            (Some(running), None) => Ok(running),
            (Some(running), Some(said)) if running.parameters == *said => Ok(running),
            (_, said) => {
                let parameters = match said {
                    Some(said) => said.clone(),
                    None => self
                        .ended(tx)
                        .await?
                        .map(|ended| ended.parameters)
                        .unwrap_or_default(),
                };
                let journey = Journey {
                    client: self.client,
                    id: self.id,
                    company: self.company,
                    browser: self.browser.0,
                    parameters,
                    started: self.at,
                    ended: None,
                    acted_connection: None,
                    linked_connection: None,
                    outcome: None,
                    status_text: String::new(),
                };
                journey::insert(tx, &journey).await?;
                Ok(journey)
            }
        }
    }
}
