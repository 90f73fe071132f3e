//! The published schema of `integration.toml`: that it takes what is right, refuses what is wrong, and names what is read.

mod reads;

use std::collections::BTreeSet;

use jsonschema::Validator;
use serde_json::{Map, Value};

use self::reads::{Seen, read_at};
use super::Raw;
use crate::catalogue::EMBEDDED;
use crate::tests::ACME;

const SCHEMA: &str = include_str!("../../../../../docs/integrations/integration.schema.json");
const FULL: &str = include_str!("../../catalogue/full.toml");

fn schema() -> Value {
    serde_json::from_str(SCHEMA).unwrap()
}

fn validator() -> Validator {
    jsonschema::draft202012::new(&schema()).unwrap()
}

fn json(declaration: &str) -> Value {
    toml::from_str(declaration).unwrap()
}

#[test]
fn every_declaration_is_as_the_schema_has_it() {
    let validator = validator();
    let embedded = EMBEDDED
        .iter()
        .map(|folder| (folder.path, folder.declaration));
    let mut count = 0;
    for (name, text) in embedded.chain([("full", FULL), ("acme", ACME)]) {
        let declared = json(text);
        let errors = validator.iter_errors(&declared);
        let errors: Vec<String> = errors
            .map(|error| format!("{}: {error}", error.instance_path()))
            .collect();
        assert!(errors.is_empty(), "{name}: {errors:#?}");
        count += 1;
    }
    assert!(count > 60);
}

#[test]
fn wrong_ones_are_refused() {
    let validator = validator();
    for (from, to) in [
        ("key = \"acme\"", "key = \"Acme\""),
        ("key = \"acme\"\n", ""),
        ("order = 10", "order = 70000"),
        ("order = 10", "ordr = 10"),
        ("\"Commerce\"", "\"Shops\""),
        ("\"Acme Books\"", "\" Acme\""),
        ("https://acme.example/docs\"", "http://acme.example/docs\""),
        ("\"invoices\"]", "\"commerce-orders\"]"),
        ("\"invoices\"]", "\"gossip\"]"),
        ("\"#13b5ea\"", "\"blue\""),
        ("\"awkward\"", "\"never\""),
        ("https://acme.example/docs/tokens", "somewhere"),
        ("suffix = \".shops", "suffix = \"shops"),
        ("kind = \"region\"", "kind = \"planet\""),
        ("label = \"Europe\"", "lable = \"Europe\""),
        (
            "https://{person.shop}.shops.acme.example/oauth/token",
            "http://acme.example/oauth/token",
        ),
        (
            "client_authentication = \"post\"",
            "client_authentication = \"jwt\"",
        ),
        ("pkce = \"unsupported\"", "pkce = \"plain\""),
        ("\"profile\"]", "\"a b\"]"),
        ("[\"response_type\"]", "[\"state\"]"),
        ("\"stay\"", "\"always\""),
        ("\"30m\"", "\"half an hour\""),
        ("[\"no_grant_type\"]", "[\"odd\"]"),
        ("\"/data/token\"", "\"data.token\""),
        ("na~1me", "na~me"),
        ("\"{account.environment}:{account.number}\"", "\"id\""),
        ("method = \"DELETE\"", "method = \"BREW\""),
        ("form = \"unix\"", "form = \"roman\""),
        ("authorization = \"client\"", "authorization = \"us\""),
        ("[auth.oauth2_code]", "[auth.oauth3]"),
        ("authorization.header", "authorization.trailer"),
        ("means = \"ended_already\"", "means = \"whatever\""),
    ] {
        assert!(FULL.contains(from), "{from}");
        let declared = json(&FULL.replacen(from, to, 1));
        assert!(!validator.is_valid(&declared), "{to}");
    }
}

/// Each table has the fields that are read, and each choice the words: none more and none less.
#[test]
fn it_names_what_is_read() {
    let schema = schema();
    let mut compared = 0;
    compare(&schema, &schema, &mut Vec::new(), &mut compared);
    assert!(compared > 60, "{compared}");
}

fn compare(schema: &Value, node: &Value, path: &mut Vec<String>, compared: &mut u32) {
    let node = resolve(schema, node);
    let place = path.join(".");
    let named: Map<String, Value> = match read_at::<Raw>(path) {
        Seen::Other => {
            assert!(node.get("properties").is_none(), "{place} is no table");
            // Read as a text, and checked afterwards.
            let is_text = place.ends_with("method") || place.ends_with("authorize_without");
            assert!(
                is_text || node.get("enum").is_none(),
                "{place} is no choice"
            );
            return;
        }
        Seen::Fields(fields) => {
            let properties = node["properties"].as_object();
            let properties = properties.unwrap_or_else(|| panic!("{place} is a table"));
            assert_eq!(node["additionalProperties"], false, "{place} is open");
            same(&place, properties.keys(), fields);
            properties.clone()
        }
        Seen::Variants(variants) => {
            let (words, tables) = variants_of(node);
            same(&place, words.iter().chain(tables.keys()), variants);
            tables
        }
    };
    *compared += 1;
    for (name, node) in named {
        path.push(name);
        compare(schema, &node, path, compared);
        path.pop();
    }
}

fn same<'a>(place: &str, said: impl Iterator<Item = &'a String>, read: &[&str]) {
    let said: BTreeSet<&str> = said.map(String::as_str).collect();
    let read: BTreeSet<&str> = read.iter().copied().collect();
    assert_eq!(said, read, "{place}: on the left what the schema has");
}

/// What a node means: references are followed, and lists and tables with free names stand for what is in them.
fn resolve<'a>(schema: &'a Value, mut node: &'a Value) -> &'a Value {
    loop {
        node = if let Some(reference) = node["$ref"].as_str() {
            schema
                .pointer(reference.trim_start_matches('#'))
                .unwrap_or_else(|| panic!("{reference}"))
        } else if node["type"] == "array" {
            &node["items"]
        } else if node["additionalProperties"].is_object() {
            &node["additionalProperties"]
        } else {
            return node;
        }
    }
}

/// The words of a choice, and its tables with one name each.
fn variants_of(node: &Value) -> (Vec<String>, Map<String, Value>) {
    let (mut words, mut tables) = (Vec::new(), Map::new());
    let parts = match node["oneOf"].as_array() {
        Some(parts) => parts.iter().collect(),
        None => vec![node],
    };
    for part in parts {
        let listed = part["enum"].as_array().into_iter().flatten();
        words.extend(listed.map(|word| word.as_str().unwrap().to_owned()));
        tables.extend(part["properties"].as_object().cloned().unwrap_or_default());
    }
    (words, tables)
}

/// A source is of something that stands there, named as it stands; fields of operators and people by their names.
#[test]
fn sources_are_of_what_is_there() {
    for folder in EMBEDDED {
        let declared = json(folder.declaration);
        let sources = declared["sources"].as_object().cloned().unwrap_or_default();
        for path in sources.keys() {
            let found = path.split('.').try_fold(&declared, |node, part| {
                let named =
                    |items: &Vec<Value>| items.iter().position(|item| item["name"] == *part);
                match node.as_array().and_then(named) {
                    Some(at) => node.get(at),
                    None => node.get(part),
                }
            });
            assert!(found.is_some(), "{}: sources: {path}", folder.path);
        }
    }
}
