//! Companies.

mod access_token;
mod create;
mod delete;
mod get;
mod list;

pub(crate) use access_token::{get_access_token, get_old_access_token};
pub(crate) use create::create_company;
pub(crate) use delete::delete_company;
pub(crate) use get::get_company;
pub(crate) use list::list_companies;

/// The list's path, under the server's address.
const PATH: &str = "/companies";
