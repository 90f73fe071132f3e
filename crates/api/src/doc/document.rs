//! The OpenAPI document, made of the table of routes.

use serde_json::{Map, Value, json};

use super::parts::{self, FAULTS, HEADERS, On};
use super::{Doc, Said, Schemas, Tag};
use crate::table::{Route, Verb, Who};

/// The version of the contract that the API follows.
const VERSION: &str = "3.0.0";

const ABOUT: &str = "\
Handclasp is a self-hosted hosted link: your customers connect their accounting, banking and commerce systems, and your platform is told. \
The API speaks the wire format of Codat's Platform API, so its published SDKs work when they are pointed at this server.

Send your API key with every request, as `Authorization: Basic base64(key)` or `Authorization: Bearer key`. A key has scopes; each \
operation says which one it needs. An access token of a company, as `Authorization: Bearer token`, reaches that company's connections. \
Bodies are JSON of at most 1 MiB; fields that are not known are ignored. Ids are UUIDs. Instants are \
UTC. With an `Idempotency-Key` a request that comes twice within 90 minutes is carried out once. Every answer carries `X-Correlation-Id`, which the server's log has too.

An operation of the contract that is not listed here is answered 501, in the form of all errors.";

/// The document of these routes, for a server whose API stands at `base`. What is not built is not in it: whoever generates a client
/// gets no method that can only fail.
pub(crate) fn document(base: &str, routes: &[Route]) -> Value {
    let mut schemas = Schemas::default();
    let mut faults: Vec<u16> = Vec::new();
    let mut paths = Map::new();
    for route in routes {
        let Some(doc) = route.doc else { continue };
        let doc = doc();
        let path = route.path.replace("{*", "{");
        let item = paths.entry(path).or_insert_with(|| json!({}));
        let methods = methods(route.verb);
        for method in methods {
            let id = match methods {
                [_] => doc.id.to_owned(),
                _ => format!("{}-{method}", doc.id),
            };
            item[*method] = operation(route, &doc, &id, &mut schemas, &mut faults);
        }
    }
    let responses: Map<String, Value> = FAULTS
        .iter()
        .filter(|fault| faults.contains(&fault.status))
        .map(|fault| (fault.key.to_owned(), fault.json(&mut schemas)))
        .collect();
    let headers: Map<String, Value> = HEADERS
        .iter()
        .map(|header| (header.key.to_owned(), header.json()))
        .collect();
    let tags: Vec<Value> = Tag::ALL
        .iter()
        .map(|tag| json!({ "name": tag.name(), "description": tag.text() }))
        .collect();
    json!({
        "openapi": "3.1.0",
        "info": {
            "title": "Handclasp API",
            "version": VERSION,
            "description": ABOUT,
            "license": { "name": "Apache 2.0", "identifier": "Apache-2.0" },
        },
        "servers": [{ "url": base }],
        "tags": tags,
        "security": [{ "basic": [] }, { "bearer": [] }],
        "paths": paths,
        "components": {
            "schemas": schemas.into_sorted(),
            "responses": responses,
            "headers": headers,
            "securitySchemes": {
                "basic": {
                    "type": "http",
                    "scheme": "basic",
                    "description": "The API key as the user's name, with an empty password or none.",
                },
                "bearer": {
                    "type": "http",
                    "scheme": "bearer",
                    "description": "The API key.",
                },
                "companyToken": {
                    "type": "http",
                    "scheme": "bearer",
                    "bearerFormat": "hct_…",
                    "description": "A company's access token, for that company alone.",
                },
            },
        },
    })
}

/// The methods under which a route stands in the document.
pub(super) fn methods(verb: Verb) -> &'static [&'static str] {
    match verb {
        Verb::Get => &["get"],
        Verb::Post => &["post"],
        Verb::Put => &["put"],
        Verb::Patch => &["patch"],
        Verb::Delete => &["delete"],
        Verb::Any => &["get", "post", "put", "patch", "delete"],
    }
}

fn operation(
    route: &Route,
    doc: &Doc,
    id: &str,
    schemas: &mut Schemas,
    faults: &mut Vec<u16>,
) -> Value {
    let mut it = json!({
        "tags": [doc.tag.name()],
        "operationId": id,
        "summary": doc.summary,
    });
    if !doc.text.is_empty() {
        it["description"] = Value::from(doc.text);
    }
    if let Some((group, method)) = doc.sdk.and_then(|sdk| sdk.rsplit_once('.')) {
        it["x-speakeasy-group"] = Value::from(group);
        it["x-speakeasy-name-override"] = Value::from(method);
        if doc.body.is_some() && names(route.path).next().is_some() {
            it["requestBody"] = json!({ "x-speakeasy-name-override": doc.sdk_body });
        }
    }
    let of_path: Vec<Value> = names(route.path).filter_map(parts::of_path).collect();
    let of_query: Vec<Value> = doc.query.iter().map(parts::Parameter::json).collect();
    let is_repeatable = matches!(route.verb, Verb::Post | Verb::Patch);
    let mut of_head = Vec::new();
    if is_repeatable {
        of_head.push(parts::idempotency_key().json());
    }
    let on = |on: On| match on {
        On::Every => true,
        On::Keyed => route.who != Who::Anyone,
        On::Found => !of_path.is_empty(),
        On::Parsed => doc.body.is_some() || !of_query.is_empty(),
        On::Bodied => doc.body.is_some(),
        On::Repeatable => is_repeatable,
        On::Named => false,
    };
    let mut responses: Map<String, Value> = doc
        .answers
        .iter()
        .map(|said| (said.status.to_string(), answer(said, schemas)))
        .collect();
    if doc.passes_on {
        responses.insert("default".to_owned(), parts::passed_on());
    }
    for fault in FAULTS {
        if on(fault.on) || doc.errors.contains(&fault.status) {
            let reference = format!("#/components/responses/{}", fault.key);
            responses.insert(fault.status.to_string(), json!({ "$ref": reference }));
            faults.push(fault.status);
        }
    }
    let parameters: Vec<Value> = of_path.into_iter().chain(of_query).chain(of_head).collect();
    if !parameters.is_empty() {
        it["parameters"] = Value::Array(parameters);
    }
    if route.older {
        it["deprecated"] = Value::Bool(true);
    }
    if let Some(body) = &doc.body {
        let content = json!({ "schema": (body.schema)(schemas), "example": body.example });
        it["requestBody"]["required"] = Value::Bool(body.is_required);
        it["requestBody"]["content"] = json!({ "application/json": content });
    }
    it["responses"] = Value::Object(responses);
    // OpenAPI 3.1 lets these lists name what the caller has to have, for every kind of key.
    it["security"] = match route.who {
        Who::Anyone => json!([]),
        Who::May(scope) => json!([{ "basic": [scope.as_str()] }, { "bearer": [scope.as_str()] }]),
        Who::Company(scope) => json!([
            { "basic": [scope.as_str()] },
            { "bearer": [scope.as_str()] },
            { "companyToken": [] },
        ]),
    };
    it
}

fn answer(said: &Said, schemas: &mut Schemas) -> Value {
    let more: &[&str] = if said.has_etag { &["ETag"] } else { &[] };
    let mut answer = json!({ "description": said.text, "headers": parts::headers(more) });
    if let Some(schema) = &said.schema {
        answer["content"] = json!({ said.kind: { "schema": schema(schemas) } });
    }
    answer
}

/// The names of a path's parameters.
pub(super) fn names(path: &str) -> impl Iterator<Item = &str> {
    path.split('/')
        .filter_map(|part| part.strip_prefix('{')?.strip_suffix('}'))
        .map(|name| name.trim_start_matches('*'))
}
