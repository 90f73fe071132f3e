//! Consents: what was accepted, by whom and when. Append only; a deleted company leaves only that consent existed.

use handclasp_domain::{ClientId, CompanyId, ConnectionId, ConsentId, PlatformKey, Timestamp};

use crate::{StoreError, Tx, statements, values};

/// A recorded acceptance.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Consent {
    /// The tenant.
    pub client: ClientId,
    /// The company.
    pub company: CompanyId,
    /// Its id.
    pub id: ConsentId,
    /// The connection.
    pub connection: ConnectionId,
    /// The integration.
    pub platform_key: PlatformKey,
    /// The exact text that was shown.
    pub text: String,
    /// The text's version: a hash of the catalogue entries and settings that it was made of.
    pub text_version: String,
    /// The language it was shown in.
    pub locale: String,
    /// What may be read, as it was shown.
    pub data_types: Vec<String>,
    /// Who asked.
    pub asked_by: String,
    /// A MAC of the network address, with a key of the client.
    pub address_mac: [u8; 32],
    /// A MAC of the user agent, with a key of the client.
    pub user_agent_mac: [u8; 32],
    /// When.
    pub at: Timestamp,
    /// When it runs out by itself; none where it lasts until it is withdrawn.
    pub expires_at: Option<Timestamp>,
}

statements! {
    /// A consent.
    INSERT = "INSERT INTO consent (client_id, company_id, id, connection_id, platform_key, text, text_version, locale,
        data_types, asked_by, address_mac, user_agent_mac, at, expires_at)
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14)";
    /// All but the pseudonymous record that consent existed.
    ERASE_OF_COMPANY = "UPDATE consent SET text = '', data_types = '[]', asked_by = '', address_mac = $3, user_agent_mac = $3
        WHERE client_id = $1 AND company_id = $2";
}

/// Records a consent.
pub async fn insert(tx: &mut Tx, consent: &Consent) -> Result<(), StoreError> {
    let data_types = crate::reader::to_json("consent.data_types", &consent.data_types)?;
    tx.execute(
        &INSERT,
        values![
            consent.client,
            consent.company,
            consent.id,
            consent.connection,
            consent.platform_key.as_str(),
            &consent.text,
            &consent.text_version,
            &consent.locale,
            &data_types,
            &consent.asked_by,
            &consent.address_mac,
            &consent.user_agent_mac,
            consent.at,
            consent.expires_at
        ],
    )
    .await?;
    Ok(())
}

/// Erases what a deleted company's consents say, keeping that they existed.
pub async fn erase_of_company(
    tx: &mut Tx,
    client: ClientId,
    company: CompanyId,
) -> Result<(), StoreError> {
    let nothing: &[u8] = &[];
    tx.execute(&ERASE_OF_COMPANY, values![client, company, nothing])
        .await?;
    Ok(())
}
