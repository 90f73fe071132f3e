//! One file a route.

pub(crate) mod about;
pub(crate) mod companies;
pub(crate) mod connections;
pub(crate) mod integrations;
pub(crate) mod profile;
pub(crate) mod webhooks;
