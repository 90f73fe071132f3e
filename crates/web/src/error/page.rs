//! The one error page for people.

use axum::response::{IntoResponse, Response};
use http::StatusCode;
use http::header::CONTENT_TYPE;

use super::BodyError;
use crate::i18n::Languages;
use crate::layers::PageFacts;
use crate::look::{self, Brand, PageShell};

/// What went wrong, as far as it concerns a person. Each kind has its own title, what happened, and what to do.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum PageErrorKind {
    /// 400: the address or the form is not complete.
    BadRequest,
    /// 403: the form came from elsewhere.
    Forbidden,
    /// 404: there is nothing here.
    NotFound,
    /// 405: the address wants another method.
    MethodNotAllowed,
    /// 409: changed in the meantime.
    Conflict,
    /// 410: a link that no longer works.
    Gone,
    /// 413: too large.
    TooLarge,
    /// 429: too many requests.
    TooMany,
    /// 500: our fault.
    Internal,
    /// 503: too much to do.
    Overloaded,
    /// 421: not a name of ours.
    UnknownHost,
}

impl PageErrorKind {
    /// Every kind, for the styleguide and the tests.
    pub const ALL: [Self; 11] = [
        Self::BadRequest,
        Self::Forbidden,
        Self::NotFound,
        Self::MethodNotAllowed,
        Self::Conflict,
        Self::Gone,
        Self::TooLarge,
        Self::TooMany,
        Self::Internal,
        Self::Overloaded,
        Self::UnknownHost,
    ];

    /// The status it answers with.
    pub fn status(self) -> StatusCode {
        match self {
            Self::BadRequest => StatusCode::BAD_REQUEST,
            Self::Forbidden => StatusCode::FORBIDDEN,
            Self::NotFound => StatusCode::NOT_FOUND,
            Self::MethodNotAllowed => StatusCode::METHOD_NOT_ALLOWED,
            Self::Conflict => StatusCode::CONFLICT,
            Self::Gone => StatusCode::GONE,
            Self::TooLarge => StatusCode::PAYLOAD_TOO_LARGE,
            Self::TooMany => StatusCode::TOO_MANY_REQUESTS,
            Self::Internal => StatusCode::INTERNAL_SERVER_ERROR,
            Self::Overloaded => StatusCode::SERVICE_UNAVAILABLE,
            Self::UnknownHost => StatusCode::MISDIRECTED_REQUEST,
        }
    }

    fn key(self) -> &'static str {
        match self {
            Self::BadRequest => "web-error-bad-request",
            Self::Forbidden => "web-error-forbidden",
            Self::NotFound => "web-error-not-found",
            Self::MethodNotAllowed => "web-error-method",
            Self::Conflict => "web-error-conflict",
            Self::Gone => "web-error-gone",
            Self::TooLarge => "web-error-too-large",
            Self::TooMany => "web-error-too-many",
            Self::Internal => "web-error-internal",
            Self::Overloaded => "web-error-overloaded",
            Self::UnknownHost => "web-error-host",
        }
    }
}

/// A way on from an error page.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PageAction {
    /// What the link says, in the person's language.
    pub label: String,
    /// Where it leads: an address of ours.
    pub href: String,
}

/// An error as a person sees it: a title, what happened, what to do, and a reference to pass on. It becomes a
/// page in [`crate::layers::Outer`], which knows the request's language, nonce and reference.
#[derive(Debug, Clone)]
pub struct PageError(Box<Inner>);

#[derive(Debug, Clone)]
struct Inner {
    kind: PageErrorKind,
    brand: Brand,
    language: Option<&'static str>,
    text: Option<Text>,
    actions: Vec<PageAction>,
    cause: Option<String>,
}

#[derive(Debug, Clone)]
struct Text {
    title: String,
    what: String,
    todo: String,
}

impl PageError {
    /// An error with its kind's own texts, in no client's name.
    pub fn new(kind: PageErrorKind) -> Self {
        Self(Box::new(Inner {
            kind,
            brand: Brand::neutral(),
            language: None,
            text: None,
            actions: Vec::new(),
            cause: None,
        }))
    }

    /// 500. The cause is for the log alone.
    pub fn internal(cause: impl std::fmt::Display) -> Self {
        Self::new(PageErrorKind::Internal).because(cause)
    }

    /// Other texts, in the person's language: a title, what happened and what it means, what to do next.
    #[must_use]
    pub fn saying(
        mut self,
        title: impl Into<String>,
        what: impl Into<String>,
        todo: impl Into<String>,
    ) -> Self {
        self.0.text = Some(Text {
            title: title.into(),
            what: what.into(),
            todo: todo.into(),
        });
        self
    }

    /// In a client's name and colour.
    #[must_use]
    pub fn branded(mut self, brand: Brand) -> Self {
        self.0.brand = brand;
        self
    }

    /// In a language other than the browser's.
    #[must_use]
    pub fn in_language(mut self, tag: &'static str) -> Self {
        self.0.language = Some(tag);
        self
    }

    /// Adds a way on. The first one is the primary.
    #[must_use]
    pub fn with_action(mut self, label: impl Into<String>, href: impl Into<String>) -> Self {
        self.0.actions.push(PageAction {
            label: label.into(),
            href: href.into(),
        });
        self
    }

    /// Notes the private cause, which is logged with the reference and never shown.
    #[must_use]
    pub fn because(mut self, cause: impl std::fmt::Display) -> Self {
        self.0.cause = Some(cause.to_string());
        self
    }

    /// The kind.
    pub fn kind(&self) -> PageErrorKind {
        self.0.kind
    }

    /// Makes the page. Headers that the refusal carries (`Allow`) are kept.
    pub(crate) fn render(self, facts: &PageFacts, refused: &Response) -> Response {
        let inner = *self.0;
        let t = inner
            .language
            .and_then(|tag| Languages::embedded().exactly(tag))
            .unwrap_or(facts.localizer);
        let key = inner.kind.key();
        let text = inner.text.unwrap_or_else(|| Text {
            title: t.text(&format!("{key}-title")),
            what: t.text(&format!("{key}-what")),
            todo: t.text(&format!("{key}-todo")),
        });
        let page = look::ErrorPage {
            shell: &PageShell::new(t, facts.nonce, inner.brand),
            title: &text.title,
            what: &text.what,
            todo: &text.todo,
            actions: &inner.actions,
            reference: facts.correlation.to_string(),
        };
        let mut response = look::render(&page);
        if response.status().is_success() {
            *response.status_mut() = inner.kind.status();
        }
        for (name, value) in refused.headers() {
            if name != CONTENT_TYPE && name != http::header::CONTENT_LENGTH {
                response.headers_mut().append(name.clone(), value.clone());
            }
        }
        response
    }
}

impl From<BodyError> for PageError {
    fn from(error: BodyError) -> Self {
        match error {
            BodyError::TooLarge => Self::new(PageErrorKind::TooLarge),
            BodyError::TooSlow | BodyError::Broken => {
                Self::new(PageErrorKind::BadRequest).because(error)
            }
        }
    }
}

impl IntoResponse for PageError {
    fn into_response(self) -> Response {
        let status = self.0.kind.status();
        if let Some(cause) = &self.0.cause {
            if status.is_server_error() {
                tracing::error!(status = status.as_u16(), cause, "page failed");
            } else {
                tracing::debug!(status = status.as_u16(), cause, "page refused");
            }
        }
        let mut response = status.into_response();
        if self.0.kind == PageErrorKind::TooMany || self.0.kind == PageErrorKind::Overloaded {
            response.headers_mut().insert(
                http::header::RETRY_AFTER,
                http::HeaderValue::from_static("5"),
            );
        }
        response.extensions_mut().insert(self);
        response
    }
}
