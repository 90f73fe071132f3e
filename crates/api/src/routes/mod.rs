//! One file a route.

pub(crate) mod about;
pub(crate) mod api_keys;
pub(crate) mod companies;
pub(crate) mod connections;
pub(crate) mod cors;
pub(crate) mod integrations;
pub(crate) mod profile;
pub(crate) mod rules;
pub(crate) mod webhooks;
