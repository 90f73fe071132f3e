//! The frame of a page and what it needs to know.

use askama::Template;
use axum::extract::FromRequestParts;
use axum::response::{IntoResponse, Response};
use handclasp_domain::CorrelationId;
use http::HeaderValue;
use http::header::CONTENT_TYPE;
use http::request::Parts;

use super::{Brand, assets};
use crate::csrf::{self, CsrfToken};
use crate::error::{PageAction, PageError};
use crate::i18n::{Languages, Localizer};
use crate::layers::{Nonce, PageFacts};

/// What a handler of a page is told about its request. An extractor.
#[derive(Debug, Clone)]
pub struct PageContext {
    /// The reference of this request.
    pub correlation: CorrelationId,
    /// The nonce of this answer's content security policy.
    pub nonce: Nonce,
    /// The person's language: the browser's, until [`PageContext::speaking`] changes it.
    pub t: Localizer,
    /// The token for the page's forms; none outside of a [`crate::csrf::CsrfGate`].
    pub csrf: Option<CsrfToken>,
}

impl PageContext {
    /// In another language, where we speak it: that of `locale=` or the client's default.
    #[must_use]
    pub fn speaking(mut self, tag: Option<&str>) -> Self {
        if let Some(t) = tag.and_then(|tag| Languages::embedded().exactly(tag)) {
            self.t = t;
        }
        self
    }

    /// The frame of a page in this brand.
    pub fn shell(&self, brand: Brand) -> PageShell {
        PageShell {
            csrf: self.csrf.clone(),
            ..PageShell::new(self.t, self.nonce, brand)
        }
    }
}

impl<S: Send + Sync> FromRequestParts<S> for PageContext {
    type Rejection = PageError;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, PageError> {
        let facts = parts
            .extensions
            .get::<PageFacts>()
            .ok_or_else(|| PageError::internal("a page outside of the layer for pages"))?;
        Ok(Self {
            correlation: facts.correlation,
            nonce: facts.nonce,
            t: facts.localizer,
            csrf: parts.extensions.get::<CsrfToken>().cloned(),
        })
    }
}

/// The way out, at the top of every page of a journey.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Exit {
    /// Where it leads: the page that asks whether to leave.
    pub href: String,
    /// What it says.
    pub label: String,
}

/// The frame around a page: language, brand, addresses of the assets, the way out.
#[derive(Debug, Clone)]
pub struct PageShell {
    /// Draws texts in the person's language.
    pub t: Localizer,
    /// `ltr` or `rtl`: the language's, unless a picture of the other direction is wanted.
    pub dir: &'static str,
    /// The nonce of this answer's content security policy.
    pub nonce: Nonce,
    /// In whose name the page is.
    pub brand: Brand,
    /// The token for the page's forms.
    pub csrf: Option<CsrfToken>,
    /// What the page's forms have to say beside what the person does: a name, and an id.
    pub kept: Option<(&'static str, uuid::Uuid)>,
    /// The way out, where there is one.
    pub exit: Option<Exit>,
}

impl PageShell {
    /// A frame without forms and without a way out.
    pub fn new(t: Localizer, nonce: Nonce, brand: Brand) -> Self {
        Self {
            t,
            dir: t.dir(),
            nonce,
            brand,
            csrf: None,
            kept: None,
            exit: None,
        }
    }

    /// With a way out.
    #[must_use]
    pub fn with_exit(mut self, href: impl Into<String>, label: impl Into<String>) -> Self {
        self.exit = Some(Exit {
            href: href.into(),
            label: label.into(),
        });
        self
    }

    /// With an id that every form of the page brings back.
    #[must_use]
    pub fn keeping(mut self, name: &'static str, id: uuid::Uuid) -> Self {
        self.kept = Some((name, id));
        self
    }

    /// The hidden fields of a form: `{{ shell.hidden_fields()|safe }}` within each `<form method="post">`.
    pub fn hidden_fields(&self) -> String {
        // The token is base64url, and an id is an id: neither needs escaping.
        let token = self
            .csrf
            .as_ref()
            .map(|token| (csrf::FIELD, token.as_str().to_owned()));
        let kept = self.kept.map(|(name, id)| (name, id.to_string()));
        token
            .into_iter()
            .chain(kept)
            .map(|(name, value)| {
                format!("<input type=\"hidden\" name=\"{name}\" value=\"{value}\">")
            })
            .collect()
    }

    /// The address of the stylesheet.
    pub fn css_url(&self) -> &'static str {
        assets::css_url()
    }

    /// The address of the script.
    pub fn js_url(&self) -> &'static str {
        assets::js_url()
    }

    /// The address of our mark.
    pub fn mark_url(&self) -> &'static str {
        assets::mark_url()
    }
}

/// Makes a template's answer: 200 and HTML. A template that fails is an error page and a line in the log.
pub fn render(page: &impl Template) -> Response {
    match page.render() {
        Ok(html) => (
            [(
                CONTENT_TYPE,
                HeaderValue::from_static("text/html; charset=utf-8"),
            )],
            html,
        )
            .into_response(),
        Err(error) => PageError::internal(error).into_response(),
    }
}

/// The one error page.
#[derive(Template)]
#[template(path = "error.html")]
pub(crate) struct ErrorPage<'a> {
    pub(crate) shell: &'a PageShell,
    pub(crate) title: &'a str,
    pub(crate) what: &'a str,
    pub(crate) todo: &'a str,
    pub(crate) actions: &'a [PageAction],
    pub(crate) reference: String,
}
