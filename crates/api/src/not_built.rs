//! What the contract has, or what goes beyond it, and this version has not. Each is answered 501, saying which of two it is: never a
//! success that is none.

use axum::routing::MethodRouter;
use handclasp_domain::Scope;
use handclasp_web::error::ApiError;

use crate::auth::{MayRead, MayUseCredentials, MayWrite};
use crate::failure::Failure;
use crate::state::Api;
use crate::table::{Route, Verb, Who};

/// Why an operation is not here.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Why {
    /// It belongs to what the product is not for: reading and writing business data, and others' products.
    Outside,
    /// It will come.
    NotYet,
}

impl Why {
    /// What the caller is told.
    pub(crate) const fn text(self) -> &'static str {
        match self {
            Self::Outside => {
                "This is outside of what the product is for: it has no such operation."
            }
            Self::NotYet => "This operation is not built yet in this version.",
        }
    }
}

/// An operation that is not here.
pub(crate) struct NotBuilt {
    pub(crate) verb: Verb,
    /// The path after the prefix.
    pub(crate) path: &'static str,
    /// Who may call it once it is here. Nobody else is told more than that he may not.
    pub(crate) who: Who,
    pub(crate) why: Why,
}

const fn later(verb: Verb, path: &'static str) -> NotBuilt {
    NotBuilt {
        verb,
        path,
        who: Who::May(verb.scope()),
        why: Why::NotYet,
    }
}

const fn outside(verb: Verb, path: &'static str) -> NotBuilt {
    NotBuilt {
        why: Why::Outside,
        ..later(verb, path)
    }
}

impl NotBuilt {
    /// The route that says so.
    pub(crate) fn route(&self) -> Route {
        Route {
            verb: self.verb,
            path: self.path,
            who: self.who,
            answers: self.answers(),
            doc: None,
            older: false,
        }
    }

    fn answers(&self) -> MethodRouter<Api> {
        let why = self.why;
        let refusal = move || Failure::from(ApiError::not_implemented(why.text()));
        match self.who {
            Who::Anyone => self.verb.on(move || async move { refusal() }),
            Who::May(Scope::Read) | Who::Company(Scope::Read) => {
                self.verb.on(move |_: MayRead| async move { refusal() })
            }
            Who::May(Scope::Write) | Who::Company(Scope::Write) => {
                self.verb.on(move |_: MayWrite| async move { refusal() })
            }
            Who::May(Scope::Credentials) | Who::Company(Scope::Credentials) => self
                .verb
                .on(move |_: MayUseCredentials| async move { refusal() }),
        }
    }
}

/// All of them.
pub(crate) const NOT_BUILT: &[NotBuilt] = {
    use Verb::{Delete, Get, Patch, Post, Put};
    &[
        // Companies.
        later(Get, "/companies/{companyId}/consents"),
        later(Get, "/companies/{companyId}/links"),
        later(Post, "/companies/{companyId}/links"),
        later(Get, "/companies/{companyId}/links/{linkId}"),
        later(Delete, "/companies/{companyId}/links/{linkId}"),
        later(Delete, "/companies/{companyId}/sessions"),
        later(Get, "/companies/{companyId}/files"),
        later(Get, "/companies/{companyId}/files/download"),
        // Connections.
        later(
            Post,
            "/companies/{companyId}/connections/{connectionId}/confirm",
        ),
        later(
            Post,
            "/companies/{companyId}/connections/{connectionId}/reject",
        ),
        later(
            Post,
            "/companies/{companyId}/connections/{connectionId}/files",
        ),
        // Settings and keys.
        later(Get, "/linkSettings"),
        later(Put, "/linkSettings"),
        later(Get, "/branding"),
        later(Put, "/branding"),
        // Events, webhooks and the audit log.
        later(Get, "/eventTypes"),
        later(Get, "/events"),
        later(Get, "/webhooks/{webhookId}"),
        later(Patch, "/webhooks/{webhookId}"),
        later(Get, "/webhooks/{webhookId}/messages"),
        later(Get, "/webhooks/{webhookId}/attempts"),
        later(Post, "/webhooks/{webhookId}/resend"),
        later(Post, "/webhooks/{webhookId}/recover"),
        later(Post, "/webhooks/{webhookId}/replay"),
        later(Post, "/webhooks/{webhookId}/test"),
        outside(Post, "/webhooks/integrationKeys/zapier"),
        later(Get, "/auditLog"),
        // Business data.
        outside(
            Post,
            "/companies/{companyId}/products/{productIdentifier}/refresh",
        ),
        outside(Get, "/companies/{companyId}/syncSettings"),
        outside(Post, "/companies/{companyId}/syncSettings"),
        outside(Post, "/companies/{companyId}/data/all"),
        outside(Post, "/companies/{companyId}/data/queue/{dataType}"),
        outside(Get, "/companies/{companyId}/dataStatus"),
        outside(Get, "/companies/{companyId}/data/history"),
        outside(Get, "/companies/{companyId}/data/history/{datasetId}"),
        outside(Get, "/companies/{companyId}/sync/{datasetId}/validation"),
        outside(
            Get,
            "/companies/{companyId}/connections/{connectionId}/options/{dataType}",
        ),
        outside(Get, "/companies/{companyId}/push"),
        outside(Get, "/companies/{companyId}/push/{pushOperationKey}"),
        outside(
            Post,
            "/companies/{companyId}/connections/{connectionId}/data/queue/custom/{customDataIdentifier}",
        ),
        outside(
            Get,
            "/companies/{companyId}/connections/{connectionId}/data/custom/{customDataIdentifier}",
        ),
        outside(Get, "/profile/syncSettings"),
        outside(Post, "/profile/syncSettings"),
        outside(
            Put,
            "/integrations/{platformKey}/dataTypes/{dataType}/supplementalDataConfig",
        ),
        outside(
            Get,
            "/integrations/{platformKey}/dataTypes/{dataType}/supplementalDataConfig",
        ),
        outside(
            Put,
            "/integrations/{platformKey}/dataTypes/custom/{customDataIdentifier}",
        ),
        outside(
            Get,
            "/integrations/{platformKey}/dataTypes/custom/{customDataIdentifier}",
        ),
    ]
};
