//! A visit: who comes to which page, in which browser and language, and what there is to show.

use std::sync::Arc;

use axum::extract::{FromRequestParts, RawPathParams};
use handclasp_app::{App, Browser, Caller, ConnectionWithErrors, LinkView, PageOf, Parameters};
use handclasp_domain::redirect::CustomParameters;
use handclasp_domain::{AttemptId, CompanyId, ConnectionId, Id, Timestamp};
use handclasp_integrations::Integration;
use handclasp_web::csrf;
use handclasp_web::error::{PageError, PageErrorKind};
use handclasp_web::form::Fields;
use handclasp_web::front::Peer;
use handclasp_web::i18n::Localizer;
use handclasp_web::look::{Brand, PageContext, PageShell};
use http::HeaderMap;
use http::header::USER_AGENT;
use http::request::Parts;

use crate::{Link, error};

/// A visit to a page of one company's Link.
pub(crate) struct Visit {
    pub(crate) app: App,
    pub(crate) page: PageContext,
    pub(crate) caller: Caller,
    pub(crate) company: CompanyId,
    pub(crate) view: LinkView,
    /// None before the browser was given its cookie.
    pub(crate) browser: Option<Browser>,
    /// What the address says, where that is more than the running journey knows.
    pub(crate) said: Option<Parameters>,
    /// The address's query with its question mark, to be carried on until a journey has it.
    pub(crate) query: String,
    pub(crate) headers: HeaderMap,
    params: Vec<(String, String)>,
}

impl FromRequestParts<Link> for Visit {
    type Rejection = PageError;

    async fn from_request_parts(parts: &mut Parts, link: &Link) -> Result<Self, PageError> {
        let page = PageContext::from_request_parts(parts, link).await?;
        let params: Vec<(String, String)> = RawPathParams::from_request_parts(parts, link)
            .await
            .map_err(|_| error::no_such_link(&page.t))?
            .iter()
            .map(|(name, value)| (name.to_owned(), value.to_owned()))
            .collect();
        let company = param(&params, "company").ok_or_else(|| error::no_such_link(&page.t))?;
        let browser = browser(link, &parts.headers);
        let view = link
            .app
            .link_view(company, browser)
            .await
            .map_err(|failed| error::of(&failed, &page.t))?;
        let raw = parts.uri.query().unwrap_or_default();
        let said = said(raw);
        let now = link.app.now();
        let known = view.running(now).map(|journey| &journey.parameters);
        let said = said.filter(|said| known != Some(said));
        let query = if said.is_some() {
            format!("?{raw}")
        } else {
            String::new()
        };
        let locale = said
            .as_ref()
            .or(known)
            .and_then(|parameters| parameters.locale.clone());
        Ok(Self {
            app: link.app.clone(),
            page: page.clone().speaking(locale.as_deref()),
            caller: caller(view.client.id, parts, &page),
            company,
            view,
            browser,
            said,
            query,
            headers: parts.headers.clone(),
            params,
        })
    }
}

fn param<T: std::str::FromStr>(params: &[(String, String)], name: &str) -> Option<T> {
    let (_, value) = params.iter().find(|(known, _)| known == name)?;
    value.parse().ok()
}

/// The browser that holds the cookie of the gate around Link's pages.
pub(crate) fn browser(link: &Link, headers: &HeaderMap) -> Option<Browser> {
    link.cookies
        .read(headers, csrf::COOKIE)
        .filter(|value| value.len() >= 22)
        .map(Browser::of_cookie)
}

pub(crate) fn caller(
    client: handclasp_domain::ClientId,
    parts: &Parts,
    page: &PageContext,
) -> Caller {
    let address = parts
        .extensions
        .get::<Peer>()
        .and_then(|peer| peer.0)
        .map(|address| address.ip().to_string());
    App::person(client, address, Some(page.correlation))
}

/// What a Link URL's query says; none where it says nothing.
fn said(query: &str) -> Option<Parameters> {
    let pairs = || url::form_urlencoded::parse(query.as_bytes());
    let value = |name: &str| {
        pairs()
            .find(|(known, _)| known == name)
            .map(|(_, value)| value.into_owned())
    };
    let parameters = Parameters {
        custom: CustomParameters::from_query(pairs()),
        locale: value("locale").filter(|tag| (2..=35).contains(&tag.len())),
        show_sandbox: match value("link.showSandboxIntegrations").as_deref() {
            Some("true") => Some(true),
            Some("false") => Some(false),
            Some(_) | None => None,
        },
    };
    (parameters != Parameters::default()).then_some(parameters)
}

/// An address's query that says the same again, with its question mark; empty where there is nothing to say.
pub(crate) fn query_of(parameters: &Parameters) -> String {
    let mut query = url::form_urlencoded::Serializer::new(String::new());
    query.extend_pairs(parameters.custom.iter());
    if let Some(locale) = &parameters.locale {
        query.append_pair("locale", locale);
    }
    if let Some(show) = parameters.show_sandbox {
        query.append_pair("link.showSandboxIntegrations", &show.to_string());
    }
    match query.finish() {
        empty if empty.is_empty() => empty,
        pairs => format!("?{pairs}"),
    }
}

/// The field of a form that names the journey of its page.
const JOURNEY: &str = "journey";

impl Visit {
    /// A page's frame, with the way out.
    pub(crate) fn shell(&self) -> PageShell {
        let exit = self.t().text("web-leave");
        self.bare_shell().with_exit(self.address("/leave"), exit)
    }

    /// A page's frame without a way out: where the journey is over.
    pub(crate) fn bare_shell(&self) -> PageShell {
        let shell = self.page.shell(Brand::of(self.view.client.name.as_str()));
        match self.view.running(self.now()) {
            Some(running) => shell.keeping(JOURNEY, running.id.uuid()),
            None => shell,
        }
    }

    /// The page whose form brought these fields.
    pub(crate) fn page_of(&self, fields: &Fields) -> PageOf {
        let journey = fields.one(JOURNEY).ok().flatten();
        PageOf {
            said: self.said.clone(),
            journey: journey.and_then(|id| id.parse().ok()),
        }
    }

    /// Speaks the language of this browser's journey, though that has ended.
    #[must_use]
    pub(crate) fn in_the_journeys_language(mut self) -> Self {
        let locale = self
            .view
            .journey
            .as_ref()
            .and_then(|journey| journey.parameters.locale.as_deref());
        self.page = self.page.speaking(locale);
        self
    }

    /// The Link URL again, as this browser's journey began with it.
    pub(crate) fn beginning_again(&self) -> String {
        let began = self.view.journey.as_ref();
        let query = began.map(|journey| query_of(&journey.parameters));
        format!("/company/{}{}", self.company, query.unwrap_or_default())
    }

    pub(crate) fn t(&self) -> &Localizer {
        &self.page.t
    }

    pub(crate) fn now(&self) -> Timestamp {
        self.app.now()
    }

    /// The client's name.
    pub(crate) fn client(&self) -> &str {
        &self.view.client.name
    }

    /// An address of this company's Link, with what has to be carried on.
    pub(crate) fn address(&self, path: &str) -> String {
        format!("/company/{}{path}{}", self.company, self.query)
    }

    /// The browser, for what can't be done without knowing it again.
    pub(crate) fn known_browser(&self) -> Result<Browser, PageError> {
        self.browser.ok_or_else(|| error::needs_cookies(self.t()))
    }

    /// The connection that the address names.
    pub(crate) fn connection(&self) -> Result<&ConnectionWithErrors, PageError> {
        let id: Option<ConnectionId> = param(&self.params, "connection");
        self.view
            .company
            .connections
            .iter()
            .find(|held| Some(held.connection.id) == id)
            .ok_or_else(|| error::no_such_link(self.t()))
    }

    /// The attempt that the address names.
    pub(crate) fn attempt_id(&self) -> Result<AttemptId, PageError> {
        param(&self.params, "attempt").ok_or_else(|| error::no_such_link(self.t()))
    }

    /// The text in the address under this name.
    pub(crate) fn param(&self, name: &str) -> Option<&str> {
        self.params
            .iter()
            .find(|(known, _)| known == name)
            .map(|(_, value)| value.as_str())
    }

    /// A connection's integration.
    pub(crate) fn integration(
        &self,
        held: &ConnectionWithErrors,
    ) -> Result<&Integration, PageError> {
        self.app
            .catalogue()
            .get(held.connection.platform_key)
            .map(|integration| &**integration)
            .ok_or_else(|| PageError::internal("a connection to an undeclared integration"))
    }

    /// The integrations that this person is offered, in the order in which they are shown.
    pub(crate) async fn offered(&self) -> Result<Vec<Arc<Integration>>, PageError> {
        let running = || {
            let journey = self.view.running(self.now())?;
            Some(journey.parameters.clone())
        };
        let parameters = self.said.clone().or_else(running).unwrap_or_default();
        let integrations = self
            .app
            .client_integrations(self.view.client.id)
            .await
            .map_err(|failed| self.failed(&failed))?;
        let all = integrations.in_order().into_iter();
        Ok(all
            .filter(|one| integrations.is_offered(one, &parameters))
            .cloned()
            .collect())
    }

    /// The browser's own description of itself.
    pub(crate) fn user_agent(&self) -> String {
        let given = self
            .headers
            .get(USER_AGENT)
            .and_then(|value| value.to_str().ok());
        given.unwrap_or_default().chars().take(500).collect()
    }

    /// Turns what a use case says into a page.
    pub(crate) fn failed(&self, failed: &handclasp_app::AppError) -> PageError {
        error::of(failed, self.t())
            .branded(Brand::of(self.client()))
            .in_language(self.t().lang())
    }

    /// A page about what the rules do not allow, with the way back.
    pub(crate) fn refused(
        &self,
        kind: PageErrorKind,
        title: &str,
        what: &str,
        todo: &str,
    ) -> PageError {
        PageError::new(kind)
            .saying(title, what, todo)
            .branded(Brand::of(self.client()))
            .in_language(self.t().lang())
    }
}
