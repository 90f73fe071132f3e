//! Rules, the older form of webhook consumers. They are kept and told; nothing is sent for them in this version.

pub(crate) mod create;
pub(crate) mod delete;
pub(crate) mod get;
pub(crate) mod list;
pub(crate) mod replace;

use serde_json::{Value, json};

pub(crate) use create::create_rule;
pub(crate) use delete::delete_rule;
pub(crate) use get::get_rule;
pub(crate) use list::list_rules;
pub(crate) use replace::replace_rule;

/// A body that makes a rule, for the documentation.
fn example() -> Value {
    json!({
        "type": "DataConnectionStatusChanged",
        "notifiers": { "webhook": "https://app.example.com/alerts" },
    })
}

/// The list's path, under the server's address.
const PATH: &str = "/rules";
