//! Companies.

pub(crate) mod access_token;
pub(crate) mod create;
pub(crate) mod delete;
pub(crate) mod get;
pub(crate) mod list;
pub(crate) mod products;
pub(crate) mod replace;
pub(crate) mod update;

pub(crate) use access_token::{get_access_token, get_old_access_token};
pub(crate) use create::create_company;
pub(crate) use delete::delete_company;
pub(crate) use get::get_company;
pub(crate) use list::list_companies;
pub(crate) use products::{add_product, remove_product};
pub(crate) use replace::replace_company;
pub(crate) use update::update_company;

/// The list's path, under the server's address.
const PATH: &str = "/companies";
