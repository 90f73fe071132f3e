//! Companies.

pub(crate) mod create;
pub(crate) mod delete;
pub(crate) mod get;
pub(crate) mod list;

pub(crate) use create::create_company;
pub(crate) use delete::delete_company;
pub(crate) use get::get_company;
pub(crate) use list::list_companies;

/// The list's path, under the server's address.
const PATH: &str = "/companies";
