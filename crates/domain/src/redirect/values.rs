//! What stands in for the placeholders.

use std::borrow::Cow;
use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::{ClientId, CompanyId, ConnectionId, IntegrationId, PlatformKey, SourceId, SourceType};

/// How a journey ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    /// A connection was linked.
    Linked,
    /// It ended with nothing to tell: all was there.
    NothingToTell,
    /// The person left, or declined and then left.
    Left,
    /// It failed.
    Failed,
    /// What the person uses is not supported.
    NotSupported,
}

impl Outcome {
    /// The `statusCode` of the redirect.
    pub const fn status_code(self) -> u16 {
        match self {
            Self::Linked => 200,
            Self::NothingToTell => 201,
            Self::Left => 403,
            Self::Failed => 500,
            Self::NotSupported => 501,
        }
    }

    /// The `errorMessage` of the redirect.
    pub const fn error_message(self) -> &'static str {
        match self {
            Self::Linked | Self::NothingToTell => "",
            Self::Left => "User cancelled",
            Self::Failed => "Unknown error occurred",
            Self::NotSupported => "Not supported",
        }
    }

    /// Reads the stored status code.
    pub fn from_status_code(code: i64) -> Option<Self> {
        [
            Self::Linked,
            Self::NothingToTell,
            Self::Left,
            Self::Failed,
            Self::NotSupported,
        ]
        .into_iter()
        .find(|outcome| i64::from(outcome.status_code()) == code)
    }
}

/// The values of the placeholders of one redirect.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RedirectValues {
    /// The tenant.
    pub client: ClientId,
    /// The company; none where there is none yet.
    pub company: Option<CompanyId>,
    /// The connection last acted upon.
    pub connection: Option<ConnectionValues>,
    /// How the journey ended.
    pub outcome: Outcome,
    /// What the third party said, as it said it.
    pub status_text: String,
    /// The Link URL's own parameters.
    pub custom: CustomParameters,
}

/// The values of the connection last acted upon.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ConnectionValues {
    /// Its id.
    pub id: ConnectionId,
    /// The integration's id.
    pub integration: IntegrationId,
    /// The integration's source id.
    pub source: SourceId,
    /// The integration's key.
    pub platform: PlatformKey,
    /// The integration's name.
    pub platform_name: String,
    /// The kind of source.
    pub source_type: SourceType,
    /// The connected company's name at the third party; empty where it is not known.
    pub company_name: String,
    /// Whether the integration is a sandbox, and what it tells is made up.
    pub sandbox: bool,
}

const RESERVED: [&str; 15] = [
    "clientId",
    "companyId",
    "connectionId",
    "integrationId",
    "sourceId",
    "platform",
    "platformName",
    "sourceType",
    "integrationType",
    "statusCode",
    "errorMessage",
    "statusText",
    "data.company.companyName",
    "isSandbox",
    "signature",
];

/// Whether a name means something of its own, so that a custom parameter can't take it.
pub fn is_reserved(name: &str) -> bool {
    RESERVED.contains(&name) || name.starts_with("openId_")
}

impl RedirectValues {
    /// The value of a placeholder. Names are case-sensitive; what is absent is empty.
    pub fn get(&self, name: &str) -> Cow<'_, str> {
        fn of<T: ToString>(value: Option<T>) -> Cow<'static, str> {
            value.map_or(Cow::Borrowed(""), |value| Cow::Owned(value.to_string()))
        }
        let connection = self.connection.as_ref();
        match name {
            "clientId" => of(Some(self.client)),
            "companyId" => of(self.company),
            "connectionId" => of(connection.map(|c| c.id)),
            "integrationId" => of(connection.map(|c| c.integration)),
            "sourceId" => of(connection.map(|c| c.source)),
            "platform" => of(connection.map(|c| c.platform)),
            "platformName" => connection.map_or("", |c| c.platform_name.as_str()).into(),
            "sourceType" | "integrationType" => {
                connection.map_or("", |c| c.source_type.as_lower()).into()
            }
            "statusCode" => of(Some(self.outcome.status_code())),
            "errorMessage" => self.outcome.error_message().into(),
            "statusText" => self.status_text.as_str().into(),
            "data.company.companyName" => connection.map_or("", |c| c.company_name.as_str()).into(),
            "isSandbox" => of(connection.map(|c| c.sandbox)),
            name if is_reserved(name) => "".into(),
            name => self.custom.0.get(name).map_or("", String::as_str).into(),
        }
    }
}

/// The Link URL's own parameters, frozen when the journey starts.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct CustomParameters(BTreeMap<String, String>);

/// How many custom parameters a journey keeps. More are left out, the last ones first.
const CUSTOM_MAX: usize = 32;
/// The longest custom parameter, name or value, in bytes. A longer one is left out.
const CUSTOM_LENGTH_MAX: usize = 1_024;

impl CustomParameters {
    /// Keeps the parameters of a query that can stand for a custom placeholder: not reserved, not Link's own,
    /// within bounds. The first of several with one name counts.
    pub fn from_query<'a>(pairs: impl IntoIterator<Item = (Cow<'a, str>, Cow<'a, str>)>) -> Self {
        let mut kept = BTreeMap::new();
        for (name, value) in pairs {
            let own = matches!(&*name, "locale" | "otp" | "openId")
                || name.starts_with("link.")
                || name.starts_with("sandbox.");
            if own
                || is_reserved(&name)
                || name.is_empty()
                || name.len() > CUSTOM_LENGTH_MAX
                || value.len() > CUSTOM_LENGTH_MAX
                || kept.len() == CUSTOM_MAX
            {
                continue;
            }
            kept.entry(name.into_owned()).or_insert(value.into_owned());
        }
        Self(kept)
    }

    /// The parameters, by name.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &str)> {
        self.0
            .iter()
            .map(|(name, value)| (name.as_str(), value.as_str()))
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}
