//! What of a declaration can be compared with a table. `handclasp integrations check` is who checks it; here it is only read.

use anyhow::{Context as _, Result, ensure};
use toml::{Table, Value};

/// Of fields that a kind of authorization does not have there is none.
#[derive(Debug)]
pub(super) struct Declared {
    pub(super) key: String,
    pub(super) name: String,
    pub(super) source_type: String,
    pub(super) kind: String,
    pub(super) authorization: Option<String>,
    pub(super) token: Option<String>,
    pub(super) revocation: Option<String>,
    pub(super) pkce: Option<String>,
    pub(super) client_authentication: Option<String>,
    pub(super) scope_separator: Option<String>,
    pub(super) refresh_tokens: Option<String>,
    /// In seconds; `none` where none is declared.
    pub(super) access_token_lifetime: Option<String>,
    /// What the first option of each choice puts in place of which placeholder: a table has the address of that one.
    choices: Vec<(String, String)>,
}

impl Declared {
    pub(super) fn read(text: &str) -> Result<Self> {
        let whole: Table = toml::from_str(text)?;
        let head = |name: &str| text_of(&whole, name).with_context(|| format!("no `{name}`"));
        let auth = table_of(&whole, "auth").context("no `auth`")?;
        let (kind, auth) = auth.iter().next().context("`auth` is empty")?;
        let auth = auth.as_table().context("`auth` has no table")?;
        let none = Table::new();
        // The endpoints stand in a table of their own where they are OAuth 2's.
        let token = table_of(auth, "token").unwrap_or(&none);
        let is_oauth2 = auth.contains_key("token") && kind.starts_with("oauth2");
        let lifetime = match text_of(token, "access_token_lifetime") {
            None => "none".to_owned(),
            Some(lifetime) => seconds(&lifetime)?.to_string(),
        };
        let or = |name: &str, default: &str| {
            let value = text_of(token, name);
            is_oauth2.then(|| value.unwrap_or_else(|| default.to_owned()))
        };
        Ok(Self {
            key: head("key")?,
            name: head("name")?,
            source_type: head("source_type")?,
            kind: kind.clone(),
            authorization: text_of(auth, "authorization_endpoint")
                .or(endpoint_of(auth, "create"))
                .or(text_of(auth, "address")),
            token: text_of(token, "endpoint")
                .or(text_of(auth, "token_endpoint"))
                .or(endpoint_of(auth, "exchange")),
            revocation: revocation(token).or(revocation(auth)),
            pkce: text_of(auth, "pkce"),
            client_authentication: text_of(token, "client_authentication"),
            scope_separator: or("scope_separator", "space"),
            refresh_tokens: text_of(token, "refresh_tokens"),
            access_token_lifetime: is_oauth2.then_some(lifetime),
            choices: ["operator", "person"]
                .iter()
                .flat_map(|source| choices(&whole, source))
                .collect(),
        })
    }

    /// An address with what the first options of choices put into it.
    pub(super) fn with_choices(&self, address: &str) -> String {
        let mut chosen = address.to_owned();
        for (placeholder, value) in &self.choices {
            chosen = chosen.replace(placeholder, value);
        }
        chosen
    }
}

fn table_of<'a>(table: &'a Table, name: &str) -> Option<&'a Table> {
    table.get(name).and_then(Value::as_table)
}

fn text_of(table: &Table, name: &str) -> Option<String> {
    table.get(name).and_then(Value::as_str).map(str::to_owned)
}

fn endpoint_of(table: &Table, call: &str) -> Option<String> {
    text_of(table_of(table, call)?, "endpoint")
}

fn choices(whole: &Table, source: &str) -> Vec<(String, String)> {
    let fields = whole.get(source).and_then(Value::as_array);
    let fields = fields.into_iter().flatten().filter_map(Value::as_table);
    let mut all = Vec::new();
    for field in fields {
        let options = field.get("options").and_then(Value::as_array);
        let first = options.and_then(|options| options.first()?.as_table());
        let data = first.and_then(|first| table_of(first, "data"));
        let Some(name) = text_of(field, "name") else {
            continue;
        };
        for (key, value) in data.into_iter().flatten() {
            if let Some(value) = value.as_str() {
                all.push((format!("{{{source}.{name}.{key}}}"), value.to_owned()));
            }
        }
    }
    all
}

fn revocation(table: &Table) -> Option<String> {
    let ways = table_of(table, "revocation")?;
    let way = ways.values().next()?.as_table()?;
    text_of(way, "endpoint")
}

/// A time, as in `30m`.
fn seconds(text: &str) -> Result<u64> {
    let at = text.len().saturating_sub(1);
    let (number, unit) = text.split_at_checked(at).context("a time is empty")?;
    let unit = match unit {
        "s" => 1,
        "m" => 60,
        "h" => 3_600,
        "d" => 86_400,
        _ => 0,
    };
    ensure!(unit > 0, "`{text}` is no time");
    Ok(unit * number.parse::<u64>()?)
}
