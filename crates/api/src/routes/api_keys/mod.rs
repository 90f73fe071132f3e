//! API keys.
//!
//! Listing needs `read`, as it tells nothing that opens anything; creating and deleting need `write`. A key gives no more than it has
//! itself, and may delete any, itself too, but not the last.

pub(crate) mod create;
pub(crate) mod delete;
pub(crate) mod list;

pub(crate) use create::create_key;
pub(crate) use delete::delete_key;
pub(crate) use list::list_keys;
