//! What many operations share: parameters, headers, errors, pages of lists. What is true of every operation is said here once.

use handclasp_domain::query::{CHARACTERS_MOST, Ordered};
use serde_json::{Value, json};

use super::shape::{
    Schemas, Shape, id, list, object, or_null, platform_key, text, whole, with, word,
};
use crate::drawing::Drawing;
use crate::page::{SIZE, SIZE_MAX};

/// A parameter of the query or of the head.
pub(crate) struct Parameter {
    pub(crate) name: &'static str,
    /// `query` or `header`.
    pub(crate) place: &'static str,
    pub(crate) required: bool,
    pub(crate) text: &'static str,
    pub(crate) schema: Value,
}

impl Parameter {
    /// A parameter of the query that may be left out.
    pub(crate) fn query(name: &'static str, text: &'static str, schema: Value) -> Self {
        Self {
            name,
            place: "query",
            required: false,
            text,
            schema,
        }
    }

    pub(super) fn json(&self) -> Value {
        json!({
            "name": self.name,
            "in": self.place,
            "required": self.required,
            "description": self.text,
            "schema": self.schema,
        })
    }
}

/// The parameters of every list.
pub(super) fn paging() -> Vec<Parameter> {
    vec![
        Parameter::query(
            "page",
            "Which page.",
            json!({ "type": "integer", "format": "int64", "minimum": 1, "maximum": u32::MAX, "default": 1 }),
        ),
        Parameter::query(
            "pageSize",
            "How many entries a page has.",
            json!({ "type": "integer", "format": "int32", "minimum": 1, "maximum": SIZE_MAX, "default": SIZE }),
        ),
    ]
}

/// By what a list can be ordered.
pub(super) fn order<O: Ordered>() -> Parameter {
    let words = O::ALL.iter().map(|(name, _)| *name);
    // A blank one asks for nothing, as a form sends it that was not filled in.
    let blank = std::iter::once(String::new());
    let both: Vec<String> = words
        .flat_map(|name| [name.to_owned(), format!("-{name}")])
        .chain(blank)
        .collect();
    Parameter::query(
        "orderBy",
        "By what the list is ordered; with `-` in front the other way round.",
        word("The property.", both.iter().map(String::as_str)),
    )
}

/// A filter in the query language.
pub(crate) fn filter() -> Value {
    json!({ "type": "string", "maxLength": CHARACTERS_MOST })
}

/// What a request that changes something may carry, so that it can be sent again.
pub(super) fn idempotency_key() -> Parameter {
    Parameter {
        name: "Idempotency-Key",
        place: "header",
        required: false,
        text: "A UUID of your own. The same request under the same one within 90 minutes is carried out once and answered alike.",
        schema: json!({ "type": "string", "format": "uuid" }),
    }
}

/// A parameter of a path, by its name in the table. What no route has yet is added here; a test looks.
pub(super) fn of_path(name: &str) -> Option<Value> {
    let schema = match name {
        "companyId" => with_id(id("The company."), "0b5c7a5e-3f0d-4c1e-9a57-6d2f8b1c4e01"),
        "connectionId" => with_id(
            id("The connection."),
            "5d1f62a4-8f0b-4b7c-8e39-2c7a9d3f5b02",
        ),
        "webhookId" => with_id(
            id("The webhook consumer."),
            "c93a4b1d-7e52-4f68-b0d4-91e6a5c8f703",
        ),
        "apiKeyId" => with_id(id("The API key."), "7e1c9b52-3a64-4d0f-8b27-5c40f1d6a904"),
        "ruleId" => with_id(id("The rule."), "1f8d37c6-94ab-4e05-a3d2-6b70c5e2d805"),
        "productIdentifier" => json!({
            "type": "string",
            "description": "Your name for the product.",
            "pattern": "^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$",
            "minLength": 1,
            "maxLength": 64,
            "example": "lending",
        }),
        "drawing" => with(
            word(
                "Which picture.",
                Drawing::ALL.iter().map(|one| one.as_str()),
            ),
            json!({ "example": Drawing::LogoFull.as_str() }),
        ),
        "path" => json!({
            "type": "string",
            "description": "The path after the integration's base address, percent-encoded.",
            "minLength": 1,
            "example": "company",
        }),
        "platformKey" => platform_key("The integration's key: four letters, in any case."),
        _ => return None,
    };
    Some(json!({
        "name": name,
        "in": "path",
        "required": true,
        "description": schema["description"],
        "schema": schema,
    }))
}

/// An id of its own for examples, so that they show which is which.
fn with_id(schema: Value, example: &str) -> Value {
    with(schema, json!({ "example": example }))
}

/// A header of answers.
pub(super) struct Header {
    /// Its name in the document.
    pub(super) key: &'static str,
    /// Its name.
    pub(super) name: &'static str,
    text: &'static str,
    schema: fn() -> Value,
    /// Whether it stands on every answer.
    pub(super) everywhere: bool,
}

/// The headers of answers that are documented.
pub(super) const HEADERS: &[Header] = &[
    Header {
        key: "CorrelationId",
        name: "X-Correlation-Id",
        text: "The id of this request in the server's log. Quote it when you report something.",
        schema: || json!({ "type": "string", "format": "uuid" }),
        everywhere: true,
    },
    Header {
        key: "RateLimit",
        name: "X-Rate-Limit-Limit",
        text: "How many requests are taken: of the client in a day where it has a quota, else of the address in a minute.",
        schema: || json!({ "type": "integer", "minimum": 1 }),
        everywhere: true,
    },
    Header {
        key: "RateRemaining",
        name: "X-Rate-Limit-Remaining",
        text: "How many of them are left.",
        schema: || json!({ "type": "integer", "minimum": 0 }),
        everywhere: true,
    },
    Header {
        key: "RateReset",
        name: "X-Rate-Limit-Reset",
        text: "When they are all there again.",
        schema: || json!({ "type": "string", "format": "date-time" }),
        everywhere: true,
    },
    Header {
        key: "RetryAfter",
        name: "Retry-After",
        text: "After how many seconds to try again.",
        schema: || json!({ "type": "integer", "minimum": 1 }),
        everywhere: false,
    },
    Header {
        key: "Authenticate",
        name: "WWW-Authenticate",
        text: "How to show a key.",
        schema: || json!({ "type": "string" }),
        everywhere: false,
    },
    Header {
        key: "ETag",
        name: "ETag",
        text: "Names this version. Sent back in If-None-Match, it saves the transfer of what did not change.",
        schema: || json!({ "type": "string" }),
        everywhere: false,
    },
];

impl Header {
    pub(super) fn json(&self) -> Value {
        json!({
            "description": self.text,
            "required": true,
            "schema": (self.schema)(),
        })
    }
}

/// The headers of an answer, by reference: those of every answer, and these.
pub(super) fn headers(more: &[&str]) -> Value {
    let stands = |header: &&Header| header.everywhere || more.contains(&header.key);
    HEADERS
        .iter()
        .filter(stands)
        .map(|header| {
            let reference = format!("#/components/headers/{}", header.key);
            (header.name.to_owned(), json!({ "$ref": reference }))
        })
        .collect::<serde_json::Map<_, _>>()
        .into()
}

/// An error that operations have.
pub(super) struct Fault {
    pub(super) status: u16,
    /// Its name in the document.
    pub(super) key: &'static str,
    text: &'static str,
    headers: &'static [&'static str],
    /// Whether it comes with the body of all errors, and with the headers of every answer.
    has_body: bool,
    /// Which operations have it without saying so.
    pub(super) on: On,
}

/// Which operations have an error.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum On {
    /// All.
    Every,
    /// Those that need a key.
    Keyed,
    /// Those with an id in the path.
    Found,
    /// Those with a query or a body.
    Parsed,
    /// Those with a body.
    Bodied,
    /// Those that take an idempotency key.
    Repeatable,
    /// Those that say so.
    Named,
}

/// The errors, in the order of their statuses.
pub(super) const FAULTS: &[Fault] = &[
    fault(
        400,
        "BadRequest",
        "Something that was sent is wrong: `validation` names it.",
        On::Parsed,
    ),
    Fault {
        headers: &["Authenticate"],
        ..fault(
            401,
            "Unauthorized",
            "There is no valid API key in the `Authorization` header.",
            On::Keyed,
        )
    },
    fault(
        403,
        "Forbidden",
        "The API key does not have the scope that this operation needs.",
        On::Keyed,
    ),
    fault(
        404,
        "NotFound",
        "There is no such thing, or not for this key.",
        On::Found,
    ),
    fault(
        408,
        "RequestTimeout",
        "The body did not arrive in time.",
        On::Bodied,
    ),
    fault(
        409,
        "Conflict",
        "It clashes with how things stand, or the first request with this `Idempotency-Key` is not answered yet.",
        On::Repeatable,
    ),
    fault(
        413,
        "PayloadTooLarge",
        "The body is larger than 1 MiB.",
        On::Bodied,
    ),
    fault(
        415,
        "UnsupportedMediaType",
        "The body is not `application/json`.",
        On::Bodied,
    ),
    fault(
        422,
        "AnotherRequest",
        "The `Idempotency-Key` belongs to another request.",
        On::Repeatable,
    ),
    Fault {
        headers: &["RetryAfter"],
        ..fault(
            429,
            "TooManyRequests",
            "Too many requests: try again later.",
            On::Every,
        )
    },
    Fault {
        has_body: false,
        ..fault(
            431,
            "HeadTooLarge",
            "The address or the headers are too large. Nothing else is said, as nothing of it was read.",
            On::Every,
        )
    },
    fault(
        500,
        "InternalError",
        "Something went wrong on the server.",
        On::Every,
    ),
    fault(
        502,
        "BadGateway",
        "The connected system could not be reached, or its answer cannot be passed on.",
        On::Named,
    ),
    Fault {
        headers: &["RetryAfter"],
        ..fault(
            503,
            "Unavailable",
            "The server cannot take this now: try again shortly.",
            On::Every,
        )
    },
    fault(
        504,
        "GatewayTimeout",
        "The connected system did not answer in time.",
        On::Named,
    ),
];

/// An answer of somebody else's, of whatever status and kind.
pub(super) fn passed_on() -> Value {
    let content = json!({ "*/*": { "schema": {} } });
    json!({ "description": "What the connected system answers.", "headers": headers(&[]), "content": content })
}

const fn fault(status: u16, key: &'static str, text: &'static str, on: On) -> Fault {
    Fault {
        status,
        key,
        text,
        headers: &[],
        has_body: true,
        on,
    }
}

impl Fault {
    pub(super) fn json(&self, all: &mut Schemas) -> Value {
        if !self.has_body {
            return json!({ "description": self.text });
        }
        let schema = json!({ "schema": all.of::<ErrorMessage>() });
        // The same under the name of RFC 9457, for who asks for that.
        let content =
            json!({ "application/json": schema.clone(), "application/problem+json": schema });
        json!({ "description": self.text, "headers": headers(self.headers), "content": content })
    }
}

/// The one body of all errors, which `handclasp_web::error::ApiError` writes.
struct ErrorMessage;

impl Shape for ErrorMessage {
    const NAME: &'static str = "ErrorMessage";

    fn schema(all: &mut Schemas) -> Value {
        let item = |_: &mut Schemas| {
            object("One thing that was wrong with what was sent.")
                .must(
                    "itemId",
                    or_null(text(
                        "The field, as a path: `tags.region`. Null where it is the whole body.",
                    )),
                )
                .must("message", text("What is wrong with it."))
                .must("validatorName", or_null(text("The rule that it broke.")))
                .schema()
        };
        let validation = object("What was wrong, field by field.")
            .must(
                "errors",
                list("What was wrong.", all.named("ErrorValidationItem", item)),
            )
            .must(
                "warnings",
                with(list("Always empty.", json!({})), json!({ "maxItems": 0 })),
            )
            .schema();
        object("What every error answers.")
            .must("statusCode", json!({ "type": "integer", "description": "The answer's status.", "minimum": 400, "maximum": 599 }))
            .must("service", text("Which part of the server answered."))
            .must("error", text("What went wrong, in words for a developer."))
            .must("correlationId", id("The id of this request in the server's log."))
            .must("validation", or_null(validation))
            .must("canBeRetried", word("Whether the same request may succeed later.", ["True", "False"]))
            .must("detailedErrorCode", whole("A code that programs may branch on; 0 where there is none.", 0))
            .must("type", with(word("The kind of problem, by the name of RFC 9457.", ["about:blank"]), json!({ "format": "uri-reference" })))
            .must("title", text("What the status means, in words."))
            .must("status", json!({ "type": "integer", "description": "The answer's status once more.", "minimum": 400, "maximum": 599 }))
            .must("detail", text("What went wrong, once more."))
            .may("instance", with(text("This occurrence, by its correlation id."), json!({ "format": "uri", "example": "urn:uuid:0b5c7a5e-3f0d-4c1e-9a57-6d2f8b1c4e01" })))
            .schema()
    }
}

/// A page of a list of these, under this name.
pub(super) fn page<T: Shape>(all: &mut Schemas, name: &str) -> Value {
    all.named(name, |all| {
        let entry = all.of::<T>();
        object("One page of a list.")
            .must("results", list("The entries of this page.", entry))
            .must("pageNumber", json!({ "type": "integer", "format": "int64", "minimum": 1, "description": "Which page this is." }))
            .must("pageSize", json!({
                "type": "integer", "minimum": 1, "maximum": SIZE_MAX,
                "description": "How many entries a page has.",
            }))
            .must("totalResults", whole("How many entries the list has.", 0))
            .must("_links", all.of::<Links>())
            .schema()
    })
}

/// `page::Links`.
struct Links;

impl Shape for Links {
    const NAME: &'static str = "Links";

    fn schema(all: &mut Schemas) -> Value {
        let href = all.named("HalRef", |_| {
            let address = with(
                text("An address that begins after the API's own."),
                json!({ "format": "uri-reference", "example": "/companies?page=1&pageSize=100" }),
            );
            object("An address.").must("href", address).schema()
        });
        object("Where the other pages are.")
            .must("self", href.clone())
            .must("current", href.clone())
            .may("next", href.clone())
            .may("previous", href)
            .schema()
    }
}

/// The schema of what is no JSON of ours.
pub(super) fn file(kind: &str) -> Value {
    if kind == "application/json" {
        json!({ "type": "object" })
    } else {
        json!({ "type": "string" })
    }
}
