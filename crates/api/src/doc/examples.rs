//! Examples that run, made of the document: with curl, with the published TypeScript SDK, and with the Python one. Where an SDK does not
//! have an operation, a plain request.

use std::fmt::Write as _;

use serde_json::Value;

/// The examples of one operation. They take the key from the environment, as `HANDCLASP_KEY`.
pub(super) struct Examples {
    pub(super) curl: String,
    pub(super) typescript: String,
    pub(super) python: String,
}

/// An operation of the document.
pub(super) struct Call<'a> {
    /// The API's address.
    pub(super) base: &'a str,
    /// In upper case.
    pub(super) method: &'a str,
    pub(super) path: &'a str,
    pub(super) operation: &'a Value,
}

impl Call<'_> {
    pub(super) fn examples(&self) -> Examples {
        Examples {
            curl: self.curl(),
            typescript: self.typescript(),
            python: self.python(),
        }
    }

    /// What stands in the address and has an example.
    fn parameters(&self) -> impl Iterator<Item = (&str, &str, &Value)> {
        let all = self.operation["parameters"].as_array();
        all.into_iter().flatten().filter_map(|one| {
            let example = one["schema"].get("example")?;
            Some((one["in"].as_str()?, one["name"].as_str()?, example))
        })
    }

    /// The address with the examples of its parameters in it.
    fn address(&self) -> String {
        let mut address = format!("{}{}", self.base, self.path);
        let mut mark = '?';
        for (place, name, example) in self.parameters() {
            let value = plain(example);
            if place == "path" {
                address = address.replace(&format!("{{{name}}}"), &value);
            } else if place == "query" {
                let value: String = url_encoded(&value);
                // Writing to a text does not fail.
                let _ = write!(address, "{mark}{name}={value}");
                mark = '&';
            }
        }
        address
    }

    fn body(&self) -> Option<&Value> {
        self.operation
            .pointer("/requestBody/content/application~1json/example")
    }

    fn needs_key(&self) -> bool {
        self.operation["security"]
            .as_array()
            .is_some_and(|ways| !ways.is_empty())
    }

    fn curl(&self) -> String {
        let mut lines = vec![match (self.method, self.body()) {
            ("GET", None) | ("POST", Some(_)) => format!("curl {}", quoted(&self.address())),
            (method, _) => format!("curl -X {method} {}", quoted(&self.address())),
        }];
        if self.needs_key() {
            lines.push("-u \"$HANDCLASP_KEY:\"".to_owned());
        }
        if let Some(body) = self.body() {
            lines.push("-H 'Content-Type: application/json'".to_owned());
            lines.push(format!("-d {}", quoted(&format!("{body:#}"))));
        }
        lines.join(" \\\n  ")
    }

    /// The SDK's method, as `(companies, create)`.
    fn sdk(&self) -> Option<(&str, &str)> {
        let group = self.operation.get("x-speakeasy-group")?.as_str()?;
        Some((
            group,
            self.operation.get("x-speakeasy-name-override")?.as_str()?,
        ))
    }

    /// What the SDK's method takes: nothing, the body alone, or an object with the parameters and the body.
    fn request(&self) -> Option<Value> {
        let has_path = self.path.contains('{');
        let has_query = self.operation["parameters"]
            .as_array()
            .is_some_and(|all| all.iter().any(|one| one["in"] == "query"));
        match self.body() {
            None if !has_path && !has_query => None,
            Some(body) if !has_path => Some(body.clone()),
            body => {
                let mut request: serde_json::Map<String, Value> = self
                    .parameters()
                    .map(|(_, name, example)| (name.to_owned(), example.clone()))
                    .collect();
                if let Some(body) = body {
                    let name = &self.operation["requestBody"]["x-speakeasy-name-override"];
                    request.insert(
                        name.as_str().unwrap_or("requestBody").to_owned(),
                        body.clone(),
                    );
                }
                Some(Value::Object(request))
            }
        }
    }

    fn typescript(&self) -> String {
        const KEY: &str = "Buffer.from(process.env.HANDCLASP_KEY ?? \"\").toString(\"base64\")";
        if let Some((group, method)) = self.sdk() {
            let request = self
                .request()
                .map(|request| script(&request, 0))
                .unwrap_or_default();
            return format!(
                "import {{ CodatPlatform }} from \"@codat/platform\";\n\n\
                 const platform = new CodatPlatform({{\n  serverURL: {base},\n  authHeader: `Basic ${{{KEY}}}`,\n}});\n\n\
                 const answer = await platform.{group}.{method}({request});\nconsole.log(answer);",
                base = Value::from(self.base),
            );
        }
        let mut options = Vec::new();
        if self.method != "GET" {
            options.push(format!("  method: \"{}\",\n", self.method));
        }
        let kind = self
            .body()
            .map(|_| "    \"Content-Type\": \"application/json\",\n");
        let key = self
            .needs_key()
            .then(|| format!("    Authorization: `Basic ${{{KEY}}}`,\n"));
        if kind.is_some() || key.is_some() {
            let (key, kind) = (key.unwrap_or_default(), kind.unwrap_or_default());
            options.push(format!("  headers: {{\n{key}{kind}  }},\n"));
        }
        if let Some(body) = self.body() {
            options.push(format!("  body: JSON.stringify({}),\n", script(body, 2)));
        }
        let options = match options.concat() {
            none if none.is_empty() => none,
            some => format!(", {{\n{some}}}"),
        };
        let read = if self.answers_json() { "json" } else { "text" };
        format!(
            "// A plain request, as the SDK has no method that works for this.\nconst answer = await fetch({}{options});\n\
             if (!answer.ok) throw new Error(await answer.text());\nconsole.log(await answer.{read}());",
            Value::from(self.address()),
        )
    }

    fn python(&self) -> String {
        if let Some((group, method)) = self.sdk() {
            let request = self
                .request()
                .map(|request| format!("request={}", python(&request, 0, true)));
            return format!(
                "import base64\nimport os\n\nfrom codat_platform import CodatPlatform\nfrom codat_platform.models import shared\n\n\
                 key = base64.b64encode(os.environ[\"HANDCLASP_KEY\"].encode()).decode()\n\
                 platform = CodatPlatform(\n    server_url={base},\n    security=shared.Security(auth_header=f\"Basic {{key}}\"),\n)\n\n\
                 answer = platform.{group}.{method}({request})\nprint(answer)",
                base = Value::from(self.base),
                group = snake(group),
                method = snake(method),
                request = request.unwrap_or_default(),
            );
        }
        let mut options = String::new();
        if self.needs_key() {
            options.push_str("    auth=(os.environ[\"HANDCLASP_KEY\"], \"\"),\n");
        }
        if let Some(body) = self.body() {
            // Writing to a text does not fail.
            let _ = writeln!(options, "    json={},", python(body, 1, false));
        }
        let read = if self.answers_json() {
            "json()"
        } else {
            "text"
        };
        let import = if self.needs_key() {
            "import os\n\n"
        } else {
            ""
        };
        format!(
            "{import}import httpx\n\n# A plain request, as the SDK has no method that works for this.\nanswer = httpx.request(\n    \"{}\",\n    {},\n{options})\n\
             answer.raise_for_status()\nprint(answer.{read})",
            self.method,
            Value::from(self.address()),
        )
    }

    fn answers_json(&self) -> bool {
        let first = self.operation["responses"]
            .as_object()
            .and_then(|all| all.values().next());
        first.is_some_and(|answer| answer.pointer("/content/application~1json").is_some())
    }
}

fn plain(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::Array(_) | Value::Object(_) => {
            value.to_string()
        }
    }
}

fn url_encoded(text: &str) -> String {
    let mut encoded = String::new();
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
            encoded.push(char::from(byte));
        } else {
            // Writing to a text does not fail.
            let _ = write!(encoded, "%{byte:02X}");
        }
    }
    encoded
}

/// A text as a shell takes it.
fn quoted(text: &str) -> String {
    let is_bare = |c: char| c.is_ascii_alphanumeric() || "-._~/:%".contains(c);
    if text.chars().all(is_bare) {
        return text.to_owned();
    }
    format!("'{}'", text.replace('\'', "'\\''"))
}

/// A value as JavaScript writes it.
fn script(value: &Value, depth: usize) -> String {
    let Value::Object(members) = value else {
        return items(value, depth, script);
    };
    if members.is_empty() {
        return "{}".to_owned();
    }
    let (inner, outer) = ("  ".repeat(depth / 2 + 1), "  ".repeat(depth / 2));
    let mut text = String::from("{\n");
    for (name, value) in members {
        let is_word = name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_');
        let name = if is_word {
            name.clone()
        } else {
            Value::from(name.as_str()).to_string()
        };
        // Writing to a text does not fail.
        let _ = writeln!(text, "{inner}{name}: {},", script(value, depth + 2));
    }
    text + &outer + "}"
}

/// A value as Python writes it; with the names of fields as its SDK has them.
fn python(value: &Value, depth: usize, snakes: bool) -> String {
    match value {
        Value::Null => "None".to_owned(),
        Value::Bool(true) => "True".to_owned(),
        Value::Bool(false) => "False".to_owned(),
        Value::Object(members) if !members.is_empty() => {
            let (inner, outer) = ("    ".repeat(depth + 1), "    ".repeat(depth));
            let mut text = String::from("{\n");
            for (name, value) in members {
                let shown = if snakes { snake(name) } else { name.clone() };
                // The keys of labels are the platform's own.
                let snakes = snakes && name != "tags";
                // Writing to a text does not fail.
                let _ = writeln!(
                    text,
                    "{inner}{}: {},",
                    Value::from(shown),
                    python(value, depth + 1, snakes)
                );
            }
            text + &outer + "}"
        }
        Value::Number(_) | Value::String(_) | Value::Array(_) | Value::Object(_) => {
            items(value, depth, |value, depth| python(value, depth, snakes))
        }
    }
}

fn items(value: &Value, depth: usize, write: impl Fn(&Value, usize) -> String) -> String {
    match value {
        Value::Array(items) => {
            let items: Vec<String> = items.iter().map(|item| write(item, depth)).collect();
            format!("[{}]", items.join(", "))
        }
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) | Value::Object(_) => {
            value.to_string()
        }
    }
}

/// `createConsumer` as Python writes it: `create_consumer`.
fn snake(name: &str) -> String {
    let mut snake = String::new();
    for c in name.chars() {
        if c.is_ascii_uppercase() {
            snake.push('_');
        }
        snake.push(c.to_ascii_lowercase());
    }
    snake
}
