//! A value as a schema describes it, made of the schema's own examples.

use serde_json::{Map, Value, json};

/// A sample of a schema of this document.
pub(super) fn sample(document: &Value, schema: &Value) -> Value {
    if let Some(example) = schema.get("example") {
        return example.clone();
    }
    if let Some(target) = target(document, schema) {
        return sample(document, target);
    }
    for choice in ["oneOf", "anyOf"] {
        if let Some(first) = schema.get(choice).and_then(|all| all.get(0)) {
            return sample(document, first);
        }
    }
    if let Some(word) = schema.get("enum").and_then(|words| words.get(0)) {
        return word.clone();
    }
    match kind(schema) {
        "object" => fields(schema)
            .map(|(name, schema)| (name.clone(), sample(document, schema)))
            .collect::<Map<_, _>>()
            .into(),
        "array" if schema["maxItems"] == 0 => json!([]),
        "array" => json!([sample(document, &schema["items"])]),
        "integer" => {
            let least = schema.get("minimum").cloned();
            schema.get("default").cloned().or(least).unwrap_or(json!(0))
        }
        "boolean" => json!(true),
        "string" if schema["format"] == "uuid" => json!("0b5c7a5e-3f0d-4c1e-9a57-6d2f8b1c4e01"),
        "string" => json!("text"),
        _ => Value::Null,
    }
}

/// What a reference leads to.
pub(super) fn target<'a>(document: &'a Value, schema: &Value) -> Option<&'a Value> {
    let reference = schema.get("$ref")?.as_str()?;
    document.pointer(reference.trim_start_matches('#'))
}

/// The type of a schema; of one that may be null, the other type.
pub(super) fn kind(schema: &Value) -> &str {
    let kind = &schema["type"];
    let kind = kind.get(0).unwrap_or(kind);
    kind.as_str().unwrap_or_default()
}

/// The fields of an object.
pub(super) fn fields(schema: &Value) -> impl Iterator<Item = (&String, &Value)> {
    schema["properties"].as_object().into_iter().flatten()
}
