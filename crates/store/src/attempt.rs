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
        state, claimed_by, claimed_at, failure, status_text, created, other_party"
    };
}

statements! {
    /// An attempt.
    INSERT = concat!("INSERT INTO authorization_request (", columns!(), ")
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16)");
    /// One attempt.
    GET = concat!("SELECT ", columns!(), " FROM authorization_request WHERE client_id = $1 AND id = $2");
    /// A company's attempts.
    OF_COMPANY = concat!("SELECT ", columns!(), " FROM authorization_request
        WHERE client_id = $1 AND company_id = $2 ORDER BY created, id");
    /// Attempts whose holder is dead, or has had them for too long.
    ABANDONED = concat!("SELECT ", columns!(), " FROM authorization_request
        WHERE state = 'exchanging' AND claimed_at < $1 AND (claimed_at < $2 OR (claimed_by <> $3 AND NOT EXISTS (
            SELECT 1 FROM replica WHERE replica.id = authorization_request.claimed_by AND replica.alive_until > $4)))
        ORDER BY claimed_at LIMIT $5");
    /// The one callback that exchanges the code.
    TAKE = "UPDATE authorization_request SET state = 'exchanging', claimed_by = $3, claimed_at = $4
        WHERE client_id = $1 AND id = $2 AND state = 'started'";
    /// How it went, by whoever holds it. The sealed secrets are of no more use.
    FINISH = "UPDATE authorization_request SET state = $4, failure = $5, status_text = $6, other_party = $7, sealed = $8
        WHERE client_id = $1 AND id = $2 AND state = 'exchanging' AND claimed_by = $3";
    /// The end of a choice, made or not.
    FINISH_CHOICE = "UPDATE authorization_request SET state = $3, failure = $4, status_text = $5, other_party = $6, sealed = $7
        WHERE client_id = $1 AND id = $2 AND state = 'choosing'";
    /// What is to be chosen, by whoever holds the attempt.
    OFFER = "UPDATE authorization_request SET state = 'choosing', sealed = $4
        WHERE client_id = $1 AND id = $2 AND state = 'exchanging' AND claimed_by = $3";
    /// What was typed before the person goes.
    PREPARE = "UPDATE authorization_request SET sealed = $3 WHERE client_id = $1 AND id = $2 AND state = 'started'";
    /// What was delivered before the person is back.
    DELIVER = "UPDATE authorization_request SET sealed = $4 WHERE client_id = $1 AND id = $2 AND state = 'started' AND sealed = $3";
    /// Attempts in which nobody chose in time.
    UNCHOSEN = concat!("SELECT ", columns!(), " FROM authorization_request
        WHERE state = 'choosing' AND created < $1 ORDER BY created LIMIT $2");
    /// Attempts of a company in which somebody is choosing.
    CHOOSING = concat!("SELECT ", columns!(), " FROM authorization_request
        WHERE client_id = $1 AND company_id = $2 AND state = 'choosing'");
    /// The attempts of a company.
    DELETE_OF_COMPANY = "DELETE FROM authorization_request WHERE client_id = $1 AND company_id = $2";
    /// The attempts of a connection that is gone: whoever comes back is told so.
    ORPHAN = "UPDATE authorization_request SET state = 'failed', failure = $4, sealed = $5
        WHERE client_id = $1 AND company_id = $2 AND connection_id = $3 AND state IN ('started', 'exchanging')";
    /// Attempts that nobody came back to in time, a bounded number at a time.
    EXPIRE = "UPDATE authorization_request SET state = 'expired', sealed = $3
        WHERE state = 'started' AND created < $1 AND id IN (
        SELECT id FROM authorization_request WHERE state = 'started' AND created < $1 ORDER BY created LIMIT $2)";
    /// Old attempts, a bounded number at a time.
    PURGE = "DELETE FROM authorization_request WHERE id IN (
        SELECT id FROM authorization_request WHERE created < $1 ORDER BY created LIMIT $2) AND created < $1";
}

fn state_word(state: &AttemptState) -> &'static str {
    match state {
        AttemptState::Started => "started",
        AttemptState::Exchanging { .. } => "exchanging",
        AttemptState::Choosing => "choosing",
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
        ("choosing", ..) => AttemptState::Choosing,
        ("completed", ..) => AttemptState::Completed,
        ("failed", _, _, Some(kind)) => AttemptState::Failed(AttemptFailure {
            kind: FailureKind::parse(&kind).ok_or_else(|| corrupt("failure"))?,
            status_text: row.get(13)?,
            other_party: row.get(15)?,
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
            attempt.created,
            None::<&str>
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

/// A company's attempts, the newest last.
pub async fn of_company(
    on: &mut impl Reader,
    client: ClientId,
    company: CompanyId,
) -> Result<Vec<AuthorizationRequest>, StoreError> {
    on.rows(&OF_COMPANY, values![client, company])
        .await?
        .iter()
        .map(attempt)
        .collect()
}

/// Since when attempts are taken for abandoned. See [`abandoned`].
#[derive(Debug, Clone, Copy)]
pub struct Abandoned {
    /// Who asks; its own attempts are abandoned only by their age.
    pub by: ReplicaId,
    /// Now: holders that have shown no life until then are dead.
    pub now: Timestamp,
    /// What was taken before this is abandoned where its holder is dead.
    pub of_the_dead: Timestamp,
    /// What was taken before this is abandoned in any case.
    pub of_anybody: Timestamp,
}

/// Finds up to `limit` attempts that are being exchanged and will never be finished.
pub async fn abandoned(
    on: &mut impl Reader,
    which: Abandoned,
    limit: u32,
) -> Result<Vec<AuthorizationRequest>, StoreError> {
    on.rows(
        &ABANDONED,
        values![
            which.of_the_dead,
            which.of_anybody,
            which.by,
            which.now,
            limit
        ],
    )
    .await?
    .iter()
    .map(attempt)
    .collect()
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

/// Keeps what a person typed, while they have not gone; false where they have.
pub async fn prepare(
    tx: &mut Tx,
    client: ClientId,
    id: AttemptId,
    sealed: &[u8],
) -> Result<bool, StoreError> {
    Ok(tx.execute(&PREPARE, values![client, id, sealed]).await? == 1)
}

/// Keeps what was delivered, while the person is not back and nothing else was kept since `was` was read; false otherwise.
pub async fn deliver(
    tx: &mut Tx,
    client: ClientId,
    id: AttemptId,
    was: &[u8],
    sealed: &[u8],
) -> Result<bool, StoreError> {
    let values = values![client, id, was, sealed];
    Ok(tx.execute(&DELIVER, values).await? == 1)
}

/// Keeps what there is to choose; false where `by` does not hold the attempt any more.
pub async fn offer(
    tx: &mut Tx,
    client: ClientId,
    id: AttemptId,
    by: ReplicaId,
    sealed: &[u8],
) -> Result<bool, StoreError> {
    Ok(tx.execute(&OFFER, values![client, id, by, sealed]).await? == 1)
}

/// Finds up to `limit` attempts begun before `before` in which nobody chose.
pub async fn unchosen(
    on: &mut impl Reader,
    before: Timestamp,
    limit: u32,
) -> Result<Vec<AuthorizationRequest>, StoreError> {
    on.rows(&UNCHOSEN, values![before, limit])
        .await?
        .iter()
        .map(attempt)
        .collect()
}

/// A company's attempts in which somebody is choosing: they hold tokens.
pub async fn choosing(
    on: &mut impl Reader,
    client: ClientId,
    company: CompanyId,
) -> Result<Vec<AuthorizationRequest>, StoreError> {
    on.rows(&CHOOSING, values![client, company])
        .await?
        .iter()
        .map(attempt)
        .collect()
}

/// Ends an attempt that `by` holds, or in which a person has chosen, and destroys its secrets; false where it is not theirs to end any
/// more.
pub async fn finish(
    tx: &mut Tx,
    client: ClientId,
    id: AttemptId,
    by: Option<ReplicaId>,
    state: &AttemptState,
) -> Result<bool, StoreError> {
    let (kind, text, other) = match state {
        AttemptState::Failed(failure) => (
            Some(failure.kind.as_str()),
            failure.status_text.as_str(),
            failure.other_party.as_deref(),
        ),
        AttemptState::Started
        | AttemptState::Exchanging { .. }
        | AttemptState::Choosing
        | AttemptState::Completed
        | AttemptState::Expired => (None, "", None),
    };
    let word = state_word(state);
    let changed = match by {
        Some(by) => {
            let row = values![client, id, by, word, kind, text, other, NOTHING];
            tx.execute(&FINISH, row).await?
        }
        None => {
            let row = values![client, id, word, kind, text, other, NOTHING];
            tx.execute(&FINISH_CHOICE, row).await?
        }
    };
    Ok(changed == 1)
}

/// What is left of secrets that are destroyed.
const NOTHING: &[u8] = &[];

/// Deletes the attempts of a company's connections, deleted ones included.
pub async fn delete_of_company(
    tx: &mut Tx,
    client: ClientId,
    company: CompanyId,
) -> Result<(), StoreError> {
    tx.execute(&DELETE_OF_COMPANY, values![client, company])
        .await?;
    Ok(())
}

/// Ends the attempts of a connection that is being deleted, and destroys their secrets.
pub async fn orphan(
    tx: &mut Tx,
    client: ClientId,
    company: CompanyId,
    connection: ConnectionId,
) -> Result<(), StoreError> {
    let gone = FailureKind::ConnectionGone.as_str();
    let row = values![client, company, connection, gone, NOTHING];
    tx.execute(&ORPHAN, row).await?;
    Ok(())
}

/// Notes of up to `limit` attempts begun before `before` that nobody came back to them, and destroys their secrets; of how many.
pub async fn expire(tx: &mut Tx, before: Timestamp, limit: u32) -> Result<u64, StoreError> {
    tx.execute(&EXPIRE, values![before, limit, NOTHING]).await
}

/// Deletes up to `limit` attempts begun before `before`; how many.
pub async fn purge(tx: &mut Tx, before: Timestamp, limit: u32) -> Result<u64, StoreError> {
    tx.execute(&PURGE, values![before, limit]).await
}
