//! Our document against the contract's: whoever has code for the one can use the other.

use std::collections::BTreeSet;

use handclasp_testkit::contract::contract;
use serde_json::Value;

use super::{operations, ours};

/// Fields of a body that the list of deviations names for an operation: under `required` those that it has to have here and not in the
/// contract, under `beyond` those that the contract has not.
fn listed(operation: &str, kind: &str) -> BTreeSet<String> {
    let list: Value =
        serde_json::from_str(include_str!("../../../../../docs/deviations.json")).unwrap();
    let all = list.as_array().unwrap().iter();
    let fields = all.flat_map(|one| one[kind].as_array().into_iter().flatten());
    fields
        .filter(|field| field["operation"] == operation)
        .map(|field| field["field"].as_str().unwrap().to_owned())
        .collect()
}

/// Follows references, and gathers a property of a schema and of all that it is made of.
fn gather(
    document: &Value,
    schema: &Value,
    into: &mut BTreeSet<String>,
    read: &impl Fn(&Value) -> Vec<String>,
) {
    if let Some(reference) = schema.get("$ref").and_then(Value::as_str) {
        let decoded = reference
            .trim_start_matches('#')
            .replace("%7B", "{")
            .replace("%7D", "}");
        let target = document
            .pointer(&decoded)
            .unwrap_or_else(|| panic!("{reference} leads nowhere"));
        return gather(document, target, into, read);
    }
    into.extend(read(schema));
    if let Some(first) = schema.get("oneOf").and_then(|all| all.get(0)) {
        gather(document, first, into, read);
    }
    for part in schema["allOf"].as_array().into_iter().flatten() {
        gather(document, part, into, read);
    }
}

fn required(document: &Value, schema: &Value) -> BTreeSet<String> {
    let mut all = BTreeSet::new();
    gather(document, schema, &mut all, &|schema| {
        let names = schema["required"].as_array().into_iter().flatten();
        names
            .filter_map(|name| Some(name.as_str()?.to_owned()))
            .collect()
    });
    all
}

fn properties(document: &Value, schema: &Value) -> BTreeSet<String> {
    let mut all = BTreeSet::new();
    gather(document, schema, &mut all, &|schema| {
        let names = schema["properties"].as_object().into_iter().flatten();
        names.map(|(name, _)| name.clone()).collect()
    });
    all
}

/// The names of an operation's parameters in one place.
fn parameters(document: &Value, item: &Value, operation: &Value, place: &str) -> BTreeSet<String> {
    let mut names = BTreeSet::new();
    for parameter in [item, operation]
        .iter()
        .flat_map(|it| it["parameters"].as_array().into_iter().flatten())
    {
        let parameter = match parameter.get("$ref").and_then(Value::as_str) {
            Some(reference) => document.pointer(reference.trim_start_matches('#')).unwrap(),
            None => parameter,
        };
        if parameter["in"] == place {
            names.insert(parameter["name"].as_str().unwrap().to_owned());
        }
    }
    names
}

const SCHEMA: &str = "/content/application~1json/schema";

#[test]
fn what_both_have_is_called_and_shaped_alike() {
    let Some(contract) = contract() else { return };
    let theirs = contract.document();
    let document = ours();
    let mut compared = 0;
    for (method, path, ours) in operations(&document) {
        let item = &theirs["paths"][path];
        let Some(their) = item.get(method) else {
            continue;
        };
        let id = ours["operationId"].as_str().unwrap();
        assert_eq!(ours["operationId"], their["operationId"], "{method} {path}");
        assert_eq!(ours["tags"], their["tags"], "{id}");
        // Both SDKs delete the key and fail then, over the contract's own mistake.
        let is_known = ours.get("x-speakeasy-group").is_some() || id == "delete-api-key";
        assert!(is_known, "{id}: say where the SDKs have it");
        assert_eq!(
            parameters(&document, &Value::Null, ours, "path"),
            parameters(theirs, item, their, "path"),
            "{id}"
        );
        let query = parameters(&document, &Value::Null, ours, "query");
        let asked = parameters(theirs, item, their, "query");
        assert!(query.is_subset(&asked), "{id}: {query:?} beyond {asked:?}");

        let body = format!("/requestBody{SCHEMA}");
        assert_eq!(
            ours.pointer(&body).is_some(),
            their.pointer(&body).is_some(),
            "{id}"
        );
        if let (Some(ours), Some(their)) = (ours.pointer(&body), their.pointer(&body)) {
            let mut theirs_required = required(theirs, their);
            theirs_required.extend(listed(id, "required"));
            assert_eq!(required(&document, ours), theirs_required, "{id}");
            let (said, mut known) = (properties(&document, ours), properties(theirs, their));
            known.extend(listed(id, "beyond"));
            assert!(said.is_subset(&known), "{id}: {said:?} beyond {known:?}");
        }
        for (status, answer) in ours["responses"].as_object().unwrap() {
            let Some(ours) = answer.pointer(SCHEMA) else {
                continue;
            };
            let mut their = &their["responses"][status];
            if let Some(reference) = their["$ref"].as_str() {
                their = theirs.pointer(reference.trim_start_matches('#')).unwrap();
            }
            let their = their.pointer(SCHEMA);
            let their = their.unwrap_or_else(|| panic!("{id} answers {status} here alone"));
            let (must, may) = (required(&document, ours), properties(&document, ours));
            let missing: Vec<String> = required(theirs, their).difference(&must).cloned().collect();
            assert!(
                missing.is_empty(),
                "{id}: {missing:?} has to be in the answer"
            );
            assert!(must.is_subset(&may), "{id}");
        }
        compared += 1;
    }
    assert!(compared > 14, "{compared}");
}
