//! The commands about what a client set for integrations.

use std::collections::BTreeMap;
use std::fmt;

use anyhow::bail;
use handclasp_app::{
    App, EnteredField, IntegrationChange, IntegrationSettings, NeedsCredentials, NotOffered,
};
use handclasp_domain::{ClientId, Edit, PlatformKey, Secret};
use serde::{Deserialize, Serialize};

use super::{operator, readable};

/// What is to be set; what is not named stays as it is.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct SettingsEdit {
    pub(crate) enabled: Option<bool>,
    pub(crate) order: Option<OrDeclared<u16>>,
    pub(crate) scopes: Option<OrDeclared<Vec<String>>>,
    pub(crate) values: BTreeMap<String, Value>,
}

/// Something that the client has otherwise than it is declared, or as it is.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) enum OrDeclared<T> {
    Own(T),
    Declared,
}

impl<T> OrDeclared<T> {
    fn edit(this: Option<Self>) -> Edit<Option<T>> {
        match this {
            None => Edit::Keep,
            Some(Self::Own(value)) => Edit::Set(Some(value)),
            Some(Self::Declared) => Edit::Set(None),
        }
    }
}

/// A value that was entered; an empty one takes away what is there.
#[derive(Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Value {
    pub(crate) text: String,
    /// Whether it stood on the command line, where others can see it.
    pub(crate) was_shown: bool,
}

impl fmt::Debug for Value {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Value(…)")
    }
}

/// All integrations, each in a line.
pub(super) async fn list(app: &App, client: ClientId) -> anyhow::Result<Vec<String>> {
    app.client(client).await.map_err(readable)?;
    let integrations = app.client_integrations(client).await.map_err(readable)?;
    let all = integrations.in_order().into_iter();
    Ok(all
        .map(|one| {
            let offered = said(integrations.not_offered(one));
            format!(
                "{}  {:<11}  {}  ({offered})",
                one.key, one.source_type, one.name
            )
        })
        .collect())
}

/// One in full.
pub(super) async fn show(
    app: &App,
    client: ClientId,
    key: PlatformKey,
) -> anyhow::Result<Vec<String>> {
    app.client(client).await.map_err(readable)?;
    let settings = app.integration_settings(client, key).await;
    Ok(described(&settings.map_err(readable)?))
}

/// Sets something for one, and shows it then.
pub(super) async fn set(
    app: &App,
    client: ClientId,
    key: PlatformKey,
    edit: SettingsEdit,
) -> anyhow::Result<Vec<String>> {
    let known = app.integration_settings(client, key).await;
    let fields = known.map_err(readable)?.fields;
    let is_secret = |name: &str| {
        let found = fields.iter().find(|entered| entered.field.name == name);
        found.is_some_and(|entered| entered.field.secret)
    };
    for (name, value) in &edit.values {
        if value.was_shown && is_secret(name) {
            bail!(
                "{name} is a secret, and what stands on the command line can be seen by others: give it by --value-file {name}=FILE, \
                 or {name}=- for the standard input"
            );
        }
    }
    let change = IntegrationChange {
        enabled: edit.enabled.into(),
        order: OrDeclared::edit(edit.order),
        scopes: OrDeclared::edit(edit.scopes),
        values: edit
            .values
            .into_iter()
            .map(|(name, value)| (name, Secret::new(value.text)))
            .collect(),
        version: None,
    };
    let changed = app
        .change_integration_settings(&operator(client), key, change)
        .await;
    Ok(described(&changed.map_err(readable)?))
}

fn described(settings: &IntegrationSettings) -> Vec<String> {
    let integration = &settings.integration;
    let line = |name: &str, value: &str| format!("{name:<16}{value}");
    let enabled = if settings.enabled { "yes" } else { "no" };
    let order = match settings.order {
        Some(order) => order.to_string(),
        None => format!("{} (declared)", integration.order),
    };
    let scopes = match &settings.scopes {
        Some(scopes) => scopes.join(" "),
        None => format!("{} (declared)", integration.scopes().join(" ")),
    };
    let mut lines = vec![
        format!("{} ({})", integration.name, integration.key),
        line("enabled", enabled),
        line("companies", said(settings.not_offered)),
        line("order", &order),
        line("scopes", &scopes),
    ];
    lines.extend(
        settings
            .fields
            .iter()
            .map(|entered| line(&entered.field.name, state(entered))),
    );
    lines.push(line("callback", settings.redirect_uri.as_str()));
    lines
}

fn state(entered: &EnteredField) -> &str {
    match (&entered.value, entered.is_set, entered.field.optional) {
        (Some(value), _, _) => value,
        (None, true, _) => "(set)",
        (None, false, false) => "(not set)",
        (None, false, true) => "(not set, may be left out)",
    }
}

/// Whether companies are offered it.
const fn said(not_offered: Option<NotOffered>) -> &'static str {
    match not_offered {
        None => "offered",
        Some(NotOffered::NotEnabled) => "not offered: not enabled",
        Some(NotOffered::SandboxOff) => "not offered: this server offers no sandbox integrations",
        Some(NotOffered::NeedsCredentials(NeedsCredentials::NotEntered)) => {
            "not offered: what it needs is not entered"
        }
        Some(NotOffered::NeedsCredentials(NeedsCredentials::EndpointsChanged)) => {
            "not offered: it leads elsewhere since its secrets were entered, enter them again"
        }
    }
}

#[cfg(test)]
mod tests {
    use handclasp_testkit::{TestApp, ThirdParty};

    use super::super::{Command, carry_out};
    use super::*;

    const CANARY: &str = "canary-91d2";

    fn edit(values: &[(&str, &str, bool)]) -> SettingsEdit {
        let value = |text: &str, was_shown| Value {
            text: text.to_owned(),
            was_shown,
        };
        SettingsEdit {
            enabled: None,
            order: None,
            scopes: None,
            values: values
                .iter()
                .map(|(name, text, shown)| ((*name).to_owned(), value(text, *shown)))
                .collect(),
        }
    }

    #[tokio::test]
    async fn a_registration_is_entered_and_its_secret_never_shown() {
        let acme = ThirdParty::start().await;
        let test = TestApp::with(acme.setup()).await;
        let client = test.client().await.id();
        let key: PlatformKey = "acme".parse().unwrap();
        let set = async |edit| {
            let command = Command::SetIntegration { client, key, edit };
            assert!(!format!("{command:?}").contains(CANARY));
            // As it comes over the socket.
            let sent = serde_json::to_string(&command).unwrap();
            let command = serde_json::from_str(&sent).unwrap();
            carry_out(&test.app, command)
                .await
                .map(|answer| answer.lines.join("\n"))
                .map_err(|error| error.to_string())
        };
        let list = async || list(&test.app, client).await.unwrap();
        assert!(
            list().await[0].ends_with("Acme Books  (not offered: what it needs is not entered)")
        );

        let refused = set(edit(&[("client_secret", CANARY, true)])).await;
        let refused = refused.unwrap_err();
        assert!(refused.contains("--value-file client_secret=FILE") && !refused.contains(CANARY));
        let unknown = set(edit(&[("tenant", "x", true)])).await.unwrap_err();
        assert!(unknown.contains("client_id, client_secret"), "{unknown}");

        let file = format!("{CANARY}\n");
        let values = [("client_id", "abc", true), ("client_secret", &file, false)];
        let shown = set(SettingsEdit {
            enabled: Some(true),
            order: Some(OrDeclared::Own(7)),
            scopes: Some(OrDeclared::Own(vec!["books".to_owned()])),
            ..edit(&values)
        });
        let shown = shown.await.unwrap();
        let address = format!("http://127.0.0.1:4000/callback/{client}/acme");
        let expected = format!(
            "Acme Books (acme)\n\
             enabled         yes\n\
             companies       offered\n\
             order           7\n\
             scopes          books\n\
             client_id       abc\n\
             client_secret   (set)\n\
             callback        {address}"
        );
        assert_eq!(shown, expected);
        assert!(list().await[0].ends_with("(offered)"));

        // What is not named stays.
        let shown = set(SettingsEdit {
            order: Some(OrDeclared::Declared),
            scopes: Some(OrDeclared::Declared),
            ..edit(&[("client_secret", "", false)])
        });
        let shown = shown.await.unwrap();
        for line in [
            "enabled         yes",
            "order           10 (declared)",
            "scopes          books offline (declared)",
            "client_id       abc",
            "client_secret   (not set)",
        ] {
            assert!(shown.contains(line), "{shown}");
        }
    }
}
