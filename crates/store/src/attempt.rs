//! Authorization requests.

use handclasp_domain::{
    AttemptFailure, AttemptId, AttemptState, ClientId, CompanyId, ConnectionId, FailureKind,
    JourneyId, PlatformKey, ReplicaId, Timestamp,
};

use crate::journey::Parameters;
use crate::reader::{Reader, from_json, to_json};
use crate::{Row, StoreError, Tx, statements, values};

/// One attempt to sign in at a third party.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AuthorizationRequest {
    /// The tenant.
    pub client: ClientId,
    /// Its id, which the OAuth `state` begins with.
    pub id: AttemptId,
    /// The company.
    pub company: CompanyId,
    /// The connection.
    pub connection: ConnectionId,
    /// The integration.
    pub platform_key: PlatformKey,
    /// The journey that it belongs to; none where it was started by a connection's own address.
    pub journey: Option<JourneyId>,
    /// The hash of the starting browser's cookie.
    pub browser: [u8; 32],
    /// What the connection's own address said; empty where there is a journey, which knows.
    pub parameters: Parameters,
    /// The state secret, PKCE verifier and nonce, sealed.
    pub sealed: Vec<u8>,
    /// Where it stands.
    pub state: AttemptState,
    /// When it began.
    pub created: Timestamp,
}

macro_rules! columns {
    () => {
        "client_id, id, company_id, connection_id, platform_key, journey_id, browser, parameters, sealed,
        state, claimed_by, claimed_at, failure, status_text, created"
    };
}

statements! {
    /// An attempt.
    INSERT = concat!("INSERT INTO authorization_request (", columns!(), ")
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15)");
    /// One attempt.
    GET = concat!("SELECT ", columns!(), " FROM authorization_request WHERE client_id = $1 AND id = $2");
    /// The newest attempt of a connection.
    LATEST = concat!("SELECT ", columns!(), " FROM authorization_request
        WHERE client_id = $1 AND connection_id = $2 ORDER BY created DESC LIMIT 1");
    /// The one callback that exchanges the code.
    TAKE = "UPDATE authorization_request SET state = 'exchanging', claimed_by = $3, claimed_at = $4
        WHERE client_id = $1 AND id = $2 AND state = 'started'";
    /// How it went, by whoever holds it. The sealed secrets are of no more use.
    FINISH = "UPDATE authorization_request SET state = $4, failure = $5, status_text = $6, sealed = $7
        WHERE client_id = $1 AND id = $2 AND state = 'exchanging' AND claimed_by = $3";
    /// The attempts of a company.
    DELETE_OF_COMPANY = "DELETE FROM authorization_request WHERE client_id = $1 AND connection_id IN (
        SELECT id FROM connection WHERE client_id = $1 AND company_id = $2)";
    /// The attempts of a connection.
    DELETE_OF_CONNECTION = "DELETE FROM authorization_request WHERE client_id = $1 AND connection_id = $2";
    /// Old attempts, a bounded number at a time.
    PURGE = "DELETE FROM authorization_request WHERE id IN (
        SELECT id FROM authorization_request WHERE created < $1 ORDER BY created LIMIT $2) AND created < $1";
}

fn state_word(state: &AttemptState) -> &'static str {
    match state {
        AttemptState::Started => "started",
        AttemptState::Exchanging { .. } => "exchanging",
        AttemptState::Completed => "completed",
        AttemptState::Failed(_) => "failed",
        AttemptState::Expired => "expired",
    }
}

fn attempt(row: &Row) -> Result<AuthorizationRequest, StoreError> {
    let corrupt =
        |what: &str| StoreError::corrupt(format!("authorization_request.{what} is not as stored"));
    let state = match (
        row.get::<String>(9)?.as_str(),
        row.get::<Option<ReplicaId>>(10)?,
        row.get::<Option<Timestamp>>(11)?,
        row.get::<Option<String>>(12)?,
    ) {
        ("started", ..) => AttemptState::Started,
        ("exchanging", Some(by), Some(since), _) => AttemptState::Exchanging { by, since },
        ("completed", ..) => AttemptState::Completed,
        ("failed", _, _, Some(kind)) => AttemptState::Failed(AttemptFailure {
            kind: FailureKind::parse(&kind).ok_or_else(|| corrupt("failure"))?,
            status_text: row.get(13)?,
        }),
        ("expired", ..) => AttemptState::Expired,
        _ => return Err(corrupt("state")),
    };
    Ok(AuthorizationRequest {
        client: row.get(0)?,
        id: row.get(1)?,
        company: row.get(2)?,
        connection: row.get(3)?,
        platform_key: row
            .get::<String>(4)?
            .parse()
            .map_err(|_| corrupt("platform_key"))?,
        journey: row.get(5)?,
        browser: row
            .get::<Vec<u8>>(6)?
            .try_into()
            .map_err(|_| corrupt("browser"))?,
        parameters: from_json("authorization_request.parameters", &row.get::<String>(7)?)?,
        sealed: row.get(8)?,
        state,
        created: row.get(14)?,
    })
}

/// Adds an attempt that has just been started.
pub async fn insert(tx: &mut Tx, attempt: &AuthorizationRequest) -> Result<(), StoreError> {
    let parameters = to_json("authorization_request.parameters", &attempt.parameters)?;
    tx.execute(
        &INSERT,
        values![
            attempt.client,
            attempt.id,
            attempt.company,
            attempt.connection,
            attempt.platform_key.as_str(),
            attempt.journey,
            &attempt.browser,
            &parameters,
            &attempt.sealed,
            state_word(&attempt.state),
            None::<ReplicaId>,
            None::<Timestamp>,
            None::<&str>,
            "",
            attempt.created
        ],
    )
    .await?;
    Ok(())
}

/// Finds an attempt.
pub async fn find(
    on: &mut impl Reader,
    client: ClientId,
    id: AttemptId,
) -> Result<Option<AuthorizationRequest>, StoreError> {
    on.row(&GET, values![client, id])
        .await?
        .as_ref()
        .map(attempt)
        .transpose()
}

/// Finds the newest attempt of a connection.
pub async fn latest(
    on: &mut impl Reader,
    client: ClientId,
    connection: ConnectionId,
) -> Result<Option<AuthorizationRequest>, StoreError> {
    on.row(&LATEST, values![client, connection])
        .await?
        .as_ref()
        .map(attempt)
        .transpose()
}

/// Takes an attempt that nobody has taken; false where somebody was faster.
pub async fn take(
    tx: &mut Tx,
    client: ClientId,
    id: AttemptId,
    by: ReplicaId,
    at: Timestamp,
) -> Result<bool, StoreError> {
    Ok(tx.execute(&TAKE, values![client, id, by, at]).await? == 1)
}

/// Ends an attempt that `by` holds, and destroys its secrets; false where `by` does not hold it any more.
pub async fn finish(
    tx: &mut Tx,
    client: ClientId,
    id: AttemptId,
    by: ReplicaId,
    state: &AttemptState,
) -> Result<bool, StoreError> {
    let (kind, text) = match state {
        AttemptState::Failed(failure) => {
            (Some(failure.kind.as_str()), failure.status_text.as_str())
        }
        AttemptState::Started
        | AttemptState::Exchanging { .. }
        | AttemptState::Completed
        | AttemptState::Expired => (None, ""),
    };
    let nothing: &[u8] = &[];
    let changed = tx
        .execute(
            &FINISH,
            values![client, id, by, state_word(state), kind, text, nothing],
        )
        .await?;
    Ok(changed == 1)
}

/// Deletes the attempts of a company's connections. Before the connections themselves.
pub async fn delete_of_company(
    tx: &mut Tx,
    client: ClientId,
    company: CompanyId,
) -> Result<(), StoreError> {
    tx.execute(&DELETE_OF_COMPANY, values![client, company])
        .await?;
    Ok(())
}

/// Deletes the attempts of a connection.
pub async fn delete_of_connection(
    tx: &mut Tx,
    client: ClientId,
    connection: ConnectionId,
) -> Result<(), StoreError> {
    tx.execute(&DELETE_OF_CONNECTION, values![client, connection])
        .await?;
    Ok(())
}

/// Deletes up to `limit` attempts begun before `before`; how many.
pub async fn purge(tx: &mut Tx, before: Timestamp, limit: u32) -> Result<u64, StoreError> {
    tx.execute(&PURGE, values![before, limit]).await
}
