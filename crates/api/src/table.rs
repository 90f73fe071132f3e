//! The one list of all routes: each with its path and who may call it.

use axum::handler::Handler;
use axum::routing::{MethodRouter, any, delete, get, patch, post, put};
use handclasp_domain::Scope;

use crate::doc::Doc;
use crate::not_built::{NOT_BUILT, NotBuilt};
use crate::routes::{about, companies, connections, integrations, profile, webhooks};
use crate::state::Api;

/// A route.
pub(crate) struct Route {
    /// The method. GET answers HEAD too.
    pub(crate) verb: Verb,
    /// The path after the prefix, parameters in braces.
    pub(crate) path: &'static str,
    /// Who may call it. The handler's first parameter enforces it; a test holds the two together.
    pub(crate) who: Who,
    /// What answers.
    pub(crate) answers: MethodRouter<Api>,
    /// What the OpenAPI document says of it; nothing of what is not built.
    pub(crate) doc: Option<fn() -> Doc>,
}

/// Who may call a route.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Who {
    /// Everybody, without a key.
    Anyone,
    /// Whoever has a key with this scope.
    May(Scope),
}

/// A method.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Verb {
    Get,
    Post,
    Put,
    Patch,
    Delete,
    /// Every method, known or not.
    Any,
}

impl Verb {
    /// The handler on this method.
    pub(crate) fn on<H, T>(self, handler: H) -> MethodRouter<Api>
    where
        H: Handler<T, Api>,
        T: 'static,
    {
        match self {
            Self::Get => get(handler),
            Self::Post => post(handler),
            Self::Put => put(handler),
            Self::Patch => patch(handler),
            Self::Delete => delete(handler),
            Self::Any => any(handler),
        }
    }

    /// What a key needs for it, where nothing else is said.
    pub(crate) const fn scope(self) -> Scope {
        match self {
            Self::Get => Scope::Read,
            Self::Post | Self::Put | Self::Patch | Self::Delete | Self::Any => Scope::Write,
        }
    }
}

fn route<H, T>(verb: Verb, path: &'static str, who: Who, handler: H, doc: fn() -> Doc) -> Route
where
    H: Handler<T, Api>,
    T: 'static,
{
    Route {
        verb,
        path,
        who,
        answers: verb.on(handler),
        doc: Some(doc),
    }
}

/// All routes.
pub(crate) fn routes() -> Vec<Route> {
    use Verb::{Delete, Get, Patch, Post, Put};
    const READ: Who = Who::May(Scope::Read);
    const WRITE: Who = Who::May(Scope::Write);
    const COMPANIES: &str = "/companies";
    const COMPANY: &str = "/companies/{companyId}";
    const CONNECTIONS: &str = "/companies/{companyId}/connections";
    const CONNECTION: &str = "/companies/{companyId}/connections/{connectionId}";
    const INTEGRATIONS: &str = "/integrations";
    const INTEGRATION: &str = "/integrations/{platformKey}";
    const LOGO: &str = "/integrations/{platformKey}/logo.svg";
    const PROFILE: &str = "/profile";
    const WEBHOOKS: &str = "/webhooks";
    const WEBHOOK: &str = "/webhooks/{webhookId}";
    const SECRET: &str = "/webhooks/{webhookId}/secret";
    const OPENAPI: &str = "/openapi.json";
    const DOCS: &str = "/docs";
    let mut routes = vec![
        route(
            Get,
            COMPANIES,
            READ,
            companies::list_companies,
            companies::list::doc,
        ),
        route(
            Post,
            COMPANIES,
            WRITE,
            companies::create_company,
            companies::create::doc,
        ),
        route(
            Get,
            COMPANY,
            READ,
            companies::get_company,
            companies::get::doc,
        ),
        route(
            Delete,
            COMPANY,
            WRITE,
            companies::delete_company,
            companies::delete::doc,
        ),
        route(
            Get,
            CONNECTIONS,
            READ,
            connections::list_connections,
            connections::list::doc,
        ),
        route(
            Post,
            CONNECTIONS,
            WRITE,
            connections::create_connection,
            connections::create::doc,
        ),
        route(
            Get,
            CONNECTION,
            READ,
            connections::get_connection,
            connections::get::doc,
        ),
        route(
            Patch,
            CONNECTION,
            WRITE,
            connections::unlink_connection,
            connections::unlink::doc,
        ),
        route(
            Delete,
            CONNECTION,
            WRITE,
            connections::delete_connection,
            connections::delete::doc,
        ),
        route(
            Get,
            INTEGRATIONS,
            READ,
            integrations::list_integrations,
            integrations::list::doc,
        ),
        route(
            Get,
            INTEGRATION,
            READ,
            integrations::get_integration,
            integrations::get::doc,
        ),
        route(
            Get,
            LOGO,
            Who::Anyone,
            integrations::get_logo,
            integrations::logo::doc,
        ),
        route(Get, PROFILE, READ, profile::get_profile, profile::get_doc),
        route(
            Put,
            PROFILE,
            WRITE,
            profile::update_profile,
            profile::update_doc,
        ),
        route(
            Get,
            WEBHOOKS,
            READ,
            webhooks::list_webhooks,
            webhooks::list::doc,
        ),
        route(
            Post,
            WEBHOOKS,
            WRITE,
            webhooks::create_webhook,
            webhooks::create::doc,
        ),
        route(
            Delete,
            WEBHOOK,
            WRITE,
            webhooks::delete_webhook,
            webhooks::delete::doc,
        ),
        // Whoever has the secret can forge messages: looking at data is not enough to be given it.
        route(
            Get,
            SECRET,
            WRITE,
            webhooks::get_secret,
            webhooks::secret::doc,
        ),
        route(
            Get,
            OPENAPI,
            Who::Anyone,
            about::get_openapi,
            about::openapi::doc,
        ),
        route(Get, DOCS, Who::Anyone, about::get_docs, about::docs::doc),
    ];
    routes.extend(NOT_BUILT.iter().map(NotBuilt::route));
    routes
}
