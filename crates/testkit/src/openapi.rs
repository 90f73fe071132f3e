//! Answers held against the server's own OpenAPI document.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use http::Method;
use jsonschema::{Draft, Registry, Validator};
use serde_json::{Value, json};

use crate::Answer;

const URI: &str = "openapi:/own";

/// The server's own document, closed: what it does not name may not be answered, as nobody would know of it.
pub struct OpenApi {
    document: Value,
    registry: Registry<'static>,
    /// By the pointer that they check. Compiling one takes longer than all its uses.
    validators: Mutex<HashMap<String, Arc<Validator>>>,
}

impl OpenApi {
    /// Takes a document.
    ///
    /// # Panics
    /// Where it has no valid schemas.
    pub fn new(mut document: Value) -> Self {
        close(&mut document);
        let registry = Registry::new()
            .draft(Draft::Draft202012)
            .add(URI, document.clone())
            .and_then(jsonschema::RegistryBuilder::prepare);
        match registry {
            Ok(registry) => Self {
                document,
                registry,
                validators: Mutex::default(),
            },
            Err(error) => panic!("the OpenAPI document: {error}"),
        }
    }

    /// Checks one answer: that its operation has this status, this type of content and these headers, and that its body has its schema.
    /// `address` is the path under the server's address, without its query. What is not in the document is not checked.
    ///
    /// # Panics
    /// Where the answer is not as the document has it.
    pub fn check_answer(&self, method: &Method, address: &str, answer: &Answer) {
        let Some(path) = self.path_of(address) else {
            return;
        };
        // Methods have upper case: `get` is none of ours.
        let method = match method.as_str() {
            known if known == known.to_ascii_uppercase() => known.to_ascii_lowercase(),
            _ => return,
        };
        let Some(operation) = self.document["paths"][path].get(&method) else {
            return;
        };
        let what = format!("{method} {path} -> {}", answer.status);
        let mut place = format!(
            "/paths/{}/{method}/responses/{}",
            path.replace('/', "~1"),
            answer.status
        );
        let responses = &operation["responses"];
        let of_status = responses.get(answer.status.to_string());
        // What is passed on may have any status: one that has an error's body is an error all the same.
        let is_error = answer.json["correlationId"] == answer.header("x-correlation-id");
        if !is_error && responses.get("default").is_some() {
            return;
        }
        let Some(mut said) = of_status else {
            panic!(
                "{what}: our own document has no such answer: {}",
                answer.text()
            );
        };
        if let Some(reference) = said["$ref"].as_str() {
            place = reference.trim_start_matches('#').to_owned();
            said = self.document.pointer(&place).unwrap_or(&Value::Null);
        }
        for name in said["headers"]
            .as_object()
            .into_iter()
            .flatten()
            .map(|(name, _)| name)
        {
            assert!(
                answer.headers.contains_key(name.as_str()),
                "{what} has no {name}"
            );
        }
        let Some(contents) = said["content"].as_object() else {
            assert!(
                answer.body.is_empty(),
                "{what} has a body: {}",
                answer.text()
            );
            return;
        };
        let kind = answer
            .header("content-type")
            .split(';')
            .next()
            .unwrap_or_default();
        assert!(contents.contains_key(kind), "{what} is {kind}");
        if kind.ends_with("json") {
            let kind = kind.replace('/', "~1");
            self.check(
                &what,
                &format!("{place}/content/{kind}/schema"),
                &answer.json,
            );
        }
    }

    /// Checks a value against the schema at a place of the document.
    ///
    /// # Panics
    /// Where it does not have it.
    pub fn check(&self, what: &str, pointer: &str, value: &Value) {
        let errors: Vec<String> = self
            .validator(pointer)
            .iter_errors(value)
            .map(|error| format!("  {}: {error}", error.instance_path()))
            .collect();
        assert!(
            errors.is_empty(),
            "{what} is not as our own document has it:\n{}\n{value:#}",
            errors.join("\n")
        );
    }

    /// The path that an address falls under; where two fit, the one that is spelled out.
    fn path_of(&self, address: &str) -> Option<&str> {
        let parts: Vec<&str> = address.split('/').collect();
        let fits = |path: &str| {
            let pattern: Vec<&str> = path.split('/').collect();
            pattern.len() == parts.len()
                && std::iter::zip(&pattern, &parts).all(|(p, part)| p.starts_with('{') || p == part)
        };
        let paths = self.document["paths"].as_object()?.keys();
        paths
            .map(String::as_str)
            .filter(|path| fits(path))
            .min_by_key(|path| path.matches('{').count())
    }

    fn validator(&self, pointer: &str) -> Arc<Validator> {
        let mut validators = self
            .validators
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        if let Some(validator) = validators.get(pointer) {
            return validator.clone();
        }
        let escaped = pointer.replace('{', "%7B").replace('}', "%7D");
        let built = jsonschema::options()
            .with_draft(Draft::Draft202012)
            .should_validate_formats(true)
            .with_registry(&self.registry)
            .build(&json!({ "$ref": format!("{URI}#{escaped}") }));
        let validator = match built {
            Ok(validator) => Arc::new(validator),
            Err(error) => panic!("{pointer} of our own document is no schema: {error}"),
        };
        validators.insert(pointer.to_owned(), validator.clone());
        validator
    }
}

/// Lets objects have nothing but what they name.
fn close(node: &mut Value) {
    match node {
        Value::Array(items) => items.iter_mut().for_each(close),
        Value::Object(members) => {
            members.values_mut().for_each(close);
            let is_object = members.get("properties").is_some_and(Value::is_object);
            if is_object && members.contains_key("type") {
                members
                    .entry("additionalProperties")
                    .or_insert(Value::Bool(false));
            }
        }
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn document() -> OpenApi {
        let schema = json!({ "type": "object", "properties": { "a": { "type": "integer" } } });
        OpenApi::new(json!({ "components": { "schemas": { "A": schema } } }))
    }

    #[test]
    fn what_is_named_is_taken() {
        document().check("it", "/components/schemas/A", &json!({ "a": 1 }));
    }

    #[test]
    #[should_panic(expected = "not as our own document has it")]
    fn what_is_not_named_is_not() {
        document().check("it", "/components/schemas/A", &json!({ "a": 1, "b": 1 }));
    }
}
