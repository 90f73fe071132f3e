//! The one list of all routes: each with its path and who may call it.

use axum::handler::Handler;
use axum::middleware::map_response;
use axum::response::Response;
use axum::routing::{MethodRouter, any, delete, get, patch, post, put};
use handclasp_domain::Scope;
use http::header::LINK;
use http::{HeaderName, HeaderValue};

use crate::not_built::{NOT_BUILT, NotBuilt};
use crate::once::Once;
use crate::routes::{
    api_keys, companies, connections, cors, integrations, profile, rules, webhooks,
};
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
}

/// Who may call a route.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Who {
    /// Everybody, without a key.
    Anyone,
    /// Whoever has a key with this scope.
    May(Scope),
    /// Whoever has a key with this scope; and a company's own access token, for that company.
    Company(Scope),
}

impl Who {
    /// The scope that a key needs; none where none is needed.
    #[cfg_attr(
        not(test),
        expect(dead_code, reason = "read by the tests that drive every route")
    )]
    pub(crate) const fn scope(self) -> Option<Scope> {
        match self {
            Self::Anyone => None,
            Self::May(scope) | Self::Company(scope) => Some(scope),
        }
    }
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
    /// The handler on this method. Requests that change something in a way that is not the same when done twice may have an
    /// idempotency key.
    pub(crate) fn on<H, T>(self, handler: H) -> MethodRouter<Api>
    where
        H: Handler<T, Api>,
        T: 'static,
    {
        match self {
            Self::Get => get(handler),
            Self::Post => post(Once(handler)),
            Self::Put => put(handler),
            Self::Patch => patch(Once(handler)),
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

fn route<H, T>(verb: Verb, path: &'static str, who: Who, handler: H) -> Route
where
    H: Handler<T, Api>,
    T: 'static,
{
    Route {
        verb,
        path,
        who,
        answers: verb.on(handler),
    }
}

/// When the older forms became that: with the first schema, 2026-11-22 (RFC 9745). No end is planned, so none is announced.
const DEPRECATED: HeaderValue = HeaderValue::from_static("@1795305600");
const DEPRECATION: HeaderName = HeaderName::from_static("deprecation");

impl Route {
    /// An older form, which says so in every answer. `link` leads to what came after it, from its own address on.
    fn older(self, link: &'static str) -> Self {
        let marked = move |mut answer: Response| async move {
            let headers = answer.headers_mut();
            headers.insert(DEPRECATION, DEPRECATED);
            headers.insert(LINK, HeaderValue::from_static(link));
            answer
        };
        Self {
            answers: self.answers.layer(map_response(marked)),
            ..self
        }
    }
}

/// All routes.
pub(crate) fn routes() -> Vec<Route> {
    use Verb::{Delete, Get, Patch, Post, Put};
    const READ: Who = Who::May(Scope::Read);
    const WRITE: Who = Who::May(Scope::Write);
    const READ_OWN: Who = Who::Company(Scope::Read);
    const WRITE_OWN: Who = Who::Company(Scope::Write);
    const API_KEYS: &str = "/apiKeys";
    const API_KEY: &str = "/apiKeys/{apiKeyId}";
    const COMPANIES: &str = "/companies";
    const COMPANY: &str = "/companies/{companyId}";
    const TOKEN: &str = "/companies/{companyId}/accessToken";
    const OLD_TOKEN: &str = "/companies/{companyId}/connectionManagement/accessToken";
    const PRODUCT: &str = "/companies/{companyId}/products/{productIdentifier}";
    const CONNECTIONS: &str = "/companies/{companyId}/connections";
    const CONNECTION: &str = "/companies/{companyId}/connections/{connectionId}";
    const AUTHORIZATION: &str = "/companies/{companyId}/connections/{connectionId}/authorization";
    const INTEGRATIONS: &str = "/integrations";
    const INTEGRATION: &str = "/integrations/{platformKey}";
    const LOGO: &str = "/integrations/{platformKey}/logo.svg";
    const BRANDING: &str = "/integrations/{platformKey}/branding";
    const DRAWING: &str = "/integrations/{platformKey}/branding/{drawing}";
    const PROFILE: &str = "/profile";
    const CORS: &str = "/corsSettings";
    const OLD_CORS: &str = "/connectionManagement/corsSettings";
    const AFTER_CORS: &str = "<../corsSettings>; rel=\"successor-version\"";
    const RULES: &str = "/rules";
    const AFTER_RULES: &str = "<webhooks>; rel=\"successor-version\"";
    const RULE: &str = "/rules/{ruleId}";
    const AFTER_RULE: &str = "<../webhooks>; rel=\"successor-version\"";
    const WEBHOOKS: &str = "/webhooks";
    const WEBHOOK: &str = "/webhooks/{webhookId}";
    const SECRET: &str = "/webhooks/{webhookId}/secret";
    let mut routes = vec![
        route(Get, API_KEYS, READ, api_keys::list_keys),
        route(Post, API_KEYS, WRITE, api_keys::create_key),
        route(Delete, API_KEY, WRITE, api_keys::delete_key),
        route(Get, COMPANIES, READ, companies::list_companies),
        route(Post, COMPANIES, WRITE, companies::create_company),
        route(Get, COMPANY, READ_OWN, companies::get_company),
        route(Put, COMPANY, WRITE, companies::replace_company),
        route(Patch, COMPANY, WRITE, companies::update_company),
        route(Delete, COMPANY, WRITE, companies::delete_company),
        route(Put, PRODUCT, WRITE, companies::add_product),
        route(Delete, PRODUCT, WRITE, companies::remove_product),
        // Whoever has a token can change what it reaches: looking at data is not enough to be given it.
        route(Get, TOKEN, WRITE, companies::get_access_token),
        route(Get, OLD_TOKEN, WRITE, companies::get_old_access_token)
            .older("<../accessToken>; rel=\"successor-version\""),
        route(Get, CONNECTIONS, READ_OWN, connections::list_connections),
        route(Post, CONNECTIONS, WRITE_OWN, connections::create_connection),
        route(Get, CONNECTION, READ_OWN, connections::get_connection),
        route(Patch, CONNECTION, WRITE_OWN, connections::unlink_connection),
        route(
            Delete,
            CONNECTION,
            WRITE_OWN,
            connections::delete_connection,
        ),
        route(Put, AUTHORIZATION, WRITE, connections::update_authorization),
        route(Get, INTEGRATIONS, READ_OWN, integrations::list_integrations),
        route(Get, INTEGRATION, READ, integrations::get_integration),
        route(Get, LOGO, Who::Anyone, integrations::get_logo),
        route(Get, BRANDING, READ, integrations::get_branding),
        route(Get, DRAWING, Who::Anyone, integrations::get_drawing),
        route(Get, PROFILE, READ, profile::get_profile),
        route(Put, PROFILE, WRITE, profile::update_profile),
        route(Get, CORS, READ, cors::get_cors_settings),
        route(Post, CORS, WRITE, cors::set_cors_settings),
        route(Get, OLD_CORS, READ, cors::get_cors_settings).older(AFTER_CORS),
        route(Post, OLD_CORS, WRITE, cors::set_cors_settings).older(AFTER_CORS),
        route(Get, RULES, READ, rules::list_rules).older(AFTER_RULES),
        route(Post, RULES, WRITE, rules::create_rule).older(AFTER_RULES),
        route(Get, RULE, READ, rules::get_rule).older(AFTER_RULE),
        route(Put, RULE, WRITE, rules::replace_rule).older(AFTER_RULE),
        route(Delete, RULE, WRITE, rules::delete_rule).older(AFTER_RULE),
        route(Get, WEBHOOKS, READ, webhooks::list_webhooks),
        route(Post, WEBHOOKS, WRITE, webhooks::create_webhook),
        route(Delete, WEBHOOK, WRITE, webhooks::delete_webhook),
        // Whoever has the secret can forge messages: looking at data is not enough to be given it.
        route(Get, SECRET, WRITE, webhooks::get_secret),
    ];
    routes.extend(NOT_BUILT.iter().map(NotBuilt::route));
    routes
}
