//! The catalogue of integrations and the protocols that connect them.
//!
//! An integration is declared, not coded: one folder under `integrations/` holds its `integration.toml` and
//! its `logo.svg`, and [`Catalogue::embedded`] has them all, checked. How a connection is authorized is the
//! closed enum [`Auth`], with a module for each kind; so far there is [`oauth2`], the authorization code flow.
//!
//! What is secret in a call's answer is a [`handclasp_domain::Secret`] from the moment it is read, and what a
//! third party says about an error is a [`oauth2::ProviderText`]: cleaned, bounded, and apart from our words.

pub mod api;
mod catalogue;
mod data_type;
mod declaration;
mod endpoint;
pub mod oauth2;

pub use api::Api;
pub use catalogue::{Catalogue, CatalogueError, Folder};
pub use data_type::DataType;
pub use declaration::{Auth, DeclarationError, Integration};
pub use endpoint::{Endpoint, NotAnOrigin, Origins};
