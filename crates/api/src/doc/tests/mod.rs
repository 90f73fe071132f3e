//! The document against the code, against the contract, and its examples against the router.

mod contract;
mod curl;
mod served;

use std::collections::BTreeSet;
use std::fmt;

use handclasp_testkit::committed;
use serde::Deserializer;
use serde::de::{DeserializeOwned, Visitor};
use serde::forward_to_deserialize_any;
use serde_json::{Value, json};

use super::document::{methods, names};
use super::parts::{self, Parameter};
use super::sample::sample;
use super::shape::text;
use super::{Doc, Tag, document};
use crate::table::{Route, Verb, Who, routes};
use crate::tests::OWN;

/// The document of all routes, at the address that the committed one has.
fn ours() -> Value {
    document("https://link.example.com/api", &routes())
}

/// Every operation: its method, its path and what is said of it.
fn operations(document: &Value) -> Vec<(&str, &str, &Value)> {
    let paths = document["paths"].as_object().unwrap();
    let items = paths
        .iter()
        .flat_map(|(path, item)| item.as_object().unwrap().iter().map(move |one| (path, one)));
    items
        .map(|(path, (method, it))| (method.as_str(), path.as_str(), it))
        .collect()
}

#[test]
fn the_committed_document_is_the_code_s() {
    committed("docs/openapi.json", &format!("{:#}\n", ours()));
}

#[test]
fn every_route_that_is_built_is_documented_once() {
    let document = ours();
    let mut ids = BTreeSet::new();
    for (method, path, operation) in operations(&document) {
        let id = operation["operationId"].as_str().unwrap();
        assert!(ids.insert(id.to_owned()), "{id} twice");
        let is_plain = id.chars().all(|c| c.is_ascii_alphabetic() || c == '-');
        assert!(is_plain, "{id}");
        assert!(!operation["summary"].as_str().unwrap().is_empty(), "{id}");
        let answers = operation["responses"].as_object().unwrap().keys();
        assert!(
            answers
                .clone()
                .any(|status| status.starts_with('2') || status == "default"),
            "{id} answers nothing"
        );
        let is_given = operation.get("requestBody").is_some();
        let may = ["post", "put", "patch"].contains(&method);
        assert!(may || !is_given, "{id}: {path}");
    }
    let built: usize = routes()
        .into_iter()
        .filter(|route| route.doc.is_some())
        .map(|route| methods(route.verb).len())
        .sum();
    assert_eq!(ids.len(), built);
    for route in routes() {
        for name in names(route.path).filter(|_| route.doc.is_some()) {
            assert!(
                parts::of_path(name).is_some(),
                "add {name} to parts::of_path"
            );
        }
    }
}

#[test]
fn samples_are_as_their_schemas_have_them() {
    let document = ours();
    for (name, schema) in document["components"]["schemas"].as_object().unwrap() {
        let pointer = format!("/components/schemas/{name}");
        OWN.check(name, &pointer, &sample(&document, schema));
    }
    for (method, path, operation) in operations(&document) {
        let body = "/requestBody/content/application~1json";
        if let Some(example) = operation.pointer(&format!("{body}/example")) {
            let pointer = format!("/paths/{}/{method}{body}/schema", path.replace('/', "~1"));
            OWN.check(path, &pointer, example);
        }
    }
}

/// Fields that are read to be refused: they are in no document.
const REFUSED: [&str; 1] = ["apiKey"];

#[test]
fn the_fields_of_bodies_are_those_that_are_read() {
    let document = ours();
    let mut compared = 0;
    for route in routes() {
        let Some(body) = route.doc.and_then(|doc| doc().body) else {
            continue;
        };
        let Some(read) = (body.reads)() else { continue };
        let reference = (body.schema)(&mut super::Schemas::default());
        let pointer = reference["$ref"].as_str().unwrap().trim_start_matches('#');
        let shape = document.pointer(pointer).unwrap();
        let said: BTreeSet<&str> = shape["properties"]
            .as_object()
            .unwrap()
            .keys()
            .map(String::as_str)
            .collect();
        let read: BTreeSet<&str> = read
            .iter()
            .copied()
            .filter(|name| !REFUSED.contains(name))
            .collect();
        assert_eq!(said, read, "{pointer}");
        compared += 1;
    }
    assert!(compared > 3);
}

/// What is not in the table yet can be said all the same: other errors, a query of one's own, and any method.
#[test]
fn what_a_route_says_beyond_the_others_is_there() {
    fn doc() -> Doc {
        Doc::new("ask", Tag::About, "Ask")
            .query(Parameter::query("word", "Which word.", text("A word.")))
            .answers_nothing(204, "Done.")
            .error(409)
    }
    let route = |verb, who| Route {
        verb,
        path: "/ask/{*rest}",
        who,
        answers: axum::routing::any(|| async {}),
        doc: Some(doc),
        older: false,
    };
    let document = document("http://h", &[route(Verb::Any, Who::Anyone)]);
    let item = document["paths"]["/ask/{rest}"].as_object().unwrap();
    let ids: Vec<&Value> = item.values().map(|it| &it["operationId"]).collect();
    assert_eq!(
        ids,
        ["ask-get", "ask-post", "ask-put", "ask-patch", "ask-delete"]
    );
    let post = &item["post"];
    assert_eq!(post["parameters"][0]["name"], "word");
    assert_eq!(post["security"], json!([]));
    let said: Vec<&String> = post["responses"].as_object().unwrap().keys().collect();
    assert_eq!(said, ["204", "400", "409", "429", "431", "500", "503"]);
    assert_eq!(
        document["components"]["responses"]
            .as_object()
            .unwrap()
            .len(),
        6
    );
}

/// The fields that a type asks for; none where it takes more than an object.
pub(super) fn reads<T: DeserializeOwned>() -> Option<&'static [&'static str]> {
    let mut asked = None;
    let _ = T::deserialize(Asked(&mut asked));
    asked
}

/// Notes which fields are asked for, and has none.
struct Asked<'a>(&'a mut Option<&'static [&'static str]>);

#[derive(Debug)]
struct Nothing;

impl fmt::Display for Nothing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("nothing")
    }
}

impl std::error::Error for Nothing {}

impl serde::de::Error for Nothing {
    fn custom<T: fmt::Display>(_: T) -> Self {
        Self
    }
}

impl<'de> Deserializer<'de> for Asked<'_> {
    type Error = Nothing;

    fn deserialize_any<V: Visitor<'de>>(self, _: V) -> Result<V::Value, Nothing> {
        Err(Nothing)
    }

    fn deserialize_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        fields: &'static [&'static str],
        _: V,
    ) -> Result<V::Value, Nothing> {
        *self.0 = Some(fields);
        Err(Nothing)
    }

    forward_to_deserialize_any! {
        bool i8 i16 i32 i64 i128 u8 u16 u32 u64 u128 f32 f64 char str string bytes byte_buf option unit
        unit_struct newtype_struct seq tuple tuple_struct map enum identifier ignored_any
    }
}
