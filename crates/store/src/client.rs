//! Clients, their profile and their API keys.

use handclasp_domain::{ApiKey, ApiKeyId, ClientId, Scopes, Timestamp};

use crate::quota::Quota;
use crate::reader::{Reader, from_json, to_json};
use crate::{Row, StoreError, Tx, statements, values};

/// One tenant of the server, with its profile.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Client {
    /// Its id.
    pub id: ClientId,
    /// Its name, as its customers know it.
    pub name: String,
    /// Where journeys end; empty where none is set.
    pub redirect_url: String,
    /// The allowed redirect URLs, as they were given.
    pub allowed_redirect_urls: Vec<String>,
    /// The address of its logo; kept and told, and shown on no page.
    pub logo_url: Option<String>,
    /// The address of its icon; kept and told, and shown on no page.
    pub icon_url: Option<String>,
    /// Whether it says that its name is confirmed; kept and told, nothing more.
    pub confirm_company_name: bool,
    /// What messages of rules carry as `Authorization`, sealed.
    pub alert_auth_header: Option<Vec<u8>>,
    /// When it was made.
    pub created: Timestamp,
    /// Counts the changes of the profile.
    pub version: i64,
}

macro_rules! columns {
    () => {
        "id, name, redirect_url, allowed_redirect_urls, created, version, logo_url, icon_url, confirm_company_name, alert_auth_header"
    };
}

statements! {
    /// A client.
    INSERT = concat!("INSERT INTO client (", columns!(), ") VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)");
    /// One client.
    GET = concat!("SELECT ", columns!(), " FROM client WHERE id = $1");
    /// All clients.
    LIST = concat!("SELECT ", columns!(), " FROM client ORDER BY created, id"), whole_table = "a server holds few clients, and only the operator lists them";
    /// The profile, if nobody changed it meanwhile.
    UPDATE = "UPDATE client SET name = $3, redirect_url = $4, allowed_redirect_urls = $5, logo_url = $6, icon_url = $7,
        confirm_company_name = $8, alert_auth_header = $9, version = version + 1
        WHERE id = $1 AND version = $2";
    /// An API key.
    INSERT_KEY = "INSERT INTO api_key (client_id, id, name, hash, scopes, created)
        VALUES ($1, $2, $3, $4, $5, $6)";
    /// The key with this hash, and its client's quota.
    KEY_BY_HASH = "SELECT k.client_id, k.id, k.name, k.scopes, k.created, k.last_used, q.daily, q.day, q.used, q.reached
        FROM api_key k LEFT JOIN client_quota q ON q.client_id = k.client_id
        WHERE k.client_id = $1 AND k.hash = $2";
    /// A client's keys.
    KEYS = "SELECT client_id, id, name, scopes, created, last_used FROM api_key
        WHERE client_id = $1 ORDER BY created, id LIMIT 100";
    /// An API key that is to be no more.
    DELETE_KEY = "DELETE FROM api_key WHERE client_id = $1 AND id = $2";
    /// When a key was last used, unless another replica knows of a later use.
    USED = "UPDATE api_key SET last_used = $3 WHERE client_id = $1 AND id = $2 AND (last_used IS NULL OR last_used < $3)";
}

fn client(row: &Row) -> Result<Client, StoreError> {
    Ok(Client {
        id: row.get(0)?,
        name: row.get(1)?,
        redirect_url: row.get(2)?,
        allowed_redirect_urls: from_json("client.allowed_redirect_urls", &row.get::<String>(3)?)?,
        created: row.get(4)?,
        version: row.get(5)?,
        logo_url: row.get(6)?,
        icon_url: row.get(7)?,
        confirm_company_name: row.get(8)?,
        alert_auth_header: row.get(9)?,
    })
}

fn key(row: &Row) -> Result<ApiKey, StoreError> {
    Ok(ApiKey {
        client: row.get(0)?,
        id: row.get(1)?,
        name: row.get(2)?,
        scopes: Scopes::from_bits(row.get(3)?),
        created: row.get(4)?,
        last_used: row.get(5)?,
    })
}

/// Adds a client.
pub async fn insert(tx: &mut Tx, client: &Client) -> Result<(), StoreError> {
    let allowed = to_json(
        "client.allowed_redirect_urls",
        &client.allowed_redirect_urls,
    )?;
    tx.execute(
        &INSERT,
        values![
            client.id,
            &client.name,
            &client.redirect_url,
            &allowed,
            client.created,
            client.version,
            &client.logo_url,
            &client.icon_url,
            client.confirm_company_name,
            &client.alert_auth_header
        ],
    )
    .await?;
    Ok(())
}

/// Finds a client.
pub async fn find(on: &mut impl Reader, id: ClientId) -> Result<Option<Client>, StoreError> {
    on.row(&GET, values![id])
        .await?
        .as_ref()
        .map(client)
        .transpose()
}

/// All clients, the oldest first.
pub async fn list(on: &mut impl Reader) -> Result<Vec<Client>, StoreError> {
    on.rows(&LIST, values![])
        .await?
        .iter()
        .map(client)
        .collect()
}

/// Saves a changed profile. `client.version` is the one that was read; false where it is no longer that.
pub async fn update(tx: &mut Tx, client: &Client) -> Result<bool, StoreError> {
    let allowed = to_json(
        "client.allowed_redirect_urls",
        &client.allowed_redirect_urls,
    )?;
    let changed = tx
        .execute(
            &UPDATE,
            values![
                client.id,
                client.version,
                &client.name,
                &client.redirect_url,
                &allowed,
                &client.logo_url,
                &client.icon_url,
                client.confirm_company_name,
                &client.alert_auth_header
            ],
        )
        .await?;
    Ok(changed == 1)
}

/// Adds an API key by the hash of its text.
pub async fn insert_key(tx: &mut Tx, key: &ApiKey, hash: &[u8; 32]) -> Result<(), StoreError> {
    tx.execute(
        &INSERT_KEY,
        values![
            key.client,
            key.id,
            &key.name,
            hash,
            key.scopes.bits(),
            key.created
        ],
    )
    .await?;
    Ok(())
}

/// Finds a key by the hash of its text, with what is known of its client's quota.
pub async fn find_key(
    on: &mut impl Reader,
    client: ClientId,
    hash: &[u8; 32],
) -> Result<Option<(ApiKey, Quota)>, StoreError> {
    on.row(&KEY_BY_HASH, values![client, hash])
        .await?
        .map(|row| Ok((key(&row)?, Quota::read(&row, 6)?)))
        .transpose()
}

/// Deletes a key; false where there is none.
pub async fn delete_key(tx: &mut Tx, client: ClientId, id: ApiKeyId) -> Result<bool, StoreError> {
    Ok(tx.execute(&DELETE_KEY, values![client, id]).await? == 1)
}

/// Notes when keys were last used, all in one go. They come in the order of their ids, so that two replicas do not each wait for the
/// other.
pub async fn note_uses(
    tx: &mut Tx,
    uses: &[(ClientId, ApiKeyId, Timestamp)],
) -> Result<(), StoreError> {
    let rows: Vec<_> = uses
        .iter()
        .map(|(client, id, at)| values![*client, *id, *at].to_vec())
        .collect();
    tx.insert_many(&USED, &rows).await?;
    Ok(())
}

/// A client's keys, the oldest first.
pub async fn keys(on: &mut impl Reader, client: ClientId) -> Result<Vec<ApiKey>, StoreError> {
    on.rows(&KEYS, values![client])
        .await?
        .iter()
        .map(key)
        .collect()
}
