//! How a wire type looks in the OpenAPI document. The description stands beside the type; that the two say the same is held by tests:
//! every answer of every test is checked against it with nothing else allowed, and the fields of bodies are those that serde reads.

use serde_json::{Map, Value, json};

/// A wire type that the document describes under a name.
pub(crate) trait Shape {
    /// Its name in the document.
    const NAME: &'static str;

    /// Its schema. Other shapes within it are asked of `all`.
    fn schema(all: &mut Schemas) -> Value;
}

/// The schemas of a document, by their names.
#[derive(Default)]
pub(crate) struct Schemas(Map<String, Value>);

impl Schemas {
    /// A reference to a shape, which is added where it is new.
    pub(crate) fn of<T: Shape>(&mut self) -> Value {
        self.named(T::NAME, T::schema)
    }

    /// A reference to a schema that has no type of its own.
    pub(crate) fn named(&mut self, name: &str, schema: impl FnOnce(&mut Self) -> Value) -> Value {
        if !self.0.contains_key(name) {
            // In its place first, so that a shape may hold itself.
            self.0.insert(name.to_owned(), Value::Null);
            let schema = schema(self);
            self.0.insert(name.to_owned(), schema);
        }
        json!({ "$ref": format!("#/components/schemas/{name}") })
    }

    /// All of them, in the order of their names.
    pub(super) fn into_sorted(self) -> Value {
        let mut all: Vec<_> = self.0.into_iter().collect();
        all.sort_by(|a, b| a.0.cmp(&b.0));
        Value::Object(all.into_iter().collect())
    }
}

/// An object, described field by field.
pub(crate) struct Object {
    text: &'static str,
    required: Vec<Value>,
    properties: Map<String, Value>,
}

/// Begins the description of an object.
pub(crate) fn object(text: &'static str) -> Object {
    Object {
        text,
        required: Vec::new(),
        properties: Map::new(),
    }
}

impl Object {
    /// A field that is always there, and that a body has to have.
    #[must_use]
    pub(crate) fn must(mut self, name: &'static str, schema: Value) -> Self {
        self.required.push(Value::from(name));
        self.may(name, schema)
    }

    /// A field that may be left out.
    #[must_use]
    pub(crate) fn may(mut self, name: &'static str, schema: Value) -> Self {
        self.properties.insert(name.to_owned(), schema);
        self
    }

    /// The schema. It does not close the object: what is sent beyond it is ignored, and later versions answer more.
    pub(crate) fn schema(self) -> Value {
        let mut schema = json!({
            "type": "object",
            "description": self.text,
            "properties": self.properties,
        });
        if !self.required.is_empty() {
            schema["required"] = Value::Array(self.required);
        }
        schema
    }
}

/// A schema with more said about it: members of `more` are added or replaced.
pub(crate) fn with(mut schema: Value, more: Value) -> Value {
    if let (Value::Object(schema), Value::Object(more)) = (&mut schema, more) {
        schema.extend(more);
    }
    schema
}

/// The same, or null.
pub(crate) fn or_null(mut schema: Value) -> Value {
    if let Some(kind) = schema.get_mut("type") {
        *kind = json!([kind.take(), "null"]);
        if let Some(Value::Array(words)) = schema.get_mut("enum") {
            words.push(Value::Null);
        }
        return schema;
    }
    json!({ "anyOf": [schema, { "type": "null" }] })
}

/// A text.
pub(crate) fn text(text: &str) -> Value {
    json!({ "type": "string", "description": text })
}

/// A text of a single line, from `min` to `max` characters.
pub(crate) fn line(text: &str, min: u32, max: u32) -> Value {
    json!({
        "type": "string",
        "description": text,
        "minLength": min,
        "maxLength": max,
        "pattern": ONE_LINE,
    })
}

/// A name: one line with more than spaces, up to 255 characters. `handclasp_domain::parse_name`.
pub(crate) fn name(text: &str, example: &str) -> Value {
    const CONTROL: &str = r"\u0000-\u001f\u007f-\u009f\u2028\u2029";
    let pattern = format!(r"^[^{CONTROL}]*[^\s{CONTROL}][^{CONTROL}]*$");
    with(
        line(text, 1, 255),
        json!({ "pattern": pattern, "example": example }),
    )
}

/// No control characters, and nothing else that ends a line: `handclasp_domain::is_one_line`.
const ONE_LINE: &str = r"^[^\u0000-\u001f\u007f-\u009f\u2028\u2029]*$";

/// A UUID.
pub(crate) fn id(text: &str) -> Value {
    json!({
        "type": "string",
        "format": "uuid",
        "description": text,
        "example": "0b5c7a5e-3f0d-4c1e-9a57-6d2f8b1c4e01",
    })
}

/// An instant, as all answers write it.
pub(crate) fn time(text: &str) -> Value {
    json!({
        "type": "string",
        "format": "date-time",
        "description": text,
        "pattern": r"^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}\.\d{7}Z$",
        "example": "2026-03-01T12:00:00.0000000Z",
    })
}

/// An address.
pub(crate) fn url(text: &str, example: &str) -> Value {
    json!({ "type": "string", "format": "uri", "description": text, "example": example })
}

/// The key of an integration.
pub(crate) fn platform_key(text: &str) -> Value {
    json!({
        "type": "string",
        "description": text,
        "pattern": "^[A-Za-z]{4}$",
        "minLength": 4,
        "maxLength": 4,
        "example": "mqjo",
    })
}

/// One of these words.
pub(crate) fn word<'a>(text: &str, words: impl IntoIterator<Item = &'a str>) -> Value {
    let words: Vec<&str> = words.into_iter().collect();
    json!({ "type": "string", "description": text, "enum": words })
}

/// Yes or no.
pub(crate) fn flag(text: &str) -> Value {
    json!({ "type": "boolean", "description": text })
}

/// A whole number.
pub(crate) fn whole(text: &str, min: i64) -> Value {
    json!({ "type": "integer", "description": text, "minimum": min })
}

/// A list.
pub(crate) fn list(text: &str, items: Value) -> Value {
    let mut list = json!({ "type": "array", "description": text });
    list["items"] = items;
    list
}
