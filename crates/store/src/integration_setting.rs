//! What clients set for integrations, each with the values that its staff entered, sealed.

use std::collections::BTreeMap;

use handclasp_domain::{ClientId, PlatformKey, Timestamp};

use crate::reader::{Reader, from_json, to_json};
use crate::{Row, StoreError, Tx, statements, values};

/// What a client set for an integration, without the values that it entered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct IntegrationSetting {
    /// The tenant.
    pub client: ClientId,
    /// The integration.
    pub platform_key: PlatformKey,
    /// Whether companies are to be offered it.
    pub enabled: bool,
    /// What is asked for at the third party; none for what is declared.
    pub scopes: Option<Vec<String>>,
    /// Where it stands among those of its kind; none for where it is declared to.
    pub place: Option<u32>,
    /// The names of the values that are there, each with the endpoints for which it was entered.
    pub entered: BTreeMap<String, String>,
    /// When it was last changed.
    pub updated: Timestamp,
    /// Counts the changes, from 1.
    pub version: i64,
}

macro_rules! columns {
    () => {
        "client_id, platform_key, enabled, scopes, place, entered, updated, version"
    };
}

statements! {
    /// What a client set for an integration, and the sealed values.
    GET = concat!("SELECT ", columns!(), ", sealed FROM integration_setting WHERE client_id = $1 AND platform_key = $2");
    /// What a client set for all of its integrations, without the values.
    LIST = concat!("SELECT ", columns!(), " FROM integration_setting WHERE client_id = $1");
    /// The first setting of a client for an integration, unless somebody was faster.
    INSERT = concat!("INSERT INTO integration_setting (", columns!(), ", sealed) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)
        ON CONFLICT (client_id, platform_key) DO NOTHING");
    /// A later one, if nobody changed it meanwhile.
    UPDATE = "UPDATE integration_setting SET enabled = $3, scopes = $4, place = $5, entered = $6, updated = $7, version = $8, sealed = $9
        WHERE client_id = $1 AND platform_key = $2 AND version = $8 - 1";
}

fn setting(row: &Row) -> Result<IntegrationSetting, StoreError> {
    let scopes: Option<String> = row.get(3)?;
    Ok(IntegrationSetting {
        client: row.get(0)?,
        platform_key: row
            .get::<String>(1)?
            .parse()
            .map_err(|_| StoreError::corrupt("integration_setting.platform_key"))?,
        enabled: row.get(2)?,
        scopes: scopes
            .map(|text| from_json("integration_setting.scopes", &text))
            .transpose()?,
        place: row.get(4)?,
        entered: from_json("integration_setting.entered", &row.get::<String>(5)?)?,
        updated: row.get(6)?,
        version: row.get(7)?,
    })
}

/// Finds what a client set for an integration, with the sealed values.
pub async fn find(
    on: &mut impl Reader,
    client: ClientId,
    key: PlatformKey,
) -> Result<Option<(IntegrationSetting, Option<Vec<u8>>)>, StoreError> {
    on.row(&GET, values![client, key.as_str()])
        .await?
        .map(|row| Ok((setting(&row)?, row.get(8)?)))
        .transpose()
}

/// What a client set for all of its integrations.
pub async fn list(
    on: &mut impl Reader,
    client: ClientId,
) -> Result<Vec<IntegrationSetting>, StoreError> {
    on.rows(&LIST, values![client])
        .await?
        .iter()
        .map(setting)
        .collect()
}

/// Saves a setting, in place of the one whose version is one lower, or as the first where its own is 1; false where somebody changed it
/// meanwhile.
pub async fn put(
    tx: &mut Tx,
    new: &IntegrationSetting,
    sealed: Option<&[u8]>,
) -> Result<bool, StoreError> {
    let scopes = new
        .scopes
        .as_ref()
        .map(|scopes| to_json("integration_setting.scopes", scopes))
        .transpose()?;
    let entered = to_json("integration_setting.entered", &new.entered)?;
    let statement = if new.version == 1 { &INSERT } else { &UPDATE };
    let values = values![
        new.client,
        new.platform_key.as_str(),
        new.enabled,
        &scopes,
        new.place,
        &entered,
        new.updated,
        new.version,
        sealed
    ];
    Ok(tx.execute(statement, values).await? == 1)
}
