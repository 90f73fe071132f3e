//! The catalogue of integrations and the protocols that connect them.
//!
//! An integration is declared, not coded: one folder under `integrations/` holds its `integration.toml` and
//! its `logo.svg`, and [`Catalogue::embedded`] has them all, checked. How a connection is authorized is the
//! closed enum [`Auth`], with a module for each kind. A [`Client`] is an integration with what was entered for it:
//!
//! ```text
//! begin ─► the person goes ─► read_callback ─► complete ─► accounts ─► refresh … revoke
//! grant, where nobody is sent anywhere ────────────────────┘
//! ```
//!
//! What is known of a connection beside its tokens are [`Values`], by names that say where they come from. Declarations put them into
//! [`template::Template`]s, and a value reaches into no host that the declaration did not say it may.
//!
//! What is secret in a call's answer is a [`handclasp_domain::Secret`] from the moment it is read, and what a
//! third party says about an error is a [`provider::ProviderText`]: cleaned, bounded, and apart from our words.

mod account;
pub mod api;
mod call;
mod callback;
mod catalogue;
mod client;
mod client_credentials;
mod data_type;
mod declaration;
mod declared_error;
mod delivery;
mod endpoint;
mod fields;
mod held;
mod integration;
pub mod oauth1;
pub mod oauth2;
pub mod openid;
mod pattern;
pub mod provider;
mod registration;
mod surface;
pub mod template;
#[cfg(test)]
mod tests;
mod token_link;
mod values;

pub use account::{Account, Before, FoundAccount, Only, Reader};
pub use api::{Api, ApiAuthorization};
pub use call::{Call, CallAuthorization, CallBody};
pub use callback::{CallbackAnswer, CallbackQuery, MalformedCallback, RefusedCallback};
pub use catalogue::{Catalogue, CatalogueError, EMBEDDED, Folder};
pub use client::{Begin, Begun, Calls, Client, Granted, RefreshFailure, Revocation};
pub use client_credentials::ClientCredentials;
pub use data_type::DataType;
pub use declaration::DeclarationError;
pub use declared_error::{DeclaredError, ErrorMeaning};
pub use delivery::{
    DELIVERY_MAX, DELIVERY_PATH, Delivered, Delivery, MalformedDelivery, RefusedDelivery,
};
pub use endpoint::{Endpoint, NotAnOrigin, Origins};
pub use fields::{
    CLIENT_ID, CLIENT_SECRET, Choice, FieldKind, FieldProblem, OperatorField, PersonField,
};
pub use held::Held;
pub use integration::{Auth, Brand, Integration, Mobile};
pub use pattern::Pattern;
pub use registration::{
    BadRegistration, ChangedEndpoints, Fingerprint, NotAFingerprint, Registration,
};
pub use token_link::{Address, TokenLink};
pub use values::Values;
