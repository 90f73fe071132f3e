//! Every sealed column, for whoever seals them all anew: read page by page in the order of the primary key, and replaced where the
//! bytes are still those that were read.
//!
//! A new column of bytes is added to [`SealedColumn`], or to [`NOT_SEALED`]; a test holds the two against the schema.

use handclasp_domain::{ClientId, PlatformKey};
use uuid::Uuid;

use crate::reader::Reader;
use crate::{Statement, StoreError, Tx, statements, values};

/// A column whose values are sealed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum SealedColumn {
    /// A client's header for alerts.
    AlertAuthHeader,
    /// What a client's staff entered for an integration. Its rows have the integration's key instead of an id.
    IntegrationSetting,
    /// What an attempt to sign in keeps to itself.
    Attempt,
    /// A webhook consumer's signing secret.
    WebhookSecret,
    /// What a connection holds.
    Credential,
    /// An answer that is given again.
    KeptAnswer,
    /// A token to be revoked.
    Revocation,
    /// What the server keeps of its own. Its rows have names instead of ids.
    ServerSecret,
}

impl SealedColumn {
    /// All of them. The server's own come last, the key check among them: it tells which master key the database wants.
    pub const ALL: [Self; 8] = [
        Self::AlertAuthHeader,
        Self::IntegrationSetting,
        Self::Attempt,
        Self::WebhookSecret,
        Self::Credential,
        Self::KeptAnswer,
        Self::Revocation,
        Self::ServerSecret,
    ];

    /// The table and the column; for all but the server's own secrets the names that a value is sealed for, too.
    pub const fn place(self) -> (&'static str, &'static str) {
        match self {
            Self::AlertAuthHeader => ("client", "alert_auth_header"),
            Self::IntegrationSetting => ("integration_setting", "sealed"),
            Self::Attempt => ("authorization_request", "sealed"),
            Self::WebhookSecret => ("consumer", "secret"),
            Self::Credential => ("credential", "sealed"),
            Self::KeptAnswer => ("kept_answer", "sealed"),
            Self::Revocation => ("revocation", "sealed"),
            Self::ServerSecret => ("server_secret", "sealed"),
        }
    }

    const fn statements(self) -> (&'static Statement, &'static Statement) {
        match self {
            Self::AlertAuthHeader => (&CLIENTS, &RESEAL_CLIENT),
            Self::IntegrationSetting => (&INTEGRATION_SETTINGS, &RESEAL_INTEGRATION_SETTING),
            Self::Attempt => (&ATTEMPTS, &RESEAL_ATTEMPT),
            Self::WebhookSecret => (&CONSUMERS, &RESEAL_CONSUMER),
            Self::Credential => (&CREDENTIALS, &RESEAL_CREDENTIAL),
            Self::KeptAnswer => (&KEPT_ANSWERS, &RESEAL_KEPT_ANSWER),
            Self::Revocation => (&REVOCATIONS, &RESEAL_REVOCATION),
            Self::ServerSecret => (&SERVER_SECRETS, &RESEAL_SERVER_SECRET),
        }
    }
}

/// Columns of bytes that are not sealed, each with what it is instead.
pub const NOT_SEALED: [(&str, &str, &str); 7] = [
    ("api_key", "hash", "a hash of a random key"),
    (
        "authorization_request",
        "browser",
        "a hash of a random cookie",
    ),
    ("consent", "address_mac", "a MAC"),
    ("consent", "user_agent_mac", "a MAC"),
    ("journey", "browser", "a hash of a random cookie"),
    ("kept_answer", "fingerprint", "a MAC"),
    ("sandbox_grant", "browser", "a hash of a random cookie"),
];

/// Names a row of a table with a sealed column.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum RowKey {
    /// A row of a client's.
    Of(ClientId, Uuid),
    /// A client's row for an integration.
    For(ClientId, PlatformKey),
    /// One of the server's own secrets.
    Named(String),
}

/// A sealed value, where it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SealedValue {
    /// The row.
    pub key: RowKey,
    /// The sealed value. Empty where the row has none (any more).
    pub sealed: Vec<u8>,
}

macro_rules! of_clients {
    ($table:literal, $id:literal, $column:literal) => {
        concat!(
            "SELECT client_id, ",
            $id,
            ", ",
            $column,
            " FROM ",
            $table,
            " WHERE (client_id, ",
            $id,
            ") > ($1, $2) ORDER BY client_id, ",
            $id,
            " LIMIT $3"
        )
    };
}

macro_rules! reseal {
    ($table:literal, $id:literal, $column:literal) => {
        concat!(
            "UPDATE ",
            $table,
            " SET ",
            $column,
            " = $4 WHERE client_id = $1 AND ",
            $id,
            " = $2 AND ",
            $column,
            " = $3"
        )
    };
}

statements! {
    /// Clients' headers.
    CLIENTS = "SELECT id, id, alert_auth_header FROM client WHERE id > $1 AND id > $2 ORDER BY id LIMIT $3";
    /// A client's header.
    RESEAL_CLIENT = "UPDATE client SET alert_auth_header = $4 WHERE id = $1 AND id = $2 AND alert_auth_header = $3";
    /// What was entered for integrations.
    INTEGRATION_SETTINGS = of_clients!("integration_setting", "platform_key", "sealed");
    /// What was entered for an integration.
    RESEAL_INTEGRATION_SETTING = reseal!("integration_setting", "platform_key", "sealed");
    /// Attempts.
    ATTEMPTS = of_clients!("authorization_request", "id", "sealed");
    /// An attempt.
    RESEAL_ATTEMPT = reseal!("authorization_request", "id", "sealed");
    /// Webhook consumers.
    CONSUMERS = of_clients!("consumer", "id", "secret");
    /// A webhook consumer.
    RESEAL_CONSUMER = reseal!("consumer", "id", "secret");
    /// What connections hold.
    CREDENTIALS = of_clients!("credential", "connection_id", "sealed");
    /// What a connection holds. Its version stays: it holds the same.
    RESEAL_CREDENTIAL = reseal!("credential", "connection_id", "sealed");
    /// Answers.
    KEPT_ANSWERS = of_clients!("kept_answer", "request_key", "sealed");
    /// An answer.
    RESEAL_KEPT_ANSWER = reseal!("kept_answer", "request_key", "sealed");
    /// Tokens to be revoked.
    REVOCATIONS = of_clients!("revocation", "id", "sealed");
    /// A token to be revoked.
    RESEAL_REVOCATION = reseal!("revocation", "id", "sealed");
    /// The server's own secrets.
    SERVER_SECRETS = "SELECT name, sealed FROM server_secret WHERE name > $1 ORDER BY name LIMIT $2";
    /// A secret of the server's own.
    RESEAL_SERVER_SECRET = "UPDATE server_secret SET sealed = $3 WHERE name = $1 AND sealed = $2";
}

/// Up to `limit` rows of a column's table, after one of them or from the first.
pub async fn page(
    on: &mut impl Reader,
    column: SealedColumn,
    after: Option<&RowKey>,
    limit: u32,
) -> Result<Vec<SealedValue>, StoreError> {
    let (statement, _) = column.statements();
    let rows = match (column, after) {
        (SealedColumn::ServerSecret, Some(RowKey::Named(name))) => {
            on.rows(statement, values![name, limit]).await?
        }
        (SealedColumn::ServerSecret, None | Some(RowKey::Of(..) | RowKey::For(..))) => {
            on.rows(statement, values!["", limit]).await?
        }
        (_, Some(RowKey::For(client, key))) => {
            on.rows(statement, values![*client, key.as_str(), limit])
                .await?
        }
        (SealedColumn::IntegrationSetting, None | Some(RowKey::Of(..) | RowKey::Named(_))) => {
            on.rows(statement, values![Uuid::nil(), "", limit]).await?
        }
        (_, Some(RowKey::Of(client, id))) => {
            on.rows(statement, values![*client, *id, limit]).await?
        }
        (_, None | Some(RowKey::Named(_))) => {
            // No id is nil.
            on.rows(statement, values![Uuid::nil(), Uuid::nil(), limit])
                .await?
        }
    };
    rows.iter()
        .map(|row| {
            let (key, sealed) = match column {
                SealedColumn::ServerSecret => (RowKey::Named(row.get(0)?), row.get(1)?),
                SealedColumn::IntegrationSetting => {
                    let key: String = row.get(1)?;
                    let key = key
                        .parse()
                        .map_err(|_| StoreError::corrupt("integration_setting.platform_key"))?;
                    (RowKey::For(row.get(0)?, key), row.get(2)?)
                }
                SealedColumn::AlertAuthHeader
                | SealedColumn::Attempt
                | SealedColumn::WebhookSecret
                | SealedColumn::Credential
                | SealedColumn::KeptAnswer
                | SealedColumn::Revocation => (RowKey::Of(row.get(0)?, row.get(1)?), row.get(2)?),
            };
            let sealed: Option<Vec<u8>> = sealed;
            Ok(SealedValue {
                key,
                sealed: sealed.unwrap_or_default(),
            })
        })
        .collect()
}

/// Puts another seal in the place of the one that was read; false where that is there no more.
pub async fn replace(
    tx: &mut Tx,
    column: SealedColumn,
    was: &SealedValue,
    by: &[u8],
) -> Result<bool, StoreError> {
    let (_, statement) = column.statements();
    let replaced = match &was.key {
        RowKey::Of(client, id) => {
            tx.execute(statement, values![*client, *id, &was.sealed, by])
                .await?
        }
        RowKey::For(client, key) => {
            tx.execute(statement, values![*client, key.as_str(), &was.sealed, by])
                .await?
        }
        RowKey::Named(name) => {
            tx.execute(statement, values![name, &was.sealed, by])
                .await?
        }
    };
    Ok(replaced == 1)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;
    use crate::MIGRATIONS;

    /// The columns of bytes that all migrations together make, with their tables.
    fn columns_of_bytes() -> BTreeSet<(String, String)> {
        let mut found = BTreeSet::new();
        for migration in MIGRATIONS {
            let mut table = "";
            for line in migration.sql.lines() {
                let line = line.split("--").next().unwrap_or_default();
                let mut words = line.split_ascii_whitespace();
                if let Some(rest) = line.split("TABLE ").nth(1) {
                    table = rest.split([' ', '(']).next().unwrap_or_default();
                }
                if !line.contains("{bytes}") {
                    continue;
                }
                // `name {bytes} …`, or `ALTER TABLE … ADD COLUMN name {bytes} …`.
                let name = match line.split("COLUMN ").nth(1) {
                    Some(rest) => rest.split(' ').next(),
                    None => words.next(),
                };
                found.insert((table.to_owned(), name.unwrap_or_default().to_owned()));
            }
        }
        found
    }

    #[test]
    fn every_column_of_bytes_is_sealed_or_said_not_to_be() {
        let sealed = SealedColumn::ALL.map(SealedColumn::place);
        let plain = NOT_SEALED.map(|(table, column, _)| (table, column));
        let known: Vec<_> = sealed.into_iter().chain(plain).collect();
        let listed: BTreeSet<_> = known
            .iter()
            .map(|(table, column)| ((*table).to_owned(), (*column).to_owned()))
            .collect();
        assert_eq!(listed.len(), known.len(), "one is listed twice");
        assert_eq!(listed, columns_of_bytes());
    }
}
