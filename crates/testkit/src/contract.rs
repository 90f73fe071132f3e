//! Answers held against the published OpenAPI document of the contract. It is not part of this repository.
//! `HANDCLASP_TEST_CONTRACT` names it, and has to name what is there; without that it is read from
//! `../shared/reference/platform-api.yaml` beside the checkout. Where it is not there either nothing is checked, which is said once and
//! loudly. `e2e/lib/contract.mjs` has the same rule.

use std::collections::HashMap;
use std::sync::{Arc, LazyLock, Mutex, PoisonError};

use http::Method;
use jsonschema::{Draft, Registry, Validator};
use serde::Deserialize;
use serde_json::{Value, json};

use crate::Answer;
use crate::setting::setting;

const BESIDE: &str = concat!(
    env!("CARGO_MANIFEST_DIR"),
    "/../../../shared/reference/platform-api.yaml"
);
const URI: &str = "contract:/platform";

/// The one list of what differs from the contract. Where an entry changes what the document says, it names the place and what stands
/// there instead. The runners of the SDKs' suites read the same list.
const DEVIATIONS: &str = include_str!(concat!(
    env!("CARGO_MANIFEST_DIR"),
    "/../../docs/deviations.json"
));

#[derive(Deserialize)]
struct Deviation {
    #[serde(default)]
    contract: Vec<Change>,
}

#[derive(Deserialize)]
struct Change {
    at: String,
    becomes: Value,
}

/// The contract.
pub struct Contract {
    document: Value,
    registry: Registry<'static>,
    /// By the reference that they check. Compiling one takes longer than all its uses.
    validators: Mutex<HashMap<String, Arc<Validator>>>,
}

static CONTRACT: LazyLock<Option<Contract>> = LazyLock::new(Contract::read);

/// The contract; none where it is not at hand.
pub fn contract() -> Option<&'static Contract> {
    CONTRACT.as_ref()
}

impl Contract {
    #[expect(clippy::print_stderr, reason = "a check that is left out must be seen")]
    fn read() -> Option<Self> {
        let named = setting("HANDCLASP_TEST_CONTRACT");
        let file = named.as_deref().unwrap_or(BESIDE);
        let text = match std::fs::read_to_string(file) {
            Ok(text) => text,
            Err(error) if named.is_some() => panic!("the contract is not at {file}: {error}"),
            Err(_) => {
                eprintln!("SKIPPED: answers are not checked, there is no {file}");
                return None;
            }
        };
        let mut document: Value = match serde_saphyr::from_str(&text) {
            Ok(document) => document,
            Err(error) => panic!("{file}: {error}"),
        };
        let deviations: Vec<Deviation> = match serde_json::from_str(DEVIATIONS) {
            Ok(deviations) => deviations,
            Err(error) => panic!("docs/deviations.json: {error}"),
        };
        for Change { at, becomes } in deviations.into_iter().flat_map(|one| one.contract) {
            match document.pointer_mut(&at) {
                Some(here) => *here = becomes,
                None => panic!("{file} has no {at}: mend docs/deviations.json"),
            }
        }
        plain_json_schema(&mut document);
        let registry = Registry::new()
            .draft(Draft::Draft202012)
            .add(URI, document.clone())
            .and_then(jsonschema::RegistryBuilder::prepare);
        match registry {
            Ok(registry) => Some(Self {
                document,
                registry,
                validators: Mutex::default(),
            }),
            Err(error) => panic!("{file}: {error}"),
        }
    }

    /// The document itself.
    pub fn document(&self) -> &Value {
        &self.document
    }

    /// Every operation: its method and its path under the server's address, as `/companies/{companyId}`.
    pub fn operations(&self) -> Vec<(Method, String)> {
        let mut operations = Vec::new();
        for (path, item) in self.paths() {
            for method in [
                Method::GET,
                Method::POST,
                Method::PUT,
                Method::PATCH,
                Method::DELETE,
            ] {
                if item.get(method.as_str().to_ascii_lowercase()).is_some() {
                    operations.push((method, path.clone()));
                }
            }
        }
        operations
    }

    fn paths(&self) -> impl Iterator<Item = (&String, &Value)> {
        self.document["paths"].as_object().into_iter().flatten()
    }

    /// The path of the document that an address under the server's address falls under.
    fn path_of(&self, address: &str) -> Option<&str> {
        let parts: Vec<&str> = address.split('/').collect();
        let fits = |path: &str| {
            let pattern: Vec<&str> = path.split('/').collect();
            pattern.len() == parts.len()
                && std::iter::zip(&pattern, &parts).all(|(p, part)| p.starts_with('{') || p == part)
        };
        // Where two fit, the one that is spelled out: `/profile/syncSettings`.
        self.paths()
            .map(|(path, _)| path.as_str())
            .filter(|path| fits(path))
            .min_by_key(|path| path.matches('{').count())
    }

    /// Checks one answer against what the contract says about that operation and status. `address` is the path under the server's
    /// address, without its query. An error that the contract does not list for an operation has its form for errors all the same; of
    /// operations beyond the contract only errors are checked.
    ///
    /// # Panics
    /// Where the answer is not as the contract has it.
    pub fn check_answer(&self, method: &Method, address: &str, answer: &Answer) {
        let what = format!("{method} {address} -> {}", answer.status);
        let path = self.path_of(address);
        let answers = path.map(|path| {
            let method = method.as_str().to_ascii_lowercase();
            &self.document["paths"][path][method]["responses"]
        });
        let Some(found) = answers.and_then(|all| all.get(answer.status.to_string())) else {
            if answer.status >= 400 {
                self.check(&what, "/components/schemas/ErrorMessage", &answer.json);
            } else if path.is_some() {
                panic!("{what}: the contract knows no such answer");
            }
            return;
        };
        // For deleting an API key the document refers from 204 to the body of a 429: no answer of that status has a body (RFC 9110).
        if answer.status == 204 {
            assert!(
                answer.body.is_empty(),
                "{what} has a body: {}",
                answer.text()
            );
            return;
        }
        let place = match found["$ref"].as_str() {
            Some(reference) => reference.trim_start_matches('#').to_owned(),
            None => format!(
                "/paths/{}/{}/responses/{}",
                path.unwrap_or_default().replace('/', "~1"),
                method.as_str().to_ascii_lowercase(),
                answer.status
            ),
        };
        let schema = format!("{place}/content/application~1json/schema");
        if self.document.pointer(&schema).is_some() {
            self.check(&what, &schema, &answer.json);
        } else {
            assert!(
                answer.body.is_empty(),
                "{what} has a body where the contract has none: {}",
                answer.text()
            );
        }
    }

    /// Checks a value against one of the contract's schemas, as `ConnectionWebhook`.
    ///
    /// # Panics
    /// Where it is not as the contract has it.
    pub fn check_schema(&self, name: &str, value: &Value) {
        self.check(name, &format!("/components/schemas/{name}"), value);
    }

    fn check(&self, what: &str, pointer: &str, value: &Value) {
        let validator = self.validator(pointer);
        let errors: Vec<String> = validator
            .iter_errors(value)
            .map(|error| format!("  {}: {error}", error.instance_path()))
            .collect();
        assert!(
            errors.is_empty(),
            "{what} breaks the contract:\n{}\n{value:#}",
            errors.join("\n")
        );
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
            Err(error) => panic!("{pointer} of the contract is no schema: {error}"),
        };
        validators.insert(pointer.to_owned(), validator.clone());
        validator
    }
}

/// The document says `nullable: true`, which OpenAPI 3.1 has no longer: beside a `$ref` it would mean nothing. It becomes a choice of
/// null, as it is meant, without moving anything that references point at.
fn plain_json_schema(node: &mut Value) {
    match node {
        Value::Array(items) => items.iter_mut().for_each(plain_json_schema),
        Value::Object(members) => {
            members.values_mut().for_each(plain_json_schema);
            if members.get("nullable") != Some(&Value::Bool(true)) {
                return;
            }
            if let Some(reference) = members.remove("$ref") {
                *node = json!({ "anyOf": [{ "type": "null" }, { "$ref": reference }] });
                return;
            }
            if let Some(kind) = members.get_mut("type") {
                *kind = json!([kind.take(), "null"]);
            }
            if let Some(Value::Array(words)) = members.get_mut("enum") {
                words.push(Value::Null);
            }
        }
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_document_is_read_and_its_references_lead_somewhere() {
        let Some(contract) = contract() else { return };
        assert!(contract.operations().len() > 40);
        for name in [
            "Companies",
            "Connections",
            "Integrations",
            "Profile",
            "WebhookConsumer",
            "ErrorMessage",
            "CompanyWebhook",
            "ConnectionWebhook",
            "ClientRateLimitWebhook",
        ] {
            contract.validator(&format!("/components/schemas/{name}"));
        }
        let path = contract.path_of("/profile/syncSettings");
        assert_eq!(path, Some("/profile/syncSettings"));
    }

    #[test]
    #[should_panic(expected = "breaks the contract")]
    fn what_is_not_as_the_contract_has_it_is_found() {
        let Some(contract) = contract() else {
            panic!("breaks the contract: not here to be checked");
        };
        let connection = json!({ "id": "not an id", "status": "Unlinked" });
        contract.check_schema("Connection", &connection);
    }

    #[test]
    fn null_is_taken_where_it_is_meant() {
        let mut schema = json!({
            "a": { "nullable": true, "type": "string", "enum": ["x"] },
            "b": { "nullable": true, "$ref": "#/a" },
            "c": { "nullable": false, "type": "string" },
        });
        plain_json_schema(&mut schema);
        assert_eq!(schema["a"]["type"], json!(["string", "null"]));
        assert_eq!(schema["a"]["enum"], json!(["x", null]));
        assert_eq!(schema["b"]["anyOf"][1]["$ref"], "#/a");
        assert_eq!(schema["c"]["type"], "string");
    }
}
