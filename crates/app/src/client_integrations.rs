//! Which integrations a client's companies are offered, and in which order.

use std::collections::BTreeMap;
use std::sync::Arc;

use handclasp_domain::{ClientId, PlatformKey};
use handclasp_integrations::{Auth, Integration};
use handclasp_store::integration_setting::{self, IntegrationSetting};
use handclasp_store::journey::Parameters;

use crate::{App, AppError, Refusal, SandboxMode};

/// Why a client's companies are not offered an integration. What has to be mended first comes first.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NotOffered {
    /// It can't work as it is.
    NeedsCredentials(NeedsCredentials),
    /// It is for trying out, and this server offers no such ones.
    SandboxOff,
    /// This version cannot connect it yet: files are uploaded in a later one.
    NotBuilt,
    /// The client did not enable it.
    NotEnabled,
}

/// Why what a client's staff enter for an integration is not enough.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum NeedsCredentials {
    /// Something that it needs is not there.
    #[error("what this integration needs is not entered in its settings")]
    NotEntered,
    /// A secret was entered for other endpoints than the integration has by now. It goes to no others.
    #[error(
        "this integration's endpoints changed since its secrets were entered, which must be entered again"
    )]
    EndpointsChanged,
}

impl NotOffered {
    /// All of them.
    pub const ALL: [Self; 5] = [
        Self::NeedsCredentials(NeedsCredentials::NotEntered),
        Self::NeedsCredentials(NeedsCredentials::EndpointsChanged),
        Self::SandboxOff,
        Self::NotBuilt,
        Self::NotEnabled,
    ];

    /// A word for it, for programs.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::NeedsCredentials(NeedsCredentials::NotEntered) => "NotEntered",
            Self::NeedsCredentials(NeedsCredentials::EndpointsChanged) => "EndpointsChanged",
            Self::SandboxOff => "SandboxOff",
            Self::NotBuilt => "NotBuilt",
            Self::NotEnabled => "NotEnabled",
        }
    }
}

/// All integrations as a client has them: one reading of what it set.
#[derive(Clone)]
pub struct ClientIntegrations {
    app: App,
    set: BTreeMap<PlatformKey, IntegrationSetting>,
}

impl ClientIntegrations {
    /// Why the client's companies are not offered an integration; none where they are.
    pub fn not_offered(&self, integration: &Integration) -> Option<NotOffered> {
        let setting = self.set.get(&integration.key);
        self.app.not_offered(integration, setting)
    }

    /// Whether the client's companies are offered an integration.
    pub fn is_enabled(&self, integration: &Integration) -> bool {
        self.not_offered(integration).is_none()
    }

    /// Whether a person on a journey with these parameters is offered an integration.
    pub fn is_offered(&self, integration: &Integration, parameters: &Parameters) -> bool {
        self.is_enabled(integration) && self.app.is_shown(integration, parameters)
    }

    /// All of them, enabled or not, in the order in which they are shown: by source type, then by the client's order, else the declared
    /// one, then by name.
    pub fn in_order(&self) -> Vec<&Arc<Integration>> {
        let mut all: Vec<_> = self.app.catalogue().iter().collect();
        let place = |one: &Integration| {
            let own = self.set.get(&one.key).and_then(|setting| setting.place);
            own.unwrap_or_else(|| one.order.into())
        };
        all.sort_by(|a, b| {
            let of = |one: &Arc<Integration>| (one.source_type, place(one));
            of(a)
                .cmp(&of(b))
                .then_with(|| (&a.name, a.key).cmp(&(&b.name, b.key)))
        });
        all
    }
}

impl App {
    /// All integrations as a client has them.
    pub async fn client_integrations(
        &self,
        client: ClientId,
    ) -> Result<ClientIntegrations, AppError> {
        let set = integration_setting::list(&mut self.store(), client).await?;
        Ok(ClientIntegrations {
            app: self.clone(),
            set: set
                .into_iter()
                .map(|setting| (setting.platform_key, setting))
                .collect(),
        })
    }

    /// Refuses an integration that a client's companies are not offered. Answers what the client set for it.
    pub(crate) async fn check_enabled(
        &self,
        client: ClientId,
        integration: &Integration,
    ) -> Result<Option<IntegrationSetting>, AppError> {
        let found = integration_setting::find(&mut self.store(), client, integration.key).await?;
        let setting = found.map(|(setting, _)| setting);
        match self.not_offered(integration, setting.as_ref()) {
            None => Ok(setting),
            Some(_) => Err(Refusal::NotEnabled.into()),
        }
    }

    pub(crate) fn not_offered(
        &self,
        integration: &Integration,
        setting: Option<&IntegrationSetting>,
    ) -> Option<NotOffered> {
        // Nothing takes files yet.
        if matches!(integration.auth, Auth::FileUpload) {
            return Some(NotOffered::NotBuilt);
        }
        let entered = setting.map(|setting| &setting.entered);
        let entered_for = |name: &str| entered?.get(name).map(String::as_str);
        if let Some(needs) = needs_credentials(integration, entered_for) {
            return Some(NotOffered::NeedsCredentials(needs));
        }
        if integration.sandbox && self.settings().sandbox == SandboxMode::Never {
            return Some(NotOffered::SandboxOff);
        }
        let enabled = setting.map_or_else(|| is_wanted(integration), |setting| setting.enabled);
        (!enabled).then_some(NotOffered::NotEnabled)
    }

    /// Whether a journey with these parameters shows an integration, where its client has it enabled.
    pub(crate) fn is_shown(&self, integration: &Integration, parameters: &Parameters) -> bool {
        if !integration.sandbox {
            return true;
        }
        match (self.settings().sandbox, parameters.show_sandbox) {
            (SandboxMode::Never, _) | (_, Some(false)) | (SandboxMode::ByParameter, None) => false,
            (SandboxMode::ByParameter, Some(true)) | (SandboxMode::Shown, None | Some(true)) => {
                true
            }
        }
    }
}

/// Whether an integration is enabled that the client said nothing of: one that is for trying out and needs no registration is.
pub(crate) fn is_wanted(integration: &Integration) -> bool {
    integration.sandbox && integration.is_built_in()
}

/// What is missing of what staff enter for an integration; none where it is all there, and entered for where that leads by now.
/// `entered_for` says for which endpoints a value was entered; none where it was not.
pub(crate) fn needs_credentials<'a>(
    integration: &Integration,
    entered_for: impl Fn(&str) -> Option<&'a str>,
) -> Option<NeedsCredentials> {
    let needed = || {
        let fields = integration.operator_fields().iter();
        fields.filter(|field| !field.optional)
    };
    if needed().any(|field| entered_for(&field.name).is_none()) {
        return Some(NeedsCredentials::NotEntered);
    }
    let leads_to = integration.fingerprint().to_string();
    needed()
        .filter(|field| field.secret)
        .any(|field| entered_for(&field.name) != Some(&*leads_to))
        .then_some(NeedsCredentials::EndpointsChanged)
}
