//! A client uses what a connection holds.

use std::collections::BTreeMap;
use std::time::Duration;

use handclasp_domain::{CompanyId, ConnectionId, Id, Secret, ThirdParty, Timestamp};
use handclasp_store::audit::{self, AuditEntry};
use handclasp_store::connection;
use url::Url;

use crate::refresh::Fresh;
use crate::{App, AppError, Caller};

/// `lastSync` follows uses by so much.
const SYNCED: Duration = Duration::from_secs(60);

/// What a client's program needs to call a third party itself.
pub struct UsableCredentials {
    /// The access token; none where calls are made with values alone, as with a key that a person typed.
    pub access_token: Option<Secret<String>>,
    /// How it is sent: `Bearer`; none without a token, or where calls are signed.
    pub token_type: Option<String>,
    /// When it ends, where the third party says so.
    pub expires_at: Option<Timestamp>,
    /// What the person allowed.
    pub scopes: Vec<String>,
    /// The address of the integration's API, where one is declared.
    pub base_url: Option<Url>,
    /// The connected company, where the third party told it.
    pub tenant: Option<ThirdParty>,
    /// What else calls need, by where it came from, as in `callback.realmId`; what the person typed, secrets among it.
    pub values: BTreeMap<String, String>,
}

impl App {
    /// What a connection holds, fresh. Every use is in the audit log before it is answered.
    pub async fn use_credentials(
        &self,
        caller: &Caller,
        company: CompanyId,
        id: ConnectionId,
    ) -> Result<UsableCredentials, AppError> {
        let linked = self.linked(caller.client, company, id).await?;
        let fresh = self.fresh(linked).await?;
        self.note_use(caller, &fresh, "connection.credentials")
            .await?;
        let integration = self.integration(fresh.connection.platform_key)?;
        let client = self.third_party(caller.client, integration).await?;
        let values = fresh.tokens.values.iter();
        Ok(UsableCredentials {
            access_token: said(&fresh.tokens.access_token).map(Secret::new),
            token_type: said(&fresh.tokens.token_type),
            expires_at: fresh.expires_at,
            scopes: fresh
                .held
                .scopes
                .split(' ')
                .filter(|scope| !scope.is_empty())
                .map(str::to_owned)
                .collect(),
            base_url: self.api_base(&client, &fresh.tokens)?,
            tenant: fresh.connection.third_party.clone(),
            values: values
                .map(|(name, value)| (name.to_owned(), value.to_owned()))
                .collect(),
        })
    }

    /// Notes a use in the audit log, and once a minute as the connection's and the company's `lastSync`.
    pub(crate) async fn note_use(
        &self,
        caller: &Caller,
        fresh: &Fresh,
        action: &'static str,
    ) -> Result<(), AppError> {
        let now = self.now();
        let of = &fresh.connection;
        let before = now.minus(SYNCED);
        let entry = AuditEntry {
            company: Some(of.company),
            subject: Some(of.id.uuid()),
            ..self.entry(caller, action, now)
        };
        let is_new = of.last_sync.is_none_or(|last| last <= before);
        let input = ((of.client, of.company, of.id), entry, is_new, before);
        let mark = (of.client, input.1.id);
        self.carry_out("use_credentials", mark, input, |tx, input| {
            let (of, entry, is_new, before) = input;
            Box::pin(async move {
                audit::insert(tx, entry).await?;
                if *is_new {
                    connection::synced(tx, *of, entry.at, *before).await?;
                }
                Ok(())
            })
        })
        .await
    }
}

fn said(text: &str) -> Option<String> {
    (!text.is_empty()).then(|| text.to_owned())
}
