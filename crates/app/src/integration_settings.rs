//! What a client's staff set for an integration.
//!
//! What they enter is sealed as one record, each value with the endpoints for which it was entered. A secret is good for these alone: once
//! the declaration leads elsewhere it is as if it were not there, until it is entered again.

use std::collections::BTreeMap;
use std::sync::Arc;

use handclasp_domain::{ClientId, Edit, FieldError, Id, PlatformKey, Secret, Timestamp};
use handclasp_integrations::{Integration, OperatorField};
use handclasp_store::audit::{self, AuditEntry};
use handclasp_store::client;
use handclasp_store::integration_setting::{self, IntegrationSetting};
use handclasp_vault::Cell;
use serde::{Deserialize, Serialize};
use url::Url;
use uuid::Uuid;
use zeroize::Zeroize;

use crate::client_integrations::{is_wanted, needs_credentials};
use crate::{App, AppError, Caller, NotOffered, Refusal, while_raced};

/// How many scopes a client may ask for.
const SCOPES_MOST: usize = 100;

/// The most characters that a scope may have.
const SCOPE_LONGEST: usize = 250;

/// What becomes of a client's settings for an integration.
#[derive(Debug, Clone, Default)]
pub struct IntegrationChange {
    /// Whether companies are to be offered it.
    pub enabled: Edit<bool>,
    /// What is asked for at the third party; none for what is declared.
    pub scopes: Edit<Option<Vec<String>>>,
    /// Where it stands among those of its kind, lower ones first; none for where it is declared to.
    pub order: Edit<Option<u16>>,
    /// What staff entered, by the names of the integration's fields. An empty one takes away what is there; what is not named stays.
    pub values: BTreeMap<String, Secret<String>>,
    /// The version that was read: where it is another by now nothing is changed. None to change whatever is there.
    pub version: Option<i64>,
}

/// A client's settings for an integration, without secrets.
#[derive(Debug, Clone)]
pub struct IntegrationSettings {
    /// The integration.
    pub integration: Arc<Integration>,
    /// Whether companies are to be offered it, if nothing stands in the way.
    pub enabled: bool,
    /// What is asked for at the third party; none for what is declared.
    pub scopes: Option<Vec<String>>,
    /// Where it stands among those of its kind; none for where it is declared to.
    pub order: Option<u32>,
    /// What staff enter.
    pub fields: Vec<EnteredField>,
    /// The address to register at the third party: where it sends people back.
    pub redirect_uri: Url,
    /// Why companies are not offered it; none where they are.
    pub not_offered: Option<NotOffered>,
    /// When it was last changed; none where nothing was ever set.
    pub updated: Option<Timestamp>,
    /// Counts the changes; 0 where nothing was ever set.
    pub version: i64,
}

/// What staff enter, as it stands.
#[derive(Debug, Clone)]
pub struct EnteredField {
    /// What is asked for.
    pub field: OperatorField,
    /// Whether it is there, and good for where the integration leads.
    pub is_set: bool,
    /// What it is; none of secrets.
    pub value: Option<String>,
}

/// The sealed record: what was entered, by name.
pub(crate) type Values = BTreeMap<String, Entered>;

/// A value that was entered. Fields may be added, never renamed or taken away.
#[derive(Clone, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Entered {
    pub(crate) value: String,
    /// The fingerprint of the endpoints for which it was entered.
    pub(crate) bound_to: String,
}

impl Entered {
    /// Whether it may be used where its integration leads.
    fn is_good(&self, field: &OperatorField, leads_to: &str) -> bool {
        !field.secret || self.bound_to == leads_to
    }
}

impl Drop for Entered {
    fn drop(&mut self) {
        self.value.zeroize();
    }
}

/// The row has no id: its key's four letters stand for one, so that the cell is found without a catalogue.
pub(crate) fn settings_cell(client: ClientId, key: PlatformKey) -> Cell {
    let mut row = [0; 16];
    for (byte, letter) in row.iter_mut().zip(key.as_str().bytes()) {
        *byte = letter;
    }
    Cell {
        client: Some(client),
        table: "integration_setting",
        row: Uuid::from_bytes(row),
        column: "sealed",
    }
}

impl App {
    /// A client's settings for an integration.
    pub async fn integration_settings(
        &self,
        client: ClientId,
        key: PlatformKey,
    ) -> Result<IntegrationSettings, AppError> {
        let integration = self.integration(key)?;
        let (setting, values) = self.setting(client, key).await?;
        self.settings_of(client, integration, setting.as_ref(), &values)
    }

    /// Changes a client's settings for an integration. It may be enabled before all is there that it needs: it is offered once it is.
    pub async fn change_integration_settings(
        &self,
        caller: &Caller,
        key: PlatformKey,
        change: IntegrationChange,
    ) -> Result<IntegrationSettings, AppError> {
        let integration = self.integration(key)?;
        if let Edit::Set(Some(scopes)) = &change.scopes {
            check_scopes(integration, scopes)?;
        }
        let entered = read_values(integration, &change.values)?;
        while_raced(|| self.change_settings_once(caller, integration, &change, &entered)).await
    }

    async fn change_settings_once(
        &self,
        caller: &Caller,
        integration: &Arc<Integration>,
        change: &IntegrationChange,
        entered: &Values,
    ) -> Result<IntegrationSettings, AppError> {
        let (client, key) = (caller.client, integration.key);
        let (found, mut values) = self.setting(client, key).await?;
        let had = found.as_ref().map_or(0, |setting| setting.version);
        if change.version.is_some_and(|version| version != had) {
            return Err(Refusal::SettingsChanged.into());
        }
        let now = self.now();
        let mut setting = found.unwrap_or_else(|| IntegrationSetting {
            client,
            platform_key: key,
            enabled: is_wanted(integration),
            scopes: None,
            place: None,
            entered: BTreeMap::new(),
            updated: now,
            version: 0,
        });
        change.enabled.apply(&mut setting.enabled);
        change.scopes.apply(&mut setting.scopes);
        if let Edit::Set(order) = change.order {
            setting.place = order.map(u32::from);
        }
        for (name, held) in entered {
            if held.value.is_empty() {
                values.remove(name);
            } else {
                values.insert(name.clone(), held.clone());
            }
        }
        // What the declaration has no more could be neither seen nor taken away.
        let fields = integration.operator_fields();
        values.retain(|name, _| fields.iter().any(|field| field.name == *name));
        setting.entered = values
            .iter()
            .map(|(name, held)| (name.clone(), held.bound_to.clone()))
            .collect();
        setting.updated = now;
        setting.version = had + 1;

        let sealed = self.seal_values(client, key, &values)?;
        let entry = AuditEntry {
            subject: Some(integration.integration_id.uuid()),
            ..self.entry(caller, "integration.settings", now)
        };
        let mark = (client, entry.id);
        let settings = self.settings_of(client, integration, Some(&setting), &values)?;
        self.carry_out(
            "change_integration_settings",
            mark,
            (setting, sealed, entry),
            |tx, (setting, sealed, entry)| {
                Box::pin(async move {
                    if client::find(tx, entry.client).await?.is_none() {
                        return Err(AppError::NotFound("client"));
                    }
                    if !integration_setting::put(tx, setting, sealed.as_deref()).await? {
                        return Err(AppError::Raced);
                    }
                    audit::insert(tx, entry).await?;
                    Ok(())
                })
            },
        )
        .await?;
        Ok(settings)
    }

    /// What staff entered for an integration, for what is done with it at the third party, as far as it is good for where that leads.
    /// [`Refusal::NeedsCredentials`] where something that it needs is not. The sealed record alone is believed.
    pub(crate) async fn operator_values(
        &self,
        client: ClientId,
        integration: &Integration,
    ) -> Result<Values, AppError> {
        let (_, mut values) = self.setting(client, integration.key).await?;
        let entered_for = |name: &str| values.get(name).map(|held| held.bound_to.as_str());
        if let Some(needs) = needs_credentials(integration, entered_for) {
            return Err(Refusal::NeedsCredentials(needs).into());
        }
        let leads_to = integration.fingerprint().to_string();
        let fields = integration.operator_fields();
        values.retain(|name, held| {
            let field = fields.iter().find(|field| field.name == *name);
            field.is_some_and(|field| held.is_good(field, &leads_to))
        });
        Ok(values)
    }

    /// What a client set for an integration, with the values opened.
    async fn setting(
        &self,
        client: ClientId,
        key: PlatformKey,
    ) -> Result<(Option<IntegrationSetting>, Values), AppError> {
        let Some((setting, sealed)) =
            integration_setting::find(&mut self.store(), client, key).await?
        else {
            return Ok((None, Values::new()));
        };
        let values = match sealed {
            None => Values::new(),
            Some(sealed) => self
                .vault()
                .open_json(&settings_cell(client, key), &sealed)
                .map_err(|_| AppError::Internal("an integration's values can't be opened"))?,
        };
        Ok((Some(setting), values))
    }

    fn seal_values(
        &self,
        client: ClientId,
        key: PlatformKey,
        values: &Values,
    ) -> Result<Option<Vec<u8>>, AppError> {
        if values.is_empty() {
            return Ok(None);
        }
        self.vault()
            .seal_json(&settings_cell(client, key), values)
            .map(Some)
            .map_err(|_| AppError::Internal("an integration's values can't be sealed"))
    }

    fn settings_of(
        &self,
        client: ClientId,
        integration: &Arc<Integration>,
        setting: Option<&IntegrationSetting>,
        values: &Values,
    ) -> Result<IntegrationSettings, AppError> {
        let leads_to = integration.fingerprint().to_string();
        let fields = integration.operator_fields().iter().map(|field| {
            let held = values.get(&field.name);
            let good = held.filter(|held| held.is_good(field, &leads_to));
            EnteredField {
                is_set: good.is_some(),
                value: good
                    .filter(|_| !field.secret)
                    .map(|held| held.value.clone()),
                field: field.clone(),
            }
        });
        Ok(IntegrationSettings {
            enabled: setting.map_or_else(|| is_wanted(integration), |setting| setting.enabled),
            scopes: setting.and_then(|setting| setting.scopes.clone()),
            order: setting.and_then(|setting| setting.place),
            fields: fields.collect(),
            redirect_uri: self.redirect_uri(client, integration.key)?,
            not_offered: self.not_offered(integration, setting),
            updated: setting.map(|setting| setting.updated),
            version: setting.map_or(0, |setting| setting.version),
            integration: Arc::clone(integration),
        })
    }
}

fn check_scopes(integration: &Integration, scopes: &[String]) -> Result<(), FieldError> {
    const FIELD: &str = "scopes";
    if scopes.len() > SCOPES_MOST {
        let problem = format!("must have at most {SCOPES_MOST} entries");
        return Err(FieldError::new(FIELD, problem));
    }
    for (index, scope) in scopes.iter().enumerate() {
        let refuse = |problem: &str| Err(FieldError::new(format!("{FIELD}[{index}]"), problem));
        if scope.len() > SCOPE_LONGEST || !integration.is_scope(scope) {
            return refuse("cannot be a scope of this integration (RFC 6749, 3.3)");
        }
        if scopes.iter().take(index).any(|other| other == scope) {
            return refuse("is there twice");
        }
    }
    let mut required = integration.required_scopes().iter();
    match required.find(|scope| !scopes.contains(scope)) {
        None => Ok(()),
        Some(missing) => Err(FieldError::new(
            FIELD,
            format!("must have `{missing}`, without which a connection is of no use"),
        )),
    }
}

/// Checks what was entered, and binds it to where the integration leads.
fn read_values(
    integration: &Integration,
    given: &BTreeMap<String, Secret<String>>,
) -> Result<Values, FieldError> {
    let fields = integration.operator_fields();
    let bound_to = integration.fingerprint().to_string();
    let mut values = Values::new();
    for (name, text) in given {
        let Some(field) = fields.iter().find(|field| field.name == *name) else {
            return Err(unknown_field(name, fields));
        };
        let value = field
            .read(text.expose())
            .map_err(|problem| FieldError::new(format!("values.{name}"), problem))?;
        let entered = Entered {
            value: value.to_owned(),
            bound_to: bound_to.clone(),
        };
        values.insert(name.clone(), entered);
    }
    Ok(values)
}

/// Names a field that an integration has not, where that can be a name; some put the value in its place.
fn unknown_field(name: &str, fields: &[OperatorField]) -> FieldError {
    let is_name = (1..=40).contains(&name.len())
        && name
            .bytes()
            .all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'_');
    let at = if is_name {
        format!("values.{name}")
    } else {
        "values".to_owned()
    };
    let names: Vec<_> = fields.iter().map(|field| field.name.as_str()).collect();
    let problem = if names.is_empty() {
        "cannot be set: nothing is entered for this integration".to_owned()
    } else {
        format!(
            "is none of what is entered for this integration: {}",
            names.join(", ")
        )
    };
    FieldError::new(at, problem)
}
