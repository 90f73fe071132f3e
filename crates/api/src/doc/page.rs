//! The documentation as a page, made of the document alone.

use std::fmt::Write as _;

use askama::Template;
use handclasp_web::look::Standalone;
use http::HeaderMap;
use serde_json::Value;

use super::examples::{Call, Examples};
use super::sample::{fields, kind, sample, target};

/// The page's own rules, beside the stylesheet of all pages.
const RULES: &str = include_str!("../../assets/docs.css");

#[derive(Template)]
#[template(path = "docs.html")]
struct Page<'a> {
    styles: &'a str,
    mark: String,
    title: &'a str,
    about: Vec<String>,
    base: &'a str,
    groups: Vec<Group<'a>>,
    shapes: Vec<Shown<'a>>,
}

struct Group<'a> {
    name: &'a str,
    anchor: String,
    text: &'a str,
    operations: Vec<Operation<'a>>,
}

struct Operation<'a> {
    id: &'a str,
    summary: &'a str,
    text: Vec<String>,
    method: String,
    path: &'a str,
    scope: Option<&'a str>,
    /// Whether a company's access token will do.
    token: bool,
    older: bool,
    parameters: Vec<Field>,
    body: Option<Shown<'a>>,
    answers: Vec<Answered<'a>>,
    errors: Vec<(&'a str, String)>,
    examples: Examples,
}

struct Answered<'a> {
    status: &'a str,
    text: String,
    kind: &'a str,
    shape: Option<&'a str>,
    sample: String,
}

/// A shape with its fields.
struct Shown<'a> {
    name: &'a str,
    text: String,
    fields: Vec<Field>,
}

/// A field, a parameter, or one of a body's forms.
struct Field {
    name: String,
    kind: Kind,
    required: bool,
    /// As HTML, as all texts of the document are here.
    text: String,
    limits: String,
}

/// A type in words; the shape it names, to be looked up.
#[derive(Default)]
struct Kind {
    words: String,
    shape: Option<String>,
}

/// The page and its headers.
pub(crate) fn page(document: &Value) -> Result<(String, HeaderMap), askama::Error> {
    let look = Standalone::new(RULES);
    let base = word(&document["servers"][0]["url"]);
    let page = Page {
        styles: look.styles(),
        mark: Standalone::mark(),
        title: word(&document["info"]["title"]),
        about: paragraphs(word(&document["info"]["description"])),
        base,
        groups: groups(document, base),
        shapes: shapes(document),
    };
    Ok((page.render()?, look.headers().clone()))
}

fn groups<'a>(document: &'a Value, base: &'a str) -> Vec<Group<'a>> {
    let tags = document["tags"].as_array().into_iter().flatten();
    let groups = tags.map(|tag| {
        let name = word(&tag["name"]);
        Group {
            name,
            anchor: name.to_lowercase().replace(' ', "-"),
            text: word(&tag["description"]),
            operations: operations(document, base, name),
        }
    });
    groups
        .filter(|group| !group.operations.is_empty())
        .collect()
}

fn operations<'a>(document: &'a Value, base: &'a str, tag: &str) -> Vec<Operation<'a>> {
    let mut operations = Vec::new();
    for (path, item) in document["paths"].as_object().into_iter().flatten() {
        for (method, operation) in item.as_object().into_iter().flatten() {
            if operation["tags"][0] == tag {
                operations.push(of_operation(document, base, path, method, operation));
            }
        }
    }
    operations
}

fn of_operation<'a>(
    document: &'a Value,
    base: &'a str,
    path: &'a str,
    method: &'a str,
    operation: &'a Value,
) -> Operation<'a> {
    let method = method.to_uppercase();
    let call = Call {
        base,
        method: &method,
        path,
        operation,
    };
    let examples = call.examples();
    let parameters = operation["parameters"].as_array().into_iter().flatten();
    let body = operation.pointer("/requestBody/content/application~1json/schema");
    let (mut answers, mut errors) = (Vec::new(), Vec::new());
    for (status, answer) in operation["responses"].as_object().into_iter().flatten() {
        match target(document, answer) {
            Some(error) => errors.push((status.as_str(), rich(word(&error["description"])))),
            None => answers.push(answered(document, status, answer)),
        }
    }
    Operation {
        id: word(&operation["operationId"]),
        summary: word(&operation["summary"]),
        text: paragraphs(word(&operation["description"])),
        method,
        path,
        scope: operation["security"][0]["basic"][0].as_str(),
        token: operation["security"][2].get("companyToken").is_some(),
        older: operation["deprecated"] == true,
        parameters: parameters.map(parameter).collect(),
        body: body.and_then(|schema| shape(document, schema)),
        answers,
        errors,
        examples,
    }
}

fn parameter(parameter: &Value) -> Field {
    let schema = &parameter["schema"];
    let mut limits = limits(schema);
    if parameter["in"] == "header" {
        limits.insert_str(0, "A header. ");
    }
    Field {
        name: word(&parameter["name"]).to_owned(),
        kind: of_kind(schema),
        required: parameter["required"] == true,
        text: rich(word(&parameter["description"])),
        limits,
    }
}

fn answered<'a>(document: &'a Value, status: &'a str, answer: &'a Value) -> Answered<'a> {
    let content = answer["content"]
        .as_object()
        .and_then(|all| all.iter().next());
    let schema = content.map(|(_, content)| &content["schema"]);
    let shape = schema.and_then(name_of);
    Answered {
        status,
        text: rich(word(&answer["description"])),
        kind: content.map_or("", |(kind, _)| kind),
        shape,
        sample: shape.and(schema).map_or_else(String::new, |schema| {
            format!("{:#}", sample(document, schema))
        }),
    }
}

fn shapes(document: &Value) -> Vec<Shown<'_>> {
    let all = document["components"]["schemas"].as_object();
    all.into_iter()
        .flatten()
        .map(|(name, schema)| shown(name, schema))
        .collect()
}

/// What a reference leads to, with its fields.
fn shape<'a>(document: &'a Value, schema: &'a Value) -> Option<Shown<'a>> {
    Some(shown(name_of(schema)?, target(document, schema)?))
}

fn shown<'a>(name: &'a str, schema: &'a Value) -> Shown<'a> {
    let mut list = Vec::new();
    // Where there is a choice, the first is the one to use.
    let first = schema.get("oneOf").map_or(schema, |choice| &choice[0]);
    add_fields(first, "", &mut list);
    Shown {
        name,
        text: rich(word(&first["description"])),
        fields: list,
    }
}

/// An object's fields, and those of the objects within it that have no name.
fn add_fields(schema: &Value, before: &str, list: &mut Vec<Field>) {
    for (name, field) in fields(schema) {
        let path = format!("{before}{name}");
        let required = schema["required"]
            .as_array()
            .is_some_and(|all| all.contains(&Value::from(name.as_str())));
        list.push(Field {
            name: path.clone(),
            kind: of_kind(field),
            required,
            text: rich(word(&field["description"])),
            limits: limits(field),
        });
        add_fields(field, &format!("{path}."), list);
    }
}

fn of_kind(schema: &Value) -> Kind {
    if let Some(name) = name_of(schema) {
        return Kind {
            words: String::new(),
            shape: Some(name.to_owned()),
        };
    }
    let items = (kind(schema) == "array").then(|| of_kind(&schema["items"]));
    let words = match (kind(schema), schema["format"].as_str()) {
        ("array", _) => match &items {
            Some(items) if items.words.is_empty() && items.shape.is_none() => "list".to_owned(),
            Some(items) => format!("list of {}", items.words),
            None => String::new(),
        },
        ("string", Some("uuid")) => "UUID".to_owned(),
        ("string", Some("date-time")) => "instant".to_owned(),
        ("string", Some("uri")) => "address".to_owned(),
        ("string", _) => "text".to_owned(),
        ("integer", _) => "whole number".to_owned(),
        ("boolean", _) => "true or false".to_owned(),
        (kind, _) => kind.to_owned(),
    };
    let or_null = if schema["type"].is_array() {
        ", or null"
    } else {
        ""
    };
    Kind {
        words: format!("{words}{or_null}"),
        shape: items.and_then(|items| items.shape),
    }
}

/// The bounds of a value, in words.
fn limits(schema: &Value) -> String {
    let mut said = String::new();
    // Writing to a text does not fail.
    let mut say = |text: std::fmt::Arguments<'_>| {
        let _ = said.write_fmt(text);
    };
    let items = &schema["items"];
    for words in [&schema["enum"], &items["enum"]] {
        let words: Vec<&str> = words
            .as_array()
            .into_iter()
            .flatten()
            .filter_map(Value::as_str)
            .collect();
        if words.iter().any(|word| !word.is_empty()) {
            say(format_args!("One of: {}. ", words.join(", ")));
        }
    }
    match (
        schema["minLength"].as_u64().unwrap_or_default(),
        schema["maxLength"].as_u64(),
    ) {
        (0, Some(most)) => say(format_args!("Up to {most} characters. ")),
        (least, Some(most)) if least == most => say(format_args!("{most} characters. ")),
        (least, Some(most)) => say(format_args!("{least} to {most} characters. ")),
        (_, None) => {}
    }
    match (schema["minimum"].as_u64(), schema["maximum"].as_u64()) {
        (Some(least), Some(most)) if most < u64::from(u32::MAX) => {
            say(format_args!("From {least} to {most}. "));
        }
        (Some(least), _) => say(format_args!("From {least}. ")),
        (None, _) => {}
    }
    if let Some(most) = schema["maxItems"].as_u64().filter(|most| *most > 0) {
        say(format_args!("Up to {most} entries. "));
    }
    if let Some(most) = schema["maxProperties"].as_u64() {
        let key = schema["propertyNames"]["maxLength"]
            .as_u64()
            .unwrap_or_default();
        let value = schema["additionalProperties"]["maxLength"]
            .as_u64()
            .unwrap_or_default();
        say(format_args!(
            "Up to {most}; names up to {key} characters, values up to {value}. "
        ));
    }
    if let Some(default) = schema.get("default") {
        say(format_args!("{default} where it is left out. "));
    }
    if schema["deprecated"] == true {
        say(format_args!("Not for new code. "));
    }
    said.truncate(said.trim_end().len());
    said
}

/// The name that a reference gives.
fn name_of(schema: &Value) -> Option<&str> {
    schema.get("$ref")?.as_str()?.rsplit('/').next()
}

fn word(value: &Value) -> &str {
    value.as_str().unwrap_or_default()
}

/// A text's paragraphs.
fn paragraphs(text: &str) -> Vec<String> {
    let all = text.split("\n\n").filter(|text| !text.is_empty());
    all.map(rich).collect()
}

/// A text as HTML, with its `words in backticks` as code. The text is ours, and escaped all the same.
fn rich(text: &str) -> String {
    let mut html = String::new();
    for (index, part) in text.split('`').enumerate() {
        let part = part
            .replace('&', "&amp;")
            .replace('<', "&lt;")
            .replace('>', "&gt;");
        if index % 2 == 1 {
            html.push_str("<code>");
            html.push_str(&part);
            html.push_str("</code>");
        } else {
            html.push_str(&part);
        }
    }
    html
}
