//! Journeys: one browser's walk through Link for one company.

use handclasp_domain::redirect::{CustomParameters, Outcome};
use handclasp_domain::{ClientId, CompanyId, ConnectionId, JourneyId, Timestamp};
use serde::{Deserialize, Serialize};

use crate::reader::{Reader, from_json, to_json};
use crate::{Row, StoreError, Tx, statements, values};

/// A journey.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Journey {
    /// The tenant.
    pub client: ClientId,
    /// Its id.
    pub id: JourneyId,
    /// The company.
    pub company: CompanyId,
    /// The hash of the browser's cookie.
    pub browser: [u8; 32],
    /// What the Link URL said, frozen at the start.
    pub parameters: Parameters,
    /// When it began.
    pub started: Timestamp,
    /// When it ended; none while it goes on.
    pub ended: Option<Timestamp>,
    /// The connection last acted upon.
    pub acted_connection: Option<ConnectionId>,
    /// The connection last linked in it; none where none was.
    pub linked_connection: Option<ConnectionId>,
    /// How it went with the one last acted upon, so far; once it has ended, how it ended.
    pub outcome: Option<Outcome>,
    /// What the third party said to it.
    pub status_text: String,
}

/// What a Link URL says. Stored as JSON: fields may be added, never renamed or taken away.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Parameters {
    /// The client's own parameters.
    #[serde(default, skip_serializing_if = "CustomParameters::is_empty")]
    pub custom: CustomParameters,
    /// The language asked for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub locale: Option<String>,
    /// Whether sandbox integrations are to be shown, where the Link URL says so.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub show_sandbox: Option<bool>,
    /// What is to happen at a sandbox integration's sign-in, where the Link URL fixes that.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sandbox_scenario: Option<String>,
}

macro_rules! columns {
    () => {
        "client_id, id, company_id, browser, parameters, started, ended, acted_connection, linked_connection,
        outcome, status_text"
    };
}

statements! {
    /// A journey.
    INSERT = concat!("INSERT INTO journey (", columns!(), ") VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)");
    /// One journey.
    GET = concat!("SELECT ", columns!(), " FROM journey WHERE client_id = $1 AND id = $2");
    /// The newest journey of a browser for a company.
    LATEST = concat!("SELECT ", columns!(), " FROM journey
        WHERE client_id = $1 AND company_id = $2 AND browser = $3 ORDER BY started DESC LIMIT 1");
    /// What was acted upon.
    ACTED = "UPDATE journey SET acted_connection = $3, outcome = $4, status_text = $5,
        linked_connection = COALESCE($6, linked_connection)
        WHERE client_id = $1 AND id = $2 AND ended IS NULL";
    /// The end of a journey.
    END = "UPDATE journey SET ended = $3, outcome = $4 WHERE client_id = $1 AND id = $2 AND ended IS NULL";
    /// All journeys of a company.
    DELETE_OF_COMPANY = "DELETE FROM journey WHERE client_id = $1 AND company_id = $2";
    /// Old journeys, a bounded number at a time.
    PURGE = "DELETE FROM journey WHERE id IN (SELECT id FROM journey WHERE started < $1 ORDER BY started LIMIT $2) AND started < $1";
}

fn journey(row: &Row) -> Result<Journey, StoreError> {
    let corrupt = |what: &str| StoreError::corrupt(format!("journey.{what} is not as stored"));
    Ok(Journey {
        client: row.get(0)?,
        id: row.get(1)?,
        company: row.get(2)?,
        browser: row
            .get::<Vec<u8>>(3)?
            .try_into()
            .map_err(|_| corrupt("browser"))?,
        parameters: from_json("journey.parameters", &row.get::<String>(4)?)?,
        started: row.get(5)?,
        ended: row.get(6)?,
        acted_connection: row.get(7)?,
        linked_connection: row.get(8)?,
        outcome: row
            .get::<Option<i64>>(9)?
            .map(|code| Outcome::from_status_code(code).ok_or_else(|| corrupt("outcome")))
            .transpose()?,
        status_text: row.get(10)?,
    })
}

/// Begins a journey.
pub async fn insert(tx: &mut Tx, journey: &Journey) -> Result<(), StoreError> {
    let parameters = to_json("journey.parameters", &journey.parameters)?;
    tx.execute(
        &INSERT,
        values![
            journey.client,
            journey.id,
            journey.company,
            &journey.browser,
            &parameters,
            journey.started,
            journey.ended,
            journey.acted_connection,
            journey.linked_connection,
            journey.outcome.map(Outcome::status_code),
            &journey.status_text
        ],
    )
    .await?;
    Ok(())
}

/// Finds a journey.
pub async fn find(
    on: &mut impl Reader,
    client: ClientId,
    id: JourneyId,
) -> Result<Option<Journey>, StoreError> {
    on.row(&GET, values![client, id])
        .await?
        .as_ref()
        .map(journey)
        .transpose()
}

/// Finds the newest journey of a browser for a company, ended or not.
pub async fn latest(
    on: &mut impl Reader,
    client: ClientId,
    company: CompanyId,
    browser: &[u8; 32],
) -> Result<Option<Journey>, StoreError> {
    on.row(&LATEST, values![client, company, browser])
        .await?
        .as_ref()
        .map(journey)
        .transpose()
}

/// Notes which connection was acted upon, and how it went.
pub async fn acted(
    tx: &mut Tx,
    client: ClientId,
    id: JourneyId,
    connection: ConnectionId,
    outcome: Option<Outcome>,
    status_text: &str,
) -> Result<(), StoreError> {
    let linked = (outcome == Some(Outcome::Linked)).then_some(connection);
    let outcome = outcome.map(Outcome::status_code);
    tx.execute(
        &ACTED,
        values![client, id, connection, outcome, status_text, linked],
    )
    .await?;
    Ok(())
}

/// Ends a journey; false where it had ended.
pub async fn end(
    tx: &mut Tx,
    client: ClientId,
    id: JourneyId,
    at: Timestamp,
    outcome: Outcome,
) -> Result<bool, StoreError> {
    let changed = tx
        .execute(&END, values![client, id, at, outcome.status_code()])
        .await?;
    Ok(changed == 1)
}

/// Deletes the journeys of a company, and so ends the sessions of all its browsers.
pub async fn delete_of_company(
    tx: &mut Tx,
    client: ClientId,
    company: CompanyId,
) -> Result<(), StoreError> {
    tx.execute(&DELETE_OF_COMPANY, values![client, company])
        .await?;
    Ok(())
}

/// Deletes up to `limit` journeys that began before `before`; how many.
pub async fn purge(tx: &mut Tx, before: Timestamp, limit: u32) -> Result<u64, StoreError> {
    tx.execute(&PURGE, values![before, limit]).await
}
