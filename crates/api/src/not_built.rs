//! What the contract has and this version has not. Each is answered 501, saying which of two it is: never a success that is none.

use axum::routing::{MethodRouter, on};
use handclasp_domain::Scope;
use handclasp_web::error::ApiError;

use crate::auth::{MayRead, MayWrite};
use crate::failure::Failure;
use crate::state::Api;
use crate::table::Verb;

/// Why an operation is not here.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Why {
    /// It belongs to reading and writing business data.
    Outside,
    /// It will come.
    NotYet,
}

impl Why {
    /// What the caller is told.
    pub(crate) const fn text(self) -> &'static str {
        match self {
            Self::Outside => {
                "Data reading and writing is outside this product: it has no such operation."
            }
            Self::NotYet => "This operation is not built yet in this version.",
        }
    }
}

/// The operations: method, path after the prefix, and why.
pub(crate) const NOT_BUILT: &[(Verb, &str, Why)] = &[
    (Verb::Put, "/companies/{companyId}", Why::NotYet),
    (Verb::Patch, "/companies/{companyId}", Why::NotYet),
    (
        Verb::Put,
        "/companies/{companyId}/products/{productIdentifier}",
        Why::NotYet,
    ),
    (
        Verb::Delete,
        "/companies/{companyId}/products/{productIdentifier}",
        Why::NotYet,
    ),
    (
        Verb::Post,
        "/companies/{companyId}/products/{productIdentifier}/refresh",
        Why::Outside,
    ),
    (
        Verb::Put,
        "/companies/{companyId}/connections/{connectionId}/authorization",
        Why::NotYet,
    ),
    (Verb::Get, "/companies/{companyId}/accessToken", Why::NotYet),
    (
        Verb::Get,
        "/companies/{companyId}/syncSettings",
        Why::Outside,
    ),
    (
        Verb::Post,
        "/companies/{companyId}/syncSettings",
        Why::Outside,
    ),
    (
        Verb::Get,
        "/companies/{companyId}/connectionManagement/accessToken",
        Why::NotYet,
    ),
    (Verb::Get, "/connectionManagement/corsSettings", Why::NotYet),
    (
        Verb::Post,
        "/connectionManagement/corsSettings",
        Why::NotYet,
    ),
    (Verb::Get, "/corsSettings", Why::NotYet),
    (Verb::Post, "/corsSettings", Why::NotYet),
    (Verb::Post, "/companies/{companyId}/data/all", Why::Outside),
    (
        Verb::Post,
        "/companies/{companyId}/data/queue/{dataType}",
        Why::Outside,
    ),
    (Verb::Get, "/companies/{companyId}/dataStatus", Why::Outside),
    (
        Verb::Get,
        "/companies/{companyId}/data/history",
        Why::Outside,
    ),
    (
        Verb::Get,
        "/companies/{companyId}/data/history/{datasetId}",
        Why::Outside,
    ),
    (Verb::Post, "/webhooks/integrationKeys/zapier", Why::NotYet),
    (
        Verb::Get,
        "/integrations/{platformKey}/branding",
        Why::NotYet,
    ),
    (Verb::Get, "/profile/syncSettings", Why::Outside),
    (Verb::Post, "/profile/syncSettings", Why::Outside),
    (Verb::Get, "/apiKeys", Why::NotYet),
    (Verb::Post, "/apiKeys", Why::NotYet),
    (Verb::Delete, "/apiKeys/{apiKeyId}", Why::NotYet),
    (
        Verb::Get,
        "/companies/{companyId}/sync/{datasetId}/validation",
        Why::Outside,
    ),
    (
        Verb::Get,
        "/companies/{companyId}/connections/{connectionId}/options/{dataType}",
        Why::Outside,
    ),
    (Verb::Get, "/companies/{companyId}/push", Why::Outside),
    (
        Verb::Get,
        "/companies/{companyId}/push/{pushOperationKey}",
        Why::Outside,
    ),
    (
        Verb::Put,
        "/integrations/{platformKey}/dataTypes/{dataType}/supplementalDataConfig",
        Why::Outside,
    ),
    (
        Verb::Get,
        "/integrations/{platformKey}/dataTypes/{dataType}/supplementalDataConfig",
        Why::Outside,
    ),
    (
        Verb::Put,
        "/integrations/{platformKey}/dataTypes/custom/{customDataIdentifier}",
        Why::Outside,
    ),
    (
        Verb::Get,
        "/integrations/{platformKey}/dataTypes/custom/{customDataIdentifier}",
        Why::Outside,
    ),
    (
        Verb::Post,
        "/companies/{companyId}/connections/{connectionId}/data/queue/custom/{customDataIdentifier}",
        Why::Outside,
    ),
    (
        Verb::Get,
        "/companies/{companyId}/connections/{connectionId}/data/custom/{customDataIdentifier}",
        Why::Outside,
    ),
    (Verb::Get, "/rules", Why::NotYet),
    (Verb::Post, "/rules", Why::NotYet),
    (Verb::Get, "/rules/{ruleId}", Why::NotYet),
    (Verb::Put, "/rules/{ruleId}", Why::NotYet),
    (Verb::Delete, "/rules/{ruleId}", Why::NotYet),
    (Verb::Get, "/companies/{companyId}/files", Why::NotYet),
    (
        Verb::Get,
        "/companies/{companyId}/files/download",
        Why::NotYet,
    ),
    (
        Verb::Post,
        "/companies/{companyId}/connections/{connectionId}/files",
        Why::NotYet,
    ),
];

/// What answers such an operation.
pub(crate) fn not_built(verb: Verb, why: Why) -> MethodRouter<Api> {
    let refusal = move || Failure::from(ApiError::not_implemented(why.text()));
    match verb.scope() {
        Scope::Read => on(verb.filter(), move |_: MayRead| async move { refusal() }),
        Scope::Write | Scope::Credentials => {
            on(verb.filter(), move |_: MayWrite| async move { refusal() })
        }
    }
}
