//! The API about itself: each route's documentation, the OpenAPI document made of it, and the page made of that.
//!
//! ```text
//! routes/<…>.rs: doc() ─► table ─► document (OpenAPI 3.1) ─► page (/api/docs)
//! wire/<…>.rs: Shape ─┘                              └─► /api/openapi.json
//! ```

mod document;
mod examples;
mod page;
pub(crate) mod parts;
mod sample;
pub(crate) mod shape;
#[cfg(test)]
mod tests;

use handclasp_domain::query::Ordered;
use serde::de::DeserializeOwned;
use serde_json::Value;

pub(crate) use document::document;
pub(crate) use page::page;
use parts::Parameter;
pub(crate) use shape::{Schemas, Shape};

/// The documentation of a route. It stands beside the handler, as `pub(crate) fn doc() -> Doc`; the table names both. What follows from
/// the route itself is added by [`document`]: the parameters of its path, the scope, the errors that all routes like it have.
pub(crate) struct Doc {
    id: &'static str,
    tag: Tag,
    summary: &'static str,
    text: &'static str,
    sdk: Option<&'static str>,
    sdk_body: &'static str,
    query: Vec<Parameter>,
    body: Option<Body>,
    answers: Vec<Said>,
    /// Whether somebody else's answers are passed on, whatever they are.
    passes_on: bool,
    errors: Vec<u16>,
}

/// What a body is, with an example that works.
struct Body {
    schema: fn(&mut Schemas) -> Value,
    /// The fields that are read of it.
    #[cfg(test)]
    reads: fn() -> Option<&'static [&'static str]>,
    example: Value,
    /// Whether the operation does nothing without it.
    is_required: bool,
}

/// What is answered with a status below 400.
struct Said {
    status: u16,
    text: &'static str,
    kind: &'static str,
    schema: Option<Describe>,
    /// Whether it carries an ETag.
    has_etag: bool,
}

type Describe = Box<dyn Fn(&mut Schemas) -> Value>;

/// The groups of operations, in the order in which they are shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Tag {
    Companies,
    Connections,
    ConnectionManagement,
    Integrations,
    Settings,
    Webhooks,
    Rules,
    About,
}

impl Tag {
    /// All of them.
    pub(crate) const ALL: [Self; 8] = [
        Self::Companies,
        Self::Connections,
        Self::ConnectionManagement,
        Self::Integrations,
        Self::Settings,
        Self::Webhooks,
        Self::Rules,
        Self::About,
    ];

    /// Its name, as the contract has it where it has the group.
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Companies => "Companies",
            Self::Connections => "Connections",
            Self::ConnectionManagement => "Connection management",
            Self::Integrations => "Integrations",
            Self::Settings => "Settings",
            Self::Webhooks => "Webhooks",
            Self::Rules => "Rules",
            Self::About => "About this API",
        }
    }

    /// What stands in it.
    const fn text(self) -> &'static str {
        match self {
            Self::Companies => {
                "Your customers. Each has a Link address, where its people connect their systems."
            }
            Self::Connections => "What connects a company to one of its systems.",
            Self::ConnectionManagement => "The older address of companies' access tokens.",
            Self::Integrations => "The systems that companies can connect.",
            Self::Settings => "What holds for all of your companies.",
            Self::Webhooks => "Where your systems are told what happened.",
            Self::Rules => "The older form of webhooks.",
            Self::About => "This documentation, for programs and for people.",
        }
    }
}

impl Doc {
    /// Begins the documentation: the operation's id (the contract's, where the contract has the operation), its group, and what it does
    /// in a few words.
    pub(crate) fn new(id: &'static str, tag: Tag, summary: &'static str) -> Self {
        Self {
            id,
            tag,
            summary,
            text: "",
            sdk: None,
            sdk_body: "requestBody",
            query: Vec::new(),
            body: None,
            answers: Vec::new(),
            passes_on: false,
            errors: Vec::new(),
        }
    }

    /// What else there is to know, in whole sentences.
    pub(crate) fn text(self, text: &'static str) -> Self {
        Self { text, ..self }
    }

    /// Where the published SDKs have it, as the TypeScript one writes it: `webhooks.createConsumer`. Left out where they do not.
    pub(crate) fn sdk(self, method: &'static str) -> Self {
        Self {
            sdk: Some(method),
            ..self
        }
    }

    /// What the published SDKs call the body of an operation that has ids in its path too, where that is not `requestBody`.
    pub(crate) fn sdk_body(self, name: &'static str) -> Self {
        Self {
            sdk_body: name,
            ..self
        }
    }

    /// A parameter of its query. Those of all lists come with [`Self::answers_page`].
    pub(crate) fn query(mut self, parameter: Parameter) -> Self {
        self.query.push(parameter);
        self
    }

    /// A JSON body, with an example that the route takes.
    pub(crate) fn body<T: Shape + DeserializeOwned>(self, example: Value) -> Self {
        let body = Body {
            schema: Schemas::of::<T>,
            #[cfg(test)]
            reads: tests::reads::<T>,
            example,
            is_required: true,
        };
        Self {
            body: Some(body),
            ..self
        }
    }

    /// The same, where the whole body may be left out.
    pub(crate) fn body_or_none<T: Shape + DeserializeOwned>(self, example: Value) -> Self {
        let mut doc = self.body::<T>(example);
        doc.body = doc.body.map(|body| Body {
            is_required: false,
            ..body
        });
        doc
    }

    /// What it answers: JSON of this shape.
    pub(crate) fn answers<T: Shape + 'static>(self, status: u16, text: &'static str) -> Self {
        self.said(
            status,
            text,
            "application/json",
            Some(Box::new(Schemas::of::<T>)),
        )
    }

    /// What it answers: one page of a list, under a name of the document. The query gets the parameters of all lists.
    pub(crate) fn answers_page<T: Shape + 'static>(
        mut self,
        name: &'static str,
        text: &'static str,
    ) -> Self {
        self.query.extend(parts::paging());
        let page = move |all: &mut Schemas| parts::page::<T>(all, name);
        self.said(200, text, "application/json", Some(Box::new(page)))
    }

    /// Its list can be ordered and filtered: the parameters `orderBy`, with the words of `O`, and `query`, of which `text` says what
    /// it may name.
    pub(crate) fn chosen<O: Ordered>(mut self, text: &'static str) -> Self {
        self.query.push(parts::order::<O>());
        self.query
            .push(Parameter::query("query", text, parts::filter()));
        self
    }

    /// What it answers: something else than JSON.
    pub(crate) fn answers_file(self, kind: &'static str, text: &'static str) -> Self {
        self.said(200, text, kind, Some(Box::new(move |_| parts::file(kind))))
    }

    /// What it answers: nothing but the status.
    pub(crate) fn answers_nothing(self, status: u16, text: &'static str) -> Self {
        self.said(status, text, "", None)
    }

    fn said(
        mut self,
        status: u16,
        text: &'static str,
        kind: &'static str,
        schema: Option<Describe>,
    ) -> Self {
        self.answers.push(Said {
            status,
            text,
            kind,
            schema,
            has_etag: false,
        });
        self
    }

    /// What it answers is somebody else's, of any status and kind.
    pub(crate) fn passes_on(self) -> Self {
        Self {
            passes_on: true,
            ..self
        }
    }

    /// Its answers carry an ETag, and one whose ETag was sent along is 304.
    pub(crate) fn cached(mut self) -> Self {
        self = self.answers_nothing(
            304,
            "Nothing has changed since the version in `If-None-Match`.",
        );
        for said in &mut self.answers {
            said.has_etag = true;
        }
        self
    }

    /// An error that it has beyond those that every route like it has.
    pub(crate) fn error(mut self, status: u16) -> Self {
        self.errors.push(status);
        self
    }
}
