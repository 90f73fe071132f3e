//! Webhook consumers.

pub(crate) mod create;
pub(crate) mod delete;
pub(crate) mod list;
pub(crate) mod secret;

pub(crate) use create::create_webhook;
pub(crate) use delete::delete_webhook;
pub(crate) use list::list_webhooks;
pub(crate) use secret::get_secret;
