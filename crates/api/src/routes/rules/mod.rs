//! Rules, the older form of webhook consumers. They are kept and told; nothing is sent for them in this version.

mod create;
mod delete;
mod get;
mod list;
mod replace;

pub(crate) use create::create_rule;
pub(crate) use delete::delete_rule;
pub(crate) use get::get_rule;
pub(crate) use list::list_rules;
pub(crate) use replace::replace_rule;

/// The list's path, under the server's address.
const PATH: &str = "/rules";
