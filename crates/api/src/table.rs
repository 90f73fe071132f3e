//! The one list of all routes: each with its path and who may call it.

use axum::handler::Handler;
use axum::middleware::map_response;
use axum::response::Response;
use axum::routing::{MethodRouter, any, delete, get, patch, post, put};
use handclasp_domain::Scope;
use http::header::LINK;
use http::{HeaderName, HeaderValue};

use crate::doc::Doc;
use crate::not_built::{NOT_BUILT, NotBuilt};
use crate::once::Once;
use crate::routes::{
    about, api_keys, companies, connections, cors, integrations, profile, rules, webhooks,
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
    /// What the OpenAPI document says of it; nothing of what is not built.
    pub(crate) doc: Option<fn() -> Doc>,
    /// Whether it is an older form of another.
    pub(crate) older: bool,
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
        older: false,
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
            older: true,
            ..self
        }
    }
}

/// Where calls are passed on: any path after it, as it is spelled.
pub(crate) const PROXY: &str = "/companies/{companyId}/connections/{connectionId}/proxy/{*path}";

/// All routes.
pub(crate) fn routes() -> Vec<Route> {
    use Verb::{Any, Delete, Get, Patch, Post, Put};
    const CREDENTIALS: Who = Who::May(Scope::Credentials);
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
    const HELD: &str = "/companies/{companyId}/connections/{connectionId}/credentials";
    const INTEGRATIONS: &str = "/integrations";
    const INTEGRATION: &str = "/integrations/{platformKey}";
    const LOGO: &str = "/integrations/{platformKey}/logo.svg";
    const BRANDING: &str = "/integrations/{platformKey}/branding";
    const DRAWING: &str = "/integrations/{platformKey}/branding/{drawing}";
    const INTEGRATION_SETTINGS: &str = "/integrations/{platformKey}/settings";
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
    const OPENAPI: &str = "/openapi.json";
    const DOCS: &str = "/docs";
    let mut routes = vec![
        route(
            Get,
            API_KEYS,
            READ,
            api_keys::list_keys,
            api_keys::list::doc,
        ),
        route(
            Post,
            API_KEYS,
            WRITE,
            api_keys::create_key,
            api_keys::create::doc,
        ),
        route(
            Delete,
            API_KEY,
            WRITE,
            api_keys::delete_key,
            api_keys::delete::doc,
        ),
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
            READ_OWN,
            companies::get_company,
            companies::get::doc,
        ),
        route(
            Put,
            COMPANY,
            WRITE,
            companies::replace_company,
            companies::replace::doc,
        ),
        route(
            Patch,
            COMPANY,
            WRITE,
            companies::update_company,
            companies::update::doc,
        ),
        route(
            Delete,
            COMPANY,
            WRITE,
            companies::delete_company,
            companies::delete::doc,
        ),
        route(
            Put,
            PRODUCT,
            WRITE,
            companies::add_product,
            companies::products::add_doc,
        ),
        route(
            Delete,
            PRODUCT,
            WRITE,
            companies::remove_product,
            companies::products::remove_doc,
        ),
        // Whoever has a token can change what it reaches: looking at data is not enough to be given it.
        route(
            Get,
            TOKEN,
            WRITE,
            companies::get_access_token,
            companies::access_token::doc,
        ),
        route(
            Get,
            OLD_TOKEN,
            WRITE,
            companies::get_old_access_token,
            companies::access_token::old_doc,
        )
        .older("<../accessToken>; rel=\"successor-version\""),
        route(
            Get,
            CONNECTIONS,
            READ_OWN,
            connections::list_connections,
            connections::list::doc,
        ),
        route(
            Post,
            CONNECTIONS,
            WRITE_OWN,
            connections::create_connection,
            connections::create::doc,
        ),
        route(
            Get,
            CONNECTION,
            READ_OWN,
            connections::get_connection,
            connections::get::doc,
        ),
        route(
            Patch,
            CONNECTION,
            WRITE_OWN,
            connections::unlink_connection,
            connections::unlink::doc,
        ),
        route(
            Delete,
            CONNECTION,
            WRITE_OWN,
            connections::delete_connection,
            connections::delete::doc,
        ),
        route(
            Put,
            AUTHORIZATION,
            WRITE,
            connections::update_authorization,
            connections::authorize::doc,
        ),
        route(
            Get,
            HELD,
            CREDENTIALS,
            connections::get_credentials,
            connections::credentials::doc,
        ),
        route(
            Any,
            PROXY,
            CREDENTIALS,
            connections::proxy_call,
            connections::proxy::doc,
        ),
        route(
            Get,
            INTEGRATIONS,
            READ_OWN,
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
        route(
            Get,
            BRANDING,
            READ,
            integrations::get_branding,
            integrations::branding::doc,
        ),
        route(
            Get,
            DRAWING,
            Who::Anyone,
            integrations::get_drawing,
            integrations::branding::drawing_doc,
        ),
        route(
            Get,
            INTEGRATION_SETTINGS,
            READ,
            integrations::get_settings,
            integrations::settings::get_doc,
        ),
        route(
            Put,
            INTEGRATION_SETTINGS,
            WRITE,
            integrations::update_settings,
            integrations::settings::update_doc,
        ),
        route(Get, PROFILE, READ, profile::get_profile, profile::get_doc),
        route(
            Put,
            PROFILE,
            WRITE,
            profile::update_profile,
            profile::update_doc,
        ),
        route(Get, CORS, READ, cors::get_cors_settings, cors::get_doc),
        route(Post, CORS, WRITE, cors::set_cors_settings, cors::set_doc),
        route(
            Get,
            OLD_CORS,
            READ,
            cors::get_cors_settings,
            cors::old_get_doc,
        )
        .older(AFTER_CORS),
        route(
            Post,
            OLD_CORS,
            WRITE,
            cors::set_cors_settings,
            cors::old_set_doc,
        )
        .older(AFTER_CORS),
        route(Get, RULES, READ, rules::list_rules, rules::list::doc).older(AFTER_RULES),
        route(Post, RULES, WRITE, rules::create_rule, rules::create::doc).older(AFTER_RULES),
        route(Get, RULE, READ, rules::get_rule, rules::get::doc).older(AFTER_RULE),
        route(Put, RULE, WRITE, rules::replace_rule, rules::replace::doc).older(AFTER_RULE),
        route(Delete, RULE, WRITE, rules::delete_rule, rules::delete::doc).older(AFTER_RULE),
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
